//! Exports: devices with their records, as files. Each is an act in the ledger.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use records::export::{self, Heading};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Act;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Query;
use super::records::download;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::intake::Answers;
use crate::keeping::{self, Kept};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(devices_export))
}

/// Which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site.
    site: String,
}

/// Devices of a site with their records, those that nobody saw yet too: `csv`, `xlsx`, `json` or `cyclonedx` (1.6).
#[utoipa::path(get, path = "/api/exports/{format}", tag = "exports", params(("format" = String, Path), Wanted),
    responses((status = 200, content_type = "application/octet-stream", body = String)))]
async fn devices_export(
    State(app): State<App>,
    caller: Caller,
    Path(format): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer<(HeaderMap, Vec<u8>)> {
    caller.require(&app, Right::MoveData, &wanted.site)?;
    let (name, kind) = match format.as_str() {
        "csv" => ("devices.csv", "text/csv; charset=utf-8"),
        "xlsx" => ("devices.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "json" => ("devices.json", "application/json"),
        "cyclonedx" => ("devices.cdx.json", "application/vnd.cyclonedx+json; version=1.6"),
        _ => return Err(Problem::new(&kinds::ABSENT, "formats are csv, xlsx, json and cyclonedx")),
    };
    let (answers, kept) = (app.answers(&wanted.site)?, keeping::of_site(&app, &wanted.site).await?);
    let site = app.sites().into_iter().find(|site| site.id == wanted.site).map(|site| site.name).unwrap_or_default();
    let (now, count) = (app.now(), answers.devices.len());
    let asked = format.clone();
    let written = tokio::task::spawn_blocking(move || write(&asked, &site, now, &answers, &kept));
    let bytes = written.await.map_err(|_| Problem::of(&kinds::INTERNAL))?.map_err(|error| {
        tracing::error!(%error, "an export could not be written");
        Problem::of(&kinds::INTERNAL)
    })?;
    let details = json!({ "format": format, "devices": count, "bytes": bytes.len() });
    app.store.begin(&caller.actor(), now).await?.commit(Act::new("export", "devices").at(&wanted.site).with(details)).await?;
    Ok((download(name, kind), bytes))
}

fn write(format: &str, site: &str, now: model::Timestamp, answers: &Answers, kept: &[Kept]) -> anyhow::Result<Vec<u8>> {
    let of_device: BTreeMap<&str, &Kept> = kept.iter().filter_map(|one| Some((one.row.device_id.as_deref()?, one))).collect();
    let seen = answers
        .devices
        .iter()
        .map(|device| export::Row { device: Some(device), record: of_device.get(device.id.as_str()).map(|one| &one.record) });
    let known = |id: &str| answers.devices.binary_search_by(|device| device.id.as_str().cmp(id)).is_ok();
    let unseen = kept.iter().filter(|one| !one.row.device_id.as_deref().is_some_and(known));
    let rows = seen.chain(unseen.map(|one| export::Row { device: None, record: Some(&one.record) }));
    Ok(match format {
        "csv" => export::csv(rows)?,
        "xlsx" => export::xlsx(rows)?,
        "cyclonedx" => {
            let heading = Heading { uuid: &uuid()?, now, site, version: env!("CARGO_PKG_VERSION") };
            serde_json::to_vec(&export::cyclonedx(&heading, rows))?
        }
        _ => {
            let all: Vec<Value> = rows.map(|row| json!({ "device": row.device, "record": row.record })).collect();
            serde_json::to_vec(&all)?
        }
    })
}

/// A random UUID (RFC 9562 §5.4).
fn uuid() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let number = (u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}
