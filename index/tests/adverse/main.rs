//! An index where all is against it: disks that fill up, folders of notes made to mislead.
//!
//! A program of its own, because it starts others: a process that is just being started holds a copy
//! of every lock that the program holds at that instant.
#![cfg(target_os = "linux")]

#[path = "../store/world.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod world;

mod full;
mod trees;

/// How many times something is tried: as many as the variable says, or as usual.
fn times(variable: &str, usual: usize) -> usize {
    let said = std::env::var(variable).ok();
    said.map_or(usual, |said| said.parse().expect("a number"))
}
