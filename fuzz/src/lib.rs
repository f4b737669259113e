//! What the fuzz targets do with their bytes. `tests/it/fuzzed.rs` does the very same with the seeds
//! under `corpus/` and small changes to them, so that the two cannot part.
//!
//! A target fails by a panic: of the code that it calls, or of an `assert!` on what that code gave.

pub mod limits;

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use studyhall::answer::{self, Answer, Named};
use studyhall::chat::{Audience, Message, Press, QUESTION_MAX, Reply, SUGGESTIONS_MAX, Tally};
use studyhall::config::{self, Environment, Flags};
use studyhall::discord::wire;
use studyhall::quiz::grade::Choices;
use studyhall::quiz::import::{Form, Format, section, write};
use studyhall::quiz::period::Span;
use studyhall::quiz::{Bank, Difficulty, rules};
use studyhall::wording::link::Site;
use studyhall::wording::markdown::pages;
use studyhall::wording::page::PAGE_UNITS_MIN;
use studyhall::wording::text::n_units;
use studyhall::wording::{self, Noted, View};
use studyhall_index::blocks::blocks;
use studyhall_index::{
    BODY_MAX, HITS_MAX, Index, Note, Placed, SectionKey, decode, links, parse, target,
};
use tempfile::TempDir;

use limits::{assert_message, assert_reply, is_harmless};

/// What is done with bytes from outside.
pub type Entry = Box<dyn Fn(&[u8]) + Send + Sync>;

/// A target's name, and what makes what it does.
pub type Target = (&'static str, fn() -> Entry);

/// The targets.
pub const TARGETS: &[Target] = &[
    ("note", note),
    ("reply", reply),
    ("question", question),
    ("button", button),
    ("bank", bank),
    ("settings", settings),
];

/// The day on which questions are judged.
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 6, 1);
/// Where the notes are said to be on the web.
const NOTES_URL: &str = "https://notes.example/tree/";
/// Sections of a note that are shown.
const SECTIONS_SHOWN: usize = 4;
/// Discord's limits of an embed. <https://docs.discord.com/developers/resources/message#embed-limits>
const EMBED_MAX: usize = 6_000;
const DESCRIPTION_MAX: usize = 4_096;
/// Discord's limit of what a button carries.
/// <https://docs.discord.com/developers/components/reference>
const CUSTOM_ID_MAX: usize = 100;

/// A file of the notes folder becomes sections.
pub fn note() -> Entry {
    Box::new(|bytes| {
        let note = parsed(bytes);
        let (mut ids, mut line) = (HashSet::new(), 1);
        for section in &note.sections {
            assert!(ids.insert(section.id()), "twice: {}", section.id());
            assert!(section.body.chars().count() <= BODY_MAX);
            assert!(section.line >= line, "{} after {line}", section.line);
            assert_eq!(section.heading_path.first(), Some(&note.title));
            line = section.line;
            drop(blocks(&section.body));
            for link in links(&section.body) {
                let _ = target(&section.path, &link.address);
            }
        }
        for warning in &note.warnings {
            assert!(warning.line >= 1 && warning.column >= 1, "{warning:?}");
            let explained = studyhall_index::explanation(warning.code);
            assert!(explained.is_some(), "{warning:?}");
        }
    })
}

/// A section becomes a message that Discord takes.
pub fn reply() -> Entry {
    Box::new(|bytes| {
        let text = decode(bytes).0;
        let site = Site {
            notes_url: Some(NOTES_URL),
            path: "aws/s3 basics.md",
        };
        for page in pages(&text, &site, PAGE_UNITS_MIN) {
            assert!(n_units(&page) <= PAGE_UNITS_MIN, "{page}");
            assert!(is_harmless(&page), "{page}");
        }
        for section in parsed(bytes).sections.into_iter().take(SECTIONS_SHOWN) {
            let quotes = [0, 1].map(|number| Index::quote(&section, number));
            let placed = Placed {
                section,
                previous: Some(SectionKey(1)),
                next: Some(SectionKey(2)),
            };
            for (quote, page) in quotes.iter().zip([0, u16::MAX]) {
                let view = View {
                    placed: &placed,
                    page,
                    quote: quote.as_ref(),
                    audience: Audience::Channel,
                    notes_url: Some(NOTES_URL),
                };
                assert_sent(&wording::section(&view));
                assert_sent(&wording::shared(&view, &text));
                assert_sent(&wording::answer(&view, &text, &[], &[]));
            }
        }
    })
}

/// What a person types is answered from a small index.
pub fn question() -> Entry {
    let folder = TempDir::new().expect("a temporary folder");
    let notes = folder.path().join("notes");
    fs::create_dir(&notes).expect("a folder for notes");
    for (path, text) in NOTES {
        fs::write(notes.join(path), text).expect("a note");
    }
    let index = Index::open(&folder.path().join("index")).expect("an index");
    index.sync(&notes, &|_| ()).expect("the index takes notes");
    Box::new(move |bytes| {
        // The index lies in the folder for as long as it is asked.
        let _ = folder.path();
        typed(&index, &String::from_utf8_lossy(bytes));
    })
}

