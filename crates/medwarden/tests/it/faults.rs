//! Killed in the middle, again and again: nothing that was acknowledged is lost, and nothing is counted twice.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hub::auth::{Role, hash};
use hub::intake::{Batch, Intake, read_capture};
use hub::{App, Options};
use inventory::{Config, Inventory};
use knowledge::Knowledge;
use link::spool::{self, Lane, Writer, read_batch};
use model::Observation;
use store::{Act, Actor, RoleRow};

/// Times that something is killed.
const KILLS: u32 = 100;

fn observations() -> Vec<Observation> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clinic.pcap");
    std::fs::write(&path, lab::clinic()).unwrap();
    let mut all = Vec::new();
    read_capture(&path, &Arc::new(Knowledge::builtin()), &mut |_, observations| {
        all.extend(observations);
        Ok(())
    })
    .unwrap();
    all
}

/// Sets a hub up without its page; returns the site and a token for a sensor.
async fn set_up(data: &Path) -> (String, String) {
    let app = App::open(Options { data: data.to_owned(), database: None }, None, false).await.unwrap();
    let mut change = app.store.begin(&Actor::hub("test"), app.now()).await.unwrap();
    let tenant = change.add_tenant("T").await.unwrap();
    let site = change.add_site(&tenant, "S", "UTC", &[]).await.unwrap();
    let person = change.add_person("a", "A", "", Some(&hash("four words make a password").unwrap())).await.unwrap();
    let role = RoleRow { role: Role::Administrator.name().to_owned(), tenant_id: tenant.clone(), site_id: None };
    change.add_role(&person, &role).await.unwrap();
    let secret = store::secret();
    let until = app.now().plus_nanos(3_600_000_000_000);
    let sensor = change.add_sensor(&site, "Ward", &hub::auth::digest(&secret), until).await.unwrap();
    change.commit(Act::new("hub.setup", &tenant)).await.unwrap();
    let token = link::Token { sensor, secret, authority: app.authority.fingerprint() };
    app.store.close().await;
    (site, token.to_string())
}

/// A process that is killed when it goes out of scope.
struct Running(Child);

impl Running {
    fn kill(&mut self) {
        // Rust's `kill` is SIGKILL: the process has no say.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_medwarden"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts the hub; returns it with its address once it takes connections.
fn hub(data: &Path, listen: &str) -> (Running, String) {
    let mut child = program().args(["run", "--listen", listen, "--data"]).arg(data).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap().to_owned();
    assert!(address.contains(':'), "{line:?}");
    (Running(child), address)
}

fn uplink(spool: &Path, hub: &str, token: Option<&str>) -> Running {
    let mut command = program();
    command.args(["uplink", "--hub", hub, "--spool"]).arg(spool);
    if let Some(token) = token {
        command.args(["--enrol", token]);
    }
    Running(command.spawn().unwrap())
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} did not happen within a minute");
}

/// What an intake's only site amounts to, with all its counts; the order in which batches came does not matter to that.
fn amounts_to(folder: &Path, intake: &Intake) -> (serde_json::Value, serde_json::Value) {
    intake.compact().unwrap();
    let mut snapshots: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    snapshots.retain(|path| path.extension().is_some_and(|ending| ending == "snapshot"));
    snapshots.sort();
    let whole = zstd::decode_all(std::fs::File::open(snapshots.pop().unwrap()).unwrap()).unwrap();
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let resolved = Inventory::load(Config::default(), &mut &whole[head..]).unwrap().resolve(&Knowledge::builtin());
    (serde_json::to_value(resolved.devices).unwrap(), serde_json::to_value(resolved.conversations).unwrap())
}

#[test]
fn killed_a_hundred_times_nothing_is_lost_and_nothing_counts_twice() {
    let (data, waiting) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (site, token) = runtime.block_on(set_up(data.path()));
    let mut writer = Writer::open(waiting.path(), 1 << 30).unwrap();
    // Small batches, so that there is something to be in the middle of.
    for (index, observation) in observations().into_iter().enumerate() {
        writer.take(observation).unwrap();
        if index % 4 == 3 {
            writer.flush().unwrap();
        }
    }
    writer.flush().unwrap();
    let expected_folder = tempfile::tempdir().unwrap();
    let (expected, _) = Intake::open(expected_folder.path(), &|_| Config::default()).unwrap();
    let mut batches = 0;
    for lane in Lane::ALL {
        for stored in spool::batches(waiting.path(), lane).unwrap() {
            let observations = read_batch(&std::fs::read(&stored.path).unwrap()).unwrap();
            let batch = Batch { site: site.clone(), sensor: lane.name().to_owned(), number: stored.number, observations };
            expected.take(batch, &|_| Config::default()).unwrap();
            batches += 1;
        }
    }
    let expected = amounts_to(expected_folder.path(), &expected);

    let (mut the_hub, address) = hub(data.path(), "127.0.0.1:0");
    let mut the_uplink = uplink(waiting.path(), &address, Some(&token));
    let left = || Lane::ALL.iter().map(|lane| spool::batches(waiting.path(), *lane).unwrap().len()).sum::<usize>();
    wait("the first batch", || left() < batches);
    let mut in_the_middle = 0;
    for kill in 0..KILLS {
        std::thread::sleep(Duration::from_millis(u64::from(kill * 37 % 90)));
        in_the_middle += u32::from(left() > 0);
        if kill % 3 == 0 {
            the_uplink.kill();
            the_uplink = uplink(waiting.path(), &address, None);
        } else {
            the_hub.kill();
            (the_hub, _) = hub(data.path(), &address);
        }
    }
    wait("the end of the spool", || left() == 0);
    the_uplink.kill();
    the_hub.kill();
    eprintln!("{batches} batches; of {KILLS} kills {in_the_middle} while some were under way");
    assert!(in_the_middle >= KILLS / 2, "only {in_the_middle} kills were in the middle of something");

    assert!(!expected.0.as_array().unwrap().is_empty());
    let journal = data.path().join("journal");
    let (intake, found) = Intake::open(&journal, &|_| Config::default()).unwrap();
    assert!(found.damage.is_empty(), "{:?}", found.damage);
    assert!(amounts_to(&journal, &intake) == expected, "what the hub holds is not what the sensor saw");
}
