//! What is counted and measured while the bot serves: names, labels and buckets, in one place.
//!
//! No label holds anything that people or servers bring along: each has the few values that stand
//! here, so that no crowd makes the list of series long, and each measurement is added to the
//! numbers of its series, so that none is kept.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

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
/// Whether the gateway's line is up; nothing where there is no gateway.
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
/// The share of the disk with the data folder that is free, from 0 to 1.
pub const DATA_FREE: &str = "studyhall_data_free_ratio";
/// Transactions that write or wait to write.
pub const QUEUE: &str = "studyhall_store_writer_queue";
/// The version, as a label.
pub const BUILD: &str = "studyhall_build_info";
/// Tries of calls to Discord's REST API.
pub const CALLS: &str = "http_client_request_duration_seconds";
/// Transactions with the database of the scores.
pub const DATABASE: &str = "db_client_operation_duration_seconds";

/// Where the buckets of each histogram end, in seconds.
const LATENESS_S: [f64; 7] = [1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 3_600.0];
/// Discord gives three.
const ACKNOWLEDGED_S: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0];
const CALLS_S: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
const DATABASE_S: [f64; 5] = [0.001, 0.01, 0.1, 1.0, 10.0];

/// Every name, as it stands in the list; those of the gateway's line, of backups and of the disk only once
/// [`connected`], [`backed_up`] and [`data_free`] were called.
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
    DATA_FREE,
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
    /// The round was voided.
    Void,
    /// There is no such round here.
    Unknown,
}

