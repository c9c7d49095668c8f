//! The `stella` program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    stella::cli::main()
}
