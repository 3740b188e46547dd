//! Every protocol against damaged versions of what the cases say: the same damage in every run.
#![allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // dice stay within what they are thrown for

use lab::Scene;
use lab::talks::{self, Talk};
use wire::exercise::{exercise, script};
use wire::{Direction, PROTOCOLS};

/// Damaged scripts a protocol.
const ROUNDS: usize = 4000;

/// Numbers that stand at the edges of what lengths and counts can be.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 4, b'\r'];

fn script_of(talk: &Talk) -> Vec<u8> {
    let messages: Vec<(Direction, &[u8])> = talk
        .messages
        .iter()
        .map(|(direction, bytes)| match direction {
            lab::Direction::ToServer => (Direction::ToServer, &bytes[..]),
            lab::Direction::ToClient => (Direction::ToClient, &bytes[..]),
        })
        .collect();
    script(&messages)
}

fn scripts(id: &str) -> Vec<Vec<u8>> {
    talks::of_protocol(id).iter().map(script_of).collect()
}

/// Damages a script in up to eight places.
fn damage(script: &mut Vec<u8>, other: &[u8], dice: &mut Scene) {
    let mut roll = |sides: usize| (dice.random() % sides.max(1) as u64) as usize;
    for _ in 0..=roll(8) {
        let length = script.len();
        if length == 0 {
            return;
        }
        let at = roll(length);
        match roll(10) {
            0 | 1 => script[at] ^= 1 << roll(8),
            2 | 3 => script[at] = EDGES[roll(EDGES.len())],
            4 => script[at] = roll(256) as u8,
            5 => script.truncate(at),
            6 => drop(script.drain(at..(at + 1 + roll(16)).min(length))),
            7 => {
                let copy = script[at..(at + 1 + roll(64)).min(length)].to_vec();
                script.splice(at..at, copy);
            }
            8 if !other.is_empty() => {
                let from = roll(other.len());
                let piece = &other[from..(from + 1 + roll(256)).min(other.len())];
                let to = (at + piece.len()).min(length);
                script.splice(at..to, piece.iter().copied());
            }
            _ => {
                let wide = [[0xff; 4], [0, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff], [0, 1, 0, 0]][roll(4)];
                for (place, value) in script[at..].iter_mut().zip(&wide[..2 + roll(3)]) {
                    *place = *value;
                }
            }
        }
    }
}

#[test]
fn every_protocol_has_seeds_and_reads_them_whole() {
    for protocol in PROTOCOLS {
        let id = protocol.info().id;
        let scripts = scripts(id);
        assert!(!scripts.is_empty(), "{id} has no seed: a case of its own gives one");
        let facts: usize = scripts.iter().map(|script| exercise(*protocol, script).facts).sum();
        assert!(facts > 0, "{id}: nothing is said of its own cases");
    }
}

#[test]
fn damage_makes_no_protocol_panic_hang_or_talk_without_end() {
    let mut faults = Vec::new();
    'protocols: for (index, protocol) in PROTOCOLS.iter().enumerate() {
        let seeds = scripts(protocol.info().id);
        let mut dice = Scene::with_seed(index as u64 + 7);
        for round in 0..ROUNDS {
            let mut script = seeds[round % seeds.len()].clone();
            let other = &seeds[dice.random() as usize % seeds.len()];
            damage(&mut script, other, &mut dice);
            // Chunks of every size, and messages that begin anywhere.
            script.truncate(6000);
            let outcome = std::panic::catch_unwind(|| exercise(PROTOCOLS[index], &script));
            if outcome.is_err() {
                let hex: String = script.iter().map(|byte| format!("{byte:02x}")).collect();
                faults.push(format!("{} in round {round}: {hex}", protocol.info().id));
                continue 'protocols;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
