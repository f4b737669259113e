//! The line to Discord's gateway: dialled, kept, dialled again, and given up with a reason.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::sync::{MutexGuard, watch};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tracing::{debug, error, info, warn};

use super::again::Again;
use super::budget::Budget;
use super::door::Door;
use super::interact::{self, Arrival};
use super::register;
use super::rest::{AGENT, GatewayBot, RestError};
use super::session::{Act, Line, Next, Session};
use super::starts::Starts;
use super::{EXIT_CONFIGURATION, EXIT_DONE, EXIT_TEMPORARY, Edge, Outcome};
use crate::meters;

/// Bytes of one event, at most: a large server's are a few million.
const EVENT_MAX: usize = 32 << 20;
/// How long dialling and hanging up may take.
const DIAL_MAX: Duration = Duration::from_secs(10);
const HANG_UP_MAX: Duration = Duration::from_secs(2);
/// Lines in a row on which a session could not go on, after which it is given up.
const UNREADY_MAX: u32 = 5;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Shutdown = watch::Receiver<bool>;

/// Serves with each shard until told to stop, or until there is no use in going on with one. Told to
/// stop, it answers what is under way first, and hangs up last.
pub(super) async fn serve(edge: &Arc<Edge>, token: &str, mut shutdown: Shutdown) -> Outcome {
    let (hang_up, told) = watch::channel(false);
    let starts = Arc::new(Starts::of(edge.starts.clone(), edge.shards.n()));
    let is_registering = Arc::new(AtomicBool::new(false));
    let mut running: FuturesUnordered<_> = (edge.shards.first..=edge.shards.last)
        .map(|shard| Gateway {
            edge: Arc::clone(edge),
            token: token.to_owned(),
            shard,
            shutdown: told.clone(),
            address: None,
            session: None,
            starts: Arc::clone(&starts),
            is_registering: Arc::clone(&is_registering),
            n_unready: 0,
            again: Again::default(),
            silent: Duration::ZERO,
            offline_since: Instant::now(),
        })
        .map(Gateway::run)
        .collect();
    // Asked to hang up, all of them end; where one cannot go on, the process does not.
    let all = async {
        while let Some(ended) = running.next().await {
            if let End::Outcome(outcome) = ended {
                return Some(outcome);
            }
        }
        None
    };
    let asked = async {
        stopped(&mut shutdown).await;
        edge.finish().await;
    };
    tokio::pin!(all);
    let broken = tokio::select! {
        broken = &mut all => {
            edge.finish().await;
            broken
        }
        () = asked => {
            hang_up.send_replace(true);
            all.await
        }
    };
    edge.have_told_the_last().await;
    broken.unwrap_or_else(|| Outcome::new(EXIT_DONE, "asked to stop"))
}

/// Why it is over.
enum End {
    /// Somebody asked us to stop.
    Asked,
    Outcome(Outcome),
}

impl From<Outcome> for End {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// What one shard needs to go on.
struct Gateway {
    edge: Arc<Edge>,
    token: String,
    /// Its number, of [`Edge::shards`].
    shard: u16,
    shutdown: Shutdown,
    /// Where Discord said the gateway is.
    address: Option<Url>,
    session: Option<Session>,
    starts: Arc<Starts>,
    /// Whether the commands are being registered, once for all shards.
    is_registering: Arc<AtomicBool>,
    /// Lines in a row on which Discord did not take us in.
    n_unready: u32,
    again: Again,
    /// How long lines have been open since the last heartbeat that Discord heard.
    silent: Duration,
    /// Since when no line has been ready.
    offline_since: Instant,
}

impl Gateway {
    async fn run(mut self) -> End {
        loop {
            if let Err(end) = self.pause(self.again.wait(Instant::now())).await {
                return end;
            }
            match self.line().await {
                Ok(Next::Stop(reason)) => {
                    error!("{reason}");
                    return Outcome::new(EXIT_CONFIGURATION, reason).into();
                }
                Ok(Next::Resume) => info!("the gateway's line ended; the session goes on"),
                Ok(Next::Start) => warn!("the gateway's session was lost; another is started"),
                Err(Trouble::End(end)) => return end,
                Err(Trouble::Unreachable(why)) => {
                    self.again.failed();
                    warn!("the gateway cannot be reached: {why:#}");
                }
            }
        }
    }

