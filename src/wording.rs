//! Every sentence the bot says: values in, a message out.

pub mod board;
pub mod buttons;
pub mod calendar;
pub mod html;
pub mod link;
pub mod markdown;
pub mod organiser;
pub mod page;
pub mod practice;
pub mod question;
pub mod review;
pub mod round;
pub mod run;
pub mod schedule;
pub mod table;
pub mod text;

use studyhall_index::{Correction, Placed, Quote, SectionName, Topic};

use crate::answer::{section_value, topic_value};
use crate::chat::{
    Audience, Message, QUESTION_MAX, ROW_MAX, SUGGESTION_MAX, Suggestion, TITLE_MAX,
};

/// UTF-16 units of one page of a section, at most. With the question and the quote above it, a
/// page stays below [`crate::chat::BODY_MAX`].
pub const PAGE_MAX: usize = 1_800;
/// UTF-16 units of the quote above a section, at most.
pub const QUOTE_MAX: usize = 700;
/// UTF-16 units of a footer, at most.
pub const FOOTER_MAX: usize = 400;
/// Topics on one page.
pub const TOPICS_PAGE: usize = 10;
/// UTF-16 units of a question or a name that is repeated in a sentence, at most.
const ECHO_MAX: usize = 150;
/// Corrections named below an answer, at most.
const CORRECTIONS_MAX: usize = 5;

/// A section as it is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The section.
    pub placed: &'a Placed,
    /// Which page of it, from 0; beyond the last one the last is shown.
    pub page: u16,
    /// What stands above the section's text.
    pub quote: Option<&'a Quote>,
    /// Who sees it.
    pub audience: Audience,
    /// The address below which readers find the notes on the web.
    pub notes_url: Option<&'a str>,
}

/// Whether a question was kept for the note keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It was.
    Kept,
    /// It could not be written down.
    Lost,
}

/// The section that answers a question, and others that may be meant.
#[must_use]
pub fn answer(
    view: &View<'_>,
    question: &str,
    others: &[SectionName],
    corrections: &[Correction],
) -> Message {
    let opening = echo(question, view.audience);
    let mut message = section_message(view, opening.as_deref(), corrections);
    let others = others.iter().take(ROW_MAX - 1).zip(2..);
    let others = others.map(|(name, number)| buttons::open(name, number));
    message.buttons.insert(0, others.collect());
    message.buttons = buttons::rows(message.buttons);
    message
}

/// A section that a person opened.
#[must_use]
pub fn section(view: &View<'_>) -> Message {
    section_message(view, None, &[])
}

/// A section that a person shows to the others.
#[must_use]
pub fn shared(view: &View<'_>, by: &str) -> Message {
    let opening = format!("-# Shared by {}", text::quoted(by, ECHO_MAX));
    section_message(view, Some(&opening), &[])
}

/// The notes do not say; these sections come nearest.
#[must_use]
pub fn unknown(
    question: &str,
    nearest: &[SectionName],
    corrections: &[Correction],
    noted: Noted,
    audience: Audience,
) -> Message {
    let mut lines = Vec::new();
    lines.extend(echo(question, audience));
    lines.push("Nothing in the notes answers this.".to_owned());
    if !nearest.is_empty() {
        lines.push("The sections that come nearest:".to_owned());
        lines.extend(numbered(nearest));
    }
    lines.push(match noted {
        Noted::Kept => "I have noted the question for the note keeper.".to_owned(),
        Noted::Lost => {
            "I could not note the question down; please tell the note keeper.".to_owned()
        }
    });
    Message {
        title: Some("The notes do not say".to_owned()),
        footer: footer(Vec::new(), corrections),
        buttons: buttons::rows(vec![buttons::openers(nearest), vec![buttons::browse()]]),
        ..said(audience, lines.join("\n"))
    }
}

/// The section behind a button or a suggestion has gone.
#[must_use]
pub fn gone() -> Message {
    Message {
        buttons: vec![vec![buttons::browse()]],
        ..said(
            Audience::Person,
            "This section is no longer in the notes: it was renamed, moved or removed. \
             Ask again, or look through the topics."
                .to_owned(),
        )
    }
}

/// There is no section on this side any more.
#[must_use]
pub fn no_neighbour() -> Message {
    said(
        Audience::Person,
        "The note ends here: there is no section on that side.".to_owned(),
    )
}

/// Nothing was asked.
#[must_use]
pub fn empty_question() -> Message {
    said(
        Audience::Person,
        "Ask me something that the notes may hold, for example `/ask what is a dead letter queue`. \
         A name or an abbreviation will do."
            .to_owned(),
    )
}

/// The question is too long.
#[must_use]
pub fn question_too_long(n_characters: usize) -> Message {
    said(
        Audience::Person,
        format!(
            "That question has {n_characters} characters, and I read at most {QUESTION_MAX}. \
             Shorten it to the one thing that you want to know."
        ),
    )
}

