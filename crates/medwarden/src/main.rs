//! The `medwarden` program.

mod cli;
#[cfg(target_os = "linux")]
mod db;
#[cfg(target_os = "linux")]
mod demo;
#[cfg(all(target_os = "linux", feature = "engine"))]
mod history;
#[cfg(target_os = "linux")]
mod hub;
mod inspect;
mod lab;
mod ledger;
#[cfg(target_os = "linux")]
mod listen;
mod render;
#[cfg(target_os = "linux")]
mod sensor;
mod tools;
#[cfg(target_os = "linux")]
mod uplink;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let outcome = match &cli.command {
        cli::Command::Inspect(arguments) => inspect::run(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Sensor(arguments) => sensor::run(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Listen(arguments) => listen::run(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Uplink(arguments) => uplink::run(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Run(arguments) => hub::run(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Demo(arguments) => demo::run(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Db { command } => db::run(command),
        #[cfg(target_os = "linux")]
        cli::Command::Openapi => hub::openapi(),
        cli::Command::Completions { shell } => tools::completions(*shell),
        cli::Command::Manual { folder } => tools::manual(folder),
        cli::Command::Schema => tools::schema(),
        cli::Command::Lab { command } => lab::run(command),
        cli::Command::Ledger { command } => ledger::run(command),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => inspect::complain(&error),
    }
}
