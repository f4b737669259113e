//! A note's text becomes sections.

mod abbreviations;
mod anchors;
mod bold;
mod cut;
mod decode;
mod front_matter;
mod headless;
pub(crate) mod lines;
mod outline;
mod split;
mod unclosed;
mod warnings;

use std::collections::HashSet;
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::codes;
use crate::section::{BODY_MAX, Note, Section};

use abbreviations::Abbreviations;
use anchors::{Anchors, slug};
use lines::{LineCounter, trim_blank_lines};
use outline::{Heading, Outline, Stretch};
use unclosed::Opener;
use warnings::Warnings;

pub use decode::decode;
pub(crate) use outline::OPTIONS;

/// Reads one note. Never fails: what is odd becomes a warning.
///
/// Every heading at the top level of the text starts a section. Headings inside quotes and list
/// items stay part of the text around them, for that text could not be cut there without breaking
/// the quote or the list; they are counted where anchors are numbered, as on GitHub.
#[must_use]
pub fn parse(path: &str, text: &str) -> Note {
    let text = lines::normalise(text);
    let mut warnings = Warnings::new(&text);
    let (front_matter, start) = front_matter::read(&text, &mut warnings);
    let mut outline = outline::outline(&text, start);
    warn_of_unclosed(&outline, &mut warnings);

    let first = outline.stretches.iter().find_map(|s| s.heading.as_ref());
    let opening = first.filter(|heading| heading.level == 1 && !heading.text.is_empty());
    let title = front_matter
        .title()
        .or_else(|| opening.map(|heading| heading.text.clone()))
        .unwrap_or_else(|| file_stem(path).to_owned());
    let opening_is_title =
        opening.is_some_and(|heading| heading.text.to_lowercase() == title.trim().to_lowercase());

    let mut builder = Builder {
        path,
        text: &text,
        title: &title,
        lines: LineCounter::new(&text),
        anchors: Anchors::with_capacity(outline.stretches.len()),
        abbreviations: Abbreviations::default(),
        sections: Vec::with_capacity(outline.stretches.len()),
        warnings,
    };
    if first.is_some() {
        builder.headed(&mut outline.stretches, opening_is_title);
    } else {
        builder.headless(&outline);
    }
    if builder.sections.is_empty() {
        let message = "the note has no text";
        builder
            .warnings
            .add(0, codes::EMPTY_NOTE, message.to_owned());
    }
    let mut warnings = builder.warnings.list;
    warnings.sort_by_key(|warning| (warning.line, warning.column));
    Note {
        path: path.to_owned(),
        aliases: front_matter.aliases(),
        tags: front_matter.tags(),
        exam: front_matter.exam(),
        language: front_matter.language(),
        abbreviations: builder.abbreviations.into_list(),
        sections: builder.sections,
        warnings,
        title,
    }
}

fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

fn warn_of_unclosed(outline: &Outline, warnings: &mut Warnings<'_>) {
    for (start, opener) in &outline.unclosed {
        let (code, message) = match opener {
            Opener::Fence { mark, n } => {
                let fence: String = std::iter::repeat_n(char::from(*mark), (*n).min(8)).collect();
                let message = format!(
                    "this code fence is never closed; it ends at the next heading or with the note; \
                     close it with {fence}"
                );
                (codes::UNCLOSED_FENCE, message)
            }
            Opener::Html { start, end } => {
                let message = format!(
                    "this {start} is never closed; it ends at the next heading or with the note; \
                     close it with {end}"
                );
                (codes::UNCLOSED_HTML, message)
            }
        };
        warnings.add(*start, code, message);
    }
}

/// A section before its text is cut out.
struct Draft<'a> {
    anchor: String,
    heading_path: Vec<String>,
    /// The place whose line the section bears.
    start: usize,
    body: Range<usize>,
    bold: &'a [(usize, String)],
    addresses: &'a [Range<usize>],
}

/// A heading that later headings may stand below.
struct Parent {
    level: u8,
    /// Where its section lies among the sections.
    section: usize,
    /// Tells apart headings of the same words below different parents.
    hash: u64,
}

