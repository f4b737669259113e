//! `studyhall quiz preview`: the posts of the next days, and the day on which questions come again.

mod show;

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, bail};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use studyhall_index::question_files;

use crate::cli::output::{Output, note};
use crate::cli::{Outcome, index};
use crate::config::Settings;
use crate::quiz::bag::{self, Drawn};
use crate::quiz::code::Code;
use crate::quiz::schedule::{OPEN_FOR_DEFAULT, Plan, Slot, slots, time_of_day};
use crate::quiz::weekdays::Weekdays;
use crate::quiz::{Bank, Difficulty, Question, zones};

/// Days that are shown, at most: ten years.
const DAYS_MAX: u16 = 3_660;
/// Posts among which the first repeat is looked for.
const POSTS_MAX: usize = 3_660;

const EXAMPLES: &str = "\
Examples:
  studyhall quiz preview
  studyhall quiz preview --time 08:30 --timezone Europe/Zurich --days mon-fri
  studyhall quiz preview --topics s3,ec2 --difficulty easy,medium --from 2027-03-22 -n 30
  studyhall quiz preview --json | jq -r .first_repeat

Exit code 1: on one of the days there is no question to ask.";

/// Show the posts of the next days
///
/// Each line is a post: date, time in the zone with its distance from UTC, the same in UTC, the
/// question's id, topic, difficulty and first line. Says where clocks change, which dates the zone
/// leaves out, and when the questions begin to come again. The order is that of a server on which
/// nothing has been asked yet.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Preview {
    /// When to post, on the clocks of the zone
    #[arg(long, value_name = "HH:MM", default_value = "09:00", value_parser = time_of_day)]
    time: Time,
    /// Time zone by its IANA name, as Europe/Zurich
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zones::zone)]
    timezone: TimeZone,
    /// Days of the week, as mon-fri, daily, weekends or mon,wed,fri
    #[arg(long, default_value_t = Weekdays::DAILY)]
    days: Weekdays,
    /// Topics to ask about, with commas between them [default: all]
    #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
    topics: Vec<String>,
    /// How hard the questions may be: easy, medium, hard, with commas between them [default: all]
    #[arg(long, value_delimiter = ',', value_parser = difficulty)]
    difficulty: Vec<Difficulty>,
    /// First day, as 2027-03-22 [default: today in the zone]
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: Option<Date>,
    /// How many days, with those on which nothing is posted
    #[arg(short, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=i64::from(DAYS_MAX)))]
    n: u16,
    /// Which shuffling of the questions; each server has its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What the next days bring.
struct Ahead<'a> {
    plan: Plan,
    n_questions: usize,
    days: Vec<Day<'a>>,
    /// The first post with a question that was asked before.
    first_repeat: Option<Date>,
    /// The last day that was looked at for it.
    looked_until: Date,
}

/// One slot of the plan.
struct Day<'a> {
    slot: Slot,
    /// None where nothing is posted, or where no question holds any more.
    question: Option<&'a Question>,
    is_repeat: bool,
    /// Where clocks changed since the day before.
    changes: Vec<Change>,
}

/// A change of a zone's clocks.
struct Change {
    /// The date on the clocks once they have changed.
    day: Date,
    /// By how much they went forward; less than zero for back.
    forward: SignedDuration,
}

