//! The `contact` binary: see the library for what it is made of.

use std::process::ExitCode;

fn main() -> ExitCode {
    contact::cli::run()
}
