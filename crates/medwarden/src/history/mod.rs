//! History of the hub: `lake` behind the hub's trait, with its manifest in the hub's state.

mod manifest;
mod rows;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hub::history::{Bucket, Buckets, History, Names, NoAnswer, NotTaken, OpenHistory, Reach, Search, Table};
use hub::intake::Batch;
use hub::settings::HistorySettings;
use lake::{Config, Error, FlowFilter, Kind, Lake, Limits, Order, Party, Place, Scope, Span, Warning};
use model::{Endpoint, Timestamp};
use store::Store;

use manifest::StateManifest;

/// Folder of the segments in the data folder.
const FOLDER: &str = "history";
/// Rows in memory while segments cannot be written; what comes then waits in the journal.
const FULL_BYTES: usize = 128 << 20;
/// Rows of a page where nothing else is asked.
const PAGE: u32 = 100;

/// The engine of this program.
pub struct Engine;

#[async_trait]
impl OpenHistory for Engine {
    async fn open(&self, store: &Store, data: &Path, now: Timestamp) -> anyhow::Result<Arc<dyn History>> {
        let manifest = Arc::new(StateManifest::new(store.clone()));
        let place = Place::Folder(data.join(FOLDER));
        let days = HistorySettings::read(store).await?.keep_days;
        let keep = Duration::from_secs(u64::from(days) * 86_400);
        let config = Config { keep: Kind::ALL.map(|kind| (kind, keep)).into(), full_bytes: FULL_BYTES, ..Config::default() };
        Ok(Arc::new(Kept(Lake::open(&place, manifest, config, now).await?)))
    }
}

struct Kept(Lake);

#[async_trait]
impl History for Kept {
    async fn take(&self, reach: &Reach, batch: Batch, names: &Names, now: Timestamp) -> Result<(), NotTaken> {
        match self.0.append(rows::of(reach, batch, names), now) {
            Ok(_) => {}
            Err(error @ Error::Full) => {
                // What can be written makes room.
                let why = self.0.flush().await.err();
                return Err(NotTaken::Yet(why.map_or_else(|| error.to_string(), |why| in_words(&why))));
            }
            Err(error) => return Err(NotTaken::Ever(in_words(&error))),
        }
        if self.0.is_flush_due()
            && let Err(error) = self.0.flush().await
        {
            tracing::error!(error = in_words(&error), "history cannot be written; it is tried again");
        }
        Ok(())
    }

    fn durable(&self) -> Vec<(String, u64)> {
        self.0.durable().into_iter().map(|mark| (mark.sensor, mark.number)).collect()
    }

    async fn search(&self, reach: &Reach, search: &Search, addresses: &[Endpoint]) -> Result<Table, NoAnswer> {
        let limit = usize::try_from(search.limit.unwrap_or(PAGE)).unwrap_or(usize::MAX);
        let (filter, span) = (filter(search, addresses)?, span(search)?);
        let found = self.0.search(&scope(reach), &filter, span, Order::Newest, limit, search.cursor.as_deref()).await;
        let page = found.map_err(no_answer)?;
        Ok(Table {
            columns: rows::COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            rows: page.items.iter().map(rows::shown).collect(),
            has_more: page.next.is_some(),
            next: page.next,
            missing: missing(&page.warnings),
        })
    }

    async fn histogram(&self, reach: &Reach, search: &Search, addresses: &[Endpoint], buckets: u32) -> Result<Buckets, NoAnswer> {
        if search.since.is_none() || search.until.is_none() {
            return Err(NoAnswer::Asked(
                "since and until have to be said: they are divided into the spans that are counted".to_owned(),
            ));
        }
        let counted = self.0.histogram(&scope(reach), &filter(search, addresses)?, span(search)?, buckets).await;
        let counted = counted.map_err(no_answer)?;
        let bucket = |one: &lake::HistogramBucket| Bucket { begin: one.from, flows: one.rows, bytes: one.bytes };
        Ok(Buckets { buckets: counted.buckets.iter().map(bucket).collect(), missing: missing(&counted.warnings) })
    }

