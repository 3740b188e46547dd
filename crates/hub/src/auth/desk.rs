//! What sign-in keeps in memory: how fast somebody may guess, ceremonies under way, the key of sealed secrets, the set-up code.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use model::Timestamp;
use signin::code::Code;
use signin::seal::Key;
use signin::throttle::{Source, Throttle};
use signin::{oidc, passkey, password};
use tokio::sync::Semaphore;

use crate::error::{Answer, Problem, kinds};

/// A ceremony must end within, s.
const CEREMONY_S: i64 = 300;
/// Ceremonies under way at most; of more, the oldest is forgotten.
const MOST_CEREMONIES: usize = 10_000;
/// Passwords that are hashed at once: 19 MiB and a core each.
const AT_ONCE: usize = 2;

/// Something begun that a browser must end.
pub(crate) enum Ceremony {
    /// A passkey to be added.
    Register { person: String, name: String, state: passkey::Registering },
    /// A sign-in by passkey; nobody's where the login has none.
    SignIn { person: Option<String>, state: Option<passkey::SigningIn> },
    /// A sign-in elsewhere.
    Oidc { id: String, provider: Box<oidc::Provider>, pending: oidc::Pending },
}

/// What sign-in keeps in memory.
pub(crate) struct Desk {
    key: Key,
    throttle: Mutex<Throttle>,
    ceremonies: Mutex<HashMap<String, (i64, Ceremony)>>,
    hashing: Semaphore,
    /// Needed for a first run from another machine.
    pub(crate) setup_code: Code,
}

impl Desk {
    /// Of a data folder; its key is made at the first start.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let hashing = Semaphore::new(AT_ONCE);
        let (throttle, ceremonies) = (Mutex::default(), Mutex::default());
        Ok(Self { key: key(&data.join("keys"))?, throttle, ceremonies, hashing, setup_code: Code::new()? })
    }

    /// An attempt begins.
    pub(crate) fn begin(&self, account: &str, source: &Source, now: Timestamp) -> Answer<()> {
        let begun = self.throttle.lock().unwrap_or_else(PoisonError::into_inner).begin(account, source, seconds(now));
        begun.map_err(|wait_s| {
            let detail = "too many attempts from here; a browser at which you signed in before, a passkey, or a recovery code with the \
                          password get in at once";
            Problem::new(&kinds::TOO_MANY, detail).retry_after(wait_s)
        })
    }

    /// The attempt was right.
    pub(crate) fn succeeded(&self, account: &str, source: &Source) {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner).succeeded(account, source);
    }

    /// A password is the one of a PHC string.
    pub(crate) async fn matches(&self, typed: String, phc: Option<String>) -> Answer<bool> {
        let _permit = self.hashing.acquire().await.map_err(|_| Problem::of(&kinds::NOT_READY))?;
        let compared = tokio::task::spawn_blocking(move || password::matches(&typed, phc.as_deref())).await;
        compared.map_err(|_| Problem::of(&kinds::INTERNAL))
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(&self, chosen: String) -> Answer<String> {
        let _permit = self.hashing.acquire().await.map_err(|_| Problem::of(&kinds::NOT_READY))?;
        let hashed = tokio::task::spawn_blocking(move || password::hash(&chosen)).await;
        hashed.ok().and_then(Result::ok).ok_or_else(|| Problem::new(&kinds::INTERNAL, "the password could not be hashed"))
    }

    /// Remembers what was begun; returns the name by which it ends.
    pub(crate) fn remember(&self, ceremony: Ceremony, now: Timestamp) -> String {
        let (id, now_s) = (store::secret(), seconds(now));
        let mut all = self.ceremonies.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (since, _)| now_s.saturating_sub(*since) <= CEREMONY_S);
        if all.len() >= MOST_CEREMONIES {
            let oldest = all.iter().min_by_key(|(_, (since, _))| *since).map(|(id, _)| id.clone());
            oldest.and_then(|id| all.remove(&id));
        }
        all.insert(id.clone(), (now_s, ceremony));
        id
    }

    /// What was begun under a name, once.
    pub(crate) fn recall(&self, id: &str, now: Timestamp) -> Answer<Ceremony> {
        let found = self.ceremonies.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let (_, ceremony) = found.filter(|(since, _)| seconds(now).saturating_sub(*since) <= CEREMONY_S).ok_or_else(|| {
            Problem::new(&kinds::CONFLICT, "it took longer than five minutes, or was ended already: begin again")
        })?;
        Ok(ceremony)
    }

    /// A secret of this start, to answer the same for the same login that has no passkey.
    pub(crate) fn pretence(&self) -> Vec<u8> {
        self.setup_code.digest().into_bytes()
    }

    /// Seals a secret of something.
    pub(crate) fn seal(&self, of: &str, secret: &str) -> Answer<String> {
        self.key.seal(of, secret).map_err(unsealed)
    }

    /// Opens a secret of something.
    pub(crate) fn open_sealed(&self, of: &str, sealed: &str) -> Answer<String> {
        self.key.open(of, sealed).map_err(unsealed)
    }
}

fn unsealed(error: signin::seal::Error) -> Problem {
    tracing::error!(%error, "a stored secret cannot be used");
    Problem::new(&kinds::INTERNAL, error.to_string())
}

pub(crate) fn seconds(now: Timestamp) -> i64 {
    now.nanos().div_euclid(1_000_000_000)
}

/// The key of sealed secrets, made where there is none.
fn key(folder: &Path) -> anyhow::Result<Key> {
    let path = folder.join("seal.key");
    if let Ok(bytes) = std::fs::read(&path) {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| anyhow::anyhow!("{} is not 32 bytes long", path.display()))?;
        return Ok(Key::new(&bytes));
    }
    crate::private_folder(folder)?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    Ok(Key::new(&bytes))
}