    /// One line, from the dial to what comes after it.
    async fn line(&mut self) -> Result<Next, Trouble> {
        let session = self.session.take();
        let starts = Arc::clone(&self.starts);
        let mut turn = match &session {
            Some(_) => None,
            None => Some(self.turn(&starts).await?),
        };
        let address = match (&session, &self.address, &mut turn) {
            (_, _, Some(budget)) => self.start_address(budget).await,
            (Some(session), Some(known), None) => Ok(resume_address(session, known)),
            (_, _, None) => self.known_address().await,
        };
        let dialled = match address {
            Ok(address) => self.dial(address).await,
            Err(trouble) => Err(trouble),
        };
        let socket = match dialled {
            Ok(socket) => socket,
            Err(trouble) => {
                self.session = session;
                self.forget_address();
                return Err(trouble);
            }
        };
        if let Some(mut budget) = turn {
            budget.start(Instant::now());
            self.unless_stopped(starts.keep(&budget)).await?;
            meters::identified();
        }
        let opened = Instant::now();
        let shard = (self.shard, self.edge.shards.total);
        let mut line = Line::new(&self.token, shard, session, chance(), opened);
        let mut last_heard = opened;
        let next = self.talk(socket, &mut line, &mut last_heard).await;
        self.edge.is_up(self.place(), false);
        self.silent += last_heard.elapsed();
        if line.is_ready() {
            self.n_unready = 0;
            self.offline_since = Instant::now();
            self.again.ended(self.offline_since);
        } else {
            self.n_unready += 1;
            self.again.failed();
        }
        self.session = line.into_session();
        if self.n_unready >= UNREADY_MAX {
            self.session = None;
        }
        next
    }

