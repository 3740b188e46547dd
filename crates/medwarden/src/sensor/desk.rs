//! Where what the threads observe arrives: it is put in order, written, folded for the report, and watched.

use std::io;
use std::time::{Duration, Instant};

use link::spool::Writer;
use model::health::Health;
use model::report::{Input, Unseen};
use wire::layers::LinkType;

use super::clock;
use super::health::Watch;
use super::merge::Merge;
use super::output::Lines;
use super::report::{Around, Reporter};
use super::screen::Screen;
use super::tally::Tally;
use super::worker::Batch;
use crate::inspect;

/// Between two lines on a terminal.
const RENEW: Duration = Duration::from_secs(1);
/// Between two writes of what was observed.
const FLUSH: Duration = Duration::from_millis(200);
/// Between two batches of the spool.
const SPOOL: Duration = Duration::from_secs(2);

/// Something that is done from time to time.
struct Timer {
    period: Duration,
    last: Instant,
}

impl Timer {
    fn new(period: Duration) -> Self {
        Self { period, last: clock::instant() }
    }

    fn is_due(&mut self) -> bool {
        let now = clock::instant();
        let due = now.duration_since(self.last) >= self.period;
        if due {
            self.last = now;
        }
        due
    }
}

/// All that takes part.
pub(super) struct Desk {
    pub(super) lines: Option<Lines>,
    pub(super) spool: Option<Writer>,
    pub(super) reporter: Option<Reporter>,
    pub(super) watch: Watch,
    pub(super) links: Vec<(String, LinkType)>,
    merge: Merge,
    tally: Tally,
    screen: Screen,
    flush: Timer,
    batch: Timer,
    renew: Timer,
    health: Timer,
    report: Timer,
    /// Lines could not be written; said once.
    failed: bool,
}

/// Where what is observed goes.
pub(super) struct Outputs {
    pub(super) lines: Option<Lines>,
    pub(super) spool: Option<Writer>,
    pub(super) reporter: Option<Reporter>,
}

/// How often something is said.
pub(super) struct Periods {
    pub(super) health: Duration,
    /// Absent where the report is written at the end alone.
    pub(super) report: Option<Duration>,
}

impl Desk {
    pub(super) fn new(
        threads: usize,
        Outputs { lines, spool, reporter }: Outputs,
        watch: Watch,
        links: Vec<(String, LinkType)>,
        periods: &Periods,
    ) -> Self {
        Self {
            lines,
            spool,
            reporter,
            watch,
            links,
            merge: Merge::new(threads),
            tally: Tally::new(threads),
            screen: Screen::new(),
            flush: Timer::new(FLUSH),
            batch: Timer::new(SPOOL),
            renew: Timer::new(RENEW),
            health: Timer::new(periods.health),
            report: Timer::new(periods.report.unwrap_or(Duration::MAX)),
            failed: false,
        }
    }

    /// Takes what a thread handed on.
    pub(super) fn take(&mut self, mut batch: Batch) {
        self.tally.take(&mut batch);
        self.merge.take(&mut batch);
        while let Some(observation) = self.merge.next() {
            self.watch.note(&observation);
            if let Some(lines) = &mut self.lines {
                let written = lines.write(&observation);
                self.wrote(written);
            }
            if let Some(spool) = &mut self.spool {
                let kept = spool.take(observation.clone());
                self.wrote(kept);
            }
            if let Some(reporter) = &mut self.reporter {
                reporter.take(observation);
            }
        }
        if let Some(reporter) = &mut self.reporter {
            reporter.hand_on();
        }
    }

    /// Does what is due. False when nobody is left who would take what is observed.
    pub(super) fn look(&mut self) -> bool {
        if self.flush.is_due()
            && let Some(lines) = &mut self.lines
        {
            let flushed = lines.flush();
            self.wrote(flushed);
        }
        if self.batch.is_due()
            && let Some(spool) = &mut self.spool
        {
            let flushed = spool.flush();
            self.wrote(flushed);
        }
        // The rates are since the last look, so one look serves all that is due.
        let (told, shown) = (self.health.is_due(), self.screen.is_terminal() && self.renew.is_due());
        let reported = self.report.is_due();
        if told || shown || reported {
            let health = self.watch.health(&self.tally);
            if told {
                self.tell(&health);
            }
            if shown || (told && !self.screen.is_terminal()) {
                self.screen.show(&health);
            }
            if reported {
                self.write_report(&health);
            }
        }
        let closed = self.lines.as_ref().is_some_and(Lines::is_closed) || self.reporter.as_ref().is_some_and(Reporter::has_ended);
        !closed
    }

    fn tell(&mut self, health: &Health) {
        if let Some(lines) = &mut self.lines {
            let written = lines.health(health);
            self.wrote(written);
        }
        if let Some(spool) = &self.spool {
            let written = spool.health(health);
            self.wrote(written);
        }
    }

    fn wrote(&mut self, result: io::Result<()>) {
        let Err(error) = result else { return };
        self.watch.lost = self.watch.lost.saturating_add(1);
        if !std::mem::replace(&mut self.failed, true) {
            self.screen.done();
            inspect::say(&format!("what is observed cannot be written: {error}; it is counted as lost from here on"));
        }
    }

    fn write_report(&mut self, health: &Health) {
        let inputs = self.inputs(health);
        let coverage = self.tally.coverage();
        if let Some(reporter) = &mut self.reporter {
            // The report has words of its own for these.
            const SAID: [&str; 4] = ["ring-drops", "kernel-drops", "cut-frames", "one-way"];
            let unseen: Vec<Unseen> =
                health.cannot_see.iter().filter(|unseen| !SAID.contains(&unseen.kind.as_str())).cloned().collect();
            reporter.write(Around { inputs, coverage, unseen });
        }
    }

    fn inputs(&self, health: &Health) -> Vec<Input> {
        let input = |(index, (name, link)): (usize, &(String, LinkType))| {
            let (frames, interface) = (self.tally.interface(index), health.interfaces.get(index));
            Input {
                path: name.clone(),
                format: "live".to_owned(),
                compression: None,
                link_types: vec![link.name().map_or_else(|| format!("link type {}", link.0), str::to_owned)],
                frames: frames.frames,
                first: frames.first,
                last: frames.last,
                dropped: interface.map_or(0, |interface| interface.ring_drops.saturating_add(interface.kernel_drops)),
                damage: Vec::new(),
            }
        };
        self.links.iter().enumerate().map(input).collect()
    }

    /// Tells the last state and ends. False when something could not be written.
    pub(super) fn end(mut self) -> io::Result<bool> {
        let health = self.watch.health(&self.tally);
        self.tell(&health);
        if let Some(lines) = &mut self.lines {
            let flushed = lines.flush();
            self.wrote(flushed);
        }
        if let Some(spool) = &mut self.spool {
            let flushed = spool.flush();
            self.wrote(flushed);
        }
        self.screen.done();
        for interface in &health.interfaces {
            let lost = interface.ring_drops.saturating_add(interface.kernel_drops);
            inspect::say(&format!("{}: {} frames read, {lost} dropped", interface.name, interface.frames));
        }
        for unseen in &health.cannot_see {
            inspect::say(&format!("{}: {} ({}). {}", unseen.kind, unseen.what, unseen.count, unseen.consequence));
        }
        self.write_report(&health);
        self.reporter.take().map_or(Ok(()), Reporter::end)?;
        Ok(!self.failed)
    }
}
