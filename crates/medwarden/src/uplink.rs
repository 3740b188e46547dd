//! `medwarden uplink`: carries a sensor's spool to the hub. The sensor itself has no network; this has no frames.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use link::Token;
use link::uplink::{Options, Uplink};

use crate::inspect::say;

/// Where from, and where to.
#[derive(Args, Debug)]
pub struct UplinkArgs {
    /// Host and port of the hub
    #[arg(long, value_name = "HOST:PORT")]
    hub: String,
    /// Folder of `medwarden sensor --spool`; this sensor's key and certificate are kept in it
    #[arg(long, value_name = "DIR")]
    spool: PathBuf,
    /// Token of an enrolment, shown by the hub when a sensor is added; needed once
    #[arg(long, value_name = "TOKEN")]
    enrol: Option<Token>,
}

/// Carries batches until it is asked to end.
pub fn run(arguments: &UplinkArgs) -> anyhow::Result<ExitCode> {
    let options = Options { hub: arguments.hub.clone(), spool: arguments.spool.clone(), token: arguments.enrol.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let uplink = Uplink::open(options).await?;
        say(&format!("{} hands in to {}", uplink.sensor(), arguments.hub));
        let told = std::cell::RefCell::new(String::new());
        let tell = |error: &link::Error| {
            // What goes on being wrong is said once.
            let text = error.to_string();
            if *told.borrow() != text {
                say(&format!("{text}; it is tried again"));
                *told.borrow_mut() = text;
            }
        };
        tokio::select! { () = uplink.run(tell) => {}, () = crate::hub::asked_to_end() => {} }
        Ok(ExitCode::SUCCESS)
    })
}
