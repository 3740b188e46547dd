//! The options of `devices`, `findings` and `api`.

use std::path::PathBuf;

use clap::Args;
use reqwest::Method;

/// Which hub, and who asks.
#[derive(Args, Clone, Debug)]
pub struct HubArgs {
    /// Address of the hub
    #[arg(long, env = "MEDWARDEN_HUB", value_name = "URL", default_value = "https://127.0.0.1:8443")]
    pub hub: String,
    /// Token; give it in the variable, since others see a program's options
    #[arg(long, env = "MEDWARDEN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Certificate of the hub, PEM, where no authority of this machine vouches for it
    #[arg(long, env = "MEDWARDEN_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// This site only
    #[arg(long, value_name = "ID")]
    pub site: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Which devices.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// Words in name, address, maker, model or serial number
    #[arg(value_name = "WORDS")]
    pub text: Option<String>,
    /// Classes, separated by commas
    #[arg(long)]
    pub class: Option<String>,
    /// Clinical impacts, separated by commas
    #[arg(long)]
    pub impact: Option<String>,
    /// Makers, separated by commas
    #[arg(long)]
    pub maker: Option<String>,
    /// Units, separated by commas
    #[arg(long)]
    pub unit: Option<String>,
    /// Where they are in their lives, separated by commas
    #[arg(long)]
    pub state: Option<String>,
    #[command(flatten)]
    pub hub: HubArgs,
}

/// Which findings.
#[derive(Args, Debug)]
pub struct FindingsArgs {
    /// At least so grave
    #[arg(long)]
    pub severity: Option<String>,
    /// States, separated by commas: open, working, accepted, closed
    #[arg(long)]
    pub state: Option<String>,
    /// Of this detector
    #[arg(long)]
    pub detector: Option<String>,
    #[command(flatten)]
    pub hub: HubArgs,
}

/// Which request.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes:\n  0  the hub did it\n  1  the hub refused; its answer says why and what to do\n  2  the hub cannot be reached, or wrong usage"
)]
pub struct ApiArgs {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD", value_parser = method)]
    pub method: Method,
    /// Path with its query, such as /api/devices?limit=5
    #[arg(value_name = "PATH")]
    pub path: String,
    /// JSON to send; - reads it from standard input
    #[arg(value_name = "BODY")]
    pub body: Option<String>,
    #[command(flatten)]
    pub hub: HubArgs,
}

fn method(text: &str) -> Result<Method, String> {
    match text.to_uppercase().as_str() {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE") => known.parse().map_err(|_| "no method".to_owned()),
        _ => Err("GET, POST, PUT, PATCH or DELETE".to_owned()),
    }
}
