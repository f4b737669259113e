//! The question bank: what is read from its files, and what good questions are held to.

use proptest::prelude::*;
use studyhall::quiz::code::Code;
use studyhall::quiz::{Bank, Difficulty, Finding, rules};

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 6, 1);

/// A question as it should be.
const WHOLE: &str = "\
---
topic: s3
---
# About S3

Some words on the file.

## Which class fits data that is read once a year? {#s3-deep-archive}

It may take 12 hours to come back.

- [ ] S3 Standard-IA
  > Comes back at once, and costs many times more.
- [ ] S3 One Zone-IA
- [x] S3 Glacier Deep Archive
- [ ] S3 Intelligent-Tiering
  that goes on here

> Deep Archive is the cheapest class and comes back within 12 hours.
> See [Deep Archive](../s3.md#deep-archive).

difficulty: easy
until: 2027-05-31
";

const SECTION: &str = "S3\nDeep Archive\nThe cheapest class. Retrieval takes up to twelve hours.";

fn files(text: &str) -> Vec<(String, String)> {
    vec![("quiz/s3.md".to_owned(), text.to_owned())]
}

/// All that is found in a bank of one file, beside notes with a single section.
fn findings(text: &str) -> Vec<Finding> {
    let (bank, mut findings) = Bank::read(&files(text));
    if let Some(bank) = bank {
        let is_there = |id: &str| ["s3.md", "s3.md#deep-archive"].contains(&id);
        let section_text = |id: &str| (id == "s3.md#deep-archive").then(|| SECTION.to_owned());
        findings.extend(rules::check(&bank, &is_there, &section_text, TODAY));
    }
    findings
}

/// What is found where the question is changed, as `line:column code`.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(from.is_empty() || WHOLE.contains(from), "{from}");
    let found = findings(&WHOLE.replacen(from, to, usize::from(!from.is_empty())));
    let shown: Vec<String> = found
        .iter()
        .map(|f| format!("{}:{} {}", f.place.line, f.place.column, f.code.name()))
        .collect();
    assert_eq!(shown, expected, "{found:#?}");
}

#[test]
fn a_question_is_read_whole() {
    check("", "", &[]);
    let (bank, _) = Bank::read(&files(WHOLE));
    let bank = bank.expect("a bank");
    let question = bank.find("s3-deep-archive").expect("the question");
    let stem =
        "Which class fits data that is read once a year?\n\nIt may take 12 hours to come back.";
    assert_eq!(question.stem, stem);
    assert_eq!(
        (question.topic.as_str(), question.difficulty),
        ("s3", Difficulty::Easy)
    );
    assert_eq!(question.section, "s3.md#deep-archive");
    assert_eq!(question.until, Some(jiff::civil::date(2027, 5, 31)));
    assert_eq!(question.place.line, 8);
    let choices: Vec<(&str, bool, bool)> = question
        .choices
        .iter()
        .map(|choice| (choice.text.as_str(), choice.is_right, choice.why.is_some()))
        .collect();
    let expected = [
        ("S3 Standard-IA", false, true),
        ("S3 One Zone-IA", false, false),
        ("S3 Glacier Deep Archive", true, false),
        ("S3 Intelligent-Tiering that goes on here", false, false),
    ];
    assert_eq!(choices, expected);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    assert_eq!(
        findings(&format!("\u{feff}{}", WHOLE.replace('\n', "\r\n"))),
        []
    );
}

#[test]
fn a_question_has_an_id_for_life() {
    check(" {#s3-deep-archive}", "", &["8:1 quiz-id-missing"]);
    check("{#s3-deep-archive}", "{#S3 deep}", &["8:54 quiz-id-form"]);
    let twice = format!(
        "{WHOLE}\n{}",
        &WHOLE[WHOLE.find("## ").expect("a heading")..]
    );
    let found = findings(&twice);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].code, found[0].place.line),
        (Code::IdDuplicate, 25)
    );
}

