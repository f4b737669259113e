//! Notes become sections: what comes out, what never happens, what a hostile file cannot do.

mod hostile;
mod properties;
mod sections;

use studyhall_index::{Note, parse};

/// The sections of a note, one a line: line, anchor, heading path, body.
fn shown(note: &Note) -> String {
    let lines: Vec<_> = note
        .sections
        .iter()
        .map(|section| {
            format!(
                "{} #{} [{}] {:?}",
                section.line,
                section.anchor,
                section.heading_path.join(" > "),
                section.body
            )
        })
        .collect();
    lines.join("\n")
}

#[track_caller]
fn check(text: &str, sections: &str) {
    let sections: Vec<_> = sections.lines().map(str::trim).collect();
    assert_eq!(shown(&parse("a/note.md", text)), sections.join("\n").trim());
}

#[track_caller]
fn check_warnings(text: &str, warnings: &[(u32, u32, &str)]) {
    let note = parse("a/note.md", text);
    let got: Vec<_> = note
        .warnings
        .iter()
        .map(|warning| (warning.line, warning.column, warning.code))
        .collect();
    assert_eq!(got, warnings, "{:?}", note.warnings);
}
