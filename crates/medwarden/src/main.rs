//! The `medwarden` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    medwarden::medwarden()
}
