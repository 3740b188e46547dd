//! Chores of the project that are longer than a line of the Makefile: `cargo run -p xtask -- VERB …`.

// A chore's result goes to standard output, where its caller redirects it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cases;
mod demo;
mod eval;
mod oracle;
mod pages;
mod registries;

use std::process::ExitCode;

use anyhow::Result;

/// A chore: takes the words after its verb, gives what to print.
type Chore = fn(&[String]) -> Result<String>;

/// The verbs, what they do, and how.
const VERBS: &[(&str, &str, Chore)] = &[
    ("cases", "write the inputs under tests/cases", cases::cases),
    ("demo", "build, play a clinic's morning, print the four answers", demo::demo),
    ("eval", "compare maker and model with what labelled devices are", eval::eval),
    ("pages", "write the manual's pages that are made from tables; --check only compares", pages::pages),
    ("registries", "compact the IEEE's address blocks", registries::registries),
    ("enterprises", "compact IANA's enterprise numbers", registries::enterprises),
    ("credentials", "hash a list of default credentials", registries::credentials),
    ("oracle", "compare with tshark over the captures beside the checkout", oracle::oracle),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = arguments.split_first().map_or(("", [].as_slice()), |(verb, rest)| (verb.as_str(), rest));
    let Some((_, _, chore)) = VERBS.iter().find(|(name, ..)| *name == verb) else {
        for (name, what, _) in VERBS {
            eprintln!("{name:12} {what}");
        }
        return ExitCode::from(2);
    };
    match chore(rest) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask {verb}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
