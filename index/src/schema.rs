//! How sections lie in Tantivy: the fields, and a section's way in and out.

use std::sync::LazyLock;

use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
};

use crate::section::Section;

/// Number of the format. Goes up with every change to the fields, to the words or to how notes
/// are cut: an index of another format is built anew.
pub(crate) const FORMAT: u32 = 2;

/// Between the parts of a stored value and of a composed term.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// The fields of the index.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    /// The section's key.
    pub(crate) key: Field,
    /// The note's fingerprint and path. An edit has another fingerprint: what is deleted by the
    /// old one can never be what has just been added.
    pub(crate) held: Field,
    /// Names of the topics that the section belongs to, in small letters.
    pub(crate) topic: Field,
    /// Aliases, and headings of one word, as stems in order; on a note's first section its path.
    pub(crate) name: Field,
    /// Initials of the capitalised phrases in the heading.
    pub(crate) initials: Field,
    /// On a note's first section: abbreviations, both ways. On a segment's lesson: acronyms.
    pub(crate) concept: Field,
    /// On a segment's lesson: the segment's words as written, in small letters.
    pub(crate) vocabulary: Field,
    /// Heading and body, stemmed.
    pub(crate) text: Field,
    /// The heading alone, and aliases, stemmed.
    pub(crate) heading: Field,
    /// What ranking reads of a section, as a column.
    pub(crate) facts: Field,
    /// Hashes of the heading's stems, as a column.
    pub(crate) heading_stems: Field,
    /// Hashes of the parents' stems, as a column.
    pub(crate) parent_stems: Field,
    /// Path, anchor, line and headings, stored.
    pub(crate) place: Field,
    /// Tags of the note, stored.
    pub(crate) tags: Field,
    /// The body, stored.
    pub(crate) body: Field,
}

/// The one schema.
pub(crate) static FIELDS: LazyLock<Fields> = LazyLock::new(Fields::new);

impl Fields {
    fn new() -> Self {
        let mut builder = Schema::builder();
        let stemmed = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqs),
        );
        let listed = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::Basic),
        );
        Self {
            key: builder.add_u64_field("key", FAST),
            held: builder.add_text_field("held", STRING),
            topic: builder.add_text_field("topic", STRING),
            name: builder.add_text_field("name", STRING),
            initials: builder.add_text_field("initials", STRING),
            concept: builder.add_text_field("concept", STRING),
            vocabulary: builder.add_text_field("vocabulary", listed),
            text: builder.add_text_field("text", stemmed.clone()),
            heading: builder.add_text_field("heading", stemmed),
            facts: builder.add_u64_field("facts", FAST),
            heading_stems: builder.add_u64_field("heading_stems", FAST),
            parent_stems: builder.add_u64_field("parent_stems", FAST),
            place: builder.add_text_field("place", STORED),
            tags: builder.add_text_field("tags", STORED),
            body: builder.add_text_field("body", STORED),
            schema: builder.build(),
        }
    }
}

/// A section's place in one stored value.
pub(crate) fn place_of(section: &Section) -> String {
    let mut place = format!(
        "{}{SEPARATOR}{}{SEPARATOR}{}",
        section.path, section.anchor, section.line
    );
    for heading in &section.heading_path {
        place.push(SEPARATOR);
        place.extend(heading.chars().filter(|letter| *letter != SEPARATOR));
    }
    place
}

/// A section as stored, or none where the stored form cannot be read.
pub(crate) fn section_of(document: &TantivyDocument) -> Option<Section> {
    let text = |field| document.get_first(field).and_then(|value| value.as_str());
    let mut parts = text(FIELDS.place)?.split(SEPARATOR);
    Some(Section {
        path: parts.next()?.to_owned(),
        anchor: parts.next()?.to_owned(),
        line: parts.next()?.parse().ok()?,
        heading_path: parts.map(str::to_owned).collect(),
        body: text(FIELDS.body)?.to_owned(),
        bold: Vec::new(),
    })
}

/// The topics that a stored section belongs to: its note's title, and its tags, each once.
pub(crate) fn topics_of(document: &TantivyDocument) -> Vec<String> {
    let place = document
        .get_first(FIELDS.place)
        .and_then(|value| value.as_str());
    let title = place.and_then(|place| place.split(SEPARATOR).nth(3));
    let tags = document
        .get_all(FIELDS.tags)
        .filter_map(|value| value.as_str());
    let mut topics: Vec<String> = Vec::new();
    for name in title.into_iter().chain(tags) {
        let same = |known: &String| known.to_lowercase() == name.to_lowercase();
        if !name.is_empty() && !topics.iter().any(same) {
            topics.push(name.to_owned());
        }
    }
    topics
}
