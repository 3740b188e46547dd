//! What `medwarden inspect` finds, how long it takes and how much memory it needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use model::observation::Subject;
use model::{ConversationKey, Observation, Transport};

use super::conversation::{Found, Talk};

/// One run over one capture.
pub(super) struct Run {
    pub(super) found: Found,
    pub(super) took: Duration,
    /// 0 or one of the documented codes; `None` when it was killed.
    pub(super) code: Option<i32>,
}

/// Builds the program, unless one is named.
pub(super) fn build() -> Result<()> {
    if std::env::var_os(NAMED).is_none() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "--quiet", "--package", "medwarden"];
        let status = Command::new(cargo).args(build).current_dir(super::root()).status()?;
        ensure!(status.success(), "medwarden does not build");
    }
    Ok(())
}

/// Where the program is.
pub(super) fn program() -> PathBuf {
    std::env::var_os(NAMED).map_or_else(|| super::root().join("target/debug/medwarden"), PathBuf::from)
}

/// Names a program that is built already.
const NAMED: &str = "MEDWARDEN_BIN";

/// Runs the program over a capture: once for what it finds, and once in full for what it costs.
#[expect(clippy::disallowed_methods, reason = "how long a run takes is what is asked")]
pub(super) fn run(program: &Path, capture: &Path) -> Result<Run> {
    let inspect = |format: &str| {
        let mut command = Command::new(program);
        command.args(["inspect", "--format", format]).arg(capture).stderr(Stdio::null());
        command.output().with_context(|| format!("cannot run {}", program.display()))
    };
    let began = Instant::now();
    inspect("json")?;
    let took = began.elapsed();
    let out = inspect("observations")?;
    let mut found = Found::default();
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        add(&mut found, &serde_json::from_str(line).context("an observation that cannot be read")?);
    }
    Ok(Run { found, took, code: out.status.code() })
}

/// The most memory that any run so far needed, MiB.
pub(super) fn peak_mib() -> Result<i64> {
    Ok(nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?.max_rss() / 1024)
}

fn add(found: &mut Found, observation: &Observation) {
    let (key, protocol) = match observation {
        Observation::Flow(flow) => (Some(flow.key), flow.protocol.as_deref()),
        Observation::Fact(fact) => {
            let key = match fact.subject {
                Subject::Conversation(key) => Some(key),
                Subject::Endpoint(_) => None,
            };
            (key, Some(&*fact.protocol))
        }
    };
    let Some(protocol) = protocol else { return };
    found.names.insert(protocol.to_owned());
    if let Some(talk) = key.as_ref().and_then(talk) {
        found.talks.entry(talk).or_default().insert(protocol.to_owned());
    }
}

fn talk(key: &ConversationKey) -> Option<Talk> {
    let is_tcp = match key.transport {
        Transport::Tcp => true,
        Transport::Udp => false,
        Transport::Ip(_) | Transport::Link(_) => return None,
    };
    Some(Talk::new(is_tcp, [key.client.ip?, key.server.ip?], [key.port; 2]))
}
