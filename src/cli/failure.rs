//! What the person reads when a command could not run.

use super::output::{BAD, note, styled};
use crate::config::Rejected;

/// Says why on standard error: the sentence, its causes, and how to mend it.
pub(super) fn report(error: &anyhow::Error) {
    let label = styled(BAD, "error:");
    if let Some(rejected) = error.downcast_ref::<Rejected>() {
        for problem in &rejected.problems {
            note(format_args!("{label} {problem}"));
        }
        return;
    }
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    note(format_args!("{label} {}", causes.join(": ")));
}
