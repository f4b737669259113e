//! `studyhall ask`: a question, and what the notes say.

use std::io::Write;
use std::path::PathBuf;

use anyhow::ensure;
use studyhall_index::{Found, Hit};

use super::machine::{Answer, Explain};
use super::output::{ANSWER, DOUBTFUL, FAINT, Output, STRONG, harmless, styled};
use super::{Outcome, batch, index};
use crate::chat::QUESTION_MAX;
use crate::config::Settings;

/// Lines of the section that are shown around the quote, at most.
const EXCERPT_MAX: usize = 15;
/// Sections that one question may bring to light, at most.
pub(super) const N_MAX: u16 = 100;

const EXAMPLES: &str = "\
Examples:
  studyhall ask what is the difference between EBS and EFS
  studyhall ask -n 1 --explain \"default visibility timeout\"
  studyhall ask --json DLQ | jq -r '.results[0].quote'
  studyhall ask --batch questions.jsonl > answers.jsonl

Exit code 1: the notes do not say.";

/// Answer a question from the notes
///
/// Shows the words that answer it, the section around them, where that stands, and other sections.
/// Builds or refreshes the index by itself; above 2,000 notes it compares only those that answer
/// with their files, and `studyhall index` does the rest.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Ask {
    /// The question; quotes around it are not needed
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    question: Vec<String>,
    /// How many sections to show, the answer's own among them
    #[arg(short, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=i64::from(N_MAX)))]
    n: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Say why each section ranks where it does
    #[arg(long)]
    explain: bool,
    /// Answer every line of FILE (or - for standard input): {"id", "query"} in, JSON lines out
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
}

impl Ask {
    /// How many sections to show.
    pub(super) fn n(&self) -> usize {
        usize::from(self.n)
    }

    pub(super) fn explain(&self) -> Explain {
        match self.explain {
            true => Explain::Yes,
            false => Explain::No,
        }
    }
}

pub(super) fn run(ask: &Ask, settings: &Settings, out: &mut Output) -> anyhow::Result<Outcome> {
    if let Some(file) = &ask.batch {
        let input = batch::open(file)?;
        let index = index::fresh(settings)?;
        return batch::run(input, &index, ask.n(), ask.explain(), out);
    }
    let question = ask.question.join(" ");
    let question = acceptable(&question)?;
    let found = index::search(question, ask.n(), settings)?;
    if ask.json {
        let answer = Answer::new(question, &found, ask.explain());
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    } else {
        show(&found, ask.explain(), settings, out)?;
    }
    Ok(match found.answered {
        true => Outcome::Done,
        false => Outcome::No,
    })
}

/// The question without the blanks around it, if it can be asked at all.
pub(super) fn acceptable(question: &str) -> anyhow::Result<&str> {
    let question = question.trim();
    ensure!(!question.is_empty(), "the question is empty");
    let n_chars = question.chars().count();
    ensure!(
        n_chars <= QUESTION_MAX,
        "the question has {n_chars} characters; at most {QUESTION_MAX} are read"
    );
    Ok(question)
}