impl Answer {
    const ALL: [Self; 6] = [
        Self::Counted,
        Self::Changed,
        Self::Repeated,
        Self::Late,
        Self::Void,
        Self::Unknown,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Changed => "changed",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::Void => "void",
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
    /// There were too many at once, or the bot was ending.
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

/// A label that has but a few values.
type Label = [(&'static str, &'static str); 1];
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

struct Meters {
    registry: Mutex<Registry>,
    rounds: Family<Label, Counter>,
    lateness: Histogram,
    answers: Family<Label, Counter>,
    acknowledged: Histogram,
    interactions: Family<Label, Counter>,
    identifies: Counter,
    connected: OnceLock<Gauge>,
    invalid: Counter,
    limited: Family<Label, Counter>,
    docs: Gauge,
    index_age: Gauge<f64, AtomicU64>,
    backup: OnceLock<Gauge>,
    data_free: OnceLock<Gauge<f64, AtomicU64>>,
    queue: Gauge,
    calls: Histograms<[(&'static str, Cow<'static, str>); 3]>,
    database: Histograms<[(&'static str, &'static str); 2]>,
}

/// Those of this process.
static METERS: LazyLock<Meters> = LazyLock::new(Meters::new);

impl Meters {
    /// All begin at nothing, so that what has not happened yet can be read as well.
    fn new() -> Self {
        let mut registry = Registry::default();
        let list = &mut registry;
        let build = Family::<Label, Gauge>::default();
        build
            .get_or_create(&[("version", env!("CARGO_PKG_VERSION"))])
            .set(1);
        listed(list, BUILD, "The version, as a label", build);
        Self {
            rounds: counters(
                list,
                ROUNDS,
                "Rounds of the quiz that reached this state",
                STATES.iter().map(|state| ("state", *state)),
            ),
            lateness: listed(
                list,
                LATENESS,
                "From the time of a round to its post",
                Histogram::new(LATENESS_S),
            ),
            answers: counters(
                list,
                ANSWERS,
                "Answers to rounds, by what became of them",
                Answer::ALL.map(|answer| ("result", answer.name())),
            ),
            acknowledged: listed(
                list,
                ACKNOWLEDGED,
                "From the arrival of an interaction to its first answer",
                Histogram::new(ACKNOWLEDGED_S),
            ),
            interactions: counters(
                list,
                INTERACTIONS,
                "Interactions, by what became of them",
                Interaction::ALL.map(|became| ("result", became.name())),
            ),
            identifies: listed(
                list,
                IDENTIFIES,
                "Sessions that were started on the gateway",
                Counter::default(),
            ),
            connected: OnceLock::new(),
            invalid: listed(
                list,
                INVALID,
                "Calls answered 401, 403 or 429 by Discord",
                Counter::default(),
            ),
            limited: counters(
                list,
                LIMITED,
                "Calls that Discord refused for coming too soon",
                SCOPES.iter().map(|scope| ("scope", *scope)),
            ),
            docs: listed(
                list,
                DOCS,
                "Sections in the index of the notes",
                Gauge::default(),
            ),
            index_age: listed(
                list,
                INDEX_AGE,
                "How long ago the index was last as new as the notes",
                Gauge::default(),
            ),
            backup: OnceLock::new(),
            data_free: OnceLock::new(),
            queue: listed(
                list,
                QUEUE,
                "Transactions that write or wait to write",
                Gauge::default(),
            ),
            calls: listed(
                list,
                CALLS,
                "Tries of calls to Discord's REST API",
                Family::new_with_constructor(|| Histogram::new(CALLS_S)),
            ),
            database: listed(
                list,
                DATABASE,
                "Transactions with the database of the scores",
                Family::new_with_constructor(|| Histogram::new(DATABASE_S)),
            ),
            registry: Mutex::new(registry),
        }
    }
}

/// Puts something on the list.
fn listed<M: Metric + Clone>(list: &mut Registry, name: &str, help: &str, metric: M) -> M {
    // The names of counters get their end where they are written.
    let name = name.strip_suffix("_total").unwrap_or(name);
    list.register(name, help, metric.clone());
    metric
}

/// Counters by a label of these values.
fn counters(
    list: &mut Registry,
    name: &str,
    help: &str,
    labels: impl IntoIterator<Item = (&'static str, &'static str)>,
) -> Family<Label, Counter> {
    let counters = Family::<Label, Counter>::default();
    for label in labels {
        drop(counters.get_or_create(&[label]));
    }
    listed(list, name, help, counters)
}

/// All that this process has counted, in the text format of OpenMetrics.
/// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
#[must_use]
pub fn text() -> String {
    let mut written = String::new();
    // A String takes all that is written.
    text::encode(&mut written, &list()).ok();
    written
}

fn list() -> MutexGuard<'static, Registry> {
    let list = METERS.registry.lock();
    list.unwrap_or_else(PoisonError::into_inner)
}

/// A round reached a state.
pub fn round(state: &'static str) {
    if STATES.contains(&state) {
        METERS.rounds.get_or_create(&[("state", state)]).inc();
    }
}

/// A round was posted so many milliseconds after its time.
pub fn lateness(ms: i128) {
    let ms = u64::try_from(ms).unwrap_or_default();
    METERS
        .lateness
        .observe(Duration::from_millis(ms).as_secs_f64());
}

/// Somebody answered a round.
pub fn answer(answer: Answer) {
    let label = [("result", answer.name())];
    METERS.answers.get_or_create(&label).inc();
}

/// Something became of an interaction.
pub fn interaction(interaction: Interaction) {
    let label = [("result", interaction.name())];
    METERS.interactions.get_or_create(&label).inc();
}

/// A first answer went out so long after its interaction had arrived.
pub fn acknowledged(after: Duration) {
    METERS.acknowledged.observe(after.as_secs_f64());
}

/// A session was started on the gateway.
pub fn identified() {
    METERS.identifies.inc();
}

/// The gateway's line is up from now on, or down. Nothing is listed where this is never called:
/// where Discord posts what people do there is no line to wait for.
pub fn connected(is_up: bool) {
    let gauge = METERS.connected.get_or_init(|| {
        let help = "Whether the gateway's line is up";
        listed(&mut list(), CONNECTED, help, Gauge::default())
    });
    gauge.set(i64::from(is_up));
}

/// A call was answered in a way that counts against this address.
pub fn invalid_request() {
    METERS.invalid.inc();
}

/// A call came too soon for a limit of this scope, in Discord's word; none where it was not the
/// API that spoke.
pub fn limited(scope: Option<&str>) {
    let known = |scope: &str| SCOPES.iter().find(|known| **known == scope);
    let scope = scope.map_or("address", |scope| known(scope).copied().unwrap_or("user"));
    METERS.limited.get_or_create(&[("scope", scope)]).inc();
}

/// How large the index is, and how long ago it was last as new as the notes.
pub fn index(n_sections: usize, age: Duration) {
    METERS
        .docs
        .set(i64::try_from(n_sections).unwrap_or(i64::MAX));
    METERS.index_age.set(age.as_secs_f64());
}

/// When the scores were last copied from their file, in seconds since 1970; 0 for never. Nothing is
/// listed where this is never called: who backs up a server has means of their own.
pub fn backed_up(at_s: i64) {
    let gauge = METERS.backup.get_or_init(|| {
        let help = "When the scores were last copied from their file; 0 for never";
        listed(&mut list(), BACKUP, help, Gauge::default())
    });
    gauge.set(at_s);
}

/// What share of the disk with the data folder is free, from 0 to 1. Nothing is listed where this is
/// never called: not every system tells.
pub fn data_free(ratio: f64) {
    let gauge = METERS.data_free.get_or_init(|| {
        let help = "The share of the disk with the data folder that is free";
        listed(&mut list(), DATA_FREE, help, Gauge::default())
    });
    gauge.set(ratio);
}

/// One more transaction waits to write, until what this gives is dropped.
#[must_use]
pub fn queued() -> impl Drop {
    METERS.queue.inc();
    Queued
}

struct Queued;

impl Drop for Queued {
    fn drop(&mut self) {
        METERS.queue.dec();
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
            Cow::Borrowed(method.copied().unwrap_or("GET")),
        ),
        ("http_response_status_code", Cow::Borrowed(status)),
        ("server_address", Cow::Owned(host.to_owned())),
    ];
    let calls = METERS.calls.get_or_create(&labels);
    calls.observe(took.as_secs_f64());
}