/// No topic has this name.
#[must_use]
pub fn no_such_topic(name: &str) -> Message {
    Message {
        buttons: vec![vec![buttons::browse()]],
        ..said(
            Audience::Person,
            format!(
                "The notes have no topic called “{}”. Pick one from the list that appears while \
                 you type, or leave the topic out.",
                text::quoted(name, ECHO_MAX)
            ),
        )
    }
}

/// No section has this name; these have names like it.
#[must_use]
pub fn no_such_section(name: &str, nearest: &[SectionName]) -> Message {
    let mut lines = vec![format!(
        "No section of the notes is called “{}”.",
        text::quoted(name, ECHO_MAX)
    )];
    if nearest.is_empty() {
        lines.push("Ask about it with `/ask`, or look through the topics.".to_owned());
    } else {
        lines.push("Names like it:".to_owned());
        lines.extend(numbered(nearest));
    }
    Message {
        buttons: buttons::rows(vec![buttons::openers(nearest), vec![buttons::browse()]]),
        ..said(Audience::Person, lines.join("\n"))
    }
}

/// No name of a section was given.
#[must_use]
pub fn empty_name() -> Message {
    Message {
        buttons: vec![vec![buttons::browse()]],
        ..said(
            Audience::Person,
            "Name the section that you want to read, for example `/note versioning`.".to_owned(),
        )
    }
}

/// What the notes are about, a page at a time; beyond the last page the last is shown.
#[must_use]
pub fn topics(topics: &[Topic], page: u16) -> Message {
    if topics.is_empty() {
        return said(
            Audience::Person,
            "There are no notes yet. As soon as the note keeper writes some, you can ask."
                .to_owned(),
        );
    }
    let n_pages = topics.len().div_ceil(TOPICS_PAGE);
    let page = usize::from(page).min(n_pages - 1);
    let shown = topics.chunks(TOPICS_PAGE).nth(page).unwrap_or_default();
    let mut lines = Vec::with_capacity(shown.len());
    for (topic, number) in shown.iter().zip(page * TOPICS_PAGE + 1..) {
        let n_sections = match topic.n_sections {
            1 => "1 section".to_owned(),
            n => format!("{n} sections"),
        };
        let name = text::quoted(&topic.name, ECHO_MAX);
        lines.push(format!("{number}. **{name}** · {n_sections}"));
    }
    Message {
        title: Some("What the notes are about".to_owned()),
        footer: (n_pages > 1).then(|| format!("page {} of {n_pages}", page + 1)),
        buttons: buttons::topics(topics, page),
        ..said(Audience::Person, lines.join("\n"))
    }
}

/// Thanks for "helped".
#[must_use]
pub fn helped() -> Message {
    said(Audience::Person, "Good to know, thank you.".to_owned())
}

/// Thanks for "did not help", with what to do next.
#[must_use]
pub fn did_not_help(noted: Noted) -> Message {
    let thanks = match noted {
        Noted::Kept => "Thank you: the note keeper will see that this section did not help.",
        Noted::Lost => "Thank you. I could not note that down; please tell the note keeper.",
    };
    said(
        Audience::Person,
        format!(
            "{thanks} Until then, ask again in other words, or try the sections before and after."
        ),
    )
}

/// What came is broken, or of another version of the bot.
#[must_use]
pub fn unreadable() -> Message {
    said(
        Audience::Person,
        "I could not make sense of that. If you pressed a button on an old message, ask again."
            .to_owned(),
    )
}

/// The bot is ending, and does nothing more.
#[must_use]
pub fn restarting() -> Message {
    said(
        Audience::Person,
        "I am being restarted just now, and this was not done. Try again in a minute.".to_owned(),
    )
}

/// Something of ours went wrong.
#[must_use]
pub fn fault(reference: &str) -> Message {
    said(
        Audience::Person,
        format!(
            "Something went wrong on my side, not on yours. Try again in a moment. \
             If it stays, tell whoever runs me this reference: `{reference}`."
        ),
    )
}

/// Sections to choose from while a person types. No two have the same name.
#[must_use]
pub fn section_offers(names: &[SectionName]) -> Vec<Suggestion> {
    let mut offers: Vec<Suggestion> = Vec::with_capacity(names.len());
    for name in names {
        let path = breadcrumb(&name.heading_path, SUGGESTION_MAX);
        let mut shown = path.clone();
        let mut n_same = 1;
        while offers.iter().any(|offer| offer.name == shown) {
            n_same += 1;
            let mark = format!(" ({n_same})");
            shown = text::cut(&path, SUGGESTION_MAX - mark.len()) + &mark;
        }
        offers.push(Suggestion {
            name: shown,
            value: section_value(name.key),
        });
    }
    offers
}

