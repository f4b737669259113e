//! The native form of imported questions, held to the rules before it is written.

use std::fmt::Write;

use studyhall_index::{Target, target};

use super::ids::Ids;
use super::{Found, Imported, Problem, markdown};
use crate::quiz::code::Code;
use crate::quiz::{
    CHOICE_MAX, CHOICES, Difficulty, EXPLANATION_MAX, QUESTIONS_MAX, STEM_MAX, WHY_MAX, letter,
    reading, rules,
};

/// Where the file is thought to lie: links are relative to it.
const PATH: &str = "quiz/import.md";
/// Characters that an explanation keeps free for the link that it needs.
const LINK: &str = "[…](../x.md)";

/// What the file does not say, or shall say.
#[derive(Clone, Debug)]
pub struct Form {
    /// The topic of all questions; without it their categories are.
    pub topic: Option<String>,
    /// The topic of questions without a category.
    pub topic_otherwise: String,
    /// What ids begin with, or empty.
    pub prefix: String,
    /// The link that every explanation gets, as [`section`] makes it.
    pub section: Option<String>,
    /// How hard questions are that do not say so.
    pub difficulty: Difficulty,
}

/// Questions in the native form.
#[derive(Clone, Debug)]
pub struct Written {
    /// A file of questions; empty if there is none.
    pub text: String,
    /// How many questions it holds.
    pub n_questions: usize,
    /// What could not become a question, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// Writes questions in the native form. Each is read back first, and what does not come back as it
/// was found is a problem.
#[must_use]
pub fn write(imported: Imported, form: &Form) -> Written {
    let mut ids = Ids::new(&form.prefix);
    let mut text = String::new();
    let mut n_questions = 0;
    let mut problems = imported.problems;
    let slug_of = |question: &Found| question.topic.as_deref().and_then(slug);
    let otherwise = || slug(&form.topic_otherwise).unwrap_or_else(|| "imported".to_owned());
    let first = || imported.questions.iter().find_map(slug_of);
    let of_file = form.topic.clone().or_else(first).unwrap_or_else(otherwise);
    for mut question in imported.questions {
        let topic = slug_of(&question).unwrap_or_else(otherwise);
        question.topic = (form.topic.is_none() && topic != of_file).then_some(topic);
        let line = question.line;
        let native = match n_questions {
            QUESTIONS_MAX.. => Err(format!("a bank holds {QUESTIONS_MAX} questions")),
            _ => native(question, form, &mut ids),
        };
        match native {
            Ok(native) => {
                n_questions += 1;
                text.push('\n');
                text.push_str(&native);
            }
            Err(message) => problems.push(Problem { line, message }),
        }
    }
    problems.sort_by_key(|problem| problem.line);
    if n_questions > 0 {
        text.insert_str(0, &format!("---\ntopic: {of_file}\n---\n"));
    }
    Written {
        text,
        n_questions,
        problems,
    }
}

/// A link to a section of the notes, from a file directly below `quiz/`.
///
/// # Errors
///
/// Says what the name of a section is, if this is none.
pub fn section(name: &str) -> Result<String, String> {
    let encoded = |c: char| match c {
        ' ' | '(' | ')' | '<' | '>' | '[' | ']' | '\\' | '%' => format!("%{:02X}", u32::from(c)),
        _ => c.to_string(),
    };
    let address: String = name.chars().map(encoded).collect();
    let address = format!("../{address}");
    let is_there = matches!(target(PATH, &address), Target::Note(id) if id == name);
    if !is_there || name.contains(char::is_control) {
        return Err(
            "a section is a note below the notes folder with its anchor, as s3.md#versioning"
                .to_owned(),
        );
    }
    let (path, anchor) = name.split_once('#').unwrap_or((name, ""));
    let file = path.rsplit('/').next().unwrap_or(path);
    let words = match anchor {
        "" => file
            .rsplit_once('.')
            .map_or(file, |(stem, _)| stem)
            .to_owned(),
        _ => anchor.replace('-', " "),
    };
    let words = markdown::plain_line(&words).replace(']', "\\]");
    Ok(format!("[{words}]({address})"))
}

/// A category as the name of a topic: its words in small letters with hyphens between them.
fn slug(category: &str) -> Option<String> {
    let words = category.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join("-").to_lowercase())
}

fn native(mut question: Found, form: &Form, ids: &mut Ids<'_>) -> Result<String, String> {
    fits(&question)?;
    let n_right = question.choices.iter().filter(|c| c.is_right).count();
    if n_right > 1 && rules::asked_for(&question.stem).is_none() {
        let asked = format!("(Choose {}.)", rules::number_word(n_right));
        let gap = if question.stem.contains('\n') {
            "\n\n"
        } else {
            " "
        };
        question.stem = format!("{}{gap}{asked}", question.stem);
    }
    let mut explanation = question.explanation.take().filter(|text| !text.is_empty());
    let explanation = explanation.get_or_insert_with(|| answer(&question));
    let link = form.section.as_deref();
    let linked = |link: &str| match explanation.contains('\n') {
        true => format!("{explanation}\n\nSee {link}."),
        false => format!("{explanation} See {link}."),
    };
    let tried = linked(link.unwrap_or(LINK));
    let explanation = link.map_or_else(|| explanation.clone(), linked);
    // The id is given last, for what is refused needs none.
    holds(&question, &tried)?;
    let id = ids.give(&question);
    let id = id.ok_or("the same question, with the same choices, stands above; drop one")?;
    Ok(text(&question, &id, &explanation, form.difficulty))
}

