//! Standard output: colour where it is wanted, and a reader that leaves early is no fault.

use std::fmt;
use std::io::{self, BufWriter, Stdout, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

/// For what a reader looks for first.
pub(super) const STRONG: Style = Style::new().bold();
/// For what a reader may skip.
pub(super) const FAINT: Style = Style::new().dimmed();
/// For the words that answer.
pub(super) const ANSWER: Style = AnsiColor::Green.on_default().bold();
/// For what went wrong.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what may go wrong.
pub(super) const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();

/// Buffered standard output. Styles reach it only where it is a terminal that wants them
/// (`NO_COLOR` and its kin are honoured).
pub(super) struct Output {
    inner: BufWriter<AutoStream<Stdout>>,
}

/// The reader of standard output has gone.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the results has gone")]
struct Closed;

impl Output {
    pub(super) fn stdout() -> Self {
        Self {
            inner: BufWriter::new(anstream::stdout()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush().map_err(named)
    }
}

fn named(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::other(Closed),
        io::ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, format!("cannot write the results: {error}")),
    }
}

/// Whether the command ended because the reader of its results has gone (`studyhall … | head`).
pub(super) fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        inner.is_some_and(|inner| inner.is::<Closed>()) || cause.is::<Closed>()
    })
}

/// A text in a style.
pub(super) fn styled(style: Style, text: impl fmt::Display) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{style}{text}{style:#}"))
}

/// Text from a note without the characters that could steer a terminal.
pub(super) fn harmless(text: &str) -> String {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.replace(steers, "\u{fffd}")
}

/// A line for people who watch, on standard error.
pub(super) fn note(text: impl fmt::Display) {
    // Where even standard error is closed nobody is there to be told.
    let _ = writeln!(anstream::stderr(), "{text}");
}
