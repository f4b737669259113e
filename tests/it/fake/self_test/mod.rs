//! The fake's own tests: a library bot lives on it, and it refuses what it should.

mod faults;
mod parrot;
mod raw;
mod refusals;
mod stories;
