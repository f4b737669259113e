//! A question as rounds and practices show it: its text, its choices with letters, and how to answer.

use jiff::Timestamp;
use jiff::civil::Date;
use studyhall_index::SectionKey;

use super::link::Site;
use super::{markdown, text};
use crate::chat::{Button, LINE_MAX, List, Message, Press, ROW_MAX, TITLE_MAX};
use crate::quiz::grade::{Choices, points};
use crate::quiz::{Question, letter};

/// UTF-16 units of a stem, at most.
const STEM_MAX: usize = 1_000;
/// UTF-16 units of all choices together, at most.
const CHOICES_MAX: usize = 1_400;

/// A round as it is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its number.
    pub round: i64,
    /// The day that it counts for.
    pub day: Date,
    /// The question.
    pub question: &'a Question,
    /// The places of its choices, in the order in which they are shown.
    pub order: &'a [u8],
    /// The right ones, by their places in the question.
    pub right: Choices,
    /// When it closes, or did.
    pub closes_at: Timestamp,
    /// Whether it was posted later than was meant.
    pub is_late: bool,
    /// Whether its points were taken back.
    pub is_voided: bool,
    /// The address below which readers find the notes on the web.
    pub notes_url: Option<&'a str>,
}

/// The set of choices that these places of the shown order stand for. Places beyond it are left out.
#[must_use]
pub fn chosen(order: &[u8], shown: Choices) -> Choices {
    let places = order.iter().enumerate().filter(|(at, _)| shown.has(*at));
    Choices::of(places.map(|(_, place)| usize::from(*place)))
}

/// Buttons or a list to answer with.
pub(super) fn ask(message: &mut Message, shown: &Shown<'_>, press: Press) {
    if shown.question.n_right() > 1 {
        let site = site(shown);
        let line = |(at, place): (usize, &u8)| {
            let choice = shown.question.choices.get(usize::from(*place));
            let words = choice.map_or("", |choice| choice.text.as_str());
            text::plain(
                &format!("{} · {}", letter(at), plain_words(words, &site)),
                LINE_MAX,
            )
        };
        message.list = Some(List {
            hint: format!("Choose {}", shown.question.n_right()),
            lines: shown.order.iter().enumerate().map(line).collect(),
            press: press.choosing(Choices::default()),
        });
        return;
    }
    let button = |at: usize| Button {
        label: letter(at).to_string(),
        press: press.choosing(Choices::of([at])),
        enabled: true,
    };
    let buttons: Vec<Button> = (0..shown.order.len()).map(button).collect();
    message
        .buttons
        .extend(buttons.chunks(ROW_MAX).map(<[_]>::to_vec));
}

/// The question's text with its choices.
pub(super) fn stem_and_choices(shown: &Shown<'_>) -> String {
    format!("{}\n\n{}", stem(shown), choices(shown, |_, line| line))
}

/// The button that opens the section with the answer.
pub(super) fn read_on(section: Option<SectionKey>) -> Vec<Button> {
    let button = section.map(|section| Button {
        label: "Read the note".to_owned(),
        press: Press::Open { section, page: 0 },
        enabled: true,
    });
    button.into_iter().collect()
}

pub(super) fn title(shown: &Shown<'_>) -> String {
    let question = shown.question;
    let title = format!(
        "Question of {} · {} · {} · {}",
        shown.day.strftime("%-d %B"),
        question.topic,
        question.difficulty.name(),
        points_text(points(question.difficulty))
    );
    text::plain(&title, TITLE_MAX)
}

pub(super) fn points_text(points: u32) -> String {
    format!("{points} points")
}

pub(super) fn site<'a>(shown: &Shown<'a>) -> Site<'a> {
    Site {
        notes_url: shown.notes_url,
        path: &shown.question.place.path,
    }
}

/// A Markdown text as the chat shows it, at most `units_max` long.
pub(super) fn shown_text(markdown: &str, site: &Site<'_>, units_max: usize) -> String {
    let mut pages = markdown::pages(markdown, site, units_max.saturating_sub(2)).into_iter();
    let first = pages.next().unwrap_or_default();
    if pages.next().is_some() {
        format!("{first} …")
    } else {
        first
    }
}

/// The words of a Markdown text, without what makes them bold or links.
fn plain_words(markdown: &str, site: &Site<'_>) -> String {
    shown_text(markdown, site, LINE_MAX).replace(['*', '`', '\\'], "")
}

pub(super) fn stem(shown: &Shown<'_>) -> String {
    shown_text(&shown.question.stem, &site(shown), STEM_MAX)
}

/// The choices with their letters, a line each, made complete by `with`.
pub(super) fn choices(shown: &Shown<'_>, with: impl Fn(usize, String) -> String) -> String {
    let site = site(shown);
    let max = CHOICES_MAX / shown.order.len().max(1);
    let lines = shown.order.iter().enumerate().filter_map(|(at, place)| {
        let place = usize::from(*place);
        let choice = shown.question.choices.get(place)?;
        let words = shown_text(&choice.text, &site, max).replace('\n', " ");
        Some(with(place, format!("**{}** {words}", letter(at))))
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn explanation(shown: &Shown<'_>, units_max: usize) -> String {
    shown_text(&shown.question.explanation, &site(shown), units_max)
}

/// The letters by which choices are shown, as in "A and C".
pub(super) fn letters(shown: &Shown<'_>, choices: Choices) -> String {
    joined(shown, choices, "and")
}

/// The letters of right choices, as in "A and C", or in "A or C" where one is to be chosen.
pub(super) fn right_letters(shown: &Shown<'_>, right: Choices) -> String {
    let last = match shown.question.n_right() {
        1 => "or",
        _ => "and",
    };
    joined(shown, right, last)
}

fn joined(shown: &Shown<'_>, choices: Choices, before_last: &str) -> String {
    let places = shown.order.iter().enumerate();
    let letters: Vec<String> = places
        .filter(|(_, place)| choices.has(usize::from(**place)))
        .map(|(at, _)| format!("**{}**", letter(at)))
        .collect();
    match letters.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {before_last} {last}", before.join(", ")),
    }
}

pub(super) fn letter_of(shown: &Shown<'_>, place: usize) -> char {
    let at = shown
        .order
        .iter()
        .position(|shown| usize::from(*shown) == place);
    at.map_or('?', letter)
}
