//! The sensor's state as a line on standard error: renewed in place on a terminal, else one line from time to time.

use std::io::{self, IsTerminal as _, Write as _};

use model::health::Health;

use crate::inspect;
use crate::render::words;

/// Where the line goes.
pub(super) struct Screen {
    terminal: bool,
    shown: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), shown: false }
    }

    /// The line can be renewed at will.
    pub(super) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Shows the state.
    pub(super) fn show(&mut self, health: &Health) {
        if !self.terminal {
            return inspect::say(&line(health));
        }
        self.shown = true;
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(columns, _)| usize::from(columns.0));
        let text: String = line(health).chars().take(width.saturating_sub(1)).collect();
        let _ = write!(io::stderr(), "\r\u{1b}[K{}", words::clean(&text));
    }

    /// Takes the line away.
    pub(super) fn done(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// Rate, losses, and what is wrong, in that order.
fn line(health: &Health) -> String {
    let of = |count: fn(&model::health::InterfaceHealth) -> u64| health.interfaces.iter().map(count).fold(0, u64::saturating_add);
    let mut parts = vec![
        format!("{} frames/s", words::thousands(of(|i| i.frames_per_s))),
        format!("{}bit/s", scaled(of(|i| i.bits_per_s))),
        format!("{} frames", words::thousands(of(|i| i.frames))),
        format!("{} dropped", words::thousands(of(|i| i.ring_drops).saturating_add(of(|i| i.kernel_drops)))),
        format!("{} flows open", words::thousands(health.open_flows)),
        format!("{} observations", words::thousands(health.observations)),
    ];
    parts.extend(health.one_way_percent.map(|percent| format!("{percent}% one-way")));
    let wrong: Vec<&str> = health.cannot_see.iter().map(|unseen| unseen.kind.as_str()).collect();
    if !wrong.is_empty() {
        parts.push(format!("see: {}", wrong.join(", ")));
    }
    parts.join(", ")
}

/// A number with a unit's prefix.
fn scaled(number: u64) -> String {
    match number {
        0..10_000 => format!("{number} "),
        10_000..10_000_000 => format!("{} k", number / 1000),
        10_000_000..10_000_000_000 => format!("{} M", number / 1_000_000),
        _ => format!("{} G", number / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use model::health::InterfaceHealth;

    use super::*;

    #[test]
    fn the_line_says_how_much_and_what_is_wrong() {
        let interface = InterfaceHealth {
            frames: 1_000,
            frames_per_s: 50,
            bits_per_s: 1_234_567,
            ring_drops: 2,
            kernel_drops: 1,
            ..InterfaceHealth::default()
        };
        let unseen =
            model::report::Unseen { kind: "no-mirror".to_owned(), what: String::new(), count: 1, consequence: String::new() };
        let health =
            Health { interfaces: vec![interface], one_way_percent: Some(3), cannot_see: vec![unseen], ..Health::default() };
        assert_eq!(
            line(&health),
            "50 frames/s, 1234 kbit/s, 1,000 frames, 3 dropped, 0 flows open, 0 observations, 3% one-way, see: no-mirror"
        );
    }
}