#[test]
fn a_question_has_a_topic_and_a_difficulty() {
    check("---\ntopic: s3\n---\n", "", &["5:1 quiz-topic-missing"]);
    check(
        "topic: s3",
        "topics: s3",
        &["2:1 quiz-setting", "8:1 quiz-topic-missing"],
    );
    check("difficulty: easy\n", "", &["8:1 quiz-difficulty"]);
    check(
        "difficulty: easy",
        "difficulty: simple",
        &["22:1 quiz-difficulty"],
    );
    check("until: 2027-05-31", "until: soon", &["23:1 quiz-setting"]);
    check(
        "until: 2027-05-31",
        "dificulty: easy",
        &["23:1 quiz-setting"],
    );
    check(
        "until: 2027-05-31",
        "difficulty: hard",
        &["23:1 quiz-setting"],
    );
    check("until: 2027-05-31", "topic: glacier", &[]);
    let several = &["2:1 quiz-setting", "8:1 quiz-topic-missing"];
    check("topic: s3", "topic: s3, glacier", several);
    check("until: 2027-05-31", "topic: a, b", &["23:1 quiz-setting"]);
}

#[test]
fn choices_can_be_told_apart_and_one_is_right() {
    let only_one = "- [ ] S3 One Zone-IA\n- [x] S3 Glacier Deep Archive\n- [ ] S3 Intelligent-Tiering\n  that goes on here\n";
    check(only_one, "", &["8:1 quiz-few-choices"]);
    let many: String = (0..8).map(|n| format!("- [ ] number {n}\n")).collect();
    check("- [ ] S3 One Zone-IA\n", &many, &["8:1 quiz-many-choices"]);
    check("[x]", "[ ]", &["8:1 quiz-no-right"]);
    check(
        "S3 One Zone-IA",
        "s3  standard-ia.",
        &["14:1 quiz-choice-duplicate"],
    );
    check("S3 One Zone-IA", "", &["14:1 quiz-choice-empty"]);
    check(
        "S3 One Zone-IA",
        "Standard-IA (S3)",
        &["14:1 quiz-choice-overlap"],
    );
    check("S3 One Zone-IA", "None of the above", &["14:1 quiz-above"]);
    check("S3 One Zone-IA", "Both A and C", &["14:1 quiz-above"]);
}

#[test]
fn ranges_do_not_overlap() {
    let days =
        "S3 Standard-IA\n  > Comes back at once, and costs many times more.\n- [ ] S3 One Zone-IA";
    check(days, "1 to 4 days\n- [ ] 4 to 14 days", &[]);
    check(
        days,
        "1 to 5 days\n- [ ] 4-14 days",
        &["13:1 quiz-choice-overlap"],
    );
    check(days, "1 to 5 days\n- [ ] 4 to 14 hours", &[]);
}

#[test]
fn all_right_is_no_question() {
    let text = WHOLE.replace("[ ]", "[x]");
    assert_eq!(findings(&text)[0].code, Code::AllRight);
}

#[test]
fn the_stem_asks_for_as_many_as_are_right() {
    check("- [ ] S3 One", "- [x] S3 One", &["8:1 quiz-stem-key"]);
    check("Which class", "Which two classes", &["8:1 quiz-stem-key"]);
    check("come back.\n\n", "come back. (Choose one.)\n\n", &[]);
    let two = WHOLE.replace("- [ ] S3 One", "- [x] S3 One");
    for (asked, n) in [
        ("(Choose two.)", 0),
        ("(Select 2)", 0),
        ("(Choose three.)", 1),
    ] {
        let text = two.replace("come back.\n\n", &format!("come back. {asked}\n\n"));
        assert_eq!(findings(&text).len(), n, "{asked}");
    }
}

#[test]
fn an_answer_is_explained_and_says_where_to_read_on() {
    let explanation =
        &WHOLE[WHOLE.find("> Deep").expect("it")..WHOLE.find("difficulty").expect("it")];
    check(explanation, "", &["8:1 quiz-no-explanation"]);
    check(
        "[Deep Archive](../s3.md#deep-archive)",
        "the notes",
        &["19:1 quiz-no-link"],
    );
    check(
        "[Deep Archive](../s3.md#deep-archive)",
        "[it](https://a.example)",
        &["19:1 quiz-no-link"],
    );
    check("#deep-archive)", "#deep)", &["8:1 quiz-broken-link"]);
    check("../s3.md", "s3.md", &["19:1 quiz-no-link"]);
    check("../s3.md", "../../s3.md", &["19:1 quiz-no-link"]);
}

#[test]
fn numbers_of_the_answer_stand_in_the_section() {
    check("within 12 hours", "within 48 hours", &["8:1 quiz-number"]);
    check("S3 Glacier Deep", "48-hour Deep", &["8:1 quiz-number"]);
    check("once a year", "48 times a year", &[]);
}