/// What a button carries is read, and written back.
pub fn button() -> Entry {
    Box::new(|bytes| {
        if let Ok(text) = std::str::from_utf8(bytes)
            && let Some(press) = wire::press(text)
        {
            let written = wire::button_id(&press);
            let rest = text.strip_prefix(&written);
            let is_it = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(":r"));
            assert!(is_it, "{text} is read as {written}");
        }
        let press = press_of(bytes);
        let text = wire::button_id(&press);
        assert!(text.len() <= CUSTOM_ID_MAX, "{text}");
        assert_eq!(wire::press(&text), Some(press), "{text}");
    })
}

/// A question file is read, and files of other formats are imported.
pub fn bank() -> Entry {
    Box::new(|bytes| {
        let text = decode(bytes).0;
        let (bank, findings) = Bank::read(&[("quiz/x.md".to_owned(), text.to_string())]);
        if let Some(bank) = bank {
            drop(rules::check(&bank, &|_| false, &|_| None, TODAY));
            let ids: HashSet<&str> = bank.questions().iter().map(|q| q.id.as_str()).collect();
            assert_eq!(ids.len(), bank.questions().len(), "an id stands twice");
        }
        for finding in findings {
            assert!(finding.place.line >= 1 && finding.place.column >= 1);
            assert!(!finding.message.is_empty());
        }
        let _ = Format::of("txt", &text);
        for format in Format::ALL {
            let written = write(format.read(&text), &form());
            let (bank, findings) = Bank::read(&[("quiz/x.md".to_owned(), written.text.clone())]);
            let n_questions = bank.map_or(0, |bank| bank.questions().len());
            let name = format.name();
            assert_eq!(n_questions, written.n_questions, "{name}: {}", written.text);
            let mut errors = findings.iter().filter(|f| f.code.is_error());
            assert!(errors.next().is_none(), "{name}: {findings:?}");
        }
    })
}

/// A settings file is read.
pub fn settings() -> Entry {
    let folder = TempDir::new().expect("a temporary folder");
    let address = folder.path().join("address");
    fs::write(&address, "sqlite:scores.db").expect("a file");
    Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes);
        // No other file that the text may name is read: the environment names one, and wins.
        let variable = OsString::from("STUDYHALL_DATABASE_URL_FILE");
        resolved(
            &text,
            &Environment::of([(variable, address.clone().into())]),
        );
        if !text.contains("_file") && !text.contains('\\') {
            resolved(&text, &Environment::default());
        }
    })
}

/// The notes that are asked.
const NOTES: &[(&str, &str)] = &[
    (
        "queues.md",
        "---\ntags: [messaging]\naliases: [waiting line]\n---\n# Queues\n\nA queue keeps messages.\n\n\
         ## Dead Letter Queue (DLQ)\n\nA DLQ takes messages that could not be processed.\n\n\
         ## Visibility timeout\n\nThe default visibility timeout is 30 seconds.\n\n\
         | Limit | Value |\n|---|---|\n| largest message | 256 KiB |\n",
    ),
    (
        "storage.md",
        "# Storage\n\nObjects lie in buckets.\n\n## S3 versus EBS\n\n- S3 holds objects.\n- EBS is a disk.\n\n\
         ```sh\naws s3 ls\n```\n",
    ),
    (
        "other.md",
        "# \u{961f}\u{5217}\n\n\u{961f}\u{5217}\u{662f}\u{4ec0}\u{4e48}\n\n# \u{5ea}\u{5d5}\u{5e8}\n\n\u{5e9}\u{5dc}\u{5d5}\u{5dd}\n",
    ),
];

fn parsed(bytes: &[u8]) -> Note {
    parse("aws/s3 basics.md", &decode(bytes).0)
}

/// Fails where a message is not what Discord takes, or reaches it other than as it was worded.
#[track_caller]
fn assert_sent(message: &Message) {
    assert_message(message);
    let body = wire::message(message);
    assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }));
    let embed = &body["embeds"][0];
    assert_eq!(embed["description"], *message.body);
    let n_chars = |text: &serde_json::Value| text.as_str().unwrap_or("").chars().count();
    let n_description = n_chars(&embed["description"]);
    assert!((1..=DESCRIPTION_MAX).contains(&n_description), "{embed}");
    let n_all = n_description + n_chars(&embed["title"]) + n_chars(&embed["footer"]["text"]);
    assert!(n_all <= EMBED_MAX, "{embed}");
    let mut seen = HashSet::new();
    let rows = body["components"].as_array().expect("rows");
    let buttons = rows.iter().flat_map(|row| row["components"].as_array());
    let presses = message.buttons.iter().flatten().map(|button| button.press);
    for (button, press) in buttons.flatten().zip(presses) {
        let id = button["custom_id"].as_str().expect("a text");
        assert!(id.len() <= CUSTOM_ID_MAX && seen.insert(id), "{id}");
        assert_eq!(wire::press(id), Some(press), "{id}");
    }
}

