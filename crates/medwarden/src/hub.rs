//! `medwarden run`: the hub; and `medwarden openapi`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

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
    /// Listen on these interfaces of this machine too, separated by commas; a process of its own does, which has no network
    #[arg(long, value_name = "IF,…", value_delimiter = ',')]
    interface: Vec<String>,
    /// Site at which the interfaces are; needed where the hub has several
    #[arg(long, value_name = "ID", requires = "interface")]
    site: Option<String>,
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
        let _sensor = (!arguments.interface.is_empty()).then(|| {
            let spool = arguments.data.join("sensor");
            tokio::spawn(hub::local::follow(app.clone(), spool.clone(), arguments.site.clone()));
            tokio::spawn(keep_listening(arguments.interface.join(","), spool))
        });
        hub::serve(app, listen, ready, asked_to_end()).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a sensor on this machine's interfaces, and another one when it ends. It goes with its standard input, and so with the hub,
/// however that ends.
async fn keep_listening(interfaces: String, spool: PathBuf) {
    const MAX_WAIT: Duration = Duration::from_secs(60);
    let mut wait = Duration::from_secs(1);
    loop {
        let begun = tokio::time::Instant::now();
        match listen(&interfaces, &spool).await {
            Ok(status) => tracing::error!(%status, interfaces, "the sensor of this machine ended; it is started again"),
            Err(error) => tracing::error!(%error, interfaces, "the sensor of this machine cannot be started; it is tried again"),
        }
        // One that lived for long did not fail at the start.
        wait = if begun.elapsed() > MAX_WAIT { Duration::from_secs(1) } else { (wait * 2).min(MAX_WAIT) };
        tokio::time::sleep(wait).await;
    }
}

async fn listen(interfaces: &str, spool: &Path) -> std::io::Result<ExitStatus> {
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    command.args(["sensor", "--until-input-ends", "--interface", interfaces, "--spool"]).arg(spool);
    let mut child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    // Held until the sensor ends: its input ends when this process does.
    let held = child.stdin.take();
    let status = child.wait().await;
    drop(held);
    status
}

/// Logs to standard error, as JSON where `MEDWARDEN_LOG_FORMAT` says so.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MEDWARDEN_LOG").unwrap_or_else(|_| "info,sqlx=warn".into());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("MEDWARDEN_LOG_FORMAT").is_ok_and(|format| format == "json") {
        lines.json().init();
    } else {
        lines.init();
    }
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
