//! The quote: the sentence, list item or table row of a section that answers best.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::question::Question;
use crate::sought::Sought;
use crate::words::{Stems, hashes, words};

/// Characters of a quote, at most; a longer piece is cut at a word.
pub const QUOTE_MAX: usize = 600;
/// Characters above which a list item is cut into its sentences.
const ITEM_MAX: usize = 300;
/// Pieces of a section that are looked at.
const PIECES_MAX: usize = 2_000;
/// What a word counts that stands in the item above only.
const ABOVE: f32 = 0.4;
/// What a word counts that the heading has said already.
const SAID: f32 = 0.3;
/// What a figure adds where the question asks for one.
const FIGURE: f32 = 0.5;
/// What is left of a piece that only points elsewhere.
const REFERENCE: f32 = 0.2;
/// What the first piece has before the last, all else being equal.
const FIRST: f32 = 0.15;

/// A sentence, list item or table row of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Which of the section's pieces it is, from 0.
    pub number: u16,
    /// Its Markdown, at most [`QUOTE_MAX`] characters. A table row names its columns.
    pub text: String,
}

/// A piece of a section's body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    /// The list item that this one hangs below.
    above: Option<usize>,
}

/// A piece with what choosing wants to know of it.
#[derive(Debug)]
pub(crate) struct Quotable {
    piece: Piece,
    /// Hashes of its stems.
    words: Vec<u32>,
    has_figure: bool,
    is_reference: bool,
}

/// The pieces of a section's body, in its order.
pub(crate) fn quotables(body: &str, stems: &mut Stems) -> Vec<Quotable> {
    let quotable = |piece: Piece| Quotable {
        words: hashes(&piece.text, stems).collect(),
        has_figure: piece.text.contains(|letter: char| letter.is_ascii_digit()),
        is_reference: is_reference(&piece.text),
        piece,
    };
    pieces(body).into_iter().map(quotable).collect()
}

/// The piece that answers best; the first where none does better, none where there is no text.
pub(crate) fn choose(
    heading: &[u32],
    pieces: &[Quotable],
    question: &Question,
    sought: &Sought,
) -> Option<Quote> {
    let in_heading = concepts_in(heading, sought);
    let concepts = question.concepts.iter().enumerate();
    let worth: Vec<f32> = concepts
        .map(|(at, concept)| concept.weight() * if in_heading[at] { SAID } else { 1.0 })
        .collect();
    let mut best: Option<(f32, usize)> = None;
    let mut held: Vec<Vec<bool>> = Vec::with_capacity(pieces.len());
    for (number, quotable) in pieces.iter().enumerate() {
        let here = concepts_in(&quotable.words, sought);
        let mut score = 0.0;
        for (at, worth) in worth.iter().enumerate() {
            let above = quotable.piece.above.is_some_and(|above| held[above][at]);
            score += match (here[at], above) {
                (true, _) => *worth,
                (false, true) => worth * ABOVE,
                (false, false) => 0.0,
            };
        }
        held.push(here);
        if question.wants_figure && score > 0.0 && quotable.has_figure {
            score *= 1.0 + FIGURE;
        }
        if quotable.is_reference {
            score *= REFERENCE;
        }
        score *= 1.0 + FIRST / (1.0 + number as f32);
        if best.is_none_or(|(best, _)| score > best) {
            best = Some((score, number));
        }
    }
    let (_, number) = best?;
    quote_of(number, &pieces.get(number)?.piece)
}

/// Piece `number` of a section's body, counted as in [`Quote::number`].
pub(crate) fn nth(body: &str, number: u16) -> Option<Quote> {
    let number = usize::from(number);
    quote_of(number, pieces(body).get(number)?)
}

fn quote_of(number: usize, piece: &Piece) -> Option<Quote> {
    Some(Quote {
        number: u16::try_from(number).ok()?,
        text: cut_at_word(&piece.text, QUOTE_MAX).to_owned(),
    })
}

/// Which concepts of the question a text holds in one of their forms.
fn concepts_in(words: &[u32], sought: &Sought) -> Vec<bool> {
    let held = sought.held(words);
    let concepts = sought.concepts.iter();
    concepts
        .map(|forms| forms.iter().any(|form| form.is_held(held)))
        .collect()
}

/// Whether a piece only points elsewhere: a link, and hardly a word beside it.
fn is_reference(text: &str) -> bool {
    let Some((before, rest)) = text.split_once('[') else {
        return false;
    };
    let after = rest.rsplit_once(')').map_or("", |(_, after)| after);
    rest.contains("](") && words(before).count() + words(after).count() <= 2
}

