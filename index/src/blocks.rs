//! A section's Markdown as a small tree of values, for those who show it.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::parse::OPTIONS;

/// Levels of nesting that the tree keeps; what lies deeper is raised to this level.
///
/// Each quote and each list is a level, and within a line each emphasis and each link.
pub const DEPTH_MAX: usize = 12;

/// A block of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading inside the text.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Its words.
        text: Vec<Inline>,
    },
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list.
    List {
        /// The first number; none for bullets.
        start: Option<u64>,
        /// The items.
        items: Vec<Item>,
    },
    /// A block quote.
    Quote(Vec<Block>),
    /// A code block.
    Code {
        /// The language named on the fence, or empty.
        language: String,
        /// The code, with its line ends.
        text: String,
    },
    /// A table.
    Table {
        /// The cells of the head.
        head: Vec<Vec<Inline>>,
        /// The rows of cells below it.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// Raw HTML.
    Html(String),
    /// A line across.
    Rule,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Whether its box is ticked; none without a box.
    pub checked: Option<bool>,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// Code in a line.
    Code(String),
    /// Strong emphasis.
    Strong(Vec<Inline>),
    /// Emphasis.
    Emphasis(Vec<Inline>),
    /// Text struck through.
    Strike(Vec<Inline>),
    /// A link.
    Link {
        /// What the reader sees.
        text: Vec<Inline>,
        /// Where it leads, as written.
        url: String,
    },
    /// An image.
    Image {
        /// What it shows, in words.
        alt: String,
        /// Where it lies, as written.
        url: String,
    },
    /// Raw HTML in a line.
    Html(String),
    /// A line end that is kept.
    Break,
}

/// Reads a section's Markdown. Any text is Markdown, so this cannot fail.
///
/// Lines that belong to one paragraph are joined by a space.
#[must_use]
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut tree = Tree::default();
    for event in Parser::new_ext(markdown, OPTIONS) {
        tree.take(event);
    }
    tree.finish()
}

/// A block whose end is yet to come, with what it holds so far.
#[derive(Debug)]
enum Open {
    Quote(Vec<Block>),
    List {
        start: Option<u64>,
        items: Vec<Item>,
    },
    Item(Item),
    Code {
        language: String,
        text: String,
    },
    Html(String),
    Table {
        head: Vec<Vec<Inline>>,
        rows: Vec<Vec<Vec<Inline>>>,
        row: Vec<Vec<Inline>>,
    },
}

/// A piece of a line whose end is yet to come.
#[derive(Debug)]
enum OpenInline {
    Strong,
    Emphasis,
    Strike,
    Link(String),
}

/// The tree while it grows. All nesting lies in two lists, so that no input can exhaust the stack.
#[derive(Default)]
struct Tree {
    roots: Vec<Block>,
    open: Vec<Open>,
    /// Quotes and lists among the open blocks.
    n_levels: usize,
    /// Quotes and lists, items of such lists included, that were too deep to be opened.
    n_raised: usize,
    line: Line,
    /// The level of the heading that the line belongs to.
    heading: Option<u8>,
}

