//! A balancer between clients and two processes: it copies bytes, and knows nothing of HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// Of so many connections one breaks when the answer comes.
const BREAKS_EACH: usize = 12;

/// Where it listens, where it leads, and what it did.
pub(super) struct Balancer {
    /// The address for clients.
    pub(super) address: SocketAddr,
    behind: Mutex<[Option<SocketAddr>; 2]>,
    n_taken: AtomicUsize,
    /// Connections that went to the other process, for the one whose turn it was refused them.
    pub(super) n_refused: AtomicUsize,
    /// Connections that it broke itself.
    pub(super) n_broken: AtomicUsize,
}

impl Balancer {
    /// A balancer on a free loopback port, with nobody behind it yet.
    pub(super) async fn open() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let balancer = Arc::new(Self {
            address: listener.local_addr().expect("an address"),
            behind: Mutex::default(),
            n_taken: AtomicUsize::new(0),
            n_refused: AtomicUsize::new(0),
            n_broken: AtomicUsize::new(0),
        });
        let takes = Arc::clone(&balancer);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&takes).carry(client));
            }
        });
        balancer
    }

    /// One of the two listens here from now on.
    pub(super) fn leads_to(&self, place: usize, address: SocketAddr) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind[place] = Some(address);
    }

    /// Copies both ways until either end is done.
    async fn carry(self: Arc<Self>, mut client: TcpStream) {
        let turn = self.n_taken.fetch_add(1, Ordering::SeqCst);
        let Some(mut server) = self.connect(turn).await else {
            return;
        };
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let answers = async {
            if turn % BREAKS_EACH == BREAKS_EACH - 1 {
                let n_read = from_server.read(&mut [0]).await.unwrap_or_default();
                self.n_broken.fetch_add(n_read, Ordering::SeqCst);
            } else {
                // How it ends, both ends see for themselves.
                drop(copy(&mut from_server, &mut to_client).await);
            }
        };
        tokio::select! {
            _ = copy(&mut from_client, &mut to_server) => {}
            () = answers => {}
        }
    }

    /// A connection to the one whose turn it is, or else to the other.
    async fn connect(&self, turn: usize) -> Option<TcpStream> {
        let behind = *self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        for place in [turn % 2, (turn + 1) % 2] {
            let Some(address) = behind[place] else {
                continue;
            };
            match TcpStream::connect(address).await {
                Ok(stream) => return Some(stream),
                Err(_) => self.n_refused.fetch_add(1, Ordering::SeqCst),
            };
        }
        None
    }
}
