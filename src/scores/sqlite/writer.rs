//! The thread that writes: it takes what waits into one transaction and replies once that lasts.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;

use rusqlite::Connection;

use super::super::database::{StoreError, Work};
use super::session;

/// Works of one transaction, at most.
const GROUP_MAX: usize = 256;

/// What the thread is asked for.
pub(super) enum Order {
    /// A work, in a transaction.
    Do(Job),
    /// That nothing remains of what was deleted; it is said here when that is so.
    Scrub(SyncSender<Result<(), StoreError>>),
}

/// A work to be done, and where to say how it ended.
pub(super) struct Job {
    pub(super) work: Box<Work<'static>>,
    pub(super) reply: SyncSender<Reply>,
}

/// How a work ended: well, with an error, or with a panic.
pub(super) type Reply = thread::Result<Result<(), StoreError>>;

/// The transaction that a work was part of did not come about.
#[derive(Debug, thiserror::Error)]
#[error("nothing of {n_works} works in one transaction was kept")]
struct Lost {
    n_works: usize,
    #[source]
    why: Arc<StoreError>,
}

/// Does what comes, until nobody is left who could bring more.
pub(super) fn serve(connection: &Connection, orders: &Receiver<Order>) {
    while let Ok(first) = orders.recv() {
        let mut group = Vec::new();
        let mut scrubs = Vec::new();
        for order in iter::once(first).chain(orders.try_iter().take(GROUP_MAX - 1)) {
            match order {
                Order::Do(job) => group.push(job),
                Order::Scrub(reply) => scrubs.push(reply),
            }
        }
        let replies = match group.is_empty() {
            true => Vec::new(),
            false => do_together(connection, &mut group),
        };
        for (job, reply) in group.into_iter().zip(replies) {
            // Whoever has stopped waiting does not want to know.
            let _ = job.reply.send(reply);
        }
        // Works that came later than it do no harm to what a scrub is for.
        for reply in scrubs {
            let _ = reply.send(session::scrub(connection));
        }
    }
}

/// Does all works in one transaction. One that fails costs itself only; where the transaction
/// itself fails, all do.
fn do_together(connection: &Connection, group: &mut [Job]) -> Vec<Reply> {
    // Most groups go well as a whole, and need nothing to go back to between two works.
    if group.len() > 1 && are_done(connection, group) {
        return group.iter().map(|_| Ok(Ok(()))).collect();
    }
    let mut replies = Vec::with_capacity(group.len());
    let Err(why) = attempt(connection, group, &mut replies) else {
        return replies;
    };
    let n_works = group.len();
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

/// Whether every work was done, in one transaction. Nothing of them remains otherwise, and each may
/// be done anew.
fn are_done(connection: &Connection, group: &mut [Job]) -> bool {
    let _guard = Rollback(connection);
    session::run(connection, "BEGIN IMMEDIATE").is_ok()
        && group.iter_mut().all(|job| {
            let work = AssertUnwindSafe(|| session::write(connection, &mut *job.work));
            matches!(catch_unwind(work), Ok(Ok(())))
        })
        && !connection.is_autocommit()
        && session::run(connection, "COMMIT").is_ok()
}

/// Does all works in one transaction, and goes back to before each that fails.
fn attempt(
    connection: &Connection,
    group: &mut [Job],
    replies: &mut Vec<Reply>,
) -> Result<(), StoreError> {
    let guard = Rollback(connection);
    session::run(connection, "BEGIN IMMEDIATE")?;
    let is_alone = group.len() == 1;
    for job in group {
        if !is_alone {
            session::run(connection, "SAVEPOINT work")?;
        }
        let reply = catch_unwind(AssertUnwindSafe(|| {
            session::write(connection, &mut *job.work)
        }));
        let is_done = matches!(reply, Ok(Ok(())));
        replies.push(reply);
        // A full disk, for one, ends the whole transaction.
        if connection.is_autocommit() {
            let why = "the transaction ended before its time";
            return Err(StoreError::Unavailable(why.into()));
        }
        if is_alone && !is_done {
            return Ok(());
        }
        if !is_done {
            session::run(connection, "ROLLBACK TO work")?;
        }
        if !is_alone {
            session::run(connection, "RELEASE work")?;
        }
    }
    session::run(connection, "COMMIT")?;
    drop(guard);
    Ok(())
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
