//! The command line. Help, completions and man pages come from these definitions alone.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use model::Timestamp;
use model::report::Severity;

/// Which devices are connected, what they talk to, who administers them, and how to respond when one misbehaves.
#[derive(Debug, Parser)]
#[command(name = "medwarden", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read captures and logs, and answer the four questions
    Inspect(InspectArgs),
    /// Run the hub: the page, the API, and what they rest on
    #[cfg(target_os = "linux")]
    Run(crate::hub::RunArgs),
    /// Run a hub on a virtual clinic, to look around in
    #[cfg(target_os = "linux")]
    Demo(crate::demo::DemoArgs),
    /// Listen on interfaces and write what is observed; nothing is ever sent
    #[cfg(target_os = "linux")]
    Sensor(crate::sensor::SensorArgs),
    /// Carry what a sensor keeps in its spool to a hub
    #[cfg(target_os = "linux")]
    Uplink(crate::uplink::UplinkArgs),
    /// Receive syslog, NetFlow, IPFIX and sFlow, and write what they show
    #[cfg(target_os = "linux")]
    Listen(crate::listen::ListenArgs),
    /// Print the completion script of a shell
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder
    Manual {
        /// Folder, made where it does not exist
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Check, copy, back up and put back what a hub keeps
    #[cfg(target_os = "linux")]
    Db {
        /// What to do with it.
        #[command(subcommand)]
        command: crate::db::DbCommand,
    },
    /// List the devices of a hub
    #[cfg(target_os = "linux")]
    Devices(crate::remote::DevicesArgs),
    /// List the findings of a hub
    #[cfg(target_os = "linux")]
    Findings(crate::remote::FindingsArgs),
    /// Send a request to a hub's API and print its answer
    #[cfg(target_os = "linux")]
    Api(crate::remote::ApiArgs),
    /// Print the OpenAPI document of the hub's API
    #[cfg(target_os = "linux")]
    Openapi,
    /// Print the JSON Schema of `inspect --format json`
    Schema,
    /// Check, list and prove from the record of who did what
    Ledger {
        /// What to do with it.
        #[command(subcommand)]
        command: crate::ledger::LedgerCommand,
    },
    /// The virtual hospital: captures made to order, with what is true in them
    Lab {
        /// What to do there.
        #[command(subcommand)]
        command: LabCommand,
    },
}

/// Listen to what medical devices say, and hand it in to a hub.
#[cfg(target_os = "linux")]
#[derive(Debug, Parser)]
#[command(name = "medwarden-sensor", version, max_term_width = 100)]
pub struct SensorCli {
    /// What to do.
    #[command(subcommand)]
    pub command: SensorCommand,
}

/// What a sensor does; the same commands as those of `medwarden`.
#[cfg(target_os = "linux")]
#[derive(Debug, Subcommand)]
pub enum SensorCommand {
    /// Listen on interfaces and write what is observed; nothing is ever sent
    Sensor(crate::sensor::SensorArgs),
    /// Carry what a sensor keeps in its spool to a hub
    Uplink(crate::uplink::UplinkArgs),
    /// Receive syslog, NetFlow, IPFIX and sFlow, and write what they show
    Listen(crate::listen::ListenArgs),
}

/// What to do in the virtual hospital.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Play a hospital and write what its mirror ports see
    Play(PlayArgs),
    /// List the incidents that can be played
    Incidents,
    /// List the device models that manifests can name
    Models,
    /// Print a manifest that comes with the program, to start from
    Manifest {
        /// clinic (60 devices), community (1,500) or regional (20 sites, 50,000)
        name: String,
    },
    /// Print a manifest for any number of devices
    Generate {
        /// How many devices; at most 1,000,000
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
        devices: u32,
    },
}

/// Play a hospital.
#[derive(Args, Debug)]
pub struct PlayArgs {
    /// A manifest, or the name of one that comes with the program: clinic, community, regional
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,

    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// How long, in days; parts of days too
    #[arg(long, default_value_t = 1.0, value_name = "D")]
    pub days: f64,

    /// Write the frames to this file: pcapng with an interface a mirror where it ends in .pcapng, else pcap; - is standard output
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,

    /// Write what a sensor observes of the frames to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub observations: Option<PathBuf>,

    /// Write what is true to this file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,

    /// Send the frames on this interface as their times come: for a test network; what is there hears them
    #[arg(long, value_name = "IF")]
    pub interface: Option<String>,

    /// With --interface: so many hours of the play in an hour
    #[arg(long, default_value_t = 1.0, value_name = "X", requires = "interface")]
    pub speed: f64,

    /// Play an incident, so many hours after the start; may be given several times
    #[arg(long, value_name = "SCRIPT[@HOURS]")]
    pub incident: Vec<String>,

    /// How busy the hospital is, in place of the manifest's rate: 2 doubles what recurs
    #[arg(long)]
    pub rate: Option<f64>,
}

/// Exit codes of `inspect`, as help, man page and manual have them.
const EXIT_CODES: &str = "\
Exit codes:
  0  the inputs were read; with --fail-on, nothing as grave was found
  1  there are findings of the severity of --fail-on or worse
  2  wrong usage: a path that does not exist, an option or device that cannot be meant; nothing was reported
  3  an input could not be read to its end, or Ctrl-C ended the reading; the rest is reported, the damage told with file and byte";

/// Read captures and logs, and answer the four questions.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct InspectArgs {
    /// Captures (pcap or pcapng) and logs or tables of servers, firewalls and switches, plain, gzip or zstd, folders of them, or - for
    /// standard input; taken as one history
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Networks that are the site's own, separated by commas; without it all private networks are
    #[arg(long, value_name = "CIDR,…", value_delimiter = ',')]
    pub site_networks: Vec<IpNet>,

    /// Show everything known of one device and the observations behind it: its id, MAC or IP address, or name
    #[arg(long, value_name = "DEVICE")]
    pub explain: Option<String>,

    /// Leave out frames before this time (RFC 3339; a date alone is midnight UTC)
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,

    /// Leave out frames from this time on
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,

    /// How far local time is ahead of UTC (+01:00) in logs that do not state their zone
    #[arg(long, value_name = "OFFSET", default_value = "+00:00", value_parser = zone, allow_hyphen_values = true)]
    pub log_zone: Zone,

    /// Exit with 1 when there are findings of this severity or worse
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,

    /// Folder of newer registries, own rules and recog fingerprints
    #[arg(long, value_name = "FOLDER")]
    pub knowledge: Option<PathBuf>,
}

/// Form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading in a terminal
    Text,
    /// For scripts; its schema is docs/schema/report-1.json
    Json,
    /// One self-contained page
    Html,
    /// One row per device, for spreadsheets
    Csv,
    /// What the sensor said, one JSON object per line
    Observations,
}

/// How far local time is ahead of UTC, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub i32);

pub(crate) fn zone(text: &str) -> Result<Zone, String> {
    let bad = || "an offset such as +01:00 or -05:30".to_owned();
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return Err(bad()),
    };
    let (hours, minutes) = digits.split_once(':').ok_or_else(bad)?;
    let number =
        |text: &str, most: i32| text.parse::<i32>().ok().filter(|n| text.len() == 2 && (0..=most).contains(n)).ok_or_else(bad);
    Ok(Zone(sign * (number(hours, 14)? * 3_600 + number(minutes, 59)? * 60)))
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.name() == text)
        .ok_or_else(|| format!("one of {}", Severity::ALL.map(Severity::name).join(", ")))
}
