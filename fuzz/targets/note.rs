//! A file of the notes folder becomes sections.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use studyhall_fuzz::Entry;

static ENTRY: LazyLock<Entry> = LazyLock::new(studyhall_fuzz::note);

fuzz_target!(|bytes: &[u8]| ENTRY(bytes));
