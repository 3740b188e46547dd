//! The programs: `medwarden`, and `medwarden-sensor`, which listens and hands in and has nothing of the hub in it.

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
#[cfg(target_os = "linux")]
mod remote;
mod render;
#[cfg(target_os = "linux")]
mod sensor;
mod tools;
#[cfg(target_os = "linux")]
mod uplink;

use std::process::ExitCode;

use clap::Parser;

/// The `medwarden` program.
#[must_use]
pub fn medwarden() -> ExitCode {
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
        #[cfg(target_os = "linux")]
        cli::Command::Api(arguments) => remote::api(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Devices(arguments) => remote::devices(arguments),
        #[cfg(target_os = "linux")]
        cli::Command::Findings(arguments) => remote::findings(arguments),
        cli::Command::Completions { shell } => tools::completions(*shell),
        cli::Command::Manual { folder } => tools::manual(folder),
        cli::Command::Schema => tools::schema(),
        cli::Command::Lab { command } => lab::run(command),
        cli::Command::Ledger { command } => ledger::run(command),
    };
    code(outcome)
}

/// The `medwarden-sensor` program.
#[cfg(target_os = "linux")]
#[must_use]
pub fn medwarden_sensor() -> ExitCode {
    let cli = cli::SensorCli::parse();
    code(match &cli.command {
        cli::SensorCommand::Sensor(arguments) => sensor::run(arguments),
        cli::SensorCommand::Listen(arguments) => listen::run(arguments),
        cli::SensorCommand::Uplink(arguments) => uplink::run(arguments),
    })
}

fn code(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => inspect::complain(&error),
    }
}
