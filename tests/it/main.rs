//! The integration tests.

mod ask;
mod browse;
mod gaps;
mod hostile;
mod markdown;
mod rehearse;
mod wording;
mod world;
