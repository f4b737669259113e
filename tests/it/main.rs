//! The integration tests.

mod ask;
mod browse;
mod discord_edge;
mod discord_weather;
mod fake;
mod gaps;
mod hostile;
mod markdown;
mod rehearse;
mod wording;
mod world;
