//! Writes first inputs for the fuzz targets from the cases: `cargo run -p lab --example fuzz_seeds -- fuzz/corpus`.
#![allow(clippy::unwrap_used)] // a chore of the project

use std::fs;
use std::path::Path;

use lab::talks;
use wire::exercise::script;
use wire::{Direction, PROTOCOLS};

fn main() {
    let root = std::env::args().nth(1).unwrap_or_else(|| "fuzz/corpus".to_owned());
    let root = Path::new(&root);
    for protocol in PROTOCOLS {
        let id = protocol.info().id;
        for (number, talk) in talks::of_protocol(id).iter().enumerate() {
            let messages: Vec<(Direction, &[u8])> =
                talk.messages.iter().map(|(way, bytes)| (direction(*way), &bytes[..])).collect();
            write(&root.join("protocol").join(id), &format!("case-{number}"), &script(&messages));
        }
    }
    for case in lab::cases() {
        let capture = (case.build)();
        write(&root.join("capture"), case.name, &capture);
        write(&root.join("sensor"), case.name, &capture);
        let mut reader = capture::Reader::new(std::io::Cursor::new(capture)).unwrap();
        let mut number = 0;
        // A frame of a case for each of the first few: link type, then octets.
        while let Ok(Some(frame)) = reader.next() {
            if number < 3 {
                let bytes = [&frame.link.to_le_bytes()[..], frame.captured].concat();
                write(&root.join("layers"), &format!("{}-{number}", case.name), &bytes);
            }
            number += 1;
        }
    }
}

const fn direction(way: lab::Direction) -> Direction {
    match way {
        lab::Direction::ToServer => Direction::ToServer,
        lab::Direction::ToClient => Direction::ToClient,
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}
