//! `medwarden demo`: a hub on a virtual clinic, whose last day is played in fast time and which then goes on.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use hub::auth::{Role, hash};
use hub::intake::Batch;
use hub::{App, Listen, Options};
use knowledge::Knowledge;
use lab::hospital::play::HOUR;
use lab::hospital::{Frame, Hospital, Manifest, Play};
use model::{FrameRef, Observation, Timestamp};
use serde_json::json;
use store::{Act, Actor, ExceptionRow, RoleRow};
use tokio::sync::oneshot;
use wire::layers::LinkType;

/// How the demonstration runs.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Data folder; a new one in the system's temporary folder where absent
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on, of this machine only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// So many hours of the last day in an hour, until the present is reached
    #[arg(long, value_name = "X", default_value_t = 480.0)]
    speed: f64,
    /// End after so many minutes; runs until Ctrl-C where absent
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    /// End once the last day is played
    #[arg(long)]
    once: bool,
}

const LOGIN: &str = "demo";
const SENSOR: &str = "demo";
/// What the sensor hands on at once, in time of the play.
const BATCH_NANOS: i64 = 300 * 1_000_000_000;
/// Batches that may wait for the hub.
const QUEUE: usize = 4;
/// How long the clinic goes on after the present.
const DAYS_MORE: i64 = 7;
const DAY: i64 = 24 * HOUR;

