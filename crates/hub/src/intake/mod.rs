//! From what sensors say to what people see: journal, inventory, judges, state.

mod captures;
mod feed;
mod journal;
mod snapshot;
mod tail;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use inventory::{Config, Inventory, Said};
use knowledge::Knowledge;
use model::Intake as _;
use model::Word;
use model::report::{Conversation, Device, Finding};
use prometheus_client::metrics::counter::Counter;
use store::{Gone, ObservedChange};
use tokio::sync::watch;

pub use captures::{Outcome, read as read_capture};
pub(crate) use feed::feed;
pub use journal::{Batch, Found, Journal};

use crate::events::Event;
use crate::tally::Tally;
use crate::{App, keeping, papers};
use snapshot::Snapshot;
use tail::{End, Tail};

/// What a site amounts to, as of the last time that it was put together.
#[derive(Debug, Default)]
pub struct Answers {
    /// Devices.
    pub devices: Vec<Device>,
    /// Conversations.
    pub conversations: Vec<Conversation>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// What they count to.
    pub(crate) tally: Tally,
    /// Places of each device's conversations, by its id.
    talks: HashMap<Word, Vec<u32>>,
}

impl Answers {
    fn new(devices: Vec<Device>, conversations: Vec<Conversation>, findings: Vec<Finding>) -> Self {
        let tally = Tally::of(&devices, &conversations, &findings);
        let mut talks = HashMap::<Word, Vec<u32>>::new();
        for (place, one) in (0_u32..).zip(&conversations) {
            let ends = [one.client.device.as_ref(), one.server.device.as_ref()];
            ends.into_iter().flatten().for_each(|id| talks.entry(id.clone()).or_default().push(place));
        }
        Self { devices, conversations, findings, tally, talks }
    }

    /// Conversations of devices, each once, in their order.
    pub(crate) fn conversations_of<'a>(&self, devices: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &Conversation> {
        let of = |id: &str| self.talks.get(id).map(Vec::as_slice).unwrap_or_default();
        let places: BTreeSet<u32> = devices.flat_map(of).copied().collect();
        places.into_iter().filter_map(|place| self.conversations.get(usize::try_from(place).ok()?))
    }
}

/// A site's inventory.
struct Desk {
    inventory: Mutex<Inventory>,
    is_changed: AtomicBool,
    /// Absent until they were put together for the first time since the start.
    answers: RwLock<Option<Arc<Answers>>>,
    /// Unit of each device that people gave one, by the device's id.
    units: RwLock<Arc<Units>>,
    /// What the state has since the start: only what differs is written.
    written: Mutex<Option<Written>>,
}

/// Units by the ids of their devices.
pub(crate) type Units = HashMap<String, String>;

/// More new findings than these are told as one.
const TOLD_ONE_BY_ONE: usize = 100;

/// What was written of a site.
struct Written {
    answers: Arc<Answers>,
    /// The judges', and those about papers.
    findings: Vec<Finding>,
}

/// Takes in what sensors say.
pub struct Intake {
    folder: PathBuf,
    journal: Mutex<Journal>,
    /// The highest durable number of each sensor.
    numbers: Mutex<HashMap<String, u64>>,
    desks: RwLock<HashMap<String, Arc<Desk>>>,
    /// The first journal file that no snapshot stands for.
    snapshot: AtomicU64,
    /// How far the journal is on the disk.
    end: watch::Sender<End>,
    /// The first journal file that history still needs.
    needed: AtomicU64,
    /// Observations taken in since the start.
    pub(crate) observations: Counter,
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Intake {
    /// Opens the journal in a folder and takes in again what it has, from the newest snapshot on. `networks` tells which networks of a
    /// site are inside.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(folder: &Path, networks: &dyn Fn(&str) -> Config) -> io::Result<(Self, Found)> {
        std::fs::create_dir_all(folder)?;
        let mut damage = Vec::new();
        let Snapshot { number, mut numbers, mut sites } = snapshot::read(folder, networks, &mut damage)?;
        let (journal, mut found) = Journal::open(folder, number, &mut |batch| {
            if batch.number > numbers.get(&batch.sensor).copied().unwrap_or_default() {
                let inventory = sites.entry(batch.site.clone()).or_insert_with(|| Inventory::new(networks(&batch.site)));
                batch.observations.into_iter().for_each(|observation| inventory.take(observation));
                numbers.insert(batch.sensor, batch.number);
            }
        })?;
        found.damage.splice(..0, damage);
        let desks = sites.into_iter().map(|(site, inventory)| (site, Arc::new(Desk::new(inventory)))).collect();
        let end = watch::Sender::new(journal.end());
        let intake = Self {
            folder: folder.to_owned(),
            journal: Mutex::new(journal),
            numbers: Mutex::new(numbers),
            desks: RwLock::new(desks),
            snapshot: AtomicU64::new(number),
            end,
            needed: AtomicU64::new(u64::MAX),
            observations: Counter::default(),
        };
        Ok((intake, found))
    }

