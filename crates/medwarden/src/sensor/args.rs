//! The options of `medwarden sensor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;

/// Exit codes of `sensor`, as help, man page and manual have them.
const EXIT_CODES: &str = "\
Exit codes:
  0  it ended as asked: by Ctrl-C, SIGTERM, --count or --for
  2  wrong usage, or an interface that cannot be captured from; nothing was captured
  3  it ended by itself, or something that it saw could not be written; what was known by then is written";

/// Listen on interfaces and answer the four questions; nothing is ever sent. Without --out, --spool and --report, the answers are printed
/// at the end.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct SensorArgs {
    /// Interfaces to listen on, separated by commas
    #[arg(long, short, value_name = "IF,…", value_delimiter = ',', required = true)]
    pub interface: Vec<String>,

    /// Write what is observed to this file, one JSON object a line; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Begin a new file when this one has so many MiB
    #[arg(long, value_name = "MIB", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub rotate: u64,

    /// Keep so many full files, as FILE.1, FILE.2 …
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub keep: u16,

    /// Keep what is observed in this folder until `medwarden uplink` has carried it to a hub
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,

    /// The spool takes so many MiB at most: the oldest flows go first, facts of devices never
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub spool_max: u64,

    /// Write the four answers to this file, as a page where it ends in .html, as text in .txt, else as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Write the report anew after this long
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub every: Duration,

    /// Say how the sensor is after this long: on standard error, and in the file of --out
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub health_every: Duration,

    /// Threads that read; each has a ring on every interface [default: one for each processor, at most 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: Option<u16>,

    /// Memory for frames that wait to be read, for each interface, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(4..=4096))]
    pub buffer: u64,

    /// Leave the interface as it is: see only what it gives by itself, such as mirrored traffic sent to this machine in a tunnel
    #[arg(long)]
    pub no_promiscuous: bool,

    /// Mirrored traffic comes in tunnels to this machine's own address: keep the system from answering that nobody is there
    #[arg(long)]
    pub tunnels: bool,

    /// End after this many frames
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,

    /// End after this long, such as 30s, 10m, 8h or 7d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub run_for: Option<Duration>,

    /// End when standard input does: with the program that started the sensor
    #[arg(long)]
    pub until_input_ends: bool,

    /// Become this user when the interfaces are open, for a start as root
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Networks that are the site's own, separated by commas; without it all private networks are
    #[arg(long, value_name = "CIDR,…", value_delimiter = ',')]
    pub site_networks: Vec<IpNet>,

    /// Folder of newer registries, own rules and recog fingerprints
    #[arg(long, value_name = "FOLDER")]
    pub knowledge: Option<PathBuf>,
}

/// A number and a unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is not a duration such as 500ms, 30s, 10m, 8h or 7d");
    let digits = text.len().saturating_sub(text.trim_start_matches(|c: char| c.is_ascii_digit()).len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(bad()),
    };
    number.checked_mul(millis).filter(|millis| *millis > 0).map(Duration::from_millis).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for bad in ["", "s", "10", "0s", "-1s", "1w", "99999999999999999999d", "18446744073709551615d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
