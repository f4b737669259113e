//! The `studyhall` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    studyhall::cli::main(std::env::args_os(), std::env::vars_os())
}
