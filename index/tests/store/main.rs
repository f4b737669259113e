//! The index on disk: what it holds after every edit, what it survives, what it finds.

mod damaged;
mod finding;
mod hostile;
mod meaning;
mod remembering;
mod sharing;
mod syncing;
mod world;
