//! One pass over a note's Markdown: its headings, its blocks, its bold words.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::blocks::level_number;

use super::anchors::slug;
use super::lines::{count_marked_lines, line_end, line_start};
use super::unclosed::{self, Opener};

/// The Markdown that notes are read as: tables, strike-through and task lists beside the core.
pub(crate) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// Stretches for which there is room from the start, at most.
const RESERVED_MAX: usize = 1 << 17;
/// Addresses of links by label kept for one stretch.
const ADDRESSES_MAX: usize = 32;

/// What stands between two headings.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// The heading above the text; none before the first heading.
    pub(super) heading: Option<Heading>,
    /// Where the text lies.
    pub(super) body: Range<usize>,
    /// The blocks and top-level list items of the text.
    pub(super) units: Vec<Unit>,
    /// What is set in bold, with its place.
    pub(super) bold: Vec<(usize, String)>,
    /// The slugs of headings inside quotes and list items. They stay text but take their anchors.
    pub(super) nested_slugs: Vec<String>,
    /// Where the addresses stand that links of the text name by a label.
    pub(super) addresses: Vec<Range<usize>>,
    /// Whether a reader sees anything of the text: comments alone are not seen.
    pub(super) is_visible: bool,
}

/// A heading at the top level of a note.
#[derive(Debug, Default)]
pub(super) struct Heading {
    pub(super) level: u8,
    /// Its words as a reader sees them.
    pub(super) text: String,
    /// What its anchor is made of: its words without the texts of images.
    pub(super) slug: String,
    /// Where its first line starts.
    pub(super) start: usize,
}

/// A block, or an item of a list, at the top level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) kind: UnitKind,
    /// Where its first line starts; it lasts until the next one.
    pub(super) start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    Paragraph,
    /// The first item of a list.
    FirstItem,
    /// A further item of a list.
    Item,
    Quote,
    Code,
    Table,
    Html,
    Other,
}

/// A note in stretches.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) stretches: Vec<Stretch>,
    /// Fences and raw HTML that nothing closes, with their places.
    pub(super) unclosed: Vec<(usize, Opener)>,
}

/// Reads `text` from byte `start` on.
///
/// A fence that is never closed would make code of all that follows. It ends at the next heading
/// instead, and reading goes on from there, piece by piece where more of its kind follow; so each
/// byte is read at most once for each of the few [`Opener`]s that are told apart.
pub(super) fn outline(text: &str, start: usize) -> Outline {
    let n_headings = count_marked_lines(text.as_bytes());
    let mut outline = Outline {
        stretches: Vec::with_capacity(n_headings.min(RESERVED_MAX) + 2),
        unclosed: Vec::new(),
    };
    outline.stretches.push(Stretch {
        body: start..start,
        ..Stretch::default()
    });
    let mut openers: Vec<Opener> = Vec::new();
    let mut at = start;
    while at < text.len() {
        let end = unclosed::next_stop(text, at, &openers);
        let may_resume = openers.len() < unclosed::OPENERS_MAX;
        match Walk::new(text, at..end, may_resume, &mut outline).run() {
            None => at = end,
            Some((opener, resume_at)) => {
                openers.push(opener);
                at = resume_at;
            }
        }
    }
    outline.close(text.len());
    outline
}

/// The unit that starts with this tag, if one does.
pub(super) fn unit_kind(tag: &Tag<'_>, depth: usize, is_first_item: &mut bool) -> Option<UnitKind> {
    match (depth, tag) {
        (0, Tag::List(_)) => {
            *is_first_item = true;
            None
        }
        (1, Tag::Item) if std::mem::take(is_first_item) => Some(UnitKind::FirstItem),
        (1, Tag::Item) => Some(UnitKind::Item),
        (0, Tag::Paragraph) => Some(UnitKind::Paragraph),
        (0, Tag::BlockQuote(_)) => Some(UnitKind::Quote),
        (0, Tag::CodeBlock(_)) => Some(UnitKind::Code),
        (0, Tag::Table(_)) => Some(UnitKind::Table),
        (0, Tag::HtmlBlock) => Some(UnitKind::Html),
        (0, _) => Some(UnitKind::Other),
        _ => None,
    }
}

impl Outline {
    /// Ends the stretch that is being read.
    fn close(&mut self, at: usize) {
        let stretch = self.open();
        stretch.body.end = at.max(stretch.body.start);
    }

    /// The stretch that is being read.
    fn open(&mut self) -> &mut Stretch {
        if self.stretches.is_empty() {
            self.stretches.push(Stretch::default());
        }
        let last = self.stretches.len() - 1;
        &mut self.stretches[last]
    }
}