/// Cuts the text at a word where it has more than `max` characters.
fn cut_at_word(text: &str, max: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(max) else {
        return text;
    };
    let cut = &text[..end];
    cut.rfind(char::is_whitespace)
        .map_or(cut, |at| cut[..at].trim_end())
}

/// A section's body as pieces, in its order.
fn pieces(body: &str) -> Vec<Piece> {
    let mut cutter = Cutter {
        body,
        ..Cutter::default()
    };
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        if cutter.pieces.len() >= PIECES_MAX {
            break;
        }
        cutter.take(event, range);
    }
    cutter.flush();
    cutter.pieces
}

/// Gathers pieces from the events of the parser.
#[derive(Default)]
struct Cutter<'a> {
    body: &'a str,
    pieces: Vec<Piece>,
    /// The stretch of running text that is being read.
    running: Option<Range<usize>>,
    /// The open list items, each with its piece once that is known.
    items: Vec<Option<usize>>,
    in_code: bool,
    /// The cells of the table's head, and of the row that is being read.
    head: Vec<String>,
    row: Vec<String>,
}

impl Cutter<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                self.flush();
                self.in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => self.in_code = false,
            Event::Start(Tag::Item) => {
                self.flush();
                self.items.push(None);
            }
            Event::End(TagEnd::Item) => {
                self.flush();
                self.items.pop();
            }
            Event::Start(Tag::Table(_)) => {
                self.flush();
                self.head.clear();
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => self.row.clear(),
            Event::End(TagEnd::TableCell) => self.end_cell(),
            Event::End(TagEnd::TableHead) => self.head = std::mem::take(&mut self.row),
            Event::End(TagEnd::TableRow) => self.end_row(),
            Event::Text(_) if self.in_code => {}
            Event::TaskListMarker(_) | Event::SoftBreak | Event::HardBreak => {}
            Event::Text(_)
            | Event::Code(_)
            | Event::InlineHtml(_)
            | Event::Start(
                Tag::Emphasis
                | Tag::Strong
                | Tag::Strikethrough
                | Tag::Link { .. }
                | Tag::Image { .. },
            ) => self.extend(range),
            Event::End(
                TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image,
            ) => {}
            _ => self.flush(),
        }
    }

    fn extend(&mut self, range: Range<usize>) {
        self.running = Some(match self.running.take() {
            Some(running) => running.start.min(range.start)..running.end.max(range.end),
            None => range,
        });
    }

    /// Ends the running text: an item is one piece, a paragraph as many as it has sentences.
    fn flush(&mut self) {
        let Some(range) = self.running.take() else {
            return;
        };
        let text = &self.body[range];
        let above = self.items.iter().rev().skip(1).find_map(|piece| *piece);
        let own = self.items.last().copied().flatten();
        let in_item = !self.items.is_empty();
        let first = self.pieces.len();
        if in_item && text.chars().count() <= ITEM_MAX {
            self.push(text, own.or(above));
        } else {
            for sentence in sentences(text) {
                self.push(sentence, own.or(above));
            }
        }
        if let Some(item @ None) = self.items.last_mut()
            && self.pieces.len() > first
        {
            *item = Some(first);
        }
    }

    fn push(&mut self, text: &str, above: Option<usize>) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.pieces.push(Piece { text, above });
        }
    }

    fn end_cell(&mut self) {
        let cell = self.running.take().map_or("", |range| &self.body[range]);
        self.row.push(cell.trim().to_owned());
    }

    /// A row reads `gp3 — Size: 16 TiB; IOPS: 16,000`.
    fn end_row(&mut self) {
        let mut text = String::new();
        for (at, cell) in self.row.iter().enumerate() {
            let name = self.head.get(at).map_or("", String::as_str);
            match at {
                0 => text.push_str(cell),
                _ if cell.is_empty() => {}
                _ => {
                    text.push_str(if text.contains(" — ") {
                        "; "
                    } else {
                        " — "
                    });
                    if !name.is_empty() {
                        text.push_str(name);
                        text.push_str(": ");
                    }
                    text.push_str(cell);
                }
            }
        }
        self.push(&text, None);
    }
}

