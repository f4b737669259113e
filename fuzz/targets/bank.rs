//! A question file is read, and files of other formats are imported.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use studyhall_fuzz::Entry;

static ENTRY: LazyLock<Entry> = LazyLock::new(studyhall_fuzz::bank);

fuzz_target!(|bytes: &[u8]| ENTRY(bytes));
