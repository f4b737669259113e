//! What is counted and measured while the bot serves: names, labels and buckets, in one place.
//!
//! No label holds anything that people or servers bring along: each has the few values that stand
//! here, so that no crowd makes the list of series long. Where nobody listens, nothing is kept.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Rounds of the quiz that reached a state.
pub const ROUNDS: &str = "studyhall_slots_total";
/// From the time of a round to its post.
pub const LATENESS: &str = "studyhall_post_lateness_seconds";
/// Answers to rounds, by what became of them.
pub const ANSWERS: &str = "studyhall_answers_total";
/// From the arrival of an interaction to its first answer.
pub const ACKNOWLEDGED: &str = "studyhall_interaction_ack_seconds";
/// Interactions, by what became of them.
pub const INTERACTIONS: &str = "studyhall_interactions_total";
/// Sessions that were started on Discord's gateway.
pub const IDENTIFIES: &str = "studyhall_gateway_identifies_total";
/// Whether the gateway's line is up.
pub const CONNECTED: &str = "studyhall_gateway_connected";
/// Calls that count against this address at Discord.
pub const INVALID: &str = "studyhall_discord_invalid_requests_total";
/// Calls that Discord refused for coming too soon.
pub const LIMITED: &str = "studyhall_ratelimited_total";
/// Sections in the index.
pub const DOCS: &str = "studyhall_index_docs";
/// How long ago the index was last found to be as new as the notes.
pub const INDEX_AGE: &str = "studyhall_index_age_seconds";
/// When the scores were last copied, in seconds since 1970; 0 for never.
pub const BACKUP: &str = "studyhall_backup_last_success_timestamp_seconds";
/// Transactions that write or wait to write.
pub const QUEUE: &str = "studyhall_store_writer_queue";
/// The version, as a label.
pub const BUILD: &str = "studyhall_build_info";
/// Tries of calls to Discord's REST API.
pub const CALLS: &str = "http_client_request_duration_seconds";
/// Transactions with the database of the scores.
pub const DATABASE: &str = "db_client_operation_duration_seconds";

/// The upper ends of the buckets of each histogram, in seconds.
pub const BUCKETS: &[(&str, &[f64])] = &[
    (LATENESS, &[1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 3_600.0]),
    // Discord gives three seconds.
    (ACKNOWLEDGED, &[0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
    (CALLS, &[0.1, 0.3, 1.0, 3.0, 10.0]),
    (DATABASE, &[0.001, 0.01, 0.1, 1.0, 10.0]),
];

/// Every name, as it stands in the list; that of backups only once [`backed_up`] was called.
pub const NAMES: &[&str] = &[
    ROUNDS,
    LATENESS,
    ANSWERS,
    ACKNOWLEDGED,
    INTERACTIONS,
    IDENTIFIES,
    CONNECTED,
    INVALID,
    LIMITED,
    DOCS,
    INDEX_AGE,
    BACKUP,
    QUEUE,
    BUILD,
    CALLS,
    DATABASE,
];

/// States of a round that are told.
const STATES: &[&str] = &["open", "closed", "failed", "uncertain", "skipped"];

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is the person's first, and counts.
    Counted,
    /// It took the place of an earlier one.
    Changed,
    /// The person had answered before.
    Repeated,
    /// The round was closed.
    Late,
    /// There is no such round here.
    Unknown,
}

impl Answer {
    const ALL: [Self; 5] = [
        Self::Counted,
        Self::Changed,
        Self::Repeated,
        Self::Late,
        Self::Unknown,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Changed => "changed",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// It came.
    Heard,
    /// Its first answer took longer.
    Deferred,
    /// It came twice.
    Repeated,
    /// It came too late to be answered.
    Late,
    /// It could not be read.
    Unreadable,
    /// Discord no longer knew it.
    Gone,
    /// It had an answer already: another process of the same bot was faster.
    Elsewhere,
    /// Its answer could not be delivered.
    Failed,
    /// There were too many at once.
    Refused,
    /// It was not signed as Discord signs.
    Unsigned,
}

impl Interaction {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Heard,
        Self::Deferred,
        Self::Repeated,
        Self::Late,
        Self::Unreadable,
        Self::Gone,
        Self::Elsewhere,
        Self::Failed,
        Self::Refused,
        Self::Unsigned,
    ];

    /// The label's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Heard => "heard",
            Self::Deferred => "deferred",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::Unreadable => "unreadable",
            Self::Gone => "gone",
            Self::Elsewhere => "elsewhere",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Unsigned => "unsigned",
        }
    }
}