    /// Writes down what everything amounts to, and deletes what that stands for of the journal. Nothing is taken in meanwhile. Blocks.
    ///
    /// # Errors
    /// The file system's: the journal stays as it is.
    pub fn compact(&self) -> io::Result<()> {
        let mut journal = held(&self.journal);
        let number = journal.next_file()?;
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        let sites: Vec<_> = desks
            .iter()
            .map(|(site, desk)| (site.clone(), move |out: &mut dyn io::Write| held(&desk.inventory).save(out)))
            .collect();
        snapshot::write(&self.folder, number, &held(&self.numbers), &sites)?;
        self.snapshot.store(number, Ordering::Release);
        self.end.send_replace(journal.end());
        let kept = snapshot::keep_two(&self.folder)?;
        journal.forget(kept.min(self.needed.load(Ordering::Acquire)))
    }

    /// Keeps journal files from this number on, whatever snapshots stand for.
    pub(crate) fn need(&self, file: u64) {
        self.needed.store(file, Ordering::Release);
    }

    /// The journal from its beginning, and how far it is.
    fn tail(&self) -> (Tail, watch::Receiver<End>) {
        (held(&self.journal).tail(), self.end.subscribe())
    }

    /// The journal grew by a file since the last snapshot.
    #[must_use]
    pub fn is_long(&self) -> bool {
        held(&self.journal).number() > self.snapshot.load(Ordering::Acquire).max(1)
    }

    /// Takes a batch in; returns the highest durable number of its sensor. A batch that is durable already is passed over. Blocks until
    /// the disk has it.
    ///
    /// # Errors
    /// The file system's: nothing was taken in.
    pub fn take(&self, batch: Batch, networks: &dyn Fn(&str) -> Config) -> io::Result<u64> {
        let mut journal = held(&self.journal);
        let last = held(&self.numbers).get(&batch.sensor).copied().unwrap_or_default();
        if batch.number <= last {
            return Ok(last);
        }
        journal.append(&batch)?;
        self.observations.inc_by(batch.observations.len() as u64);
        self.end.send_replace(journal.end());
        held(&self.numbers).insert(batch.sensor.clone(), batch.number);
        let desk = self.desk(&batch.site, networks);
        let mut inventory = held(&desk.inventory);
        // Folded while the journal is held, so that memory and disk have the same order.
        batch.observations.into_iter().for_each(|observation| inventory.take(observation));
        desk.is_changed.store(true, Ordering::Release);
        Ok(batch.number)
    }

    /// The highest durable number of a sensor.
    #[must_use]
    pub fn durable(&self, sensor: &str) -> u64 {
        held(&self.numbers).get(sensor).copied().unwrap_or_default()
    }

    /// A site's networks changed: it is put together again by them.
    pub fn set_networks(&self, site: &str, networks: Config) {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desks.get(site) {
            held(&desk.inventory).set_config(networks);
            desk.is_changed.store(true, Ordering::Release);
        }
    }

    /// What a site amounts to; nothing where no sensor spoke, absent where the hub has not put it together since it started.
    #[must_use]
    pub fn answers(&self, site: &str) -> Option<Arc<Answers>> {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        desks
            .get(site)
            .map_or_else(|| Some(Arc::default()), |desk| desk.answers.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn desk(&self, site: &str, networks: &dyn Fn(&str) -> Config) -> Arc<Desk> {
        let mut desks = self.desks.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(desks.entry(site.to_owned()).or_insert_with(|| Arc::new(Desk::new(Inventory::new(networks(site))))))
    }

    /// Has a site put together again.
    pub(crate) fn touch(&self, site: &str) {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        desks.get(site).into_iter().for_each(|desk| desk.is_changed.store(true, Ordering::Release));
    }

    /// Units of a site's devices.
    pub(crate) fn units(&self, site: &str) -> Arc<Units> {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        let of = |desk: &Arc<Desk>| desk.units.read().unwrap_or_else(PoisonError::into_inner).clone();
        desks.get(site).map(of).unwrap_or_default()
    }

    /// People said which units a site's devices belong to.
    pub(crate) fn set_units(&self, site: &str, units: Units) {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desks.get(site) {
            *desk.units.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(units);
        }
    }

    fn changed(&self) -> Vec<(String, Arc<Desk>)> {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        let changed = desks.iter().filter(|(_, desk)| desk.is_changed.swap(false, Ordering::AcqRel));
        changed.map(|(site, desk)| (site.clone(), Arc::clone(desk))).collect()
    }
}

impl Desk {
    fn new(inventory: Inventory) -> Self {
        let (answers, units, written) = Default::default();
        Self { inventory: Mutex::new(inventory), is_changed: AtomicBool::new(true), answers, units, written }
    }

    fn resolve(&self, knowledge: &Knowledge, said: &[Said]) -> Arc<Answers> {
        let resolved = held(&self.inventory).resolve_as_said(knowledge, said);
        let findings = detect::findings(&detect::Site::new(&resolved.devices, &resolved.conversations, knowledge));
        let answers = Arc::new(Answers::new(resolved.devices, resolved.conversations, findings));
        *self.answers.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&answers));
        answers
    }
}

