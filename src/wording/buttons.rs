//! The buttons below messages.

use studyhall_index::{SectionName, Topic};

use super::{TOPICS_PAGE, View, text};
use crate::chat::{Audience, Button, LABEL_MAX, Press, ROW_MAX};

/// Ways on from page `page` of a section that has `n_pages`, and whether it helped.
#[must_use]
pub fn section(view: &View<'_>, page: usize, n_pages: usize) -> Vec<Vec<Button>> {
    let section = view.placed.section.key();
    let at = |page: usize| u16::try_from(page).unwrap_or(u16::MAX);
    let open = |page: usize| Press::Open {
        section,
        page: at(page),
    };
    let mut ways = Vec::new();
    if page > 0 {
        ways.push(button("Back", open(page - 1), true));
    }
    if page + 1 < n_pages {
        ways.push(button("More", open(page + 1), true));
    }
    let (previous, next) = (view.placed.previous.is_some(), view.placed.next.is_some());
    ways.push(button(
        "◀ Previous section",
        Press::Previous { section },
        previous,
    ));
    ways.push(button("Next section ▶", Press::Next { section }, next));
    if view.audience == Audience::Person {
        let share = Press::Share {
            section,
            page: at(page),
            quote: view.quote.map(|quote| quote.number),
        };
        ways.push(button("Share", share, true));
    }
    let thanks = vec![
        button("Helped", Press::Helped { section }, true),
        button("Did not help", Press::DidNotHelp { section }, true),
    ];
    vec![ways, thanks]
}

/// The first sections of the topics on this page, and the pages before and after.
#[must_use]
pub fn topics(topics: &[Topic], page: usize) -> Vec<Vec<Button>> {
    let shown = topics.chunks(TOPICS_PAGE).nth(page).unwrap_or_default();
    let mut first: Vec<Button> = Vec::with_capacity(shown.len());
    for (topic, number) in shown.iter().zip(page * TOPICS_PAGE + 1..) {
        let press = Press::Open {
            section: topic.first,
            page: 0,
        };
        // A note and its tag may begin with the same section: one button opens both.
        match first.iter_mut().find(|other| other.press == press) {
            Some(other) => other.label = other.label.replacen(" · ", &format!(", {number} · "), 1),
            None => first.push(button(&format!("{number} · {}", topic.name), press, true)),
        }
    }
    for button in &mut first {
        button.label = text::plain(&button.label, LABEL_MAX);
    }
    let turn = |page: usize| Press::Topics {
        page: u16::try_from(page).unwrap_or(u16::MAX),
    };
    let mut turns = Vec::new();
    if page > 0 {
        turns.push(button("◀ Topics before", turn(page - 1), true));
    }
    if (page + 1) * TOPICS_PAGE < topics.len() {
        turns.push(button("More topics ▶", turn(page + 1), true));
    }
    let mut all: Vec<Vec<Button>> = first.chunks(ROW_MAX).map(<[_]>::to_vec).collect();
    all.push(turns);
    rows(all)
}

/// A button for each of these sections, numbered from 1, one row at most.
#[must_use]
pub fn openers(names: &[SectionName]) -> Vec<Button> {
    let names = names.iter().take(ROW_MAX).zip(1..);
    names.map(|(name, number)| open(name, number)).collect()
}

/// Opens a section.
#[must_use]
pub fn open(name: &SectionName, number: usize) -> Button {
    let heading = name.heading_path.last().map_or("", String::as_str);
    let heading = super::or_nameless(text::plain(heading, LABEL_MAX));
    Button {
        label: text::cut(&format!("{number} · {heading}"), LABEL_MAX),
        press: Press::Open {
            section: name.key,
            page: 0,
        },
        enabled: true,
    }
}

/// Shows the topics.
#[must_use]
pub fn browse() -> Button {
    Button {
        label: "Topics".to_owned(),
        press: Press::Topics { page: 0 },
        enabled: true,
    }
}

/// The rows without empty ones and without a second button for the same press: a chat takes each
/// only once.
#[must_use]
pub fn rows(rows: Vec<Vec<Button>>) -> Vec<Vec<Button>> {
    let mut seen = Vec::new();
    let mut kept = Vec::with_capacity(rows.len());
    for mut row in rows {
        row.retain(|button| {
            let new = !seen.contains(&button.press);
            seen.push(button.press);
            new
        });
        if !row.is_empty() {
            kept.push(row);
        }
    }
    kept
}

fn button(label: &str, press: Press, enabled: bool) -> Button {
    Button {
        label: label.to_owned(),
        press,
        enabled,
    }
}
