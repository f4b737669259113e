//! The integration tests.

mod ask;
mod browse;
mod cli;
mod config;
mod database;
mod discord_edge;
mod discord_weather;
mod fake;
mod gaps;
mod hostile;
mod markdown;
mod quiz_bag;
mod quiz_bank;
mod quiz_import;
mod quiz_preview;
mod quiz_schedule;
mod quiz_years;
mod rehearse;
mod scores;
mod serve;
mod tidy;
mod wording;
mod world;