/// The sentences of a paragraph.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let ends = matches!(letter, '.' | '!' | '?' | '。' | '！' | '？');
        let next = letters.peek().map(|(_, next)| *next);
        let end = at + letter.len_utf8();
        let wide = !letter.is_ascii();
        if ends
            && (wide || next.is_none_or(char::is_whitespace))
            && !is_abbreviated(&text[start..at], before)
        {
            let following = text[end..].trim_start().chars().next();
            if wide || following.is_none_or(|letter| !letter.is_lowercase()) {
                sentences.push(text[start..end].trim());
                start = end;
            }
        }
        before = letter;
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether a full stop behind this text belongs to a short form such as `e.g.` or an initial.
fn is_abbreviated(text: &str, last: char) -> bool {
    if !last.is_alphanumeric() {
        return false;
    }
    let word = text
        .rsplit(|letter: char| letter.is_whitespace() || letter == '(')
        .next();
    word.is_some_and(|word| {
        word.contains('.')
            || matches!(word, "etc" | "vs" | "approx" | "max" | "min" | "no")
            || (word.len() == 1 && word.chars().all(char::is_alphabetic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::Concept;

    #[track_caller]
    fn check(body: &str, question: &str, expect: &str) {
        let mut stems = Stems::default();
        let concept = |stem| Concept::with_forms(vec![vec![stem]]);
        let question = Question {
            concepts: stems.of(question).into_iter().map(concept).collect(),
            wants_figure: true,
            ..Question::default()
        };
        let pieces = quotables(body, &mut stems);
        let quote = choose(&[], &pieces, &question, &Sought::new(&question));
        assert_eq!(quote.map(|quote| quote.text).as_deref(), Some(expect));
    }

    #[test]
    fn the_sentence_that_answers_is_quoted() {
        let body = "A queue holds messages. The default timeout, e.g. for workers, is 30 seconds. \
                    It can be\nraised to 12 hours.";
        check(
            body,
            "default timeout",
            "The default timeout, e.g. for workers, is 30 seconds.",
        );
        check(body, "raised hours", "It can be raised to 12 hours.");
        check(body, "nothing such", "A queue holds messages.");
    }

    #[test]
    fn an_item_is_quoted_without_those_below_it() {
        let body = "- Timeout\n  - Default: 30 seconds\n  - Most: 12 hours\n- Retention\n  - Default: 4 days";
        check(body, "default timeout", "Default: 30 seconds");
        check(body, "default retention", "Default: 4 days");
        check(body, "retention", "Retention");
    }

    #[test]
    fn a_row_is_quoted_with_its_columns() {
        let body = "| Type | Size | IOPS |\n|---|---|---|\n| gp3 | 16 TiB | 16,000 |\n| st1 | 16 TiB | 500 |";
        check(body, "st1 iops", "st1 — Size: 16 TiB; IOPS: 500");
        check(body, "type", "gp3 — Size: 16 TiB; IOPS: 16,000");
        check(&format!("{body}\n\nAfter."), "after", "After.");
    }

    #[test]
    fn no_piece_is_a_whole_table_or_raw_html() {
        let body = "Two disks.\n\n| | EBS | EFS |\n|---|---|---|\n| Reach | zone | Region |\n\n\
                    | Type | Size |\n|---|---|\n| gp3 | 16 TiB |\n\n\
                    <div>\n<b>x</b>\n</div>\n\nAfter.";
        let texts: Vec<String> = pieces(body).into_iter().map(|piece| piece.text).collect();
        let rows = ["Reach — EBS: zone; EFS: Region", "gp3 — Size: 16 TiB"];
        assert_eq!(texts, ["Two disks.", rows[0], rows[1], "After."]);
    }

    #[test]
    fn a_mere_reference_is_not_quoted() {
        let body = "A queue forgets.\n\nSource: [queue timeout](https://example.com/queue).";
        check(body, "queue timeout", "A queue forgets.");
        let body = "A queue forgets.\n\nThe [timeout](a.md) of the queue is what hides a message.";
        check(
            body,
            "queue timeout",
            "The [timeout](a.md) of the queue is what hides a message.",
        );
    }

    #[test]
    fn every_piece_can_be_found_again() {
        let body = "One. Two.\n\n- three\n- four";
        for (number, expect) in ["One.", "Two.", "three", "four"].into_iter().enumerate() {
            let quote = nth(body, u16::try_from(number).unwrap()).unwrap();
            assert_eq!(quote.text, expect);
        }
        assert_eq!(nth(body, 4), None);
    }
}
