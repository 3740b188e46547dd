//! The four answers while the sensor listens: a thread with the inventory, which writes a report from time to time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use inventory::{Config, Inventory};
use knowledge::Knowledge;
use model::report::{Input, Report, Unseen};
use model::{Intake as _, Observation};
use sensor::Coverage;

use super::output;
use crate::inspect::{self, Beside};
use crate::render::{self, View};

/// Batches of observations that wait for the inventory. Where it is behind, the sensor waits, and what its rings lose is counted.
const QUEUE: usize = 64;

/// What the thread is told.
enum Message {
    Observed(Vec<Observation>),
    Write(Box<Around>),
}

/// What the report says besides the answers.
pub(super) struct Around {
    pub(super) inputs: Vec<Input>,
    pub(super) coverage: Coverage,
    pub(super) unseen: Vec<Unseen>,
}

/// The way to the thread.
pub(super) struct Reporter {
    to: SyncSender<Message>,
    thread: JoinHandle<io::Result<()>>,
    waiting: Vec<Observation>,
}

impl Reporter {
    /// Starts it. The report goes to a file, else, at the end alone, as text to standard output.
    pub(super) fn start(file: Option<PathBuf>, config: Config, knowledge: Arc<Knowledge>) -> Self {
        let (to, from) = sync_channel(QUEUE);
        let thread = std::thread::spawn(move || run(&from, file.as_deref(), config, &knowledge));
        Self { to, thread, waiting: Vec::new() }
    }

    pub(super) fn take(&mut self, observation: Observation) {
        self.waiting.push(observation);
    }

    /// Hands on what was taken.
    pub(super) fn hand_on(&mut self) {
        if !self.waiting.is_empty() {
            // The thread is gone only when it could not write: its end says so.
            let _ = self.to.send(Message::Observed(std::mem::take(&mut self.waiting)));
        }
    }

    /// Asks for a report.
    pub(super) fn write(&mut self, around: Around) {
        self.hand_on();
        let _ = self.to.send(Message::Write(Box::new(around)));
    }

    /// It could not write.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end.
    pub(super) fn end(self) -> io::Result<()> {
        drop(self.to);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes the report ended early")))
    }
}

fn run(from: &Receiver<Message>, file: Option<&Path>, config: Config, knowledge: &Knowledge) -> io::Result<()> {
    let site_networks: Vec<String> = config.site_networks.iter().map(ToString::to_string).collect();
    let mut inventory = Inventory::new(config);
    while let Ok(message) = from.recv() {
        match message {
            Message::Observed(observed) => observed.into_iter().for_each(|observation| inventory.take(observation)),
            Message::Write(around) => {
                let Around { inputs, coverage, unseen } = *around;
                let resolved = inventory.resolve(knowledge);
                let beside = Beside { values_dropped: resolved.values_dropped, ..Beside::default() };
                let mut all = inspect::unseen(&coverage, &inputs, &beside);
                all.extend(unseen);
                let mut report = inspect::judge(resolved, knowledge, site_networks.clone(), inputs, all);
                write(&mut report, knowledge, file)?;
            }
        }
    }
    Ok(())
}

/// In the form that the file's name says.
fn write(report: &mut Report, knowledge: &Knowledge, file: Option<&Path>) -> io::Result<()> {
    let form = file.and_then(Path::extension).and_then(|extension| extension.to_str());
    if let (Some(file), false) = (file, matches!(form, Some("html" | "txt"))) {
        return output::replace(file, |out| inspect::json::write(report, knowledge, out));
    }
    respond::fill(&mut report.devices, &report.conversations, knowledge);
    let view = View::new(report, knowledge);
    match file {
        None => render::text::write(&view, inspect::screen(true), &mut io::stdout().lock()),
        Some(file) => output::replace(file, |out| match form {
            Some("html") => render::html::write(&view, out),
            _ => render::text::write(&view, inspect::screen(false), out),
        }),
    }
}
