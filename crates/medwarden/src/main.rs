//! The `medwarden` program.

mod cli;
mod inspect;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let outcome = match &cli.command {
        cli::Command::Inspect(arguments) => inspect::run(arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => inspect::complain(&error),
    }
}
