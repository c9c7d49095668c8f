//! Builds one sandbox and runs one program in it. Started by stella, never by hand.

use std::process::ExitCode;

fn main() -> ExitCode {
    stella::sandbox::helper::main()
}
