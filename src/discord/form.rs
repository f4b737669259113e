//! A file beside its JSON, as the form that Discord takes.
//! <https://docs.discord.com/developers/reference#uploading-files>

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::chat::File;

/// Characters of a file's name, at most.
const NAME_MAX: usize = 100;

/// A form, ready to be sent.
pub(super) struct Form {
    /// The header that says what it is.
    pub(super) kind: String,
    /// All of it.
    pub(super) bytes: Vec<u8>,
}

/// The form with this JSON and this file.
pub(super) fn of(json: &Value, file: &File) -> Form {
    let json = json.to_string();
    let boundary = boundary(0, &[json.as_bytes(), &file.bytes]);
    let name = name(file);
    let mut bytes = Vec::with_capacity(json.len() + file.bytes.len() + 512);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
         Content-Type: application/json\r\n\r\n{json}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"{name}\"\r\n\
         Content-Type: {}\r\n\r\n",
        kind(&name)
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(&file.bytes);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Form {
        kind: format!("multipart/form-data; boundary={boundary}"),
        bytes,
    }
}

/// A file's name in letters, digits, dots, hyphens and underscores: Discord would change others,
/// and an embed would not find its picture.
pub(super) fn name(file: &File) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain = file.name.chars().filter(|c| is_plain(*c)).take(NAME_MAX);
    match plain.collect::<String>().trim_matches('.') {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// Whether a file of this name is a picture that an embed can show.
pub(super) fn is_picture(name: &str) -> bool {
    kind(name) == "image/png"
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "png")) => "image/png",
        Some((_, "json")) => "application/json",
        Some((_, "txt" | "md")) => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}

/// A line that stands in none of the parts: the first of those that follow from `seed`.
fn boundary(seed: u64, parts: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    loop {
        let boundary = format!("studyhall-{:016x}", hasher.finish());
        let is_boundary = |window: &[u8]| window == boundary.as_bytes();
        if !parts
            .iter()
            .any(|part| part.windows(boundary.len()).any(is_boundary))
        {
            return boundary;
        }
        boundary.hash(&mut hasher);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(name: &str, bytes: &[u8]) -> File {
        File {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            alt: None,
        }
    }

    #[test]
    fn a_form_holds_the_json_and_the_file() {
        let form = of(&json!({ "a": 1 }), &file("x.png", b"\x89PNG\r\n\xff"));
        let boundary = form.kind.split("boundary=").nth(1).unwrap();
        let mut expect = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
             Content-Type: application/json\r\n\r\n{{\"a\":1}}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"files[0]\"; \
             filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        expect.extend_from_slice(b"\x89PNG\r\n\xff");
        expect.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert_eq!(form.bytes, expect);
    }

    #[test]
    fn a_boundary_stands_nowhere_in_the_parts() {
        let first = boundary(7, &[b"x"]);
        let held = format!("x{first}x");
        let second = boundary(7, &[b"x", held.as_bytes()]);
        assert_ne!(first, second);
        assert_eq!(second, boundary(7, &[held.as_bytes()]));
    }

    #[test]
    fn names_are_plain() {
        for (given, kept) in [
            ("calendar.png", "calendar.png"),
            ("a\"b\r\n/c.json", "abc.json"),
            ("…", "file"),
            ("..", "file"),
        ] {
            assert_eq!(name(&file(given, b"")), kept);
        }
        assert_eq!(name(&file(&"x".repeat(300), b"")).len(), NAME_MAX);
    }
}