pub(super) fn run(
    preview: &Preview,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let bank = read_bank(settings)?;
    let topics = topics(&preview.topics, &bank)?;
    let pool = bag::pool(&bank, &topics, &preview.difficulty);
    if pool.is_empty() {
        bail!("no question has one of these topics and one of these difficulties; ask for more");
    }
    let plan = Plan {
        time: preview.time,
        zone: preview.timezone.clone(),
        weekdays: preview.days,
        open_for: OPEN_FOR_DEFAULT,
        since: Timestamp::MIN,
    };
    let from = preview.from.unwrap_or_else(|| today(&plan.zone));
    let ahead = look_ahead(plan, &pool, preview.seed, from, preview.n);
    match preview.json {
        true => show::json(&ahead, out)?,
        false => show::text(&ahead, out)?,
    }
    let is_idle = |day: &Day<'_>| day.slot.due.is_some() && day.question.is_none();
    Ok(match ahead.days.iter().any(is_idle) {
        true => Outcome::No,
        false => Outcome::Done,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command is an edge: it looks ahead from the day on which it runs"
)]
fn today(zone: &TimeZone) -> Date {
    zone.to_datetime(Timestamp::now()).date()
}

fn read_bank(settings: &Settings) -> anyhow::Result<Bank> {
    let notes_dir = &settings.notes_dir;
    index::require_notes(notes_dir)?;
    let files = question_files(notes_dir).context("cannot read the question bank")?;
    let (bank, findings) = Bank::read(&files.files);
    let n_errors = findings.iter().filter(|f| Code::is_error(f.code)).count();
    if n_errors > 0 {
        note(format_args!(
            "There are {n_errors} errors in the questions, and some are left out; `studyhall check` \
             lists them."
        ));
    }
    bank.with_context(|| {
        let folder = notes_dir.join("quiz");
        format!(
            "there are no questions in {}; the README says how to write some",
            folder.display()
        )
    })
}

/// The topics as the bank writes them.
fn topics(typed: &[String], bank: &Bank) -> anyhow::Result<Vec<String>> {
    let known: BTreeSet<&str> = bank.questions().iter().map(|q| q.topic.as_str()).collect();
    let find = |typed: &String| {
        let is_it = |known: &&&str| known.to_lowercase() == typed.trim().to_lowercase();
        if let Some(known) = known.iter().find(is_it) {
            return Ok((*known).to_owned());
        }
        let known: Vec<&str> = known.iter().copied().collect();
        bail!(
            "no question has the topic `{typed}`; the topics are {}",
            known.join(", ")
        )
    };
    typed.iter().map(find).collect()
}

fn look_ahead<'a>(
    plan: Plan,
    pool: &[&'a Question],
    seed: u64,
    from: Date,
    n_days: u16,
) -> Ahead<'a> {
    let end = from.saturating_add(i64::from(n_days).days());
    let mut drawn: HashMap<String, Drawn> = HashMap::new();
    let mut days = Vec::new();
    let mut before = None;
    let mut first_repeat = None;
    let mut looked_until = from;
    for (n, slot) in slots(&plan, from).enumerate() {
        let is_shown = slot.day < end;
        if !is_shown && (first_repeat.is_some() || n >= POSTS_MAX) {
            break;
        }
        looked_until = slot.day;
        let question = slot
            .due
            .and_then(|_| bag::next(pool, &drawn, seed, slot.day));
        let is_repeat = question.is_some_and(|question| drawn.contains_key(&question.id));
        if let Some(question) = question {
            bag::draw(&mut drawn, &question.id, slot.day);
        }
        if is_repeat && first_repeat.is_none() {
            first_repeat = Some(slot.day);
        }
        if is_shown {
            let changes = match (before, slot.due) {
                (Some(before), Some(due)) => changes(&plan.zone, before, due),
                (None, Some(due)) => {
                    let before = due.checked_sub(SignedDuration::from_hours(24));
                    before.map_or_else(|_| Vec::new(), |before| changes(&plan.zone, before, due))
                }
                (_, None) => Vec::new(),
            };
            before = slot.due.or(before);
            days.push(Day {
                slot,
                question,
                is_repeat,
                changes,
            });
        }
    }
    Ahead {
        plan,
        n_questions: pool.len(),
        days,
        first_repeat,
        looked_until,
    }
}

/// Where a zone's clocks change after one instant and up to another.
fn changes(zone: &TimeZone, after: Timestamp, until: Timestamp) -> Vec<Change> {
    let mut offset = zone.to_offset(after);
    let mut changes = Vec::new();
    for transition in zone.following(after) {
        let at = transition.timestamp();
        if at > until {
            break;
        }
        let new = transition.offset();
        if new != offset {
            changes.push(Change {
                day: new.to_datetime(at).date(),
                forward: new.duration_since(offset),
            });
        }
        offset = new;
    }
    changes
}

fn difficulty(text: &str) -> Result<Difficulty, String> {
    let known = Difficulty::ALL.into_iter();
    let mut known = known.filter(|known| known.name() == text.trim().to_lowercase());
    let unknown = || format!("`{text}` is no difficulty; there are easy, medium and hard");
    known.next().ok_or_else(unknown)
}

fn date(text: &str) -> Result<Date, String> {
    let unknown = |_| format!("`{text}` is no date; write it as 2027-03-22");
    text.trim().parse().map_err(unknown)
}
