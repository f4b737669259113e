//! A connection to PostgreSQL that is lost in the middle of a commit, and a server that is away.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use postgres::{Client, NoTls};
use secrecy::{ExposeSecret, SecretString};
use studyhall::chat::{Press, Request};
use studyhall::quiz::grade::Choices;
use studyhall::scores::Scores;
use studyhall::scores::answers::Recorded;
use studyhall::scores::database::StoreError;
use studyhall::scores::postgres::Postgres;

use super::{answered, open_round, right};
use crate::database::OwnDatabase;
use crate::group::Group;

/// How a client says, in the protocol of PostgreSQL, that a transaction is to last.
const COMMIT: &[u8] = b"COMMIT\0";

/// What the line does to the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// It passes.
    No,
    /// The server never hears of it.
    Before,
    /// The server does it, and nobody hears of that.
    After,
}

/// A line to the server that can be cut.
struct Line {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    cut: Mutex<Cut>,
    is_down: AtomicBool,
    n_cut: Mutex<usize>,
}

impl Line {
    /// A line to the server that this URL names.
    fn to(url: &SecretString) -> Self {
        let config: postgres::Config = url.expose_secret().parse().expect("a URL");
        let host = match &config.get_hosts()[0] {
            postgres::config::Host::Tcp(host) => host.clone(),
            other => panic!("a server on a network was expected, not {other:?}"),
        };
        let server = (host, config.get_ports()[0]);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            cut: Mutex::new(Cut::No),
            is_down: AtomicBool::new(false),
            n_cut: Mutex::new(0),
        });
        let of_line = Arc::clone(&state);
        // It ends with the tests: a thread that waits costs nothing.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if of_line.is_down.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&server).expect("the server");
                of_line.join(client, server);
            }
        });
        Self { address, state }
    }

    /// The URL by which the server is reached over this line.
    fn url(&self, url: &SecretString) -> SecretString {
        let url = url.expose_secret();
        let (before, rest) = url.split_once("://").expect("a URL");
        let (who, rest) = rest.split_once('@').expect("a URL with a user");
        let (_, database) = rest.split_once('/').expect("a URL with a database");
        let (database, _) = database.split_once('?').unwrap_or((database, ""));
        let address = self.address;
        format!("{before}://{who}@{address}/{database}?sslmode=disable").into()
    }

    fn cut_next(&self, cut: Cut) {
        *self.state.cut.lock().expect("no panic") = cut;
    }

    fn n_cut(&self) -> usize {
        *self.state.n_cut.lock().expect("no panic")
    }
}