#[test]
fn what_dates_is_found_in_time() {
    check("2027-05-31", "2026-05-31", &["8:1 quiz-dated"]);
    check("2027-05-31", "2026-06-01", &[]);
}

#[test]
fn no_line_is_lost_and_none_is_too_long() {
    check(
        "\ndifficulty: easy",
        "\nforgotten words\n\ndifficulty: easy",
        &["22:1 quiz-stray"],
    );
    check(
        "difficulty: easy",
        "difficulty: easy\n- [ ] late",
        &["23:1 quiz-stray"],
    );
    check("It may", &"It may ".repeat(200), &["8:1 quiz-too-long"]);
    check("S3 One Zone-IA", &"a".repeat(301), &["14:1 quiz-too-long"]);
    check(
        "Comes back",
        &"Comes back ".repeat(60),
        &["12:1 quiz-too-long"],
    );
    check(
        "> See",
        &format!("> {}\n> See", "b ".repeat(1_200)),
        &["19:1 quiz-too-long"],
    );
    check("It may", "```\n- [ ] no choice\n```\n\nIt may", &[]);
}

/// A bank of so many questions, each with the right choice where `right` says.
fn bank_of(n: usize, right: impl Fn(usize) -> usize, ending: &str) -> Vec<Finding> {
    let mut text = "---\ntopic: t\n---\n".to_owned();
    for n in 0..n {
        text.push_str(&format!(
            "## Word{n} thing{} matter{}? {{#q-{n}}}\n\n",
            n * 7,
            n * 13
        ));
        for at in 0..4 {
            let is_right = right(n) == at;
            let mark = if is_right { 'x' } else { ' ' };
            let more = if is_right { ending } else { " or so" };
            text.push_str(&format!("- [{mark}] choice {at}{more}\n"));
        }
        text.push_str("\n> So it is, see [a](../s3.md#deep-archive).\n\ndifficulty: hard\n\n");
    }
    let numbers = |f: &Finding| f.code != Code::Number;
    findings(&text).into_iter().filter(numbers).collect()
}

#[test]
fn neither_letter_nor_length_gives_an_answer_away() {
    assert_eq!(bank_of(40, |n| n % 4, " or so"), []);
    let codes = |found: Vec<Finding>| found.iter().map(|f| f.code).collect::<Vec<_>>();
    assert_eq!(
        codes(bank_of(40, |n| n % 2, " or so")),
        [Code::PositionBias]
    );
    assert_eq!(codes(bank_of(39, |_| 0, "")), []);
    assert_eq!(
        codes(bank_of(40, |n| n % 4, " or more")),
        [Code::LengthTell]
    );
    assert_eq!(codes(bank_of(40, |n| n % 4, "")), [Code::LengthTell]);
}

#[test]
fn near_duplicates_are_named() {
    let text = format!(
        "{WHOLE}\n{}",
        WHOLE[WHOLE.find("## ").expect("a heading")..]
            .replace("s3-deep-archive}", "again}")
            .replace("a year", "a decade")
    );
    let found = findings(&text);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].code, Code::NearDuplicate);
    assert!(found[0].message.contains("s3-deep-archive"), "{}", found[0]);
}

#[test]
fn every_rule_has_its_name_once_and_an_explanation() {
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
    // The last variant comes last, so none is left out.
    assert_eq!(Code::ALL.len(), Code::Dated as usize + 1);
    assert!(Code::ALL.iter().all(|code| code.explanation().len() > 40));
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in "(?s)([-#>*\\[\\]x {}\n:`~a-z0-9é]|## |- \\[x\\] |- \\[ \\] |> |\n\n|difficulty: easy\n){0,200}") {
        let (bank, found) = Bank::read(&files(&text));
        let n_headings = text.lines().filter(|line| line.starts_with("## ")).count();
        let n_questions = bank.map_or(0, |bank| bank.questions().len());
        prop_assert!(n_questions <= n_headings);
        prop_assert!(found.iter().all(|f| f.place.line as usize <= text.lines().count().max(1)));
    }
}

/// What the project ships is as clean as it asks others to be.
#[test]
fn the_shipped_notes_and_questions_have_no_finding() {
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_studyhall"))
        .args(["check", "--format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("STUDYHALL_NOTES_DIR")
        .output()
        .expect("a command that runs");
    assert_eq!(String::from_utf8_lossy(&ended.stdout).trim(), "[]");
    assert!(ended.status.success());
}