struct Builder<'a> {
    path: &'a str,
    text: &'a str,
    title: &'a str,
    lines: LineCounter<'a>,
    anchors: Anchors,
    abbreviations: Abbreviations,
    sections: Vec<Section>,
    warnings: Warnings<'a>,
}

impl Builder<'_> {
    /// Makes a section of each heading, and one of the text before the first.
    fn headed(&mut self, stretches: &mut [Stretch], opening_is_title: bool) {
        let mut parents: Vec<Parent> = Vec::new();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut is_opening = opening_is_title;
        let mut rest = stretches;
        while let [stretch, after @ ..] = rest {
            rest = after;
            let Some(heading) = stretch.heading.take() else {
                self.preamble(stretch);
                continue;
            };
            let mut heading_path = Vec::with_capacity(parents.len() + 2);
            heading_path.push(self.title.to_owned());
            self.abbreviations.mine_heading(&heading.text);
            let is_title = std::mem::take(&mut is_opening);
            // The note's title stands above all others and is nobody's sister.
            if !is_title {
                while parents.last().is_some_and(|p| p.level >= heading.level) {
                    parents.pop();
                }
                let hash = self.warn_of_heading(&heading, parents.last(), &mut seen);
                let above = parents.iter().map(|parent| &self.sections[parent.section]);
                heading_path.extend(above.map(|section| section.heading().to_owned()));
                if !heading.text.is_empty() {
                    parents.push(Parent {
                        level: heading.level,
                        section: self.sections.len(),
                        hash,
                    });
                }
            }
            let next = rest.first().and_then(|next| next.heading.as_ref());
            self.warn_of_emptiness(&heading, stretch, next);
            if !is_title && !heading.text.is_empty() {
                heading_path.push(heading.text);
            }
            let anchor = self.anchors.next(heading.slug);
            self.section(Draft {
                anchor,
                heading_path,
                start: heading.start,
                body: stretch.body.clone(),
                bold: &stretch.bold,
                addresses: &stretch.addresses,
            });
            self.count_nested(stretch);
        }
    }

    fn preamble(&mut self, stretch: &mut Stretch) {
        if stretch.is_visible {
            self.anchors.reserve_empty();
            self.section(Draft {
                anchor: String::new(),
                heading_path: vec![self.title.to_owned()],
                start: trim_blank_lines(self.text, stretch.body.clone()).start,
                body: stretch.body.clone(),
                bold: &stretch.bold,
                addresses: &stretch.addresses,
            });
        }
        self.count_nested(stretch);
    }

    /// Headings inside quotes and list items take their anchors, so that the numbers behind
    /// repeated ones are those that GitHub gives.
    fn count_nested(&mut self, stretch: &mut Stretch) {
        for slug in stretch.nested_slugs.drain(..) {
            self.anchors.next(slug);
        }
    }

    /// Makes sections of a file without headings.
    fn headless(&mut self, outline: &Outline) {
        let Some(stretch) = outline.stretches.first().filter(|s| s.is_visible) else {
            return;
        };
        self.anchors.reserve_empty();
        let chunks = headless::chunks(self.text, stretch);
        if chunks.len() > 1 {
            let message = "the note has no headings; its sections are named by their first lines";
            self.warnings
                .add(chunks[0].start, codes::NO_HEADING, message.to_owned());
        }
        for chunk in chunks {
            let mut heading_path = vec![self.title.to_owned()];
            if !chunk.name.is_empty() {
                self.abbreviations.mine_heading(&chunk.name);
                heading_path.push(chunk.name);
            }
            let words = heading_path.last().map_or("", String::as_str);
            let anchor = self.anchors.next(slug(words));
            let bold_start = stretch
                .bold
                .partition_point(|(at, _)| *at < chunk.body.start);
            let bold_end = stretch.bold.partition_point(|(at, _)| *at < chunk.body.end);
            self.section(Draft {
                anchor,
                heading_path,
                start: chunk.start,
                body: chunk.body,
                bold: &stretch.bold[bold_start..bold_end],
                addresses: &[],
            });
        }
    }

    /// Adds a section, in parts if its text is long.
    fn section(&mut self, draft: Draft<'_>) {
        let text = self.text;
        let range = trim_blank_lines(text, draft.body);
        let body = &text[range.clone()];
        self.abbreviations.mine(body);
        let line = self.lines.line(draft.start);
        if body.len() <= BODY_MAX || body.chars().count() <= BODY_MAX {
            self.sections.push(Section {
                path: self.path.to_owned(),
                anchor: draft.anchor,
                line,
                heading_path: draft.heading_path,
                body: self.with_addresses(body, &range, draft.addresses),
                bold: bold::names(draft.bold.iter().map(|(_, bold)| bold.as_str())),
            });
            return;
        }
        let parts = cut::cut(body, BODY_MAX);
        let message = format!(
            "the text below this heading is longer than {BODY_MAX} characters and was cut into \
             {} parts; more headings would help its readers",
            parts.len()
        );
        self.warnings.add(draft.start, codes::LONG_SECTION, message);
        let first_line = self.lines.line(range.start);
        for (n, part) in parts.into_iter().enumerate() {
            let stretches = match bold::may_hold(&part.text) {
                true => outline::outline(&part.text, 0).stretches,
                false => Vec::new(),
            };
            let bold = stretches.iter().flat_map(|stretch| &stretch.bold);
            self.sections.push(Section {
                path: self.path.to_owned(),
                anchor: match n {
                    0 => draft.anchor.clone(),
                    _ => format!("{}~{}", draft.anchor, n + 1),
                },
                line: if n == 0 { line } else { first_line + part.line },
                heading_path: draft.heading_path.clone(),
                bold: bold::names(bold.map(|(_, bold)| bold.as_str())),
                body: part.text,
            });
        }
    }

    /// The body, followed by the addresses of its links that stand in other sections: so a section
    /// can be shown without the rest of the note.
    fn with_addresses(
        &self,
        body: &str,
        range: &Range<usize>,
        addresses: &[Range<usize>],
    ) -> String {
        let mut whole = body.to_owned();
        for address in addresses {
            let line = self.text[address.clone()].trim();
            let is_elsewhere = !range.contains(&address.start);
            if is_elsewhere && !line.contains('\n') && whole.len() + line.len() + 2 <= BODY_MAX {
                whole.push_str(if whole.len() == body.len() {
                    "\n\n"
                } else {
                    "\n"
                });
                whole.push_str(line);
            }
        }
        whole
    }

    /// Says what is odd about a heading, and gives the hash that tells it from others.
    fn warn_of_heading(
        &mut self,
        heading: &Heading,
        parent: Option<&Parent>,
        seen: &mut HashSet<u64>,
    ) -> u64 {
        let words = &heading.text;
        if self.warnings.is_full() {
            return 0;
        }
        if words.is_empty() {
            let message = "this heading has no words";
            self.warnings
                .add(heading.start, codes::EMPTY_HEADING, message.to_owned());
            return 0;
        }
        let hash = hash(words, parent.map_or(0, |parent| parent.hash));
        if !seen.insert(hash) {
            let message = format!(
                "another heading \"{words}\" stands under the same parent; links to this one need \
                 the number behind its anchor"
            );
            self.warnings
                .add(heading.start, codes::DUPLICATE_HEADING, message);
        }
        if let Some(parent) = parent
            && heading.level > parent.level + 1
        {
            let message = format!(
                "this heading is of level {} right below one of level {}",
                heading.level, parent.level
            );
            self.warnings
                .add(heading.start, codes::SKIPPED_LEVEL, message);
        }
        hash
    }

    fn warn_of_emptiness(&mut self, heading: &Heading, stretch: &Stretch, next: Option<&Heading>) {
        let has_deeper = next.is_some_and(|next| next.level > heading.level);
        if !stretch.is_visible && !has_deeper && !self.warnings.is_full() {
            let message = "nothing stands below this heading";
            self.warnings
                .add(heading.start, codes::EMPTY_SECTION, message.to_owned());
        }
    }
}

fn hash(words: &str, above: u64) -> u64 {
    xxh3_64_with_seed(words.to_lowercase().as_bytes(), above.wrapping_add(1))
}
