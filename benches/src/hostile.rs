//! Files that nobody would write and every parser must survive, against plain pulldown-cmark.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use pulldown_cmark::Parser;
use serde_json::json;

use crate::child;
use crate::generate;
use crate::numbers::median;
use crate::sections;
use crate::table::{Goal, Row, Unit};
use crate::words::Words;

/// Times each shape is parsed by each parser.
const N_ROUNDS: usize = 3;

/// "Within a few times what plain pulldown-cmark needs."
const RATIO_MAX: f64 = 5.0;

/// A shape's name, and what makes it.
type Shape = (&'static str, fn() -> String);

const SHAPES: [Shape; 9] = [
    ("50 MB of notes in one file", large),
    ("100,000 headings", || "# Heading here\n".repeat(100_000)),
    ("100,000 headings of one name with text", || {
        "## Same\n\nA line of text.\n\n".repeat(100_000)
    }),
    ("quotes, 10,000 deep", || {
        format!("{}x\n", "> ".repeat(10_000))
    }),
    ("lists, 10,000 deep", || {
        format!("{}x\n", "- ".repeat(10_000))
    }),
    ("brackets, 10,000 deep", || {
        format!("{}x{}\n", "[".repeat(10_000), "]".repeat(10_000))
    }),
    ("an unclosed fence over 5 MB", || {
        format!("```\n{}", "code in a line\n".repeat(350_000))
    }),
    ("1 MB on one line", || "word and more ".repeat(75_000)),
    ("a table of 50,000 rows", table),
];

/// The names of the shapes.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|(name, _)| *name)
}

/// Measures one shape, in a process of its own, should it end it.
pub(crate) fn row(name: &'static str) -> Result<Row> {
    let found = child::run("parse", &[Path::new(name)])?.found;
    let ms = |parser: &str| found[parser].as_f64().unwrap_or_default() * 1e3;
    Ok(Row::new(name, Unit::Millis, ms("studyhall"))
        .against("pulldown-cmark", ms("plain"))
        .goal(Goal::RatioAtMost(RATIO_MAX)))
}

/// The task of the process that measures one shape.
pub(crate) fn measure(name: &str) -> Result<()> {
    let (_, make) = SHAPES
        .iter()
        .find(|(shape, _)| *shape == name)
        .context("no such shape")?;
    let text = make();
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..N_ROUNDS {
        let started = Instant::now();
        black_box(
            Parser::new_ext(&text, sections::options())
                .into_offset_iter()
                .count(),
        );
        plain.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        black_box(studyhall_index::parse("hostile.md", &text));
        ours.push(started.elapsed().as_secs_f64());
    }
    child::report(&json!({"studyhall": median(&ours), "plain": median(&plain)}))
}

fn large() -> String {
    let words = Words::new();
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= 50_000_000 {
            break;
        }
        text += &generate::note(number, &words);
    }
    text
}

fn table() -> String {
    let mut text = "| a | b | c |\n|---|---|---|\n".to_owned();
    for row in 0..50_000 {
        let _ = writeln!(text, "| cell {row} | **bold** | `code` |");
    }
    text
}
