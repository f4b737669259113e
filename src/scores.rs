//! The scores: schedules, rounds, answers and what they are worth, in a database.

pub mod database;
