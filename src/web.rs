//! The bot's own web server: whether it is well, what it counts, and interactions that Discord posts.
//!
//! It has threads and a runtime of its own, so that it can tell how the others are. It knows
//! neither Discord nor the stories: what it shows are functions that it is given.

mod routes;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use futures_util::future::BoxFuture;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tracing::{debug, info, warn};

/// Connections at once, at most; the others wait to be taken in.
const CONNECTIONS_MAX: usize = 256;
/// How long the head of a request may take, counted from the end of the answer before it.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// Bytes of a request that are held before they are read: its head must fit.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long a connection may last before it is ended between two requests.
const CONNECTION_MAX: Duration = Duration::from_secs(600);
/// How long a connection that is to end may take over its last answer.
const END_MAX: Duration = Duration::from_secs(4);
/// After a connection that could not be taken in.
const AGAIN: Duration = Duration::from_millis(100);
/// Threads that serve. One, which verifies, reads and writes all that is posted, was full at 8,000
/// interactions a second while the other of two cores was half idle.
const N_WORKERS: usize = 2;

/// What `/healthz` answers where all is well.
pub const ALIVE: &str = "alive\n";

/// What the server shows. Its functions are called for each request and must not block.
pub struct Shown {
    /// Whether the process does its work at all.
    pub alive: Box<dyn Fn() -> bool + Send + Sync>,
    /// Why nobody should rely on it now, a line for each cause; none where all is well.
    pub causes: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What was counted, in the text format of OpenMetrics.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// What answers interactions that are posted here, if they are.
    pub interactions: Option<Endpoint>,
}

/// What answers an interaction that was posted.
pub type Endpoint = Arc<dyn Fn(Posted) -> BoxFuture<'static, Answer> + Send + Sync>;

/// An interaction as it was posted.
#[derive(Clone)]
pub struct Posted {
    /// `X-Signature-Ed25519`; empty where it is missing.
    pub signature: String,
    /// `X-Signature-Timestamp`; empty where it is missing.
    pub timestamp: String,
    /// The body, to the byte.
    pub body: Vec<u8>,
}

/// What is answered to it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What the bytes are.
    pub kind: &'static str,
    /// The body.
    pub bytes: Vec<u8>,
}

/// A server that listens. It ends when it is dropped, or better by [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// Takes the address.
///
/// # Errors
/// Somebody else has it, or it is none of this machine's; the message says how to mend it.
pub fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!(
            "cannot listen on {address} for health, metrics and interactions; \
             name a free address as `http.listen`"
        )
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves on an address that was taken.
///
/// # Errors
/// There is no thread or no runtime to be had.
pub fn serve(listener: TcpListener, shown: Shown) -> anyhow::Result<Server> {
    let (stop, stopped) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(N_WORKERS)
        .thread_name("web")
        .enable_all()
        .build()
        .context("no runtime for the web server")?;
    let address = listener.local_addr()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let router = routes::router(Arc::new(shown));
    let thread = thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || {
            runtime.block_on(take_in(&listener, &router, stopped));
        })
        .context("no thread for the web server")?;
    info!(http.address = %address, "the web server listens");
    Ok(Server { stop, thread })
}

impl Server {
    /// Takes no more connections, and waits a few seconds for answers under way. Blocks.
    pub fn stop(self) {
        self.stop.send_replace(true);
        let by = Instant::now() + END_MAX + Duration::from_secs(1);
        while !self.thread.is_finished() && Instant::now() < by {
            thread::sleep(Duration::from_millis(10));
        }
        if !self.thread.is_finished() {
            warn!("the web server was still answering at the end");
        }
    }
}

/// Takes connections in until told to stop, and sees those that are there to their end.
async fn take_in(
    listener: &tokio::net::TcpListener,
    router: &Router,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let taken = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            taken = taken => taken,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, _))) => {
                let connection = connection(stream, router.clone(), stopped.clone(), place);
                tokio::spawn(connection);
            }
            (_, Err(error)) => {
                warn!(%error, "a connection could not be taken in");
                tokio::time::sleep(AGAIN).await;
            }
            (Err(_), _) => break,
        }
    }
    let n_places = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    drop(tokio::time::timeout(END_MAX, places.acquire_many(n_places)).await);
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    place: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Ok(ended),
        _ = stopped.wait_for(|stop| *stop) => Err(()),
        () = tokio::time::sleep(CONNECTION_MAX) => Err(()),
    };
    let ended = match ended {
        Ok(ended) => ended,
        Err(()) => {
            connection.as_mut().graceful_shutdown();
            let ended = tokio::time::timeout(END_MAX, connection).await;
            ended.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection to the web server broke");
    }
    drop(place);
}
