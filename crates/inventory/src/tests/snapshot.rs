use std::io::ErrorKind;

use model::FactKind as K;

use super::build::Seen;
use crate::{Config, Inventory};

fn saved() -> Vec<u8> {
    let folded = Seen::new().arp(1, "00:09:fb:00:00:0a@10.0.0.5").text(2, "@10.0.0.6", K::Model, "dicom.model", "X").folded();
    let mut bytes = Vec::new();
    folded.save(&mut bytes).unwrap();
    bytes
}

fn loaded(bytes: &[u8]) -> std::io::Result<Inventory> {
    Inventory::load(Config::default(), &mut &bytes[..])
}

#[test]
fn what_was_saved_is_saved_the_same_again() {
    let bytes = saved();
    let mut again = Vec::new();
    loaded(&bytes).unwrap().save(&mut again).unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(bytes).unwrap());
}

#[test]
fn a_missing_or_damaged_line_is_told_and_nothing_is_loaded() {
    let bytes = saved();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for missing in 1..lines.len() {
        let rest: Vec<u8> =
            lines.iter().enumerate().filter(|(at, _)| *at != missing).flat_map(|(_, line)| line.to_vec()).collect();
        assert!(loaded(&rest).is_err(), "line {missing}");
    }
    for end in 0..bytes.len() - 1 {
        assert!(loaded(&bytes[..end]).is_err(), "cut at {end}");
    }
    let other = String::from_utf8(bytes.clone()).unwrap().replace("\"version\":1", "\"version\":9");
    assert_eq!(loaded(other.as_bytes()).unwrap_err().kind(), ErrorKind::InvalidData);
}
