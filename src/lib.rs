//! studyhall: answers from a folder of Markdown notes, in a chat and in the terminal.

pub mod answer;
pub mod bot;
pub mod chat;
pub mod cli;
pub mod config;
pub mod console;
pub mod discord;
pub mod meters;
pub mod ops;
pub mod quiz;
pub mod scores;
pub mod web;
pub mod wording;