/// Something to choose while a person types: its name, and what comes back.
#[must_use]
pub fn offer(name: &str, value: &str) -> Suggestion {
    Suggestion {
        name: or_nameless(text::plain(name, SUGGESTION_MAX)),
        value: text::cut(value, SUGGESTION_MAX),
    }
}

/// A topic to choose while a person types.
#[must_use]
pub fn topic_offer(topic: &Topic) -> Suggestion {
    Suggestion {
        name: or_nameless(text::plain(&topic.name, SUGGESTION_MAX)),
        value: topic_value(&topic.name),
    }
}

/// The headings that lead to a section, on one line of at most `units_max`. The note's title and
/// the section's own heading stay longest.
#[must_use]
pub fn breadcrumb(heading_path: &[String], units_max: usize) -> String {
    const BETWEEN: &str = " › ";
    let names: Vec<String> = heading_path
        .iter()
        .map(|name| text::plain(name, units_max))
        .filter(|name| !name.is_empty())
        .collect();
    let whole = names.join(BETWEEN);
    if text::n_units(&whole) <= units_max {
        return or_nameless(whole);
    }
    let (Some(first), Some(last)) = (names.first(), names.last()) else {
        return or_nameless(String::new());
    };
    let ends = [first.as_str(), "…", last].join(BETWEEN);
    if names.len() > 2 && text::n_units(&ends) <= units_max {
        return ends;
    }
    text::cut(last, units_max)
}

fn section_message(view: &View<'_>, opening: Option<&str>, corrections: &[Correction]) -> Message {
    let section = &view.placed.section;
    let site = link::Site {
        notes_url: view.notes_url,
        path: &section.path,
    };
    let pages = markdown::pages(&section.body, &site, PAGE_MAX);
    let n_pages = pages.len().clamp(1, usize::from(u16::MAX));
    let page = usize::from(view.page).min(n_pages - 1);
    let text = match pages.get(page) {
        Some(text) => text.as_str(),
        None => "*There is only a heading here. The text stands in the sections that follow.*",
    };
    let quote = view.quote.and_then(|quote| quote_block(quote, &site));
    let quote = quote.filter(|quote| n_pages > 1 || unquoted(quote).ne(unquoted(text)));
    let parts: Vec<&str> = [opening, quote.as_deref(), Some(text)]
        .into_iter()
        .flatten()
        .collect();
    let mut small = vec![format!("{}:{}", section.path, section.line)];
    if n_pages > 1 {
        small.push(format!("page {} of {n_pages}", page + 1));
    }
    Message {
        audience: view.audience,
        title: Some(breadcrumb(&section.heading_path, TITLE_MAX)),
        url: site.section(section.link_anchor()),
        body: parts.join("\n\n"),
        footer: footer(small, corrections),
        buttons: buttons::section(view, page, n_pages),
        list: None,
        file: None,
        calls: None,
    }
}

/// What the chat shows of a quote, or nothing where it shows nothing.
fn quote_block(quote: &Quote, site: &link::Site<'_>) -> Option<String> {
    let mut pages = markdown::quote_pages(&quote.text, site, QUOTE_MAX).into_iter();
    let first = pages.next()?;
    Some(match pages.next() {
        None => first,
        Some(_) => format!("{first}\n> …"),
    })
}

/// The bare words, to see whether a quote is all there is.
fn unquoted(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric())
}

/// The question in small print, so that everybody knows what is answered.
fn echo(question: &str, audience: Audience) -> Option<String> {
    let question = text::quoted(question, ECHO_MAX);
    match audience {
        Audience::Channel if !question.is_empty() => Some(format!("-# “{question}”")),
        Audience::Channel | Audience::Person => None,
    }
}

fn footer(mut small: Vec<String>, corrections: &[Correction]) -> Option<String> {
    let read_as: Vec<String> = corrections
        .iter()
        .take(CORRECTIONS_MAX)
        .map(|word| format!("“{}” as “{}”", word.typed, word.read_as))
        .collect();
    if !read_as.is_empty() {
        small.push(format!("I read {}", read_as.join(", ")));
    }
    Some(text::plain(&small.join(" · "), FOOTER_MAX)).filter(|footer| !footer.is_empty())
}

fn numbered(names: &[SectionName]) -> impl Iterator<Item = String> {
    names.iter().take(ROW_MAX).zip(1..).map(|(name, number)| {
        let path = breadcrumb(&name.heading_path, ECHO_MAX);
        format!("{number}. {}", text::quoted(&path, ECHO_MAX))
    })
}

fn or_nameless(name: String) -> String {
    if name.is_empty() {
        "(no name)".to_owned()
    } else {
        name
    }
}

fn said(audience: Audience, body: String) -> Message {
    Message {
        audience,
        title: None,
        url: None,
        body,
        footer: None,
        buttons: Vec::new(),
        list: None,
        file: None,
        calls: None,
    }
}