/// A pass over one range of the text.
struct Walk<'a> {
    text: &'a str,
    range: Range<usize>,
    may_resume: bool,
    outline: &'a mut Outline,
    depth: usize,
    is_first_item: bool,
    /// The heading being read, nested ones too.
    heading: Option<Heading>,
    /// The words of that heading as a reader sees them, and as they count for an anchor.
    heading_words: String,
    anchor_words: String,
    /// The bold text being read, and how deep bold nests there.
    bold: String,
    bold_depth: usize,
    image_depth: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, range: Range<usize>, may_resume: bool, outline: &'a mut Outline) -> Self {
        Self {
            text,
            range,
            may_resume,
            outline,
            depth: 0,
            is_first_item: false,
            heading: None,
            heading_words: String::new(),
            anchor_words: String::new(),
            bold: String::new(),
            bold_depth: 0,
            image_depth: 0,
        }
    }

    /// Reads to the end of the range, or up to the heading that ends an unclosed block; then it
    /// says what was unclosed and where to go on.
    fn run(mut self) -> Option<(Opener, usize)> {
        let base = self.range.start;
        let slice = &self.text[self.range.clone()];
        let mut events = Parser::new_ext(slice, OPTIONS).into_offset_iter();
        while let Some((event, span)) = events.next() {
            let span = base + span.start..base + span.end;
            match event {
                Event::Start(tag) => {
                    if let Some(label) = label(&tag)
                        && let Some(address) = events.reference_definitions().get(label)
                    {
                        self.address(base + address.span.start..base + address.span.end);
                    }
                    if self.depth == 0
                        && let Some(resume) = self.start_block(&tag, &span)
                    {
                        return Some(resume);
                    }
                    self.start(&tag, span);
                }
                Event::End(tag) => self.end(tag, span),
                Event::Text(words) | Event::Code(words) => self.words(&words, &words),
                Event::SoftBreak | Event::HardBreak => self.words(" ", "\n"),
                Event::Rule if self.depth == 0 => self.unit(UnitKind::Other, span),
                Event::InlineHtml(html) if self.heading.is_some() && html.starts_with("<br") => {
                    self.words(" ", "");
                }
                _ => {}
            }
        }
        None
    }

    /// Looks at a block at the top level before it is read.
    fn start_block(&mut self, tag: &Tag<'_>, span: &Range<usize>) -> Option<(Opener, usize)> {
        let may_swallow = matches!(
            tag,
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) | Tag::HtmlBlock
        );
        let reaches_end = may_swallow && self.text[span.end..self.range.end].trim().is_empty();
        let opener = reaches_end
            .then(|| unclosed::opener(&self.text[span.clone()]))
            .flatten()?;
        self.outline.unclosed.push((span.start, opener));
        let resume_at = unclosed::next_heading(self.text, line_end(self.text, span.start))
            .filter(|at| *at < self.range.end && self.may_resume)?;
        let kind = unit_kind(tag, 0, &mut false).unwrap_or(UnitKind::Other);
        self.unit(kind, span.clone());
        Some((opener, resume_at))
    }

    fn start(&mut self, tag: &Tag<'_>, span: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.heading = Some(Heading {
                    level: level_number(*level),
                    start: line_start(self.text, span.start),
                    ..Heading::default()
                });
                self.heading_words.clear();
                self.anchor_words.clear();
            }
            Tag::Strong => self.bold_depth += 1,
            Tag::Image { .. } => self.image_depth += 1,
            _ => {
                if let Some(kind) = unit_kind(tag, self.depth, &mut self.is_first_item) {
                    self.unit(kind, span);
                }
            }
        }
        self.depth += 1;
    }

    fn end(&mut self, tag: TagEnd, span: Range<usize>) {
        self.depth -= 1;
        match tag {
            TagEnd::Heading(_) => self.end_heading(span),
            TagEnd::Strong => {
                self.bold_depth -= 1;
                if self.bold_depth == 0 {
                    let bold = std::mem::take(&mut self.bold);
                    if self.heading.is_none() {
                        self.outline.open().bold.push((span.start, bold));
                    }
                }
            }
            TagEnd::Image => self.image_depth -= 1,
            _ => {}
        }
    }

    fn end_heading(&mut self, span: Range<usize>) {
        let Some(mut heading) = self.heading.take() else {
            return;
        };
        heading.text = self.heading_words.trim().to_owned();
        heading.slug = slug(&self.anchor_words);
        if self.depth > 0 {
            self.outline.open().nested_slugs.push(heading.slug);
            return;
        }
        self.outline.close(heading.start);
        let ends_line = self.text[..span.end].ends_with('\n');
        let body_start = if ends_line {
            span.end
        } else {
            line_end(self.text, span.end)
        };
        self.outline.stretches.push(Stretch {
            heading: Some(heading),
            body: body_start..body_start,
            ..Stretch::default()
        });
    }

    /// Takes words in: as read, and as they count for an anchor.
    fn words(&mut self, words: &str, anchor_words: &str) {
        if self.heading.is_some() {
            self.heading_words.push_str(words);
            if self.image_depth == 0 {
                self.anchor_words.push_str(anchor_words);
            }
        }
        if self.bold_depth > 0 && self.image_depth == 0 {
            self.bold.push_str(words);
        }
    }

    fn address(&mut self, span: Range<usize>) {
        let addresses = &mut self.outline.open().addresses;
        if addresses.len() < ADDRESSES_MAX && !addresses.contains(&span) {
            addresses.push(span);
        }
    }

    fn unit(&mut self, kind: UnitKind, span: Range<usize>) {
        let is_seen = kind != UnitKind::Html || !is_comment(&self.text[span.clone()]);
        let start = line_start(self.text, span.start);
        let stretch = self.outline.open();
        stretch.is_visible |= is_seen;
        stretch.units.push(Unit { kind, start });
    }
}

/// The label by which a link or an image names its address.
fn label<'a>(tag: &'a Tag<'_>) -> Option<&'a str> {
    match tag {
        Tag::Link { link_type, id, .. } | Tag::Image { link_type, id, .. } => matches!(
            link_type,
            LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut
        )
        .then_some(id),
        _ => None,
    }
}

/// Whether the HTML is nothing but comments; one that is never closed takes the rest.
fn is_comment(html: &str) -> bool {
    let mut rest = html.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        rest = comment
            .split_once("-->")
            .map_or("", |(_, after)| after.trim_start());
    }
    rest.is_empty()
}