/// The words of a paragraph, heading or cell while they are read.
#[derive(Default)]
struct Line {
    inlines: Vec<Inline>,
    open: Vec<(OpenInline, Vec<Inline>)>,
    /// Emphasis and links that were too deep to be opened.
    n_raised: usize,
    /// The image being read, and how many images nest in its words.
    image: Option<(String, String)>,
    n_images: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match self.open.last_mut() {
                Some(Open::Code { text: code, .. }) => code.push_str(&text),
                _ => self.line.text(&text),
            },
            Event::Code(code) => self.line.push(Inline::Code(code.into_string())),
            Event::Html(html) => match self.open.last_mut() {
                Some(Open::Html(raw)) => raw.push_str(&html),
                _ => self.push(Block::Html(html.into_string())),
            },
            Event::InlineHtml(html) => self.line.push(Inline::Html(html.into_string())),
            Event::SoftBreak => self.line.text(" "),
            Event::HardBreak => self.line.push(Inline::Break),
            Event::Rule => {
                self.end_line();
                self.push(Block::Rule);
            }
            Event::TaskListMarker(is_checked) => {
                if self.n_raised == 0
                    && let Some(Open::Item(item)) = self.open.last_mut()
                {
                    item.checked = Some(is_checked);
                }
            }
            Event::FootnoteReference(label) => self.line.text(&format!("[^{label}]")),
            Event::InlineMath(math) | Event::DisplayMath(math) => self.line.text(&math),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.line.open(OpenInline::Strong),
            Tag::Emphasis => self.line.open(OpenInline::Emphasis),
            Tag::Strikethrough => self.line.open(OpenInline::Strike),
            Tag::Link { dest_url, .. } => {
                self.line.open(OpenInline::Link(dest_url.into_string()));
            }
            Tag::Image { dest_url, .. } => self.line.open_image(dest_url.into_string()),
            tag => {
                self.end_line();
                self.start_block(tag);
            }
        }
    }

    fn start_block(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.open_level(Open::Quote(Vec::new())),
            Tag::List(start) => self.open_level(Open::List {
                start,
                items: Vec::new(),
            }),
            Tag::Item if self.n_raised > 0 => self.n_raised += 1,
            Tag::Item => self.open.push(Open::Item(Item {
                checked: None,
                blocks: Vec::new(),
            })),
            Tag::Heading { level, .. } => self.heading = Some(level_number(level)),
            Tag::CodeBlock(kind) => self.open.push(Open::Code {
                language: match kind {
                    CodeBlockKind::Fenced(info) => language(&info),
                    CodeBlockKind::Indented => String::new(),
                },
                text: String::new(),
            }),
            Tag::HtmlBlock => self.open.push(Open::Html(String::new())),
            Tag::Table(_) => self.open.push(Open::Table {
                head: Vec::new(),
                rows: Vec::new(),
                row: Vec::new(),
            }),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Link => {
                self.line.close();
            }
            TagEnd::Image => self.line.close_image(),
            TagEnd::TableCell => {
                let cell = self.line.finish();
                if let Some(Open::Table { row, .. }) = self.open.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::TableHead => {
                if let Some(Open::Table { head, row, .. }) = self.open.last_mut() {
                    *head = std::mem::take(row);
                }
            }
            TagEnd::TableRow => {
                if let Some(Open::Table { rows, row, .. }) = self.open.last_mut() {
                    rows.push(std::mem::take(row));
                }
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item if self.n_raised > 0 => {
                self.end_line();
                self.n_raised -= 1;
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) => {
                self.end_line();
                self.n_levels -= 1;
                self.close();
            }
            TagEnd::Item | TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Table => {
                self.end_line();
                self.close();
            }
            _ => self.end_line(),
        }
    }

    fn open_level(&mut self, open: Open) {
        if self.n_raised > 0 || self.n_levels >= DEPTH_MAX {
            self.n_raised += 1;
        } else {
            self.n_levels += 1;
            self.open.push(open);
        }
    }

    /// Ends the paragraph or heading that is being read, if there is one. Items of tight lists
    /// hold words without a paragraph around them.
    fn end_line(&mut self) {
        let words = self.line.finish();
        let heading = self.heading.take();
        match heading {
            Some(level) => self.push(Block::Heading { level, text: words }),
            None if words.is_empty() => {}
            None => self.push(Block::Paragraph(words)),
        }
    }

    /// Ends the innermost block.
    fn close(&mut self) {
        let block = match self.open.pop() {
            None => return,
            Some(Open::Quote(blocks)) => Block::Quote(blocks),
            Some(Open::List { start, items }) => Block::List { start, items },
            Some(Open::Code { language, text }) => Block::Code { language, text },
            Some(Open::Html(html)) => Block::Html(html),
            Some(Open::Table { head, rows, .. }) => Block::Table { head, rows },
            Some(Open::Item(item)) => {
                if let Some(Open::List { items, .. }) = self.open.last_mut() {
                    items.push(item);
                }
                return;
            }
        };
        self.push(block);
    }

    fn push(&mut self, block: Block) {
        match self.open.last_mut() {
            Some(Open::Quote(blocks) | Open::Item(Item { blocks, .. })) => blocks.push(block),
            _ => self.roots.push(block),
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.end_line();
        while !self.open.is_empty() {
            self.close();
        }
        self.roots
    }
}

impl Line {
    /// Adds text, joined with the text before it.
    fn text(&mut self, text: &str) {
        if let Some((alt, _)) = &mut self.image {
            alt.push_str(text);
        } else if let Some(Inline::Text(before)) = self.last() {
            before.push_str(text);
        } else if !text.is_empty() {
            self.push(Inline::Text(text.to_owned()));
        }
    }

    fn push(&mut self, inline: Inline) {
        match (&mut self.image, inline) {
            (Some((alt, _)), Inline::Code(text) | Inline::Text(text)) => alt.push_str(&text),
            (Some((alt, _)), Inline::Break) => alt.push(' '),
            (Some(_), _) => {}
            (None, inline) => match self.open.last_mut() {
                Some((_, inlines)) => inlines.push(inline),
                None => self.inlines.push(inline),
            },
        }
    }

    fn last(&mut self) -> Option<&mut Inline> {
        match self.open.last_mut() {
            Some((_, inlines)) => inlines.last_mut(),
            None => self.inlines.last_mut(),
        }
    }

    fn open(&mut self, open: OpenInline) {
        if self.image.is_some() || self.n_raised > 0 || self.open.len() >= DEPTH_MAX {
            self.n_raised += 1;
        } else {
            self.open.push((open, Vec::new()));
        }
    }

    fn close(&mut self) {
        if self.n_raised > 0 {
            self.n_raised -= 1;
            return;
        }
        let inline = match self.open.pop() {
            None => return,
            Some((OpenInline::Strong, text)) => Inline::Strong(text),
            Some((OpenInline::Emphasis, text)) => Inline::Emphasis(text),
            Some((OpenInline::Strike, text)) => Inline::Strike(text),
            Some((OpenInline::Link(url), text)) => Inline::Link { text, url },
        };
        self.push(inline);
    }

    fn open_image(&mut self, url: String) {
        match self.image {
            Some(_) => self.n_images += 1,
            None => self.image = Some((String::new(), url)),
        }
    }

    fn close_image(&mut self) {
        if self.n_images > 0 {
            self.n_images -= 1;
        } else if let Some((alt, url)) = self.image.take() {
            self.push(Inline::Image { alt, url });
        }
    }

    /// The words read so far; what is still open is closed.
    fn finish(&mut self) -> Vec<Inline> {
        self.n_raised = 0;
        while !self.open.is_empty() {
            self.close();
        }
        std::mem::take(&mut self.inlines)
    }
}

/// The first word behind a fence.
fn language(info: &str) -> String {
    let end = info.find([' ', '\t', ',', '{']).unwrap_or(info.len());
    info[..end].to_owned()
}

/// The level of a heading, from 1 to 6.
pub(crate) fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    fn paragraph(words: &str) -> Block {
        Block::Paragraph(vec![text(words)])
    }

    fn item(checked: Option<bool>, blocks: Vec<Block>) -> Item {
        Item { checked, blocks }
    }

    #[track_caller]
    fn check(markdown: &str, expected: &[Block]) {
        assert_eq!(blocks(markdown), expected);
    }

    #[test]
    fn lines_of_a_paragraph_are_joined() {
        check("one\ntwo &amp; three", &[paragraph("one two & three")]);
        let broken = vec![text("one"), Inline::Break, text("two")];
        check("one  \ntwo", &[Block::Paragraph(broken)]);
    }

    #[test]
    fn pieces_of_a_line() {
        let bold = Inline::Strong(vec![text("a "), Inline::Emphasis(vec![text("b")])]);
        let link = Inline::Link {
            text: vec![Inline::Code("c".to_owned())],
            url: "d.md#e".to_owned(),
        };
        let image = Inline::Image {
            alt: "f g".to_owned(),
            url: "h.png".to_owned(),
        };
        let strike = Inline::Strike(vec![text("i")]);
        let html = Inline::Html("<b>".to_owned());
        check(
            "**a *b*** [`c`](d.md#e) ![f *g*](h.png)~~i~~<b>",
            &[Block::Paragraph(vec![
                bold,
                text(" "),
                link,
                text(" "),
                image,
                strike,
                html,
            ])],
        );
    }

    #[test]
    fn lists_nest_and_carry_boxes() {
        let inner = Block::List {
            start: Some(1),
            items: vec![item(None, vec![paragraph("c")])],
        };
        check(
            "- [x] a\n- [ ] b\n  1. c\n",
            &[Block::List {
                start: None,
                items: vec![
                    item(Some(true), vec![paragraph("a")]),
                    item(Some(false), vec![paragraph("b"), inner]),
                ],
            }],
        );
        check(
            "- a\n\n- b",
            &[Block::List {
                start: None,
                items: vec![
                    item(None, vec![paragraph("a")]),
                    item(None, vec![paragraph("b")]),
                ],
            }],
        );
    }

    #[test]
    fn code_tables_html_and_rules() {
        let code = Block::Code {
            language: "rust".to_owned(),
            text: "let a;\n".to_owned(),
        };
        check("```rust,ignore\nlet a;\n", &[code]);
        check(
            "|a|b|\n|-|-|\n|c|`d`|",
            &[Block::Table {
                head: vec![vec![text("a")], vec![text("b")]],
                rows: vec![vec![vec![text("c")], vec![Inline::Code("d".to_owned())]]],
            }],
        );
        let html = "<details>\n<summary>a</summary>\n";
        check(html, &[Block::Html(html.to_owned())]);
        let heading = Block::Heading {
            level: 2,
            text: vec![text("b")],
        };
        check(
            "> a\n> ## b\n\n***",
            &[Block::Quote(vec![paragraph("a"), heading]), Block::Rule],
        );
    }

    #[test]
    fn what_lies_too_deep_is_raised() {
        let deep = format!("{}a", "> ".repeat(DEPTH_MAX + 5));
        let mut level = blocks(&deep);
        for _ in 0..DEPTH_MAX {
            level = match level.pop() {
                Some(Block::Quote(blocks)) => blocks,
                other => panic!("no quote but {other:?}"),
            };
        }
        assert_eq!(level, [paragraph("a")]);

        let items: String = (0..40)
            .map(|n| format!("{}- w{n}\n", "  ".repeat(n)))
            .collect();
        let shown = format!("{:?}", blocks(&items));
        assert!(
            (0..40).all(|n| shown.contains(&format!("\"w{n}\""))),
            "{shown}"
        );
    }
}
