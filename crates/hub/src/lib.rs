//! The hub: HTTP API, sign-in, roles, reconcilers, and the web page that it serves.
//!
//! Way in: [`App::open`] makes the hub of a data folder, [`serve`] serves it. [`api::document`] is its OpenAPI document.
//! What sensors say goes through [`intake::Intake`] (journal, inventory, judges) into the `store`; what people do goes through
//! `store::Change`, with its ledger entry. Long history is behind [`History`].

pub mod api;
pub mod auth;
mod clock;
pub mod error;
pub mod events;
pub mod history;
mod idempotency;
pub mod intake;
mod keeping;
pub mod local;
mod metrics;
mod page;
mod papers;
pub mod sequencer;
mod serve;
pub mod settings;
mod tally;
mod webhooks;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use inventory::Config;
use knowledge::Knowledge;
use model::Timestamp;
use store::{SiteRow, Store};
use tokio::sync::{broadcast, watch};

pub use history::{History, OpenHistory};
pub use serve::{Listen, router, serve};

use error::{Answer, Problem, kinds};
use events::Event;
use intake::{Answers, Intake};

/// How a hub is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Data folder, made where it does not exist.
    pub data: PathBuf,
    /// Database; SQLite in the data folder where absent.
    pub database: Option<String>,
}

/// A hub; copies are the same hub.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What a hub is made of.
pub struct Inner {
    /// State.
    pub store: Store,
    /// What is known of the world.
    pub knowledge: Arc<Knowledge>,
    /// What sensors say.
    pub intake: Intake,
    /// Long history, where there is an engine for it.
    pub history: Option<Arc<dyn History>>,
    /// Signs sensors' certificates.
    pub authority: link::authority::Authority,
    /// Data folder.
    pub data: PathBuf,
    /// Connections are encrypted, so that cookies must be.
    pub is_https: bool,
    pub(crate) desk: auth::Desk,
    pub(crate) metrics: metrics::Metrics,
    settings: RwLock<Arc<settings::Settings>>,
    sites: RwLock<Vec<SiteRow>>,
    events: broadcast::Sender<Event>,
    /// Held while records are brought to their devices.
    pub(crate) following: tokio::sync::Mutex<()>,
    /// Held while files beside records come and go.
    pub(crate) files: tokio::sync::Mutex<()>,
    sealed: watch::Sender<sequencer::State>,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Opens the hub of a data folder: state, journal, and what they amount to.
    ///
    /// # Errors
    /// What could not be opened, and what to do.
    pub async fn open(options: Options, engine: Option<&dyn OpenHistory>, is_https: bool) -> anyhow::Result<Self> {
        let data = options.data;
        private_folder(&data).with_context(|| format!("cannot use the data folder {}", data.display()))?;
        let url = options.database.unwrap_or_else(|| format!("sqlite://{}", data.join("state.db").display()));
        let store = Store::open(&url).await.context("cannot open the state")?;
        let history = match engine {
            Some(engine) => Some(engine.open(&store, &data, clock::now()).await.context("cannot open the history")?),
            None => None,
        };
        let sites = store.sites().await?;
        let inside = sites.clone();
        let journal = data.join("journal");
        let (intake, found) = tokio::task::spawn_blocking(move || Intake::open(&journal, &|site| networks(&inside, site)))
            .await?
            .context("cannot read the journal in the data folder")?;
        if history.is_some() {
            intake.need(0);
        }
        for damage in &found.damage {
            tracing::warn!(damage, "a part of the journal cannot be read and is passed over");
        }
        let authority = link::authority::Authority::open(&data.join("link"), clock::now())
            .context("cannot open the authority for sensors")?;
        let knowledge = Arc::new(Knowledge::builtin());
        let desk = auth::Desk::open(&data).context("cannot use the keys in the data folder")?;
        let settings = RwLock::new(Arc::new(settings::Settings::read(&store).await?));
        let (following, files) = Default::default();
        let metrics = metrics::Metrics::new(&intake);
        let (sites, (events, _)) = (RwLock::new(sites), broadcast::channel(1024));
        let sealed = watch::Sender::new(sequencer::State::default());
        Ok(Self(Arc::new(Inner {
            store,
            knowledge,
            intake,
            history,
            authority,
            data,
            is_https,
            desk,
            metrics,
            settings,
            sites,
            events,
            following,
            files,
            sealed,
        })))
    }

    /// The hub's settings.
    #[must_use]
    pub fn settings(&self) -> Arc<settings::Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the settings again after they changed.
    ///
    /// # Errors
    /// The state's.
    pub async fn read_settings(&self) -> store::Result<()> {
        let settings = Arc::new(settings::Settings::read(&self.store).await?);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        Ok(())
    }

    /// Code that a first run from another machine needs; absent once the hub was set up.
    ///
    /// # Errors
    /// The state's.
    pub async fn setup_code(&self) -> store::Result<Option<String>> {
        Ok(self.store.people().await?.is_empty().then(|| self.desk.setup_code.reveal().to_owned()))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        clock::now()
    }

    /// All sites.
    #[must_use]
    pub fn sites(&self) -> Vec<SiteRow> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the sites again after they changed.
    ///
    /// # Errors
    /// The state's.
    pub async fn read_sites(&self) -> store::Result<()> {
        let sites = self.store.sites().await?;
        *self.sites.write().unwrap_or_else(PoisonError::into_inner) = sites;
        Ok(())
    }

    /// The networks inside a site.
    #[must_use]
    pub fn networks(&self, site: &str) -> Config {
        networks(&self.sites(), site)
    }

    /// What a site amounts to.
    ///
    /// # Errors
    /// `not-ready` while it is put together for the first time since the start.
    pub fn answers(&self, site: &str) -> Answer<Arc<Answers>> {
        self.intake
            .answers(site)
            .ok_or_else(|| Problem::new(&kinds::NOT_READY, "the hub just started and puts its answers together").retry_after(1))
    }

    /// Tells every page that listens.
    pub fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    /// What is told from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// How the ledger's tiles stand beside the entries in the state.
    #[must_use]
    pub fn ledger(&self) -> watch::Receiver<sequencer::State> {
        self.sealed.subscribe()
    }

    /// Starts what runs beside the API.
    pub fn start(&self) {
        tokio::spawn(sequencer::run(self.clone()));
        tokio::spawn(intake::reconcile(self.clone()));
        tokio::spawn(auth::tidy(self.clone()));
        tokio::spawn(intake::feed(self.clone()));
        tokio::spawn(intake::compact(self.clone()));
        tokio::spawn(webhooks::note(self.clone(), self.listen()));
        tokio::spawn(webhooks::send(self.clone()));
        tokio::spawn(api::captures::resume(self.clone()));
    }
}

fn networks(sites: &[SiteRow], site: &str) -> Config {
    let listed = sites.iter().find(|one| one.id == site).map(|one| one.networks.as_slice()).unwrap_or_default();
    let parsed: Vec<_> = listed.iter().filter_map(|text| text.parse().ok()).collect();
    if parsed.is_empty() { Config::default() } else { Config { site_networks: parsed } }
}

/// Makes a folder that only its owner reads.
pub(crate) fn private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
