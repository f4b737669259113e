//! Who writes: those who bring works, by turns. Whoever has the turn does all that wait in one
//! transaction, with what comes while it is under way, and they are told once that lasts.
//!
//! A thread of its own would have to be woken for each work, and wake whoever waits for it in turn;
//! on an idle machine that takes as long as writing to the disk does.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use rusqlite::Connection;

use super::super::database::{StoreError, Work};
use super::session;

/// Works of one transaction, at most.
const GROUP_MAX: usize = 256;
/// Transactions of one turn, at most: who has it waits for them all, and saves waking the next.
const GROUPS_MAX: usize = 8;

/// The connection that writes, and those who wait for it: as many as there are threads, at most.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Mutex<Connection>,
    line: Mutex<Line>,
}

/// Who waits. Nobody does while it is nobody's turn.
#[derive(Debug, Default)]
struct Line {
    turn: Option<ThreadId>,
    waiting: VecDeque<Waiting>,
}

/// Somebody who waits, with what is to be done.
struct Waiting {
    order: Order,
    thread: ThreadId,
    tell: SyncSender<Told>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("thread", &self.thread)
            .finish_non_exhaustive()
    }
}

/// What is to be done.
pub(super) enum Order {
    /// A work, in a transaction.
    Do(Box<Work<'static>>),
    /// To see to it that nothing remains of what was deleted.
    Scrub,
}

/// What somebody who waits is told.
enum Told {
    /// That it is their turn, with their order.
    Turn(Order),
    /// That another has done what they wanted.
    Done(Reply),
}

/// Where somebody stands.
enum Place {
    /// It is their turn; their order.
    First(Order),
    /// In line, where they are told more.
    Behind(Receiver<Told>),
}

impl Order {
    /// Whether this can be done together with others.
    fn is_work(&self) -> bool {
        matches!(self, Self::Do(_))
    }

    fn into_work(self) -> Option<Box<Work<'static>>> {
        match self {
            Self::Do(work) => Some(work),
            Self::Scrub => None,
        }
    }
}

/// How it ended: well, with an error, or with a panic.
pub(super) type Reply = thread::Result<Result<(), StoreError>>;

/// The transaction that a work was part of did not come about.
#[derive(Debug, thiserror::Error)]
#[error("nothing of {n_works} works in one transaction was kept")]
struct Lost {
    n_works: usize,
    #[source]
    why: Arc<StoreError>,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            line: Mutex::default(),
        }
    }

    /// Has this done, and waits until it is.
    ///
    /// # Errors
    /// This thread is doing a work already, and would wait for itself; or whoever had the turn
    /// panicked, and what became of this is not known.
    pub(super) fn give(&self, order: Order) -> Result<Reply, StoreError> {
        let gone = || StoreError::Unavailable("whoever wrote has panicked".into());
        let order = match self.queue(order)? {
            Place::First(order) => order,
            Place::Behind(told) => match told.recv().map_err(|_| gone())? {
                Told::Turn(order) => order,
                Told::Done(reply) => return Ok(reply),
            },
        };
        self.take_turn(order).ok_or_else(gone)
    }

    /// Stands in line, where it is somebody else's turn.
    fn queue(&self, order: Order) -> Result<Place, StoreError> {
        let thread = thread::current().id();
        let mut line = held(&self.line);
        match line.turn {
            None => {
                line.turn = Some(thread);
                Ok(Place::First(order))
            }
            Some(turn) if turn == thread => {
                let why = "a work that writes may not begin another";
                Err(StoreError::Refused(why.into()))
            }
            Some(_) => {
                let (tell, told) = mpsc::sync_channel(1);
                line.waiting.push_back(Waiting {
                    order,
                    thread,
                    tell,
                });
                Ok(Place::Behind(told))
            }
        }
    }

    /// Does this and what others wait for, tells them, and passes the turn on. How this ended.
    fn take_turn(&self, order: Order) -> Option<Reply> {
        let turn = Turn(self);
        let connection = held(&self.connection);
        let (mut first, mut own) = (Some(order), None);
        for _ in 0..GROUPS_MAX {
            let mut tells = Vec::new();
            let order = first.take().or_else(|| turn.next(&mut tells, |_| true));
            let Some(order) = order else {
                break;
            };
            let replies = match order {
                Order::Scrub => vec![Ok(session::scrub(&connection))],
                Order::Do(work) => do_together(&connection, work, &mut || {
                    turn.next(&mut tells, Order::is_work)?.into_work()
                }),
            };
            let mut replies = replies.into_iter();
            own = own.or_else(|| replies.next());
            for (tell, reply) in tells.into_iter().zip(replies) {
                // It waits for just this.
                let _ = tell.send(Told::Done(reply));
            }
        }
        // Before the next one comes for it.
        drop(connection);
        own
    }

    /// Moves the log into the file and leaves it empty.
    pub(super) fn empty_log(&self) {
        session::empty_log(&held(&self.connection));
    }
}

