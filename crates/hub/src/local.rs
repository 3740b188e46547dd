//! The sensor of this machine: what it keeps in its spool is taken in without a network between.

use std::path::{Path, PathBuf};
use std::time::Duration;

use link::spool::{self, Lane};
use serde_json::json;
use store::{Act, Actor, SensorRow, secret};

use crate::App;
use crate::api::Status;
use crate::auth::digest;
use crate::events::Event;
use crate::intake::Batch;

/// Between two looks at an empty spool.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two signs of life.
const HELLO: Duration = Duration::from_secs(10);
const NAME: &str = "this machine";

/// Takes in what a sensor on this machine keeps in its spool, for as long as the hub runs. Waits until the hub was set up. With several
/// sites, `site` says at which.
pub async fn follow(app: App, folder: PathBuf, site: Option<String>) {
    let mut told = String::new();
    let mut greeted: Option<tokio::time::Instant> = None;
    loop {
        let is_due = greeted.is_none_or(|at| at.elapsed() >= HELLO);
        match round(&app, &folder, site.as_deref(), is_due).await {
            Ok(has_greeted) => {
                told.clear();
                if has_greeted {
                    greeted = Some(tokio::time::Instant::now());
                }
            }
            // What goes on being wrong is said once.
            Err(error) if format!("{error:#}") != told => {
                told = format!("{error:#}");
                tracing::error!(error = told, "what the sensor of this machine saw waits in its spool");
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes in what there is. Whether the sensor gave a sign of life: that needs a site, and a spool.
async fn round(app: &App, folder: &Path, site: Option<&str>, is_due: bool) -> anyhow::Result<bool> {
    let sites = app.sites();
    let site = match (site, sites.as_slice()) {
        (_, []) => return Ok(false),
        (Some(id), all) => &all.iter().find(|one| one.id == id).ok_or_else(|| anyhow::anyhow!("there is no site {id}"))?.id,
        (None, [only]) => &only.id,
        (None, _) => anyhow::bail!("the hub has several sites: say with --site at which the interfaces are"),
    };
    // Nothing was written so far.
    let Ok(epoch) = spool::epoch(folder) else { return Ok(false) };
    let sensor = known(app, folder, site).await?;
    if sensor.state != "enrolled" {
        anyhow::bail!("the sensor {:?} was revoked", sensor.name);
    }
    if is_due {
        greet(app, folder, &sensor).await?;
    }
    let (app, folder) = (app.clone(), folder.to_owned());
    tokio::task::spawn_blocking(move || take(&app, &folder, &sensor, &epoch)).await??;
    Ok(is_due)
}

/// Takes every batch in; one that cannot be read is set aside.
fn take(app: &App, folder: &Path, sensor: &SensorRow, epoch: &str) -> anyhow::Result<()> {
    for lane in Lane::ALL {
        for stored in spool::batches(folder, lane)? {
            let body = match std::fs::read(&stored.path) {
                // The sensor gave it up for room.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read?,
            };
            let Ok(observations) = spool::read_batch(&body) else {
                tracing::error!(file = %stored.path.display(), "a batch cannot be read and is set aside");
                spool::set_aside(&stored)?;
                continue;
            };
            let name = format!("{}/{epoch}/{}", sensor.id, lane.name());
            let batch = Batch { site: sensor.site_id.clone(), sensor: name, number: stored.number, observations };
            let durable = app.intake.take(batch, &|site| app.networks(site))?;
            spool::acknowledge(folder, lane, durable)?;
        }
    }
    Ok(())
}

/// The sensor as the hub knows it; added the first time. Its id is kept beside its spool.
async fn known(app: &App, folder: &Path, site: &str) -> anyhow::Result<SensorRow> {
    let path = folder.join("sensor");
    let here = [site.to_owned()];
    if let Ok(id) = std::fs::read_to_string(&path)
        && let Some(row) = app.store.sensors(&here).await?.into_iter().find(|row| row.id == id.trim())
    {
        return Ok(row);
    }
    let now = app.now();
    let secret = digest(&secret());
    let mut change = app.store.begin(&Actor::hub("sensor"), now).await?;
    let id = change.add_sensor(site, NAME, &secret, now.plus_nanos(HELLO.as_secs().cast_signed() * 1_000_000_000)).await?;
    change.enrol(&id, &secret).await?;
    change.commit(Act::new("sensor.add", &id).at(site).with(json!({ "name": NAME, "local": true }))).await?;
    std::fs::write(&path, &id)?;
    app.tell(Event::new("sensor", site).about(&id));
    let row = app.store.sensors(&here).await?.into_iter().find(|row| row.id == id);
    row.ok_or_else(|| anyhow::anyhow!("the sensor that was added is not there"))
}

/// Notes that it lives, and how it is.
async fn greet(app: &App, folder: &Path, sensor: &SensorRow) -> anyhow::Result<()> {
    let dropped = spool::dropped(folder);
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        spooled_bytes: spool::bytes(folder)?,
        dropped_flows: dropped.flows,
        dropped_since: dropped.since,
        // The same clock.
        offset_nanos: Some(0),
        error_nanos: Some(0),
        health: spool::health(folder),
    };
    let mut writer = app.store.writer().await?;
    writer.saw_sensor(&sensor.id, app.now(), &serde_json::to_string(&status)?).await?;
    writer.commit().await?;
    app.tell(Event::new("sensor", &sensor.site_id).about(&sensor.id));
    Ok(())
}
