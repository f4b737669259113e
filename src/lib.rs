//! studyhall: answers from a folder of Markdown notes, in a chat and in the terminal.

pub mod chat;
