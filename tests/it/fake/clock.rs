//! Discord's clock: real time, which a test can push forward.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first millisecond of 2015, from which Discord's ids count.
const EPOCH_MS: i64 = 1_420_070_400_000;

/// What time it is at Discord, and the ids made from it.
#[derive(Default)]
pub(crate) struct Clock {
    ahead: Duration,
    n_ids: u64,
}

impl Clock {
    /// Milliseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "Discord has a clock of its own")]
    pub(crate) fn now_ms(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from((since + self.ahead).as_millis()).unwrap_or(i64::MAX)
    }

    /// Lets time pass at Discord alone.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.ahead += time;
    }

    /// A new id, which tells when it was made.
    pub(crate) fn id(&mut self) -> u64 {
        self.n_ids += 1;
        let since = u64::try_from(self.now_ms() - EPOCH_MS).unwrap_or_default();
        since << 22 | (self.n_ids & 0x3F_FFFF)
    }
}
