//! From the journal to history: every durable batch, in order, once.
//!
//! History keeps the number of the last batch of each sensor with the rows themselves, so what it has already it passes over; whatever it
//! lost with the power is still in the journal. Reading the journal again, and not handing batches over as they come, costs a little and
//! leaves one way for the start, for the daily run, and for history that could not write for a while.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::tail::{End, Next, Tail};
use super::{Answers, Batch};
use crate::App;
use crate::history::{History, Names, NotTaken, Reach};

/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(5);
/// Between upkeeps of history.
const UPKEEP: Duration = Duration::from_secs(60);

/// Hands the journal to history, for as long as the hub runs.
pub(crate) async fn feed(app: App) {
    let Some(history) = app.history.clone() else { return };
    tokio::spawn(upkeep(app.clone(), Arc::clone(&history)));
    let (mut tail, mut end) = app.intake.tail();
    let (mut known, mut needed) = (Known::default(), Needed::default());
    loop {
        let to = *end.borrow_and_update();
        let (again, next) = next(tail, to).await;
        tail = again;
        match next {
            Ok(Next::Batch { batch, file }) => {
                if needed.note(file, &batch) {
                    app.intake.need(needed.first(history.durable()));
                }
                take(&app, &*history, &mut known, batch).await;
            }
            Ok(Next::Damage(damage)) => {
                tracing::warn!(damage, "a part of the journal cannot be read and is missing from history")
            }
            Ok(Next::End) => {
                if wait(&mut end, to).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot be read for history; it is tried again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn wait(end: &mut watch::Receiver<End>, to: End) -> Result<(), watch::error::RecvError> {
    end.wait_for(|end| *end > to).await.map(|_| ())
}

/// Reads on a thread that may block.
async fn next(tail: Tail, to: End) -> (Tail, io::Result<Next>) {
    let begun = tail.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut tail = tail;
        let next = tail.next(to);
        (tail, next)
    });
    read.await.unwrap_or_else(|_| (begun, Err(io::Error::other("the reader failed"))))
}

async fn take(app: &App, history: &dyn History, known: &mut Known, batch: Batch) {
    let Some(site) = app.sites().into_iter().find(|site| site.id == batch.site) else {
        return tracing::warn!(site = batch.site, "a batch is of a site that is gone, and is left out of history");
    };
    let reach = Reach { tenant: site.tenant_id, site: site.id };
    let mut told = false;
    loop {
        let names = known.names(app, &reach.site);
        match history.take(&reach, batch.clone(), &names, app.now()).await {
            Ok(()) => return,
            Err(NotTaken::Ever(why)) => {
                return tracing::error!(why, sensor = batch.sensor, number = batch.number, "a batch cannot become history");
            }
            Err(NotTaken::Yet(why)) => {
                if !told {
                    tracing::error!(why, "history takes nothing at present; the journal keeps what comes, and it is tried again");
                }
                told = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn upkeep(app: App, history: Arc<dyn History>) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        if let Err(error) = history.upkeep(app.now()).await {
            tracing::error!(%error, "the upkeep of history failed; it is tried again");
        }
    }
}

/// The names of each site's devices, made anew when the site was put together again.
#[derive(Default)]
struct Known(HashMap<String, (Arc<Answers>, Arc<Names>)>);

impl Known {
    fn names(&mut self, app: &App, site: &str) -> Arc<Names> {
        let Some(answers) = app.intake.answers(site) else { return Arc::default() };
        let known = self.0.entry(site.to_owned()).or_default();
        if !Arc::ptr_eq(&known.0, &answers) {
            *known = (Arc::clone(&answers), Arc::new(Names::of(&answers.devices)));
        }
        Arc::clone(&known.1)
    }
}

/// Journal files with batches that history would not have after the power went.
#[derive(Default)]
struct Needed(BTreeMap<u64, HashMap<String, u64>>);

impl Needed {
    /// Notes a batch; true when it is the first of its file.
    fn note(&mut self, file: u64, batch: &Batch) -> bool {
        let is_first = !self.0.contains_key(&file);
        self.0.entry(file).or_default().insert(batch.sensor.clone(), batch.number);
        is_first
    }

    /// The first file that is needed: the one that is read, where history has all before it.
    fn first(&mut self, durable: Vec<(String, u64)>) -> u64 {
        let durable: HashMap<String, u64> = durable.into_iter().collect();
        let has = |(sensor, number): (&String, &u64)| durable.get(sensor).is_some_and(|reached| reached >= number);
        while self.0.len() > 1 && self.0.first_key_value().is_some_and(|(_, batches)| batches.iter().all(has)) {
            self.0.pop_first();
        }
        self.0.first_key_value().map_or(0, |(file, _)| *file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_needed_until_history_has_all_of_it() {
        let mut needed = Needed::default();
        let batch =
            |sensor: &str, number| Batch { site: String::new(), sensor: sensor.to_owned(), number, observations: Vec::new() };
        let durable = |east, west| vec![("east".to_owned(), east), ("west".to_owned(), west)];
        assert!(needed.note(3, &batch("east", 1)));
        assert!(!needed.note(3, &batch("west", 1)));
        assert!(!needed.note(3, &batch("east", 2)));
        assert_eq!(needed.first(durable(2, 1)), 3, "the file that is read");
        assert!(needed.note(4, &batch("east", 3)));
        assert_eq!(needed.first(durable(1, 1)), 3);
        assert_eq!(needed.first(durable(2, 0)), 3);
        assert_eq!(needed.first(Vec::new()), 3);
        assert_eq!(needed.first(durable(2, 1)), 4);
    }
}
