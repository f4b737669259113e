//! Names among the bold texts of a section.

/// Characters of a bold text that may still be a name.
const BOLD_MAX: usize = 60;
/// Bold names kept for one section.
const N_BOLD_MAX: usize = 32;

/// Whether something in the text may be bold, which is cheaper to tell than to read it.
pub(super) fn may_hold(text: &str) -> bool {
    text.contains("**") || text.contains("__")
}

/// The bold texts that look like names, each once.
pub(super) fn names<'a>(bold: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in bold {
        if names.len() >= N_BOLD_MAX {
            break;
        }
        let name = text
            .trim()
            .trim_end_matches([':', ',', ';', '–', '—', '-'])
            .trim_end();
        let looks_like_a_name = name.len() <= 4 * BOLD_MAX
            && name.chars().count() <= BOLD_MAX
            && name.chars().any(char::is_alphabetic)
            && !name.ends_with(['.', '!', '?']);
        if looks_like_a_name && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
