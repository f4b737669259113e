//! A database whose transactions are measured.

use std::sync::Arc;
use std::time::Instant;

use super::database::{Database, StoreError, Work};
use crate::meters;

/// A database that tells how long its transactions take, and how many wait to write.
pub struct Measured {
    database: Arc<dyn Database>,
    system: &'static str,
}

impl Measured {
    /// Measures this database, which is of the kind `sqlite` or `postgresql`.
    #[must_use]
    pub fn new(database: Arc<dyn Database>, system: &'static str) -> Self {
        Self { database, system }
    }
}

impl Database for Measured {
    fn write(&self, work: Box<Work<'static>>) -> Result<(), StoreError> {
        let started = Instant::now();
        let queued = meters::queued();
        let written = self.database.write(work);
        drop(queued);
        meters::transacted("write", self.system, started.elapsed());
        written
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let started = Instant::now();
        let read = self.database.read(work);
        meters::transacted("read", self.system, started.elapsed());
        read
    }

    fn scrub(&self) -> Result<(), StoreError> {
        let started = Instant::now();
        let scrubbed = self.database.scrub();
        meters::transacted("scrub", self.system, started.elapsed());
        scrubbed
    }
}
