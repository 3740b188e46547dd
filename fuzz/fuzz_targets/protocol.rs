//! One protocol, named by the environment's `PROTOCOL`, against any script of messages (see `wire::exercise`).
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wire::{PROTOCOLS, Protocol};

static CHOSEN: OnceLock<&'static dyn Protocol> = OnceLock::new();

fn chosen() -> &'static dyn Protocol {
    let id = std::env::var("PROTOCOL").unwrap_or_default();
    let row = PROTOCOLS.iter().find(|protocol| protocol.info().id == id);
    *row.unwrap_or_else(|| panic!("PROTOCOL={id} is none of the table"))
}

fuzz_target!(|script: &[u8]| {
    let _ = wire::exercise::exercise(*CHOSEN.get_or_init(chosen), script);
});
