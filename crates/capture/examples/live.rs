//! try
#![allow(clippy::print_stdout, clippy::unwrap_used)]
use capture::live::*;
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let rings: u16 = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    let (mut i, mut rings) = match Interface::open(&name, &Settings { rings, ..Default::default() }) { Ok(x) => x, Err(e) => { println!("{e} {e:?}"); return } };
    let c = i.counters(); println!("{} {} {c:?}", i.name(), i.link());
    for _ in 0..30 {
        wait(&rings, std::time::Duration::from_millis(100)).unwrap();
        for (n, ring) in rings.iter_mut().enumerate() {
            while let Some(f) = ring.next_frame() { println!("{n} {} {:?} {} {:02x?}", f.time, f.direction, f.wire_len, &f.captured[..f.captured.len().min(40)]); }
            println!("{n} {:?} {:?}", ring.counted().unwrap(), ring.take_error());
        }
    }
}
