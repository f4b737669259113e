//! The rows and settings of a text that Anki exported.

/// Names of separators that may be written out.
const SEPARATORS: [(&str, char); 6] = [
    ("tab", '\t'),
    ("comma", ','),
    ("semicolon", ';'),
    ("pipe", '|'),
    ("colon", ':'),
    ("space", ' '),
];

/// What was exported.
pub(super) struct Table {
    /// Whether fields are HTML.
    pub(super) html: bool,
    /// The names of the columns, or none.
    pub(super) names: Vec<String>,
    /// The column of tags, from 0.
    pub(super) tags: Option<usize>,
    /// Columns that hold no field of the note: tags, deck, note type, id.
    pub(super) aside: Vec<usize>,
    /// The rows.
    pub(super) rows: Vec<Row>,
}

/// A row.
pub(super) struct Row {
    /// Line at which it begins, from 1.
    pub(super) line: u32,
    /// Its fields.
    pub(super) fields: Vec<String>,
    /// Whether the quotes around its fields are closed.
    pub(super) closed: bool,
}

impl Table {
    pub(super) fn read(text: &str) -> Self {
        let mut table = Self {
            html: true,
            names: Vec::new(),
            tags: None,
            aside: Vec::new(),
            rows: Vec::new(),
        };
        let mut separator = None;
        let mut columns = None;
        let mut line = 1;
        let mut rest = text;
        while let Some((key, value)) = setting(rest) {
            match key {
                "separator" => separator = separator_of(value),
                "html" => table.html = value.trim() != "false",
                "columns" => columns = Some(value),
                _ => {
                    let at = value
                        .trim()
                        .parse::<usize>()
                        .ok()
                        .and_then(|at| at.checked_sub(1));
                    if let (Some(at), true) = (at, key.ends_with(" column")) {
                        table.aside.push(at);
                        table.tags = table.tags.or((key == "tags column").then_some(at));
                    }
                }
            }
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            line += 1;
        }
        let first = rest.lines().next().unwrap_or_default();
        let guessed = ['\t', ';', ','].into_iter().find(|c| first.contains(*c));
        let separator = separator.or(guessed).unwrap_or('\t');
        table.rows = rows(rest, line, separator);
        match columns {
            Some(columns) => {
                let named = rows(columns, 1, separator).into_iter().next();
                table.names = named.map(|row| row.fields).unwrap_or_default();
            }
            None => table.name_by_first_row(),
        }
        table
    }

    /// Takes a first row that reads like names for names.
    fn name_by_first_row(&mut self) {
        let is = |row: &Row, known: &[&str]| {
            let mut names = row.fields.iter().map(|field| field.trim().to_lowercase());
            names.any(|name| known.contains(&name.as_str()))
        };
        let names_all = |row: &&Row| is(row, &super::QUESTION) && is(row, &super::RIGHT);
        if self.rows.first().filter(names_all).is_some() {
            self.names = self.rows.remove(0).fields;
        }
    }
}

/// A line of the form `#key:value` at the beginning of a text.
fn setting(text: &str) -> Option<(&str, &str)> {
    let line = text.split('\n').next()?.strip_prefix('#')?;
    let (key, value) = line.split_once(':')?;
    let known = [
        "separator",
        "html",
        "columns",
        "tags",
        "deck",
        "notetype",
        "guid",
        "if matches",
    ];
    let name = key.strip_suffix(" column").unwrap_or(key);
    known.contains(&name).then_some((key, value))
}

fn separator_of(value: &str) -> Option<char> {
    let name = value.trim().to_lowercase();
    let mut known = SEPARATORS.into_iter();
    let named = known.find(|(known, _)| *known == name).map(|(_, c)| c);
    named.or_else(|| value.chars().next())
}

/// The rows of a text whose first line has this number. A field in quotes may go over lines, and
/// says a quote by two.
fn rows(text: &str, first: u32, separator: char) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut line = first;
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let mut row = Row {
            line,
            fields: Vec::new(),
            closed: true,
        };
        loop {
            let mut field = String::new();
            if chars.next_if_eq(&'"').is_some() {
                row.closed = false;
                while let Some(c) = chars.next() {
                    line += u32::from(c == '\n');
                    if c != '"' || chars.next_if_eq(&'"').is_some() {
                        field.push(c);
                    } else {
                        row.closed = true;
                        break;
                    }
                }
            }
            while let Some(c) = chars.next_if(|c| *c != separator && *c != '\n') {
                field.push(c);
            }
            row.fields.push(field);
            if chars.next_if_eq(&separator).is_none() {
                break;
            }
        }
        chars.next();
        line += 1;
        let is_comment = row.fields[0].starts_with('#') && row.fields.len() == 1;
        let is_blank = row.fields.iter().all(|field| field.trim().is_empty());
        if (!is_blank && !is_comment) || !row.closed {
            rows.push(row);
        }
    }
    rows
}
