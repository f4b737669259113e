//! A few connections that many threads take turns with.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::database::StoreError;

/// How long a thread waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(10);

/// Connections that wait, and the number of those that there are.
#[derive(Debug)]
pub(super) struct Pool<T> {
    max: usize,
    state: Mutex<State<T>>,
    returned: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// The one that has waited longest comes first.
    idle: VecDeque<T>,
    n_lent: usize,
}

/// A connection on loan. It is closed at the end, unless it is given back.
#[derive(Debug)]
pub(super) struct Lent<'a, T> {
    pool: &'a Pool<T>,
    connection: Option<T>,
}

impl<T> Pool<T> {
    /// A pool of this many connections at most, and none yet.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            state: Mutex::new(State {
                idle: VecDeque::new(),
                n_lent: 0,
            }),
            returned: Condvar::new(),
        }
    }

    /// Makes all connections that there may be, so that none is made late: from then on they take
    /// turns, and what each of them comes to hold does not grow when the load does.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub(super) fn fill(
        &self,
        mut make: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        while state.idle.len() + state.n_lent < self.max {
            state.idle.push_back(make()?);
        }
        Ok(())
    }

    /// The connection that has waited longest, or a new one where none waits.
    ///
    /// # Errors
    /// All are lent and none came back in time, or a new one cannot be made.
    pub(super) fn take(
        &self,
        make: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Lent<'_, T>, StoreError> {
        let all_lent = |state: &mut State<T>| state.n_lent == self.max;
        let (mut state, waited) = self
            .returned
            .wait_timeout_while(self.state(), TURN_WAIT, all_lent)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            let why = format!("all {} connections were in use for too long", self.max);
            return Err(StoreError::Unavailable(why.into()));
        }
        let idle = state.idle.pop_front();
        state.n_lent += 1;
        drop(state);
        let mut lent = Lent {
            pool: self,
            connection: idle,
        };
        if lent.connection.is_none() {
            lent.connection = Some(make()?);
        }
        Ok(lent)
    }

    /// Closes the connections that wait.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        drop(idle);
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lent<'_, T> {
    /// Gives the connection back, for others to use.
    pub(super) fn give_back(mut self) {
        let connection = self.connection.take();
        self.pool.state().idle.extend(connection);
    }
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.connection.as_ref().expect("there until the end")
    }
}

impl<T> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.connection.as_mut().expect("there until the end")
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        drop(self.connection.take());
        self.pool.state().n_lent -= 1;
        self.pool.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn threads_take_turns_and_a_connection_that_was_given_back_is_used_again() {
        let pool = Pool::new(2);
        let n_made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let made = || Ok(n_made.fetch_add(1, Ordering::SeqCst));
                    pool.take(made).expect("a turn").give_back();
                });
            }
        });
        assert!(n_made.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn a_full_pool_makes_no_more_and_its_connections_take_turns() {
        let pool = Pool::new(3);
        let mut n_made = 0;
        pool.fill(|| {
            n_made += 1;
            Ok(n_made)
        })
        .expect("made");
        let turns: Vec<i32> = (0..6)
            .map(|_| {
                let lent = pool.take(|| panic!("one more is made")).expect("a turn");
                let number = *lent;
                lent.give_back();
                number
            })
            .collect();
        assert_eq!(turns, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn a_connection_that_failed_or_was_dropped_makes_room() {
        let pool = Pool::new(1);
        for _ in 0..3 {
            let failed = pool.take(|| Err(StoreError::Refused("no".into())));
            assert!(failed.is_err());
            assert_eq!(*pool.take(|| Ok(7)).expect("a turn"), 7);
        }
        pool.take(|| Ok(8)).expect("a turn").give_back();
        assert_eq!(*pool.take(|| Ok(9)).expect("a turn"), 8);
    }
}
