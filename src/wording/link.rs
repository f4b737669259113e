//! Where links in the notes lead a reader of the chat.

/// Characters of an address, at most; a longer one is not shown.
pub const ADDRESS_MAX: usize = 400;

/// The note whose text is shown, and where readers find the notes on the web.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The address below which the notes lie, if they are to be found on the web.
    pub notes_url: Option<&'a str>,
    /// Path of the note below the notes folder.
    pub path: &'a str,
}

impl Site<'_> {
    /// The address of a section of the note, if the notes are on the web.
    #[must_use]
    pub fn section(&self, anchor: &str) -> Option<String> {
        self.address(&self.literal_path(), anchor)
    }

    /// The address that a link of the note leads to; none where it leads nowhere on the web.
    #[must_use]
    pub fn target(&self, written: &str) -> Option<String> {
        let written = written.trim();
        if is_web(written) {
            return short(encoded(written, UNSAFE_IN_ADDRESS));
        }
        if written.is_empty() || has_scheme(written) || written.starts_with("//") {
            return None;
        }
        let (path, anchor) = written.split_once('#').unwrap_or((written, ""));
        let path = path.split('?').next().unwrap_or_default();
        if path.is_empty() {
            return self.address(&self.literal_path(), anchor);
        }
        self.address(&resolved(&self.literal_path(), path)?, anchor)
    }

    /// A file's name is not written as an address: its percent signs are signs like any other.
    fn literal_path(&self) -> String {
        self.path.replace('%', "%25")
    }

    fn address(&self, path: &str, anchor: &str) -> Option<String> {
        let base = self.notes_url.filter(|url| is_web(url))?;
        let base = encoded(base.trim().trim_end_matches('/'), UNSAFE_IN_ADDRESS);
        let path = encoded(path, UNSAFE_IN_PATH);
        let anchor = encoded(anchor, UNSAFE_IN_PATH);
        short(match anchor.as_str() {
            "" => format!("{base}/{path}"),
            anchor => format!("{base}/{path}#{anchor}"),
        })
    }
}

const UNSAFE_IN_ADDRESS: &str = "\"()<>\\^`{|}[]*";
const UNSAFE_IN_PATH: &str = "\"()<>\\^`{|}[]*?#";

/// The path that a link in the note at `from` means; none where it leaves the notes.
fn resolved(from: &str, link: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut names: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|name| !name.is_empty()).collect(),
    };
    for name in link.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/")).filter(|path| !path.is_empty())
}

/// Percent signs that stand for themselves stay: links are mostly written encoded already.
fn encoded(text: &str, unsafe_signs: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut bytes = [0; 4];
    for (at, c) in text.char_indices() {
        let percent = c == '%' && !is_escape(&text[at..]);
        // The sign of a mention: "@everyone" in an address is still read as one.
        let unsafe_sign = c == '@' || unsafe_signs.contains(c);
        if percent || unsafe_sign || !c.is_ascii_graphic() {
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn is_escape(text: &str) -> bool {
    let digits = text.as_bytes().get(1..3).unwrap_or_default();
    digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
}

fn is_web(address: &str) -> bool {
    let lower: String = address.trim().chars().take(8).collect();
    let lower = lower.to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

fn has_scheme(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn short(address: String) -> Option<String> {
    Some(address).filter(|address| address.len() <= ADDRESS_MAX)
}