/// What a limit of Discord's holds back.
const SCOPES: &[&str] = &["user", "global", "shared", "address"];
/// Methods and outcomes of calls; others are told together.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
const STATUSES: &[&str] = &[
    "200", "204", "401", "403", "404", "429", "4xx", "5xx", "none",
];
/// What is done with the database.
const OPERATIONS: &[&str] = &["read", "write", "scrub"];

/// Says what all of it means, and begins at nothing, so that what has not happened yet can be read
/// as well.
pub fn begin() {
    describe_counter!(ROUNDS, "Rounds of the quiz that reached this state");
    describe_histogram!(LATENESS, "From the time of a round to its post");
    describe_counter!(ANSWERS, "Answers to rounds, by what became of them");
    describe_histogram!(
        ACKNOWLEDGED,
        "From the arrival of an interaction to its first answer"
    );
    describe_counter!(INTERACTIONS, "Interactions, by what became of them");
    describe_counter!(IDENTIFIES, "Sessions that were started on the gateway");
    describe_gauge!(CONNECTED, "Whether the gateway's line is up");
    describe_counter!(INVALID, "Calls answered 401, 403 or 429 by Discord");
    describe_counter!(LIMITED, "Calls that Discord refused for coming too soon");
    describe_gauge!(DOCS, "Sections in the index of the notes");
    describe_gauge!(
        INDEX_AGE,
        "How long ago the index was last as new as the notes"
    );
    describe_gauge!(
        BACKUP,
        "When the scores were last copied from their file; 0 for never"
    );
    describe_gauge!(QUEUE, "Transactions that write or wait to write");
    describe_gauge!(BUILD, "The version, as a label");
    describe_histogram!(CALLS, "Tries of calls to Discord's REST API");
    describe_histogram!(DATABASE, "Transactions with the database of the scores");
    for state in STATES {
        counter!(ROUNDS, "state" => *state).increment(0);
    }
    for answer in Answer::ALL {
        counter!(ANSWERS, "result" => answer.name()).increment(0);
    }
    for interaction in Interaction::ALL {
        counter!(INTERACTIONS, "result" => interaction.name()).increment(0);
    }
    for scope in SCOPES {
        counter!(LIMITED, "scope" => *scope).increment(0);
    }
    counter!(IDENTIFIES).increment(0);
    counter!(INVALID).increment(0);
    for name in [CONNECTED, DOCS, INDEX_AGE, QUEUE] {
        gauge!(name).set(0.0);
    }
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    // Named without a value, they stand in the list with nothing in them.
    drop(histogram!(LATENESS));
    drop(histogram!(ACKNOWLEDGED));
}

/// A round reached a state.
pub fn round(state: &'static str) {
    if STATES.contains(&state) {
        counter!(ROUNDS, "state" => state).increment(1);
    }
}

/// A round was posted so many milliseconds after its time.
pub fn lateness(ms: i128) {
    let ms = u64::try_from(ms).unwrap_or_default();
    histogram!(LATENESS).record(Duration::from_millis(ms));
}

/// Somebody answered a round.
pub fn answer(answer: Answer) {
    counter!(ANSWERS, "result" => answer.name()).increment(1);
}