/// Puts sites together again as they change, for as long as the hub runs. What takes long is done less often.
pub(crate) async fn reconcile(app: App) {
    const PAUSE: Duration = Duration::from_secs(1);
    const MAX_PAUSE: Duration = Duration::from_secs(30);
    loop {
        let begun = tokio::time::Instant::now();
        for (site, desk) in app.intake.changed() {
            if let Err(error) = put_together(&app, &site, &desk).await {
                tracing::error!(%error, site, "what was observed could not be written; it is tried again");
                desk.is_changed.store(true, Ordering::Release);
            }
        }
        tokio::time::sleep((begun.elapsed() * 4).clamp(PAUSE, MAX_PAUSE)).await;
    }
}

/// Keeps the journal short, for as long as the hub runs.
pub(crate) async fn compact(app: App) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        if app.intake.is_long() {
            let compacted = app.clone();
            match tokio::task::spawn_blocking(move || compacted.intake.compact()).await {
                Ok(Ok(())) => tracing::info!("the journal was made short"),
                Ok(Err(error)) => tracing::error!(%error, "the journal could not be made short; it is tried again"),
                Err(error) => tracing::error!(%error, "the journal could not be made short"),
            }
        }
    }
}

async fn put_together(app: &App, site: &str, desk: &Arc<Desk>) -> store::Result<()> {
    if !app.sites().iter().any(|one| one.id == site) {
        return Ok(());
    }
    let said = keeping::said(app, site).await?;
    let (shared, knowledge) = (Arc::clone(desk), Arc::clone(&app.knowledge));
    let Ok(answers) = tokio::task::spawn_blocking(move || shared.resolve(&knowledge, &said)).await else {
        tracing::error!(site, "a judge failed; what was observed is kept");
        return Ok(());
    };
    keeping::keep_up(app, site, &answers).await?;
    let mut findings = answers.findings.clone();
    findings.extend(papers::findings(app, site, &answers).await?);
    write(app, site, desk, Written { answers: Arc::clone(&answers), findings }).await?;
    papers::arrive(app, site, &answers).await?;
    app.tell(Event::new("observed", site));
    Ok(())
}

/// Brings the state from what was written before to what there is now.
async fn write(app: &App, site: &str, desk: &Desk, now: Written) -> store::Result<()> {
    let before = held(&desk.written).take();
    let compared = tokio::task::spawn_blocking(move || {
        let differs = before.as_ref().map(|before| Differs {
            devices: differing(&now.answers.devices, &before.answers.devices, |one| &one.id),
            conversations: differing(&now.answers.conversations, &before.answers.conversations, |one| &one.id),
            findings: differing(&now.findings, &before.findings, |one| &one.id),
        });
        (now, before, differs)
    });
    let Ok((now, before, differs)) = compared.await else {
        tracing::error!(site, "what was observed could not be compared with what was written");
        return Ok(());
    };
    let Written { answers, findings } = &now;
    let change = differs.as_ref().map_or_else(
        || ObservedChange::whole(site, &answers.devices, &answers.conversations, findings),
        |differs| ObservedChange {
            site,
            devices: differs.devices.of(&answers.devices),
            conversations: differs.conversations.of(&answers.conversations),
            findings: differs.findings.of(findings),
            gone: Gone::Ids {
                devices: differs.devices.gone(),
                conversations: differs.conversations.gone(),
                findings: differs.findings.gone(),
            },
        },
    );
    app.store.write_observed(&change).await?;
    let were: Option<BTreeSet<&str>> = before.as_ref().map(|before| before.findings.iter().map(|one| one.id.as_str()).collect());
    // What was there when the hub started is not news.
    if let Some(were) = were {
        let new: Vec<_> = change.findings.iter().filter(|one| !were.contains(one.id.as_str())).collect();
        match new.as_slice() {
            // Whoever listens looks for themselves.
            many if many.len() > TOLD_ONE_BY_ONE => app.tell(Event::new("finding", site)),
            few => few.iter().for_each(|one| app.tell(Event::new("finding", site).about(&one.id))),
        }
    }
    drop((change, before));
    *held(&desk.written) = Some(now);
    Ok(())
}

/// How a site differs from what was written.
struct Differs {
    devices: Difference,
    conversations: Difference,
    findings: Difference,
}

/// How one list differs from another.
struct Difference {
    /// Places of what is new or other.
    new: Vec<usize>,
    /// Ids of what is no more.
    gone: Vec<Word>,
}

impl Difference {
    fn of<'a, T>(&self, list: &'a [T]) -> Vec<&'a T> {
        self.new.iter().filter_map(|place| list.get(*place)).collect()
    }

    fn gone(&self) -> Vec<&str> {
        self.gone.iter().map(Word::as_str).collect()
    }
}

fn differing<T: PartialEq>(now: &[T], before: &[T], id: fn(&T) -> &Word) -> Difference {
    let mut old: HashMap<&Word, &T> = before.iter().map(|one| (id(one), one)).collect();
    let is_new = |one: &T| old.remove(id(one)) != Some(one);
    let new = now.iter().map(is_new).enumerate().filter_map(|(place, is_new)| is_new.then_some(place)).collect();
    Difference { new, gone: old.into_keys().cloned().collect() }
}
