//! A preview as people read it, and as programs do.

use std::io::{self, IsTerminal, Write};

use jiff::Timestamp;
use serde_json::{Value, json};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Ahead, Change, Day};
use crate::cli::output::{DOUBTFUL, FAINT, Output, STRONG, harmless, styled};
use crate::quiz::Question;

/// Stands between two columns.
const GAP: &str = "  ";

/// Prints a line for each day, and how long the questions last.
pub(super) fn text(ahead: &Ahead<'_>, out: &mut Output) -> io::Result<()> {
    let width = terminal_width();
    let widest = |cell: fn(&Question) -> String| {
        let questions = ahead.days.iter().filter_map(|day| day.question);
        questions.map(|q| cell(q).width()).max().unwrap_or(0)
    };
    let cells: [fn(&Question) -> String; 3] = [
        |question| question.id.clone(),
        |question| one_line(&question.topic),
        |question| question.difficulty.name().to_owned(),
    ];
    let widths = cells.map(widest);
    for day in &ahead.days {
        for change in &day.changes {
            let change = cut(&change_line(change, ahead), width);
            writeln!(out, "{}", styled(DOUBTFUL, change))?;
        }
        let date = day.slot.day.strftime("%Y-%m-%d  %a").to_string();
        let mut columns = vec![];
        match (day.slot.due, day.question) {
            (Some(due), Some(question)) => {
                columns.push(local_time(due, ahead));
                columns.push(due.strftime("%Y-%m-%d %H:%MZ").to_string());
                columns.extend(cells.iter().zip(widths).map(|(cell, width)| {
                    let cell = cell(question);
                    let padding = " ".repeat(width.saturating_sub(cell.width()));
                    format!("{cell}{padding}")
                }));
                if day.is_repeat {
                    columns.push("(again)".to_owned());
                }
                columns.push(stem(question));
            }
            (Some(due), None) => {
                columns.push(local_time(due, ahead));
                columns.push("no question: all are out of date by then".to_owned());
            }
            (None, _) => {
                let (time, zone) = (ahead.plan.time.strftime("%H:%M"), zone_name(ahead));
                columns.push(format!("skipped: in {zone} this day has no {time}"));
            }
        }
        let rest = format!("{GAP}{}", columns.join(GAP));
        let rest = cut(&rest, width.map(|width| width.saturating_sub(date.width())));
        writeln!(out, "{}{rest}", styled(STRONG, date))?;
    }
    writeln!(out, "{}", styled(FAINT, last_line(ahead)))
}

/// Prints one JSON object.
pub(super) fn json(ahead: &Ahead<'_>, out: &mut Output) -> anyhow::Result<()> {
    let object = json!({
        "time": ahead.plan.time.strftime("%H:%M").to_string(),
        "timezone": zone_name(ahead),
        "weekdays": ahead.plan.weekdays.to_string(),
        "questions": ahead.n_questions,
        "days": ahead.days.iter().map(|day| object(day, ahead)).collect::<Value>(),
        "first_repeat": ahead.first_repeat.map(|day| day.to_string()),
    });
    writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?;
    Ok(())
}

fn object(day: &Day<'_>, ahead: &Ahead<'_>) -> Value {
    let question = day.question.map(|question| {
        json!({
            "id": question.id,
            "topic": question.topic,
            "difficulty": question.difficulty.name(),
            "stem": question.stem,
            "is_repeat": day.is_repeat,
        })
    });
    let local = day.slot.due.map(|due| {
        let local = due.to_zoned(ahead.plan.zone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    });
    let change = |change: &Change| {
        json!({
            "date": change.day.to_string(),
            "forward_s": change.forward.as_secs(),
        })
    };
    json!({
        "date": day.slot.day.to_string(),
        "weekday": day.slot.day.strftime("%a").to_string().to_lowercase(),
        "local": local,
        "utc": day.slot.due.map(|due| due.to_string()),
        "skipped": day.slot.due.is_none(),
        "clock_changes": day.changes.iter().map(change).collect::<Value>(),
        "question": question,
    })
}

fn local_time(due: Timestamp, ahead: &Ahead<'_>) -> String {
    let local = due.to_zoned(ahead.plan.zone.clone());
    local.strftime("%H:%M %:z").to_string()
}

fn change_line(change: &Change, ahead: &Ahead<'_>) -> String {
    let way = match change.forward.is_positive() {
        true => "forward",
        false => "back",
    };
    format!("clocks go {way} in {} on {}", zone_name(ahead), change.day)
}

fn last_line(ahead: &Ahead<'_>) -> String {
    let pool = match ahead.n_questions {
        1 => "The pool of 1 question".to_owned(),
        n => format!("The pool of {n} questions"),
    };
    match ahead.first_repeat {
        Some(day) => format!("{pool} runs dry: the first comes again on {day}."),
        None => format!(
            "{pool} lasts: none comes again until {}.",
            ahead.looked_until
        ),
    }
}

fn zone_name<'a>(ahead: &'a Ahead<'_>) -> &'a str {
    ahead.plan.zone.iana_name().unwrap_or("UTC")
}

/// The first line of what is asked.
fn stem(question: &Question) -> String {
    one_line(question.stem.lines().next().unwrap_or_default())
}

fn one_line(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

/// Columns of the terminal; none where the results go elsewhere, and lines may be of any length.
fn terminal_width() -> Option<usize> {
    let is_terminal = io::stdout().is_terminal();
    let (width, _) = terminal_size::terminal_size().filter(|_| is_terminal)?;
    Some(usize::from(width.0))
}

/// The text, with an ellipsis in place of what would go beyond the width.
fn cut(text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| text.width() > *width) else {
        return text.to_owned();
    };
    let mut kept = String::new();
    let mut n_columns = 0;
    for c in text.chars() {
        n_columns += c.width().unwrap_or(0);
        if n_columns >= width {
            break;
        }
        kept.push(c);
    }
    if width > 0 {
        kept.push('\u{2026}');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, width: usize, expected: &str) {
        let kept = cut(text, Some(width));
        assert_eq!(kept, expected);
        assert!(kept.width() <= width);
    }

    #[test]
    fn a_line_is_cut_to_the_terminal() {
        check("Which class?", 12, "Which class?");
        check("Which class?", 11, "Which clas\u{2026}");
        check("日本語", 6, "日本語");
        check("日本語", 5, "日本\u{2026}");
        check("日本語", 4, "日\u{2026}");
        check("a", 0, "");
        assert_eq!(cut("Which class?", None), "Which class?");
    }
}