/// Whether the texts fit, before they are looked at more closely.
fn fits(question: &Found) -> Result<(), String> {
    let long = |what: &str, text: &str, max: usize| {
        let n_chars = text.chars().count();
        let message =
            format!("the {what} has {n_chars} characters; {max} can be shown, shorten it");
        (n_chars > max).then_some(message)
    };
    let explanation = question.explanation.as_deref().unwrap_or_default();
    let mut faults = vec![
        long("question", &question.stem, STEM_MAX),
        long("explanation", explanation, EXPLANATION_MAX),
    ];
    for (at, choice) in question.choices.iter().enumerate().take(*CHOICES.end()) {
        let letter = letter(at);
        let why = choice.why.as_deref().unwrap_or_default();
        faults.push(long(&format!("choice {letter}"), &choice.text, CHOICE_MAX));
        faults.push(long(&format!("feedback on choice {letter}"), why, WHY_MAX));
    }
    if question.stem.is_empty() {
        faults.push(Some(
            "the question has no words; write them before the choices".to_owned(),
        ));
    }
    if question.choices.len() > *CHOICES.end() {
        let (n, max) = (question.choices.len(), CHOICES.end());
        faults.push(Some(format!(
            "{n} choices are too many; {max} are the most, leave some out"
        )));
    }
    match faults.into_iter().flatten().next() {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// Reads the question back and compares.
fn holds(question: &Found, explanation: &str) -> Result<(), String> {
    let text = text(question, "imported", explanation, Difficulty::Medium);
    let text = format!("---\ntopic: imported\n---\n{text}");
    let (read, findings) = reading::read(PATH, &text);
    if let Some(finding) = findings.iter().find(|finding| finding.code.is_error()) {
        return Err(match finding.code {
            Code::NoRight => "no choice is right; mark the right one".to_owned(),
            Code::AllRight => {
                "all choices are right; add wrong ones, or ask something else".to_owned()
            }
            Code::FewChoices => "a question needs at least two choices".to_owned(),
            Code::ChoiceDuplicate => {
                "two choices have the same words; reword or drop one".to_owned()
            }
            Code::ChoiceEmpty => "a choice has no words; write them or drop it".to_owned(),
            Code::StemKey | Code::TooLong => finding.message.clone(),
            _ => {
                "its Markdown would be misread in a question file; write it more simply".to_owned()
            }
        });
    }
    let is_same = read.first().is_some_and(|read| {
        read.stem == question.stem
            && read.choices == question.choices
            && read.explanation == explanation
            && read.topic == question.topic.as_deref().unwrap_or("imported")
    });
    match is_same && read.len() == 1 {
        true => Ok(()),
        false => {
            Err("its Markdown would be misread in a question file; write it more simply".to_owned())
        }
    }
}

/// The explanation of a question that has none, for a person to complete.
fn answer(question: &Found) -> String {
    let right = question
        .choices
        .iter()
        .enumerate()
        .filter(|(_, c)| c.is_right);
    let (letters, texts): (Vec<String>, Vec<&str>) = right
        .map(|(at, choice)| (letter(at).to_string(), choice.text.as_str()))
        .unzip();
    let words = match texts.len() {
        1 => format!("The answer is {}", texts.join("")),
        _ => format!("The answers are {}", texts.join("; ")),
    };
    let words = if words.chars().count() + STEM_MAX > EXPLANATION_MAX {
        format!("The answers are the choices {}", letters.join(", "))
    } else {
        words
    };
    match words.ends_with(['.', '!', '?']) {
        true => words,
        false => format!("{words}."),
    }
}

/// A question as it stands in a file.
fn text(question: &Found, id: &str, explanation: &str, difficulty: Difficulty) -> String {
    let stem = question.stem.as_str();
    let (first, rest) = stem.split_once('\n').unwrap_or((stem, ""));
    let blocks = ["```", "~~~", ">", "- ", "* ", "+ ", "|", "#"];
    let is_line = !blocks.iter().any(|block| first.starts_with(block));
    let mut out = match is_line {
        true => format!("## {first} {{#{id}}}\n"),
        false => format!("## {{#{id}}}\n\n{first}\n"),
    };
    if !rest.is_empty() {
        out.push_str(rest);
        out.push('\n');
    }
    out.push('\n');
    for choice in &question.choices {
        let mark = if choice.is_right { 'x' } else { ' ' };
        // Writing into a text cannot fail.
        let _ = writeln!(out, "- [{mark}] {}", choice.text);
        quote(&mut out, "  ", choice.why.as_deref().unwrap_or_default());
    }
    out.push('\n');
    quote(&mut out, "", explanation);
    let difficulty = question.difficulty.unwrap_or(difficulty).name();
    let _ = writeln!(out, "\ndifficulty: {difficulty}");
    if let Some(topic) = &question.topic {
        let _ = writeln!(out, "topic: {topic}");
    }
    out
}

fn quote(out: &mut String, indent: &str, text: &str) {
    for line in text.lines() {
        let blank = if line.is_empty() { "" } else { " " };
        // Writing into a text cannot fail.
        let _ = writeln!(out, "{indent}>{blank}{line}");
    }
}
