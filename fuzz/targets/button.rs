//! What a button carries is read, and written back.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use studyhall_fuzz::Entry;

static ENTRY: LazyLock<Entry> = LazyLock::new(studyhall_fuzz::button);

fuzz_target!(|bytes: &[u8]| ENTRY(bytes));
