//! What can be odd in a folder of notes: the names of the warnings, and what each means.

/// The front matter is not YAML, or a key holds something that it cannot mean.
pub(crate) const FRONT_MATTER: &str = "front-matter";
/// The file's bytes are not UTF-8.
pub(crate) const NOT_UTF8: &str = "not-utf8";
/// A code fence is never closed, so it ends at the next heading.
pub(crate) const UNCLOSED_FENCE: &str = "unclosed-fence";
/// A comment or an element of raw HTML is never closed, so it ends at the next heading.
pub(crate) const UNCLOSED_HTML: &str = "unclosed-html";
/// The file has text and no heading, and was cut into several sections.
pub(crate) const NO_HEADING: &str = "no-heading";
/// Two headings under the same parent have the same words.
pub(crate) const DUPLICATE_HEADING: &str = "duplicate-heading";
/// A heading is more than one level below the heading that holds it.
pub(crate) const SKIPPED_LEVEL: &str = "skipped-level";
/// A heading has no words.
pub(crate) const EMPTY_HEADING: &str = "empty-heading";
/// A heading has neither text nor deeper headings below it.
pub(crate) const EMPTY_SECTION: &str = "empty-section";
/// The text below one heading was cut into parts because it is too long to read at once.
pub(crate) const LONG_SECTION: &str = "long-section";
/// The file has no text at all.
pub(crate) const EMPTY_NOTE: &str = "empty-note";
/// A link leads to a note or a section that is not there.
pub(crate) const BROKEN_LINK: &str = "broken-link";
/// A file or a folder cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";
/// A link, a pipe or a device stands where a note should.
pub(crate) const NOT_A_FILE: &str = "not-a-file";
/// The folder holds more notes than are read.
pub(crate) const TOO_MANY_NOTES: &str = "too-many-notes";
/// A file's name is not UTF-8.
pub(crate) const FILE_NAME: &str = "file-name";

/// All names of warnings, each with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        FRONT_MATTER,
        "The lines between the two `---` at the top of a note are YAML with the keys title, aliases, \
         tags, exam and language. What cannot be read there is passed over and the note is read \
         without it.\n\nwrong:  aliases: [S3, Simple Storage\nright:  aliases: [S3, Simple Storage]",
    ),
    (
        NOT_UTF8,
        "Notes are UTF-8. A file in another encoding is read as well as can be guessed; single letters \
         may be wrong. Save it as UTF-8 in your editor.",
    ),
    (
        UNCLOSED_FENCE,
        "A code block opened by ``` or ~~~ is never closed. So that the rest of the note is not taken \
         for code, it ends at the next heading. Close it with the mark that opened it, on a line of \
         its own.",
    ),
    (
        UNCLOSED_HTML,
        "A comment (<!--) or an element such as <pre> is never closed. It ends at the next heading. \
         Close it with --> or with its end tag.",
    ),
    (
        NO_HEADING,
        "The note has no headings, so it was cut at its list items or paragraphs, and the first line of \
         each piece serves as its name. Lines such as `## Visibility timeout` make better answers.",
    ),
    (
        DUPLICATE_HEADING,
        "Two headings under the same parent have the same words. Links to the second need the number \
         that GitHub gives it (#limits-1). Say what each is about:\n\n\
         wrong:  ## Limits … ## Limits\nright:  ## Queue limits … ## Message limits",
    ),
    (
        SKIPPED_LEVEL,
        "A heading is more than one level below the heading that holds it, as `####` right below `##`. \
         The note is read as it stands; use the next level so that readers see the same order.",
    ),
    (
        EMPTY_HEADING,
        "A heading has no words, so nobody can ask for it. Give it some, or remove its marks.",
    ),
    (
        EMPTY_SECTION,
        "Nothing stands below a heading, neither text nor deeper headings. It answers nothing: write \
         the section, or remove the heading.",
    ),
    (
        LONG_SECTION,
        "The text below one heading is longer than can be shown at once and was cut into parts between \
         its blocks. More headings make better answers.",
    ),
    (
        EMPTY_NOTE,
        "The file holds no text, so it answers nothing. Write it, or remove it.",
    ),
    (
        BROKEN_LINK,
        "A link leads to a note that is not there, to a heading that the note does not have, or out of \
         the notes folder. An anchor is the heading in small letters, blanks as hyphens, without \
         other marks.\n\nwrong:  [fees](billing.md#What it costs)\nright:  [fees](billing.md#what-it-costs)",
    ),
    (
        UNREADABLE,
        "A file or folder cannot be read: look at its permissions and its size. Sections that were read \
         before are kept.",
    ),
    (
        NOT_A_FILE,
        "A symbolic link, a pipe or a device stands where a note should. Links are not followed, so that \
         nothing outside the notes folder is ever read. Put the note itself there.",
    ),
    (
        TOO_MANY_NOTES,
        "The folder holds more notes than are read. Those beyond, in the order of the file system, are \
         passed over.",
    ),
    (
        FILE_NAME,
        "A file's name is not UTF-8, so no section in it could be named. Rename it.",
    ),
];

/// What the warning with this name means, and how to mend it.
#[must_use]
pub fn explanation(code: &str) -> Option<&'static str> {
    let known = CODES.iter().find(|(known, _)| *known == code);
    known.map(|(_, explanation)| *explanation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        let source = include_str!("codes.rs");
        let named = source
            .lines()
            .filter(|line| line.starts_with("pub(crate) const "));
        assert_eq!(named.count(), CODES.len());
        for (code, text) in CODES {
            assert_eq!(explanation(code), Some(*text), "{code} is there twice");
        }
    }
}