fn show(
    found: &Found,
    explain: Explain,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<()> {
    for correction in &found.corrections {
        let typed = harmless(&correction.typed);
        let read_as = harmless(&correction.read_as);
        let line = format_args!("\u{201c}{typed}\u{201d} read as \u{201c}{read_as}\u{201d}");
        writeln!(out, "{}", styled(FAINT, line))?;
    }
    let others = match (found.answered, found.hits.split_first()) {
        (true, Some((best, others))) => {
            show_answer(best, explain, settings, out)?;
            others
        }
        _ => {
            writeln!(out, "{}", styled(DOUBTFUL, "The notes do not say."))?;
            &found.hits
        }
    };
    if others.is_empty() {
        return Ok(());
    }
    let title = match found.answered {
        true => "Other sections",
        false => "Nearest sections",
    };
    writeln!(out, "\n{}", styled(STRONG, title))?;
    for hit in others {
        let source = styled(FAINT, source(hit, settings));
        writeln!(out, "  {}  {source}", breadcrumb(hit))?;
        show_reasons(hit, explain, out)?;
    }
    Ok(())
}

fn show_answer(
    hit: &Hit,
    explain: Explain,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<()> {
    writeln!(out, "{}", styled(STRONG, breadcrumb(hit)))?;
    let quote = hit.quote.as_ref().map_or("", |quote| quote.text.trim());
    let quote = harmless(quote);
    for line in quote.lines() {
        writeln!(out, "{}", styled(ANSWER, line))?;
    }
    let body = harmless(hit.section.body.trim_matches('\n'));
    if body.trim() != quote {
        writeln!(out)?;
        for line in excerpt(&body, &quote) {
            writeln!(out, "{}", format!("  {line}").trim_end())?;
        }
    }
    writeln!(out, "\n{}", styled(FAINT, source(hit, settings)))?;
    if let Some(base) = &settings.notes_url {
        let url = base.of_section(&hit.section.path, hit.section.link_anchor());
        writeln!(out, "{}", styled(FAINT, url))?;
    }
    show_reasons(hit, explain, out)
}

fn show_reasons(hit: &Hit, explain: Explain, out: &mut Output) -> anyhow::Result<()> {
    if explain == Explain::No {
        return Ok(());
    }
    writeln!(out, "    {:>8.3}  score", hit.score)?;
    for reason in &hit.reasons {
        writeln!(out, "    {:>8.3}  {}", reason.value, reason.name)?;
    }
    Ok(())
}

fn breadcrumb(hit: &Hit) -> String {
    harmless(&hit.section.heading_path.join(" \u{203a} ")).replace(['\n', '\t'], " ")
}

/// Where the section stands, as editors and terminals open it.
fn source(hit: &Hit, settings: &Settings) -> String {
    let path = settings.notes_dir.join(&hit.section.path);
    format!(
        "{}:{}",
        harmless(&path.display().to_string()),
        hit.section.line
    )
}

/// The lines of `body` around those of `quote`, with marks where something is left out.
fn excerpt(body: &str, quote: &str) -> Vec<String> {
    let lines: Vec<&str> = body.lines().collect();
    if lines.len() <= EXCERPT_MAX {
        return lines.into_iter().map(str::to_owned).collect();
    }
    let first_of_quote = quote.lines().next().unwrap_or("");
    let at = lines
        .iter()
        .position(|line| !first_of_quote.is_empty() && line.contains(first_of_quote))
        .unwrap_or(0);
    // A third of the lines before the quote, the rest from it on.
    let start = at
        .saturating_sub(EXCERPT_MAX / 3)
        .min(lines.len() - EXCERPT_MAX);
    let end = start + EXCERPT_MAX;
    let left_out = |n: usize| (n > 0).then(|| format!("\u{2026} {n} more lines"));
    let shown = lines[start..end].iter().map(|line| (*line).to_owned());
    let mut excerpt: Vec<String> = left_out(start).into_iter().collect();
    excerpt.extend(shown);
    excerpt.extend(left_out(lines.len() - end));
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_section_is_shown_around_its_quote() {
        let body: Vec<String> = (1..=40).map(|n| format!("line {n}.")).collect();
        let excerpt = excerpt(&body.join("\n"), "line 20.");
        assert_eq!(excerpt.len(), EXCERPT_MAX + 2);
        assert_eq!(excerpt[0], "\u{2026} 14 more lines");
        assert!(excerpt.contains(&"line 20.".to_owned()), "{excerpt:?}");
        assert_eq!(excerpt[EXCERPT_MAX + 1], "\u{2026} 11 more lines");
    }

    #[test]
    fn a_short_section_is_shown_whole() {
        assert_eq!(excerpt("one\ntwo", "two"), ["one", "two"]);
    }

    #[test]
    fn a_question_has_a_first_and_a_last_length() {
        assert!(acceptable(" \n").is_err());
        assert!(acceptable(&"é".repeat(QUESTION_MAX)).is_ok());
        assert!(acceptable(&"é".repeat(QUESTION_MAX + 1)).is_err());
    }
}
