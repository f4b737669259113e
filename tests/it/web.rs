//! The web server of the shipped `studyhall serve`: health, readiness, metrics, and its bounds.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use rusqlite::Connection;
use studyhall::meters;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::database::OwnDatabase;
use crate::desk::Desk;
use crate::fake::{BEN, Break, Fault, Interaction};

/// More connections than the server takes in at once.
const MANY: usize = 300;
/// For how long a test waits for what should come in seconds.
const PATIENCE: Duration = Duration::from_secs(60);

fn ask(question: &str) -> Interaction {
    Interaction::slash("ask").option("question", question)
}

#[tokio::test]
async fn a_bot_that_serves_is_alive_and_ready() {
    let desk = Desk::new().await;
    let serving = desk.serve().await;
    desk.says_of_itself(200, "ready").await;
    assert_eq!(desk.get("/healthz").await, (200, "alive\n".to_owned()));
    for nowhere in ["/", "/interactions", "/metrics/", "/healthz/x"] {
        assert_eq!(desk.get(nowhere).await.0, 404, "{nowhere}");
    }
    assert_eq!(serving.stop().await, Some(0));
}

#[tokio::test]
async fn a_bot_that_is_not_connected_says_so_and_is_alive() {
    let desk = Desk::new().await;
    desk.discord.set(|gateway| gateway.is_down = true);
    let _serving = desk.serve_with("info");
    desk.says_of_itself(503, "not connected to Discord yet")
        .await;
    assert_eq!(desk.get("/healthz").await.0, 200);
    let families = families(&desk.get("/metrics").await.1);
    assert_eq!(families[meters::CONNECTED][meters::CONNECTED], 0.0);
    desk.discord.set(|gateway| gateway.is_down = false);
    desk.says_of_itself(200, "ready").await;
    desk.discord.ready().await;
    // A line that was cut is up again in a moment: nobody is sent away for that.
    desk.discord.cut(Break::Reset);
    desk.answer(ask("DLQ")).await;
    assert_eq!(desk.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_makes_the_bot_unready_until_it_can() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    desk.says_of_itself(200, "ready").await;
    let other = Connection::open(desk.file()).expect("a file of scores");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    desk.says_of_itself(503, "the store cannot be written")
        .await;
    other.execute_batch("ROLLBACK").expect("no lock");
    desk.says_of_itself(200, "ready").await;
}

#[tokio::test]
async fn a_bot_that_is_told_to_stop_says_so_and_finishes_its_answers() {
    let desk = Desk::new().await;
    let serving = desk.serve().await;
    desk.says_of_itself(200, "ready").await;
    let asked = desk.interact(&desk.slow()).await;
    assert_eq!(asked.response().await["type"], 5);
    let stopping = tokio::spawn(serving.stop());
    desk.says_of_itself(503, "shutting down").await;
    assert!(asked.message().await.text().contains("questions"));
    assert_eq!(stopping.await.expect("it ends"), Some(0));
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let desk = Desk::new().await;
    let mut serve = desk.command("serve");
    serve.env("STUDYHALL_HTTP__LISTEN", &address);
    let ended = tokio::task::spawn_blocking(move || serve.output()).await;
    let ended = ended.expect("it ran").expect("a command that ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
    assert!(said.contains("http.listen"), "{said}");
}

#[tokio::test]
async fn idle_and_endless_heads_do_not_keep_others_out() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    let address = desk.web().await.replace("http://", "");
    let mut idle = Vec::new();
    for n in 0..MANY {
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        if n % 2 == 0 {
            let sent = stream.write_all(b"GET /healthz HTTP/1.1\r\nx: ").await;
            sent.expect("a beginning");
        }
        idle.push(stream);
    }
    // The last ones wait behind the others, which are sent away when their time is up.
    let answer = tokio::time::timeout(PATIENCE, desk.get("/healthz")).await;
    assert_eq!(answer.expect("an answer").0, 200);
    let mut first = idle.remove(0);
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, first.read_to_end(&mut rest)).await;
    ended.expect("it was ended").ok();

    let mut long = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n",
        "y".repeat(100_000)
    );
    // It may be refused before all of it has gone.
    let _ = long.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = long.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
async fn nothing_is_said_of_backups_of_a_server_postgres() {
    let server = tokio::task::spawn_blocking(OwnDatabase::new).await;
    let mut desk = Desk::new().await;
    desk.server = Some(server.expect("a database"));
    let serving = desk.serve().await;
    desk.says_of_itself(200, "ready").await;
    let families = families(&desk.get("/metrics").await.1);
    assert!(families.contains_key(meters::QUEUE));
    // An alert goes by it, and would come every day.
    assert!(!families.contains_key(meters::BACKUP));
    assert_eq!(serving.stop().await, Some(0));
}

