//! A section becomes a message that Discord takes.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use studyhall_fuzz::Entry;

static ENTRY: LazyLock<Entry> = LazyLock::new(studyhall_fuzz::reply);

fuzz_target!(|bytes: &[u8]| ENTRY(bytes));
