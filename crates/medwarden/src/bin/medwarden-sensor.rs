//! The `medwarden-sensor` program: for machines that only listen.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    medwarden::medwarden_sensor()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