impl State {
    /// Carries bytes in both directions until one side ends, or the line is cut.
    fn join(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let is_mute = Arc::new(AtomicBool::new(false));
        let twice = |stream: &TcpStream| stream.try_clone().expect("a second handle");
        let (mut from, mut to) = (twice(&server), twice(&client));
        let mute = Arc::clone(&is_mute);
        thread::spawn(move || {
            let mut bytes = [0; 16_384];
            while let Ok(n @ 1..) = from.read(&mut bytes) {
                if mute.load(Ordering::SeqCst) || to.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
            close(&from, &to);
        });
        let state = Arc::clone(self);
        let (mut from, mut to) = (client, server);
        thread::spawn(move || {
            let mut bytes = [0; 16_384];
            while let Ok(n @ 1..) = from.read(&mut bytes) {
                match state.cut_of(&bytes[..n]) {
                    Cut::No => {}
                    Cut::Before => break,
                    // The line ends with what the server says of it.
                    Cut::After => is_mute.store(true, Ordering::SeqCst),
                }
                if to.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
            if !is_mute.load(Ordering::SeqCst) {
                close(&from, &to);
            }
        });
    }

    /// What is to become of these bytes of a client.
    fn cut_of(&self, bytes: &[u8]) -> Cut {
        if !bytes.windows(COMMIT.len()).any(|w| w == COMMIT) {
            return Cut::No;
        }
        let cut = std::mem::replace(&mut *self.cut.lock().expect("no panic"), Cut::No);
        *self.n_cut.lock().expect("no panic") += usize::from(cut != Cut::No);
        cut
    }
}

fn close(one: &TcpStream, other: &TcpStream) {
    for stream in [one, other] {
        drop(stream.shutdown(Shutdown::Both));
    }
}

/// How many events a member has, asked without the line.
fn n_events(own: &OwnDatabase, member: u64) -> i64 {
    let mut client = Client::connect(own.url().expose_secret(), NoTls).expect("a server");
    let sql = "SELECT COUNT(*) FROM event WHERE member = $1";
    let row = client.query_one(sql, &[&member.cast_signed()]);
    row.expect("a count").get(0)
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn an_answer_whose_commit_was_lost_is_not_told_and_counts_once_when_it_comes_again() {
    let own = OwnDatabase::new();
    let line = Line::to(&own.url());
    let scores = Scores::new(Arc::new(
        Postgres::open(&line.url(&own.url())).expect("a database"),
    ));
    let round = open_round(&scores, 0);
    let undisturbed = scores.record(right(round, 1, 1)).expect("a store");
    for (member, cut) in [
        (2, Cut::Before),
        (3, Cut::After),
        (4, Cut::Before),
        (5, Cut::After),
    ] {
        let answer = right(round, member, member);
        line.cut_next(cut);
        let lost = scores.record(answer);
        let is_unknown = matches!(lost, Err(StoreError::Unavailable(_)));
        assert!(is_unknown, "{cut:?}: {lost:?}");
        assert_eq!(
            n_events(&own, member),
            i64::from(cut == Cut::After),
            "{cut:?}"
        );
        for _ in 0..2 {
            assert_eq!(
                scores.record(answer).expect("a store"),
                undisturbed,
                "{cut:?}"
            );
        }
        assert_eq!(n_events(&own, member), 1, "{cut:?}");
    }
    assert_eq!(line.n_cut(), 4);
    let all = answered(&own.open());
    assert!(all.into_iter().eq((1..=5).map(|member| (round.0, member))));
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn while_the_server_is_away_nothing_counts_and_then_it_goes_on_without_a_restart() {
    let own = OwnDatabase::new();
    let line = Line::to(&own.url());
    let scores = Scores::new(Arc::new(
        Postgres::open(&line.url(&own.url())).expect("a database"),
    ));
    let round = open_round(&scores, 0);
    line.state.is_down.store(true, Ordering::SeqCst);
    // The connection that is there breaks, and there is no other.
    line.cut_next(Cut::Before);
    for _ in 0..3 {
        let away = scores.record(right(round, 1, 1));
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    }
    line.state.is_down.store(false, Ordering::SeqCst);
    let back = scores.record(right(round, 1, 1)).expect("a store");
    assert!(matches!(back, Recorded::Counts { .. }), "{back:?}");
    assert_eq!(n_events(&own, 1), 1);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn a_member_whose_commit_was_lost_is_told_so_and_may_press_again() {
    let own = OwnDatabase::new();
    let line = Line::to(&own.url());
    let mut group = Group::new("2027-03-01T07:00:00Z", 40);
    let database = Postgres::open(&line.url(&own.url())).expect("a database");
    group.bot.scores = Scores::new(Arc::new(database));
    let round = open_round(&group.bot.scores, 0).0;
    for (member, cut) in [(2_u64, Cut::Before), (3, Cut::After)] {
        let shown = Choices::of([1]);
        let press = || Request::Press {
            press: Press::Answer { round, shown },
            on_private: false,
        };
        line.cut_next(cut);
        let said = group.hear_event(member, press(), 100 + member).body;
        assert!(
            said.contains("Something went wrong on my side"),
            "{cut:?}: {said}"
        );
        assert!(said.contains("reference: `"), "{cut:?}: {said}");
        // Discord delivers the same press again.
        let said = group.hear_event(member, press(), 100 + member).body;
        assert!(said.contains("ight.**"), "{cut:?}: {said}");
        // The member presses once more.
        let again = group.hear_event(member, press(), 200 + member).body;
        assert!(again.contains("answered already"), "{cut:?}: {again}");
        assert_eq!(n_events(&own, member), 1, "{cut:?}");
    }
}