    /// Waits until it may start a session. A pause that another shard makes meanwhile is one of ours.
    async fn turn<'a>(&mut self, starts: &'a Starts) -> Result<MutexGuard<'a, Budget>, Trouble> {
        let (began, paused) = (Instant::now(), starts.paused());
        let turn = self.unless_stopped(starts.budget.lock()).await?;
        let paused = starts.paused().saturating_sub(paused);
        self.offline_since += paused.min(began.elapsed());
        Ok(turn)
    }

    /// Its place among our shards.
    fn place(&self) -> usize {
        usize::from(self.shard - self.edge.shards.first)
    }

    /// Nobody answered there: the next line is tried at the gateway that we know, and the one
    /// after it where Discord says by then.
    fn forget_address(&mut self) {
        match &mut self.session {
            Some(session) if session.url.is_some() => session.url = None,
            _ => self.address = None,
        }
    }

    /// Where a session can go on.
    async fn known_address(&mut self) -> Result<Url, Trouble> {
        let found = self.ask_address().await?;
        let address = self.checked(&found)?;
        self.address = Some(address.clone());
        Ok(address)
    }

    /// Where a new session may be started, once it may.
    async fn start_address(&mut self, budget: &mut Budget) -> Result<Url, Trouble> {
        let found = self.ask_address().await?;
        let limit = found.session_start_limit;
        let reset_after = Duration::from_millis(limit.reset_after);
        let pause = budget.pause(Instant::now(), limit.remaining, reset_after);
        if !pause.is_zero() {
            warn!(
                pause_s = pause.as_secs(),
                sessions.remaining = limit.remaining,
                sessions.total = limit.total,
                "too many sessions were started; waiting before the next"
            );
            // A pause that we make ourselves is no reason to be restarted.
            self.offline_since += pause;
            self.pause(pause).await.map_err(Trouble::End)?;
            self.starts.add_pause(pause);
        }
        if found.shards > u32::from(self.edge.shards.total) {
            warn!(
                shards = found.shards,
                "Discord recommends more shards than there are; see discord.shards"
            );
        }
        let address = self.checked(&found)?;
        self.address = Some(address.clone());
        Ok(address)
    }

    async fn ask_address(&mut self) -> Result<GatewayBot, Trouble> {
        let edge = Arc::clone(&self.edge);
        let asked = self.unless_stopped(edge.rest.gateway_bot()).await?;
        asked.map_err(|error| match error {
            RestError::Shut(shut) if self.edge.rest.is_bad_token() => {
                Outcome::new(EXIT_CONFIGURATION, &shut.to_string()).into()
            }
            RestError::Refused { status: 401, .. } => {
                Outcome::new(EXIT_CONFIGURATION, "Discord refuses the bot's token (401)").into()
            }
            error => Trouble::Unreachable(error.into()),
        })
    }

    /// The gateway's address, if it is one to which the token may be sent.
    fn checked(&self, found: &GatewayBot) -> Result<Url, Trouble> {
        let address = Url::parse(&found.url)
            .ok()
            .filter(|url| url.has_host())
            .filter(|url| url.scheme() == "wss" || !self.edge.rest.is_discord())
            .filter(|url| matches!(url.scheme(), "ws" | "wss"));
        address.ok_or_else(|| {
            Trouble::Unreachable(anyhow::anyhow!("the gateway's address makes no sense"))
        })
    }

    async fn dial(&mut self, mut address: Url) -> Result<Socket, Trouble> {
        address
            .query_pairs_mut()
            .append_pair("v", "10")
            .append_pair("encoding", "json");
        let unreachable = |e: anyhow::Error| Trouble::Unreachable(e);
        let mut request = address
            .as_str()
            .into_client_request()
            .map_err(|e| unreachable(e.into()))?;
        let agent = HeaderValue::from_static(AGENT);
        request.headers_mut().insert("User-Agent", agent);
        let config = WebSocketConfig::default()
            .max_message_size(Some(EVENT_MAX))
            .max_frame_size(Some(EVENT_MAX));
        let dial = connect_async_with_config(request, Some(config), true);
        let dialled = self
            .unless_stopped(tokio::time::timeout(DIAL_MAX, dial))
            .await?;
        match dialled {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(e)) => Err(unreachable(e.into())),
            Err(_) => Err(unreachable(anyhow::anyhow!("nobody answered in time"))),
        }
    }

    /// Talks until the line ends. `last_heard` is when Discord last heard a heartbeat.
    async fn talk(
        &mut self,
        mut socket: Socket,
        line: &mut Line,
        last_heard: &mut Instant,
    ) -> Result<Next, Trouble> {
        loop {
            let wake = line.wake().min(self.given_up(line, *last_heard));
            let act = tokio::select! {
                biased;
                () = stopped(&mut self.shutdown) => {
                    // No process goes on with the session of another: Discord need not keep it.
                    hang_up(socket, 1_000).await;
                    return Err(Trouble::End(End::Asked));
                }
                () = tokio::time::sleep_until(wake.into()) => {
                    self.check(line, *last_heard)?;
                    line.tick(Instant::now())
                }
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => line.hear(&text, Instant::now()),
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map(|frame| u16::from(frame.code));
                        info!(code, "the gateway hung up");
                        // Reading on sends our half of the good-bye.
                        drop(tokio::time::timeout(HANG_UP_MAX, socket.next()).await);
                        return Ok(line.ended(code));
                    }
                    Some(Ok(Message::Binary(_))) => Some(Act::Unreadable),
                    Some(Ok(_)) => None,
                    Some(Err(e)) => {
                        info!("the gateway's line broke: {e}");
                        return Ok(line.ended(None));
                    }
                    None => return Ok(line.ended(None)),
                },
            };
            match act {
                Some(Act::Send(text)) => {
                    let sent = socket.send(Message::text(text));
                    if !matches!(tokio::time::timeout(DIAL_MAX, sent).await, Ok(Ok(()))) {
                        return Ok(line.ended(None));
                    }
                }
                Some(Act::Acknowledged) => {
                    *last_heard = Instant::now();
                    self.silent = Duration::ZERO;
                }
                Some(Act::Leave(code, next)) => {
                    // A dead line says no good-bye, and what was missed on it grows old meanwhile.
                    tokio::spawn(hang_up(socket, code));
                    return Ok(next);
                }
                Some(act) => self.heard(act),
                None => {}
            }
        }
    }

    /// What was heard and needs no word back on the line.
    fn heard(&mut self, act: Act) {
        match act {
            Act::Ready { application } => {
                self.edge.is_up(self.place(), true);
                info!(
                    application.id = application,
                    shard.id = self.shard,
                    "connected to Discord"
                );
                if !self.is_registering.swap(true, Ordering::SeqCst) {
                    let edge = Arc::clone(&self.edge);
                    tokio::spawn(
                        async move { register::keep_trying(&edge.rest, application).await },
                    );
                }
            }
            Act::Resumed => {
                self.edge.is_up(self.place(), true);
                info!(
                    shard.id = self.shard,
                    "connected to Discord again; nothing was missed"
                );
            }
            Act::Interaction(json) => {
                let arrival = Arrival {
                    at: Instant::now(),
                    clock: super::clock(),
                };
                self.edge
                    .spawn(|edge| interact::take(edge, json, arrival, Door::Call));
            }
            Act::Unreadable => warn!("the gateway said something that makes no sense"),
            Act::Send(_) | Act::Acknowledged | Act::Leave(..) => {}
        }
    }

    /// When this line is to be given up together with the process.
    fn given_up(&self, line: &Line, last_heard: Instant) -> Instant {
        match line.interval() {
            Some(interval) if line.is_ready() => {
                let silence_max = 2 * interval + self.edge.patience.silent_max;
                last_heard + silence_max.saturating_sub(self.silent)
            }
            _ => self.offline_since + self.edge.patience.offline_max,
        }
    }

    fn check(&self, line: &Line, last_heard: Instant) -> Result<(), Trouble> {
        if Instant::now() < self.given_up(line, last_heard) {
            return Ok(());
        }
        let reason = if line.is_ready() {
            "Discord has heard no heartbeat for two intervals"
        } else {
            "not connected to Discord for too long"
        };
        Err(Outcome::new(EXIT_TEMPORARY, reason).into())
    }

    async fn pause(&mut self, pause: Duration) -> Result<(), End> {
        let offline = self.offline_since + self.edge.patience.offline_max;
        let until = Instant::now() + pause;
        tokio::select! {
            () = stopped(&mut self.shutdown) => Err(End::Asked),
            () = tokio::time::sleep_until(until.into()) => Ok(()),
            () = tokio::time::sleep_until(offline.into()) => Err(
                Outcome::new(EXIT_TEMPORARY, "not connected to Discord for too long").into()
            ),
        }
    }

    async fn unless_stopped<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Trouble> {
        tokio::select! {
            () = stopped(&mut self.shutdown) => Err(Trouble::End(End::Asked)),
            done = work => Ok(done),
        }
    }
}

