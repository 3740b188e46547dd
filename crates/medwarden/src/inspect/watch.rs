//! Long work as its user sees it: how far it is, and the wish to stop.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use capture::Inputs;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::render::words;

/// Frames between two looks at the clock.
const FRAMES_PER_LOOK: u64 = 64;
/// Nothing is shown of work that is shorter.
const QUIET: Duration = Duration::from_secs(1);
/// Between two lines.
const PAUSE: Duration = Duration::from_millis(250);
/// Exit code after a second wish to stop, as shells have it for SIGINT.
const GIVEN_UP: i32 = 130;

/// Looks after one run.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    interrupted: bool,
    frames: u64,
    /// When the work began; absent where nobody would read the line.
    began: Option<Instant>,
    shown: Option<Instant>,
}

impl Watch {
    /// Begins. The first Ctrl-C ends the reading and lets the report be written, the second ends the program.
    pub(super) fn new() -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, GIVEN_UP, Arc::clone(&stop))?;
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        let began = io::stderr().is_terminal().then(now);
        Ok(Self { stop, interrupted: false, frames: 0, began, shown: None })
    }

    /// To be asked before each frame: false when the user wants no more.
    pub(super) fn goes_on(&mut self, inputs: &Inputs) -> bool {
        if self.stop.load(Ordering::Relaxed) {
            self.interrupted = true;
            return false;
        }
        if self.began.is_some() && self.frames.is_multiple_of(FRAMES_PER_LOOK) {
            self.show(inputs);
        }
        self.frames = self.frames.saturating_add(1);
        true
    }

    /// The reading was ended by its user.
    pub(super) const fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Takes the line away.
    pub(super) fn done(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }

    fn show(&mut self, inputs: &Inputs) {
        let (Some(began), now) = (self.began, now()) else { return };
        let worked = now.duration_since(began);
        if worked < QUIET || self.shown.is_some_and(|shown| now.duration_since(shown) < PAUSE) {
            return;
        }
        self.shown = Some(now);
        let _ = write!(io::stderr(), "\r\u{1b}[K{}", line(inputs.bytes_read(), inputs.total_bytes(), self.frames, worked));
    }
}

#[expect(clippy::disallowed_methods, reason = "the progress line shows a rate; nothing else looks at a clock")]
fn now() -> Instant {
    Instant::now()
}

/// How far it is: share, amount, rate and time left, as far as the whole is known.
fn line(read: u64, whole: u64, frames: u64, worked: Duration) -> String {
    let millis = u64::try_from(worked.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = read.saturating_mul(1000) / millis;
    let amount = format!("{} frames, {}/s", words::thousands(frames), words::bytes(rate));
    if whole == 0 || read > whole {
        return format!("reading: {}, {amount}", words::bytes(read));
    }
    let left = (whole - read) / rate.max(1);
    let share = read.saturating_mul(100) / whole;
    format!("reading: {share}% of {}, {amount}, {}:{:02} left", words::bytes(whole), left / 60, left % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_share_rate_and_time_left() {
        let after = Duration::from_secs(10);
        assert_eq!(
            line(500_000_000, 4_000_000_000, 1_000_000, after),
            "reading: 12% of 4.0 GB, 1,000,000 frames, 50 MB/s, 1:10 left"
        );
        assert_eq!(line(5_000_000, 0, 9, after), "reading: 5.0 MB, 9 frames, 500 kB/s");
    }
}