#[tokio::test]
async fn nothing_is_said_of_a_line_where_there_is_no_gateway() {
    let mut desk = Desk::new().await;
    desk.by_post = true;
    let serving = desk.serve().await;
    desk.says_of_itself(200, "ready").await;
    desk.answer(ask("DLQ")).await;
    let families = families(&desk.get("/metrics").await.1);
    assert!(families.contains_key(meters::INTERACTIONS));
    // An alert goes by it, and would never end.
    assert!(!families.contains_key(meters::CONNECTED));
    assert_eq!(serving.stop().await, Some(0));
}

#[tokio::test]
async fn everything_that_is_counted_can_be_read() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    desk.discord
        .next(1, "POST /interactions", Fault::RouteLimit(0.1));
    desk.answer(ask("visibility timeout").by(BEN)).await;
    desk.discord.cut(Break::Invalid(false));
    let is_start = |event: &crate::fake::Event| matches!(event, crate::fake::Event::Identified(_));
    desk.discord.happened(2, is_start).await;
    desk.answer(ask("DLQ").by(BEN)).await;
    let copied = desk.command("backup").arg("copy").status();
    assert!(copied.expect("it ran").success());
    let backed_up = || async {
        let families = families(&desk.get("/metrics").await.1);
        families[meters::BACKUP].values().any(|value| *value > 0.0)
    };
    while !backed_up().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let text = desk.get("/metrics").await.1;
    let families = families(&text);
    for name in meters::NAMES {
        assert!(families.contains_key(*name), "{name} is not there: {text}");
    }
    for name in families.keys() {
        assert!(meters::NAMES.contains(&name.as_str()), "{name} has no name");
    }
    let value = |name: &str, series: &str| {
        let found = families[name].get(series);
        *found.unwrap_or_else(|| panic!("no {series} in {:?}", families[name]))
    };
    assert_eq!(value(meters::IDENTIFIES, meters::IDENTIFIES), 2.0);
    assert_eq!(value(meters::CONNECTED, meters::CONNECTED), 1.0);
    assert_eq!(value(meters::INVALID, meters::INVALID), 1.0);
    let limited = format!("{}{{scope=\"user\"}}", meters::LIMITED);
    assert_eq!(value(meters::LIMITED, &limited), 1.0);
    let answered = format!("{}_count", meters::ACKNOWLEDGED);
    assert_eq!(value(meters::ACKNOWLEDGED, &answered), 2.0);
    assert!(value(meters::DOCS, meters::DOCS) >= 4.0);
    let free = value(meters::DATA_FREE, meters::DATA_FREE);
    assert!(free > 0.0 && free < 1.0, "{free}");
    let n_series: usize = families.values().map(BTreeMap::len).sum();
    assert!(n_series <= 500, "{n_series}");
    for secret in [desk.discord.token(), &BEN.id.to_string(), "timeout"] {
        assert!(!text.contains(secret), "{secret} is told");
    }
    assert_eq!(desk.discord.blame(), [""; 0]);
}

/// The series of each metric that a text in OpenMetrics' format tells, with their values; a counter
/// by the name of its series.
fn families(text: &str) -> BTreeMap<String, BTreeMap<String, f64>> {
    let text = text.strip_suffix("# EOF\n").expect("an end");
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let mut families: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("# TYPE ") {
            let (name, kind) = said.split_once(' ').expect("a name and a kind");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kinds.insert(name, kind), None, "{line} comes twice");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a series and a value");
        let value: f64 = value.parse().expect("a number");
        let name = series.split('{').next().expect("a name");
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        assert!(name.chars().all(is_word), "{line}");
        if let Some(labels) = series.strip_prefix(name).filter(|rest| !rest.is_empty()) {
            let labels = labels.strip_prefix('{').and_then(|l| l.strip_suffix('}'));
            for label in labels.expect("labels in braces").split(',') {
                let (key, value) = label.split_once('=').expect("a label");
                assert!(key.chars().all(is_word), "{line}");
                assert!(value.len() >= 2 && value.starts_with('"') && value.ends_with('"'));
            }
        }
        let is_of = |kind: &str, base: &str| kinds.get(base) == Some(&kind);
        let suffixes = ["_bucket", "_sum", "_count"];
        let base = suffixes.iter().find_map(|suffix| {
            let base = name.strip_suffix(suffix)?;
            is_of("histogram", base).then_some(base)
        });
        let counted = name.strip_suffix("_total");
        let is_counter = counted.is_some_and(|base| is_of("counter", base));
        let is_known = is_counter || base.is_some() || is_of("gauge", name);
        assert!(is_known, "{line} is of no kind");
        let base = base.unwrap_or(name);
        let family = families.entry(base.to_owned()).or_default();
        let earlier = family.insert(series.to_owned(), value);
        assert!(earlier.is_none(), "{series} comes twice");
    }
    families
}
