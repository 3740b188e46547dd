//! `medwarden run`: the hub; and `medwarden openapi`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use hub::{App, Listen, Options};
use tokio::signal::unix::{SignalKind, signal};

/// How the hub runs.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Data folder: state, history, ledger and keys; made where it does not exist
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Database: postgres://user@host/name, or sqlite:///path; SQLite in the data folder where absent
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Certificate chain, PEM; the hub makes its own where absent
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Plain HTTP instead of HTTPS; on loopback only
    #[arg(long)]
    plain: bool,
}

/// What keeps long history; a program without it keeps none.
#[cfg(feature = "engine")]
pub(crate) const ENGINE: Option<&dyn hub::OpenHistory> = Some(&crate::history::Engine);
#[cfg(not(feature = "engine"))]
pub(crate) const ENGINE: Option<&dyn hub::OpenHistory> = None;

/// Runs the hub until it is asked to end.
pub fn run(arguments: &RunArgs) -> anyhow::Result<ExitCode> {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let options = Options { data: arguments.data.clone(), database: arguments.database.clone() };
        let app = App::open(options, ENGINE, !arguments.plain).await?;
        let certificate = arguments.certificate.clone().zip(arguments.key.clone());
        let listen = Listen { address: arguments.listen, certificate, plain: arguments.plain };
        let code = app.setup_code().await?;
        let scheme = if arguments.plain { "http" } else { "https" };
        let ready = |address| {
            // Whoever starts the hub reads where it is; nobody reading is no error.
            let _ = writeln!(std::io::stdout(), "Medwarden is at {scheme}://{address}");
            if let Some(code) = &code {
                let _ = writeln!(std::io::stdout(), "Set-up code, for a first run from another machine: {code}");
            }
        };
        hub::serve(app, listen, ready, asked_to_end()).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Logs to standard error.
pub fn log() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("MEDWARDEN_LOG").unwrap_or_else(|_| "info,sqlx=warn".into()))
        .with_writer(std::io::stderr)
        .init();
}

/// Done when somebody presses Ctrl-C or ends the process.
pub async fn asked_to_end() {
    let signals = signal(SignalKind::terminate()).and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
    match signals {
        Ok((mut terminate, mut interrupt)) => tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} },
        // Without handlers of ours a signal ends the process as it does any other.
        Err(_) => std::future::pending().await,
    }
}

/// Prints the OpenAPI document.
pub fn openapi() -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(&hub::api::document())?;
    writeln!(std::io::stdout(), "{text}").context("cannot write")?;
    Ok(ExitCode::SUCCESS)
}
