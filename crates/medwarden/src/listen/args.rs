//! The options of `medwarden listen`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::{Zone, zone};
use crate::sensor::duration;

/// Exit codes of `listen`, as help, man page and manual have them.
const EXIT_CODES: &str = "\
Exit codes:
  0  it ended as asked: by Ctrl-C, SIGTERM, --count or --for
  2  wrong usage, or an address that cannot be listened on; nothing was received
  3  it ended by itself, or something that it received could not be written; what was known by then is written";

/// Receive logs and flow exports, and write what they show.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, group(clap::ArgGroup::new("sockets").required(true).multiple(true).args(["syslog", "netflow", "sflow"])))]
pub struct ListenArgs {
    /// Receive syslog (RFC 5424, RFC 3164; UDP and TCP) on these addresses, such as 0.0.0.0:514
    #[arg(long, value_name = "ADDR,…", value_delimiter = ',')]
    pub syslog: Vec<SocketAddr>,

    /// Receive NetFlow v5, v9 and IPFIX (UDP) on these addresses, such as 0.0.0.0:2055
    #[arg(long, value_name = "ADDR,…", value_delimiter = ',')]
    pub netflow: Vec<SocketAddr>,

    /// Receive sFlow v5 (UDP) on these addresses, such as 0.0.0.0:6343
    #[arg(long, value_name = "ADDR,…", value_delimiter = ',')]
    pub sflow: Vec<SocketAddr>,

    /// Write what is observed to this file, one JSON object a line; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// How far local time is ahead of UTC (+01:00) in logs that do not state their zone
    #[arg(long, value_name = "OFFSET", default_value = "+00:00", value_parser = zone, allow_hyphen_values = true)]
    pub log_zone: Zone,

    /// End after this many messages or datagrams
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,

    /// End after this long, such as 30s, 10m, 8h or 7d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub run_for: Option<Duration>,
}