/// Everything that takes typed text, given this.
fn typed(index: &Index, typed: &str) {
    for topic in [None, Some("messaging"), Some(typed)] {
        let answer = answer::answer(index, typed, topic).expect("the index can be read");
        let is_too_long = matches!(answer, Answer::TooLong(_));
        assert_eq!(typed.trim().chars().count() > QUESTION_MAX, is_too_long);
        let audience = Audience::Channel;
        match answer {
            Answer::Found {
                best,
                placed,
                others,
                corrections,
            } => {
                let view = View {
                    placed: &placed,
                    page: 0,
                    quote: best.quote.as_ref(),
                    audience,
                    notes_url: Some(NOTES_URL),
                };
                assert_sent(&wording::answer(&view, typed, &others, &corrections));
            }
            Answer::Unknown {
                nearest,
                corrections,
            } => {
                let noted = Noted::Kept;
                assert_sent(&wording::unknown(
                    typed,
                    &nearest,
                    &corrections,
                    noted,
                    audience,
                ));
            }
            Answer::NoSuchTopic { name } => assert_sent(&wording::no_such_topic(&name)),
            Answer::TooLong(n) => assert_sent(&wording::question_too_long(n)),
            Answer::Section(_) | Answer::Gone | Answer::Empty => {}
        }
    }
    if let Named::Nothing { nearest } = answer::named(index, typed).expect("it can be read") {
        assert_sent(&wording::no_such_section(typed, &nearest));
    }
    let offers = wording::section_offers(&index.suggest(typed, SUGGESTIONS_MAX));
    assert_reply(&Reply::Offer(offers));
    let found = index.search(typed, None, usize::MAX);
    let found = found.expect("the index can be read");
    assert!(found.hits.len() <= HITS_MAX);
    assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
    assert!(found.hits.iter().all(|hit| hit.score.is_finite()));
}

/// A press made of bytes, each kind as likely as the others.
fn press_of(bytes: &[u8]) -> Press {
    let number = |at: usize| {
        let mut number = [0; 8];
        let rest = bytes.get(at..).unwrap_or_default();
        for (to, from) in number.iter_mut().zip(rest) {
            *to = *from;
        }
        u64::from_le_bytes(number)
    };
    let small = |at: usize| u16::from_le_bytes([number(at) as u8, number(at + 1) as u8]);
    let section = SectionKey(number(1));
    let (id, page) = (number(1).cast_signed(), small(9));
    let shown = Choices::from_bits(page);
    let tally = Tally {
        n: number(11) as u8,
        n_done: number(12) as u8,
        n_right: number(13) as u8,
    };
    match number(0) as u8 % 18 {
        0 => Press::Open { section, page },
        1 => Press::Next { section },
        2 => Press::Previous { section },
        3 => Press::Share {
            section,
            page,
            quote: (number(11) & 1 > 0).then(|| small(12)),
        },
        4 => Press::Helped { section },
        5 => Press::DidNotHelp { section },
        6 => Press::Topics { page },
        7 => Press::Answer { round: id, shown },
        8 => Press::Report { round: id },
        9 => Press::SaveSchedule { schedule: id },
        10 => Press::DropSchedule { schedule: id },
        11 => Press::Board {
            span: Span::ALL[usize::from(page) % Span::ALL.len()],
            day: number(11) as i32,
            topic: (page % 2 > 0).then(|| number(1)),
            page,
        },
        12 => Press::Practice { place: page, shown },
        13 => Press::PracticeNext,
        14 => Press::Review {
            question: number(1),
            times: number(14) as u32,
            tally,
            shown,
        },
        15 => Press::ReviewNext { tally },
        16 => Press::Forget,
        _ => Press::Share {
            section,
            page,
            quote: None,
        },
    }
}

/// A form that links to a section, so that what is imported can be asked at once.
fn form() -> Form {
    Form {
        topic: None,
        topic_otherwise: "file".to_owned(),
        prefix: String::new(),
        section: Some(section("sqs.md#retention").expect("the name of a section")),
        difficulty: Difficulty::Medium,
    }
}

fn resolved(text: &str, environment: &Environment) {
    let file = Path::new("studyhall.toml");
    match config::resolve(Some((file, text)), environment, &Flags::default()) {
        Ok(settings) => {
            let _ = (format!("{settings:?}"), settings.index_dir());
            let shown = settings.shown();
            assert_eq!(shown.len(), config::KEYS.len());
            for (shown, key) in shown.iter().zip(config::KEYS) {
                let value = shown.value.as_deref();
                assert!(!key.secret || matches!(value, None | Some("(set)")));
            }
        }
        Err(rejected) => {
            assert!(!rejected.problems.is_empty());
            for problem in &rejected.problems {
                let explained = config::CODES.iter().any(|(code, _)| *code == problem.code);
                assert!(explained, "{problem:?}");
                assert!(!problem.message.is_empty());
            }
        }
    }
}
