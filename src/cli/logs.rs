//! The log on standard error: what it holds, and in which form.

use std::io;

use anyhow::Context;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::{LOG_VARIABLE, LogFormat};

/// What commands log that a person waits for.
pub(super) const QUIET: &str = "warn";
/// What the bot logs.
pub(super) const SERVING: &str = "info";

/// Libraries whose chatter is kept out unless the filter names them.
const CAPPED: &str = "tantivy=warn,h2=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn";
/// Libraries that log tokens and people's words below warnings. Nobody can turn that on.
const TELLTALES: [&str; 3] = ["serenity", "tungstenite", "tokio_tungstenite"];

/// Starts the log. `filter` has the form of `tracing`'s directives, such as
/// `studyhall=debug,hyper=info`; without one `level` holds.
pub(super) fn start(filter: Option<&str>, level: &str, format: LogFormat) -> anyhow::Result<()> {
    let directives = format!("{CAPPED},{}", filter.unwrap_or(level));
    let filter = EnvFilter::try_new(directives)
        .with_context(|| format!("{LOG_VARIABLE} is not a log filter such as `studyhall=debug`"))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => {
            let choice = anstream::AutoStream::choice(&io::stderr());
            let is_coloured = choice != anstream::ColorChoice::Never;
            lines.with_ansi(is_coloured).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let is_fit = filter_fn(|told| is_fit(told.target(), *told.level()));
    let started = registry().with(lines).with(filter).with(is_fit).try_init();
    // Somebody else's log, as in a test, stays.
    drop(started);
    Ok(())
}

/// Whether a line of this origin and level may be logged at all.
fn is_fit(target: &str, level: Level) -> bool {
    let of_crate = target.split("::").next().unwrap_or(target);
    level <= Level::WARN || !TELLTALES.contains(&of_crate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_tokens_is_never_logged() {
        assert!(!is_fit("serenity::gateway::ws", Level::DEBUG));
        assert!(!is_fit("tungstenite", Level::INFO));
        assert!(is_fit("serenity::http", Level::WARN));
        assert!(is_fit("studyhall::bot", Level::TRACE));
    }
}
