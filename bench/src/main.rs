//! Speed and memory of `medwarden inspect` beside its peers and a bare yardstick, in one run, as ratios of CPU time.
//!
//! `bench` makes the captures it needs once, under `target/bench`, runs every tool on them in turn, and prints a table and the
//! bars. It writes nothing else. `bench yardstick FILE` is the yardstick: what any tool must at least do with a capture.
//! `bench sense FILE` is reader and sensor alone (`bench show FILE` prints what they observe). `bench make` only makes the captures. `bench run COMMAND …` measures one process; the bench starts itself so for each run,
//! because the kernel accounts for a process's ended children as a whole.

// A bench's result goes to standard output, its progress to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bulk;
mod frames;
mod ledger;
mod live;
mod logs;
mod many;
mod measure;
mod mix;
mod random;
mod sense;
mod site;
mod table;
mod yardstick;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            let frames = table::bench(&Captures::make()?, "")?;
            println!();
            let logs = logs::bench()?;
            Ok(if frames == ExitCode::SUCCESS { logs } else { frames })
        }
        ["only", "logs"] => logs::bench(),
        ["only", "ledger"] => ledger::bench(&folder()?),
        ["only", "site"] => site::bench(),
        ["site", devices] => site::one(devices.parse().context("how many devices?")?),
        ["only", "live"] => live::bench(&Captures::make()?.mix),
        ["send", file, rate] => live::send(Path::new(file), rate.parse().context("how many frames a second?")?),
        ["only", part] => table::bench(&Captures::make()?, part),
        ["make"] => Captures::make().map(|_| ExitCode::SUCCESS),
        ["yardstick", file] => {
            println!("{}", yardstick::read(Path::new(file))?);
            Ok(ExitCode::SUCCESS)
        }
        [how @ ("sense" | "show"), file] => {
            println!("{}", sense::read(Path::new(file), *how == "show")?);
            Ok(ExitCode::SUCCESS)
        }
        ["run", command @ ..] => measure::helper(command),
        _ => {
            bail!(
                "usage: bench [only mix|bulk|many|site|live|logs|ledger | make | yardstick FILE | sense FILE | show FILE | run COMMAND …]"
            )
        }
    }
}

/// Where the bench keeps its files.
fn folder() -> Result<PathBuf> {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The captures of a bench.
struct Captures {
    mix: PathBuf,
    bulk: PathBuf,
    many_100k: PathBuf,
    many_1m: PathBuf,
}

impl Captures {
    /// Makes those that are not there yet.
    fn make() -> Result<Self> {
        let folder = folder()?;
        let file = |name: &str, make: &dyn Fn(&Path) -> Result<()>| -> Result<PathBuf> {
            let path = folder.join(name);
            if !path.exists() {
                eprintln!("making {} (once)", path.display());
                let part = folder.join(format!("{name}.part"));
                make(&part)?;
                std::fs::rename(&part, &path).with_context(|| format!("cannot write {}", path.display()))?;
            }
            Ok(path)
        };
        // A change of a generator changes the version in the name, so that old captures are not taken for new ones.
        Ok(Self {
            mix: file("mix-1.pcap", &mix::make)?,
            bulk: file("bulk-2.pcap", &bulk::make)?,
            many_100k: file("many-100k-1.pcap", &|path| many::make(path, 100_000))?,
            many_1m: file("many-1m-1.pcap", &|path| many::make(path, 1_000_000))?,
        })
    }
}