/// Runs the demonstration.
pub fn run(arguments: &DemoArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!((1.0..=1e6).contains(&arguments.speed), "--speed takes 1 to 1,000,000");
    anyhow::ensure!(arguments.listen.ip().is_loopback(), "the demonstration has a known password: it listens on loopback only");
    crate::hub::log();
    let temporary = std::env::temp_dir().join(format!("medwarden-demo-{}", std::process::id()));
    let data = arguments.data.clone().unwrap_or_else(|| temporary.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let served = runtime.block_on(serve(arguments, data));
    // A folder that somebody named is theirs.
    if arguments.data.is_none() {
        let _ = std::fs::remove_dir_all(temporary);
    }
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(arguments: &DemoArgs, data: PathBuf) -> anyhow::Result<()> {
    let app = App::open(Options { data, database: None }, crate::hub::ENGINE, false).await?;
    let (site, password) = set_up(&app).await?;
    let (tell_end, played) = oneshot::channel();
    let (player, speed) = (app.clone(), arguments.speed);
    let of = site.clone();
    std::thread::spawn(move || {
        if let Err(error) = play(&player, &of, speed, tell_end) {
            crate::inspect::complain(&error);
        }
    });
    let end = end(arguments.minutes, arguments.once, app.clone(), site, played);
    let listen = Listen { address: arguments.listen, certificate: None, plain: true };
    let ready = |address| {
        say(&format!(
            "\nMedwarden is at http://{address}\n  account   {LOGIN}\n  password  {password}\n\nA clinic that does not exist \
             plays there: its last day in some minutes, then on as time goes. Ctrl-C ends it.\n"
        ));
    };
    hub::serve(app, listen, ready, end).await
}

/// Done when the demonstration is over.
async fn end(minutes: Option<u32>, once: bool, app: App, site: String, played: oneshot::Receiver<()>) {
    let minutes = minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let over = async {
        match minutes {
            Some(minutes) => tokio::time::sleep(minutes).await,
            None => std::future::pending().await,
        }
    };
    let day = async move {
        let _ = played.await;
        // The page puts together what came last within a moment.
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Some(answers) = app.intake.answers(&site) {
            let (devices, conversations) = (answers.devices.len(), answers.conversations.len());
            say(&format!(
                "The last day was played: {devices} devices, {conversations} conversations, {} findings.",
                answers.findings.len()
            ));
        }
        if !once {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! { () = over => {}, () = day => {}, () = crate::hub::asked_to_end() => {} }
}

/// A clinic, and somebody who may see it; returns the site and the password.
async fn set_up(app: &App) -> anyhow::Result<(String, String)> {
    anyhow::ensure!(app.sites().is_empty(), "the data folder was used before: give an empty one to the demonstration");
    let password = format!("demo {}", store::secret().chars().filter(char::is_ascii_alphanumeric).take(12).collect::<String>());
    let hashed = hash(&password).ok().context("cannot hash the password")?;
    let mut change = app.store.begin(&Actor::hub("demo"), app.now()).await?;
    let tenant = change.add_tenant("Demonstration").await?;
    let site = change.add_site(&tenant, "Virtual clinic", "UTC", &["10.20.0.0/16".to_owned()]).await?;
    let person = change.add_person(LOGIN, "Demo", "", Some(&hashed)).await?;
    for role in [Role::Administrator, Role::ItSecurity, Role::ClinicalEngineering] {
        change.add_role(&person, &RoleRow { role: role.name().to_owned(), tenant_id: tenant.clone(), site_id: None }).await?;
    }
    change.set_home(&person, &tenant, false).await?;
    let until = change.now().plus_nanos(DAYS_MORE * DAY);
    let exception =
        ExceptionRow { reason: "demonstration: nothing there is real".to_owned(), given_by: "demo".to_owned(), until };
    change.set_exception(&person, &exception).await?;
    change.commit(Act::new("hub.demo", &tenant).of(&tenant).at(&site).with(json!({ "person": person }))).await?;
    app.read_sites().await?;
    Ok((site, password))
}

/// Plays the clinic's last day and then on; what a sensor at its mirrors observes is taken in as any sensor's is.
fn play(app: &App, site: &str, speed: f64, tell_played: oneshot::Sender<()>) -> anyhow::Result<()> {
    let (sender, receiver) = sync_channel::<(Timestamp, Vec<Observation>)>(QUEUE);
    let present = app.now();
    let start = Timestamp::from_nanos((present.nanos() - DAY).div_euclid(DAY) * DAY);
    let player = std::thread::spawn(move || frames(start, &sender));
    let mut pace = Pace { speed, last: start, present, tell_played: Some(tell_played) };
    let mut number = 0;
    loop {
        match receiver.recv_timeout(Duration::from_secs(3600)) {
            Ok((time, observations)) => {
                pace.wait(time);
                number += 1;
                let batch = Batch { site: site.to_owned(), sensor: SENSOR.to_owned(), number, observations };
                app.intake.take(batch, &|site| app.networks(site)).context("cannot keep what was observed")?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    player.join().unwrap_or_else(|_| Err(io::Error::other("the player failed"))).context("cannot play the clinic")
}

/// How fast the time of the play goes.
struct Pace {
    speed: f64,
    last: Timestamp,
    present: Timestamp,
    tell_played: Option<oneshot::Sender<()>>,
}

impl Pace {
    /// Waits until a time of the play has come.
    fn wait(&mut self, time: Timestamp) {
        let nanos = u64::try_from(time.since(self.last)).unwrap_or_default();
        let passes = Duration::from_nanos(nanos);
        self.last = time;
        if time < self.present {
            std::thread::sleep(passes.div_f64(self.speed));
        } else {
            if let Some(tell) = self.tell_played.take() {
                let _ = tell.send(());
            }
            std::thread::sleep(passes);
        }
    }
}

/// Plays frames past a sensor, and hands on what it observes.
fn frames(start: Timestamp, out: &std::sync::mpsc::SyncSender<(Timestamp, Vec<Observation>)>) -> io::Result<()> {
    let manifest = Manifest::shipped("clinic").and_then(|text| Manifest::parse(text).ok());
    let manifest = manifest.ok_or_else(|| io::Error::other("the clinic's manifest is missing"))?;
    let mut hospital = Hospital::new(&manifest, 1).map_err(io::Error::other)?;
    hospital.start = start;
    // Something to find on the first morning.
    for (script, hour) in [("vendor-visit", 9), ("guessing-ssh", 14)] {
        hospital.incidents.push((script.to_owned(), start.plus_nanos(hour * HOUR)));
    }
    #[allow(clippy::cast_precision_loss, reason = "a few days")]
    let options = lab::hospital::Options { seed: 1, days: DAYS_MORE as f64 };
    let mut play = Play::new(hospital, &options);
    let credentials = crate::inspect::Known(Arc::new(Knowledge::builtin()));
    let mut sensor = sensor::Sensor::new(&sensor::Config::default(), Box::new(credentials));
    let (mut batch, mut due) = (Vec::new(), start.plus_nanos(BATCH_NANOS));
    play.run(&mut |frame: &Frame<'_>| {
        let at = FrameRef { source: frame.mirror.into(), frame: frame.number };
        let (bytes, wire_len) = (frame.bytes, frame.bytes.len());
        sensor.frame(&sensor::Frame { time: frame.time, link: LinkType(1), bytes, wire_len, at }, &mut |observation| {
            batch.push(observation)
        });
        if frame.time < due {
            return Ok(());
        }
        due = frame.time.plus_nanos(BATCH_NANOS);
        out.send((frame.time, std::mem::take(&mut batch))).map_err(|_| io::Error::other("the hub ended"))
    })
}

/// A reader that went away is no error.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