/// Something was done with the database of this kind: `sqlite` or `postgresql`.
pub fn transacted(operation: &'static str, system: &'static str, took: Duration) {
    if OPERATIONS.contains(&operation) {
        let labels = [("db_operation_name", operation), ("db_system_name", system)];
        let database = METERS.database.get_or_create(&labels);
        database.observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Servers, and odd things that may come from outside.
    const N_ODD: u64 = 10_000;
    /// Series of one process, at most.
    const N_SERIES_MAX: usize = 500;

    #[test]
    fn however_much_happens_the_list_stays_short() {
        backed_up(0);
        data_free(0.5);
        connected(false);
        for n in 0..N_ODD {
            let took = Duration::from_millis(n);
            let odd = format!("odd-{n}");
            limited(Some(&odd));
            lateness(i128::from(n) - 100);
            acknowledged(took);
            let status = u16::try_from(n).ok();
            called(&odd, status, "discord.example", took);
            for method in METHODS {
                called(method, status, "discord.example", took);
            }
        }
        for operation in OPERATIONS {
            transacted(operation, "sqlite", Duration::ZERO);
        }
        round("of a kind that nobody knows");
        transacted("of a kind that nobody knows", "sqlite", Duration::ZERO);
        let text = super::text();
        let is_series = |line: &&str| !line.starts_with('#');
        let n_series = text.lines().filter(is_series).count();
        // Five methods with nine outcomes alone have eight lines each.
        assert!((360..=N_SERIES_MAX).contains(&n_series), "{n_series}");
        assert!(!text.contains("odd-") && !text.contains("nobody"));
        for name in NAMES {
            let listed = name.strip_suffix("_total").unwrap_or(name);
            assert!(text.contains(&format!("# TYPE {listed} ")), "{name}");
        }
    }

    #[test]
    fn what_is_measured_is_added_to_its_bucket() {
        let system = "of this test";
        let lines = |text: &str| {
            let mut lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
            lines.retain(|line| line.contains(system));
            lines
        };
        for took in [5, 5, 500] {
            transacted("scrub", system, Duration::from_millis(took));
        }
        let labels = format!("db_operation_name=\"scrub\",db_system_name=\"{system}\"");
        let bucket = |end: &str, n: u64| format!("{DATABASE}_bucket{{le=\"{end}\",{labels}}} {n}");
        assert_eq!(
            lines(&text()),
            [
                format!("{DATABASE}_sum{{{labels}}} 0.51"),
                format!("{DATABASE}_count{{{labels}}} 3"),
                bucket("0.001", 0),
                bucket("0.01", 2),
                bucket("0.1", 2),
                bucket("1.0", 3),
                bucket("10.0", 3),
                bucket("+Inf", 3),
            ]
        );
    }
}