/// Something became of an interaction.
pub fn interaction(interaction: Interaction) {
    counter!(INTERACTIONS, "result" => interaction.name()).increment(1);
}

/// A first answer went out so long after its interaction had arrived.
pub fn acknowledged(after: Duration) {
    histogram!(ACKNOWLEDGED).record(after);
}

/// A session was started on the gateway.
pub fn identified() {
    counter!(IDENTIFIES).increment(1);
}

/// The gateway's line is up from now on, or down.
pub fn connected(is_up: bool) {
    gauge!(CONNECTED).set(f64::from(u8::from(is_up)));
}

/// A call was answered in a way that counts against this address.
pub fn invalid_request() {
    counter!(INVALID).increment(1);
}

/// A call came too soon for a limit of this scope, in Discord's word; none where it was not the
/// API that spoke.
pub fn limited(scope: Option<&str>) {
    let known = |scope: &str| SCOPES.iter().find(|known| **known == scope);
    let scope = scope.map_or("address", |scope| known(scope).copied().unwrap_or("user"));
    counter!(LIMITED, "scope" => scope).increment(1);
}

/// How large the index is, and how long ago it was last as new as the notes.
pub fn index(n_sections: usize, age: Duration) {
    gauge!(DOCS).set(n_sections as f64);
    gauge!(INDEX_AGE).set(age.as_secs_f64());
}

/// When the scores were last copied from their file, in seconds since 1970; 0 for never. Nothing is
/// counted where this is never called: who backs up a server has means of their own.
pub fn backed_up(at_s: i64) {
    gauge!(BACKUP).set(at_s as f64);
}

/// One more transaction waits to write, until what this gives is dropped.
#[must_use]
pub fn queued() -> impl Drop {
    gauge!(QUEUE).increment(1.0);
    Queued
}

struct Queued;

impl Drop for Queued {
    fn drop(&mut self) {
        gauge!(QUEUE).decrement(1.0);
    }
}

/// A call to the API at `host` was tried; no status where nobody answered.
pub fn called(method: &str, status: Option<u16>, host: &str, took: Duration) {
    let exact = status.map_or("none".to_owned(), |status| status.to_string());
    let class = format!("{}xx", status.unwrap_or_default() / 100);
    let known = |value: &str| STATUSES.iter().find(|known| **known == value).copied();
    let status = known(&exact).or_else(|| known(&class)).unwrap_or("200");
    let method = METHODS.iter().find(|known| **known == method);
    let labels = [
        (
            "http_request_method",
            method.copied().unwrap_or("GET").to_owned(),
        ),
        ("http_response_status_code", status.to_owned()),
        ("server_address", host.to_owned()),
    ];
    histogram!(CALLS, &labels).record(took);
}

/// Something was done with the database of this kind: `sqlite` or `postgresql`.
pub fn transacted(operation: &'static str, system: &'static str, took: Duration) {
    if OPERATIONS.contains(&operation) {
        let labels = [("db_operation_name", operation), ("db_system_name", system)];
        histogram!(DATABASE, &labels).record(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that can ever stand in the list of one process.
    #[test]
    fn there_are_at_most_five_hundred_series() {
        let lines = |name: &str| {
            let found = BUCKETS.iter().find(|(histogram, _)| *histogram == name);
            // A bucket without end, the sum and the number come on top.
            found.map_or(1, |(_, buckets)| buckets.len() + 3)
        };
        let n_values = |name: &str| match name {
            ROUNDS => STATES.len(),
            ANSWERS => Answer::ALL.len(),
            INTERACTIONS => Interaction::ALL.len(),
            LIMITED => SCOPES.len(),
            CALLS => METHODS.len() * STATUSES.len(),
            DATABASE => OPERATIONS.len(),
            _ => 1,
        };
        let n_series: usize = NAMES.iter().map(|name| n_values(name) * lines(name)).sum();
        assert!(n_series <= 500, "{n_series}");
    }
}