/// Why there was no line.
enum Trouble {
    End(End),
    Unreachable(anyhow::Error),
}

impl From<Outcome> for Trouble {
    fn from(outcome: Outcome) -> Self {
        Self::End(End::Outcome(outcome))
    }
}

/// Until somebody asks us to stop, or nobody is left who could.
async fn stopped(shutdown: &mut Shutdown) {
    drop(shutdown.wait_for(|stop| *stop).await);
}

/// Where the session wants to go on, if that is at the same house as the gateway that we know:
/// the token goes nowhere else.
fn resume_address(session: &Session, known: &Url) -> Url {
    const HOUSE: &str = ".discord.gg";
    let wanted = session.url.as_deref().and_then(|url| Url::parse(url).ok());
    let wanted = wanted.filter(|wanted| {
        let hosts = (wanted.host_str(), known.host_str());
        wanted.scheme() == known.scheme()
            && match hosts {
                (Some(wanted), Some(known)) => {
                    wanted == known || wanted.ends_with(HOUSE) && known.ends_with(HOUSE)
                }
                _ => false,
            }
    });
    wanted.unwrap_or_else(|| known.clone())
}

async fn hang_up(mut socket: Socket, code: u16) {
    let frame = CloseFrame {
        code: code.into(),
        reason: "".into(),
    };
    let closed = tokio::time::timeout(HANG_UP_MAX, async {
        socket.close(Some(frame)).await?;
        while let Some(Ok(_)) = socket.next().await {}
        Ok::<(), tokio_tungstenite::tungstenite::Error>(())
    });
    if closed.await.is_err() {
        debug!("the gateway did not say good-bye");
    }
}

/// A number between 0 and 1 that nobody foresees, nor needs to.
fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 40;
    f64::from(u32::try_from(bits).unwrap_or(0)) / f64::from(1 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(url: &str) -> Session {
        Session {
            id: "abc".to_owned(),
            url: Some(url.to_owned()),
            seq: Some(1),
        }
    }

    #[test]
    fn a_session_goes_on_at_discords_house_and_nowhere_else() {
        for (known, wanted, there) in [
            (
                "wss://gateway.discord.gg",
                "wss://gateway-us-east1-b.discord.gg",
                true,
            ),
            (
                "wss://gateway.discord.gg",
                "ws://gateway-us-east1-b.discord.gg",
                false,
            ),
            (
                "wss://gateway.discord.gg",
                "wss://discord.gg.example",
                false,
            ),
            ("wss://gateway.discord.gg", "nonsense", false),
            ("ws://127.0.0.1:8090/gw", "ws://127.0.0.1:9000/resume", true),
            ("ws://127.0.0.1:8090/gw", "wss://gateway.discord.gg", false),
        ] {
            let known = Url::parse(known).unwrap();
            let expect = if there {
                Url::parse(wanted).unwrap()
            } else {
                known.clone()
            };
            assert_eq!(resume_address(&session(wanted), &known), expect, "{wanted}");
        }
    }

    #[test]
    fn chance_lies_between_none_and_one() {
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&chance()));
        }
    }

    #[tokio::test]
    async fn a_tls_line_can_be_dialled() {
        // Nobody speaks TLS here. What counts is that the attempt ends in an error of the line:
        // a TLS stack without its cryptography would panic.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("wss://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { drop(listener.accept().await) });
        assert!(tokio_tungstenite::connect_async(address).await.is_err());
        server.await.unwrap();
    }
}
