//! What a build holds: each note's path, with the fingerprint of what the note was.

use std::collections::{BTreeMap, BTreeSet};

use tantivy::schema::IndexRecordOption;
use tantivy::termdict::TermStreamer;
use tantivy::{DocSet, InvertedIndexReader, Searcher, SegmentReader, TERMINATED, Term};

use crate::documents::held_text;
use crate::schema::{FIELDS, SEPARATOR};

/// Paths with fingerprints.
pub(crate) type Holdings = BTreeMap<String, u64>;

/// What all sections of a note in one state carry.
pub(crate) fn held_term(path: &str, fingerprint: u64) -> Term {
    Term::from_field_text(FIELDS.held, &held_text(path, fingerprint))
}

/// All that the build holds.
pub(crate) fn all(searcher: &Searcher) -> tantivy::Result<Holdings> {
    let mut holdings = Holdings::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(FIELDS.held)?;
        gather(
            segment,
            &inverted,
            inverted.terms().stream()?,
            &mut holdings,
        )?;
    }
    Ok(holdings)
}

/// What the build holds of these notes.
pub(crate) fn of(searcher: &Searcher, paths: &BTreeSet<String>) -> tantivy::Result<Holdings> {
    let mut holdings = Holdings::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(FIELDS.held)?;
        for path in paths {
            let first = format!("{path}{SEPARATOR}");
            let last = format!("{first}g");
            let terms = inverted.terms().range().ge(first).lt(last).into_stream()?;
            gather(segment, &inverted, terms, &mut holdings)?;
        }
    }
    Ok(holdings)
}

/// Adds what these terms say, as far as a section that is alive carries them.
fn gather(
    segment: &SegmentReader,
    inverted: &InvertedIndexReader,
    mut terms: TermStreamer<'_>,
    holdings: &mut Holdings,
) -> tantivy::Result<()> {
    while terms.advance() {
        let mut postings =
            inverted.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
        while postings.doc() != TERMINATED && segment.is_deleted(postings.doc()) {
            postings.advance();
        }
        let term = std::str::from_utf8(terms.key()).ok();
        let held = term.and_then(|term| term.rsplit_once(SEPARATOR));
        if let (Some((path, fingerprint)), true) = (held, postings.doc() != TERMINATED) {
            let fingerprint = u64::from_str_radix(fingerprint, 16).unwrap_or_default();
            holdings.insert(path.to_owned(), fingerprint);
        }
    }
    Ok(())
}