    async fn sql(&self, reach: &[Reach], statement: &str) -> Result<Table, NoAnswer> {
        let scopes: Vec<Scope> = reach.iter().map(scope).collect();
        let answer = self.0.sql(&scopes, statement, Limits::default()).await.map_err(no_answer)?;
        Ok(Table {
            columns: answer.columns.into_iter().map(|head| head.name).collect(),
            rows: answer.rows.into_iter().map(|row| row.into_iter().map(rows::text).collect()).collect(),
            has_more: answer.cut,
            next: None,
            missing: missing(&answer.warnings),
        })
    }

    async fn upkeep(&self, now: Timestamp) -> Result<(), NoAnswer> {
        let done = self.0.upkeep(now).await.map_err(no_answer)?;
        if done != lake::Upkeep::default() {
            let lake::Upkeep { written, merged, dropped, orphans } = done;
            tracing::info!(written, merged, dropped, orphans, "upkeep of history");
        }
        Ok(())
    }

    async fn finish(&self) -> Result<(), NoAnswer> {
        self.0.flush().await.map(|_| ()).map_err(no_answer)
    }
}

/// One site, of its tenant.
fn scope(reach: &Reach) -> Scope {
    Scope { tenant: reach.tenant.clone(), sites: Some(vec![reach.site.clone()]) }
}

fn span(search: &Search) -> Result<Span, NoAnswer> {
    let span = Span { from: search.since.unwrap_or(Timestamp::MIN), before: search.until.unwrap_or(Timestamp::MAX) };
    if span.from >= span.before {
        return Err(NoAnswer::Asked("since has to be before until".to_owned()));
    }
    Ok(span)
}

fn filter(search: &Search, addresses: &[Endpoint]) -> Result<FlowFilter, NoAnswer> {
    let mut filter = FlowFilter::default();
    match (&search.device, &search.address) {
        (Some(_), Some(_)) => return Err(NoAnswer::Asked("search by device or by address, not by both".to_owned())),
        (Some(device), None) => {
            filter.ends.push(Party::Device(device.clone()));
            filter.ends.extend(addresses.iter().filter_map(party));
        }
        (None, Some(address)) => filter.ends.push(read(address)?),
        (None, None) => {}
    }
    filter.protocols.extend(search.protocol.clone());
    filter.ports.extend(search.port);
    Ok(filter)
}

fn party(endpoint: &Endpoint) -> Option<Party> {
    endpoint.mac.map(Party::Mac).or_else(|| endpoint.ip.map(Party::Ip))
}

fn read(address: &str) -> Result<Party, NoAnswer> {
    let address = address.trim();
    let by_ip = || address.parse().ok().map(Party::Ip);
    let by_network = || address.parse().ok().map(Party::Network);
    let by_mac = || address.parse().ok().map(Party::Mac);
    by_ip().or_else(by_network).or_else(by_mac).ok_or_else(|| {
        let shown: String = address.chars().take(80).collect();
        NoAnswer::Asked(format!("`{shown}` is no MAC address, IP address or network such as 10.0.4.0/24"))
    })
}

fn missing(warnings: &[Warning]) -> Vec<String> {
    let line = |warning: &Warning| {
        let (from, until) = warning.span;
        format!("{} rows of {from} to {until}: {} ({})", warning.rows, warning.reason, warning.path)
    };
    warnings.iter().map(line).collect()
}

/// An error with all its causes.
fn in_words(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn no_answer(error: Error) -> NoAnswer {
    match error {
        Error::Refused(_) | Error::Query(_) | Error::Time { .. } | Error::Memory { .. } | Error::Cursor => {
            NoAnswer::Asked(error.to_string())
        }
        Error::Busy => NoAnswer::Busy(error.to_string()),
        other => NoAnswer::Failed(in_words(&other)),
    }
}