/// A turn, which goes to the next in line when it ends, however that comes about.
struct Turn<'a>(&'a Writer);

impl Turn<'_> {
    /// The order of whoever is first in line, where it is wanted; whom to tell is added to the rest.
    fn next(
        &self,
        tells: &mut Vec<SyncSender<Told>>,
        is_wanted: impl FnOnce(&Order) -> bool,
    ) -> Option<Order> {
        let mut line = held(&self.0.line);
        let is_wanted = |next: &mut Waiting| is_wanted(&next.order);
        let next = line.waiting.pop_front_if(is_wanted)?;
        tells.push(next.tell);
        Some(next.order)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = held(&self.0.line);
        let next = line.waiting.pop_front();
        line.turn = next.as_ref().map(|next| next.thread);
        if let Some(next) = next {
            // It waits for just this, and for nothing else before.
            let _ = next.tell.send(Told::Turn(next.order));
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does this work in one transaction with the next ones, also with those that are brought while others
/// are done: they would wait for a transaction more. How each ended, in their order. One that fails
/// costs itself only; where the transaction itself fails, all do.
fn do_together(
    connection: &Connection,
    first: Box<Work<'static>>,
    next: &mut Next<'_>,
) -> Vec<Reply> {
    let works = vec![first];
    let mut group = Group { works, next };
    // Most groups go well as a whole, and need nothing to go back to between two works.
    if are_done(connection, &mut group) {
        return group.works.iter().map(|_| Ok(Ok(()))).collect();
    }
    let mut replies = Vec::with_capacity(group.works.len());
    let Err(why) = attempt(connection, &mut group, &mut replies) else {
        return replies;
    };
    let n_works = group.works.len();
    let why = Arc::new(why);
    replies.resize_with(n_works, || Ok(Ok(())));
    for reply in &mut replies {
        if matches!(reply, Ok(Ok(()))) {
            let why = Arc::clone(&why);
            *reply = Ok(Err(StoreError::Unavailable(Box::new(Lost {
                n_works,
                why,
            }))));
        }
    }
    replies
}

/// Gives the work of whoever is first in line.
type Next<'a> = dyn FnMut() -> Option<Box<Work<'static>>> + 'a;

/// Works of one transaction, and where the next ones come from.
struct Group<'a> {
    works: Vec<Box<Work<'static>>>,
    next: &'a mut Next<'a>,
}

impl Group<'_> {
    /// The work at this place, if there is one.
    fn at(&mut self, place: usize) -> Option<&mut Work<'static>> {
        if place == self.works.len() && place < GROUP_MAX {
            self.works.extend((self.next)());
        }
        self.works.get_mut(place).map(|work| &mut **work)
    }
}

/// Whether every work was done, in one transaction. Nothing of them remains otherwise, and each may
/// be done anew.
fn are_done(connection: &Connection, group: &mut Group<'_>) -> bool {
    let _guard = Rollback(connection);
    if session::run(connection, "BEGIN IMMEDIATE").is_err() {
        return false;
    }
    let mut place = 0;
    while let Some(work) = group.at(place) {
        let done = AssertUnwindSafe(|| session::write(connection, work));
        if !matches!(catch_unwind(done), Ok(Ok(()))) {
            return false;
        }
        place += 1;
    }
    !connection.is_autocommit() && session::run(connection, "COMMIT").is_ok()
}

/// Does all works in one transaction, and goes back to before each that fails.
fn attempt(
    connection: &Connection,
    group: &mut Group<'_>,
    replies: &mut Vec<Reply>,
) -> Result<(), StoreError> {
    let _guard = Rollback(connection);
    session::run(connection, "BEGIN IMMEDIATE")?;
    while let Some(work) = group.at(replies.len()) {
        session::run(connection, "SAVEPOINT work")?;
        let reply = catch_unwind(AssertUnwindSafe(|| session::write(connection, work)));
        let is_done = matches!(reply, Ok(Ok(())));
        replies.push(reply);
        // A full disk, for one, ends the whole transaction.
        if connection.is_autocommit() {
            let why = "the transaction ended before its time";
            return Err(StoreError::Unavailable(why.into()));
        }
        if !is_done {
            session::run(connection, "ROLLBACK TO work")?;
        }
        session::run(connection, "RELEASE work")?;
    }
    session::run(connection, "COMMIT")
}

/// Ends a transaction that is still open when this goes.
struct Rollback<'a>(&'a Connection);

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = session::run(self.0, "ROLLBACK")
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a transaction of the scores cannot be taken back"
            );
        }
    }
}
