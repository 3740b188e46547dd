//! The ledger: who did what, the checkpoint over it, and proofs to take along.

use axum::extract::State;
use axum::http::{HeaderName, header};
use ledger::Folder;
use ledger::proof::{Consistency, Inclusion};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{LedgerFilter, LedgerRow, LedgerScope};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Query, limit};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::sequencer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ledger_entries)).routes(routes!(checkpoint)).routes(routes!(proof))
}

/// Which entries are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this site; all that the caller may read where absent.
    site: Option<String>,
    /// Id of who acted.
    actor: Option<String>,
    /// What the action's name begins with: `record.`, `session.`, `finding.set` …
    action: Option<String>,
    /// Id of what it was done to.
    subject: Option<String>,
    /// From this time on, RFC 3339.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Before this time, RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
struct LedgerPage {
    /// Entries, the newest first.
    items: Vec<LedgerEntry>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

/// An entry.
#[derive(Serialize, ToSchema)]
struct LedgerEntry {
    /// Number, that of its leaf.
    number: u64,
    /// Wall time of the hub, RFC 3339.
    time: String,
    /// Who acted.
    actor: LedgerActor,
    /// What was done.
    action: String,
    /// To what.
    subject: String,
    /// At which site.
    site: Option<String>,
    /// Of which tenant.
    tenant: Option<String>,
    /// What was, what is, why.
    #[schema(value_type = Object)]
    details: Value,
    /// A checkpoint was signed over it.
    is_signed: bool,
}

/// Who acted.
#[derive(Serialize, Deserialize, ToSchema)]
struct LedgerActor {
    /// `person`, `token`, `sensor`, `hub` or `nobody`.
    kind: String,
    /// Id.
    id: String,
    /// Name at the time.
    name: String,
    /// Break-glass under which it was done.
    break_glass: Option<String>,
}

/// The entry as it is stored.
#[derive(Deserialize)]
struct Stored {
    time: String,
    actor: LedgerActor,
    action: String,
    subject: String,
    site: Option<String>,
    tenant: Option<String>,
    #[serde(default)]
    details: Value,
}

/// How the ledger stands.
#[derive(Serialize, ToSchema)]
struct Standing {
    /// Entries.
    entries: u64,
    /// Of them signed over.
    signed: u64,
    /// The newest checkpoint (C2SP tlog-checkpoint), to be kept elsewhere; absent until there is one.
    checkpoint: Option<String>,
    /// The hub's verifier key, to be noted elsewhere on the first day.
    key: Option<String>,
    /// What keeps entries from being signed.
    problem: Option<String>,
    /// Others who saw the newest checkpoint.
    witnesses: Vec<String>,
    /// What is promised so.
    promised: Vec<&'static str>,
    /// What is not.
    not_promised: Vec<&'static str>,
}

/// Which proof.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WantedProof {
    /// That this entry is in.
    entry: Option<u64>,
    /// That the ledger begins with all that it had at this size.
    from: Option<u64>,
}

/// What the caller may read.
async fn scope(app: &App, caller: &Caller) -> Answer<LedgerScope> {
    caller.require_anywhere(Right::ReadLedger)?;
    let mut tenants: Vec<String> = caller
        .grants
        .iter()
        .filter(|grant| caller.may(Right::ReadLedger, &grant.tenant, None))
        .map(|grant| grant.tenant.clone())
        .collect();
    tenants.sort_unstable();
    tenants.dedup();
    let has_hub = caller.require_hub(app, Right::ReadLedger).await.is_ok();
    Ok(LedgerScope { sites: caller.sites(app, Right::ReadLedger), tenants, has_hub })
}

fn shown(row: &LedgerRow, signed: u64) -> Answer<LedgerEntry> {
    let unreadable = |error: serde_json::Error| {
        tracing::error!(%error, number = row.seq, "an entry of the ledger cannot be read");
        Problem::of(&kinds::INTERNAL)
    };
    let Stored { time, actor, action, subject, site, tenant, details } = serde_json::from_str(&row.body).map_err(unreadable)?;
    Ok(LedgerEntry { number: row.seq, time, actor, action, subject, site, tenant, details, is_signed: row.seq < signed })
}

fn signed(app: &App) -> u64 {
    app.ledger().borrow().checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.head.size)
}

/// Who did what, the newest first.
#[utoipa::path(get, path = "/api/ledger", tag = "ledger", params(Wanted), responses((status = 200, body = LedgerPage)))]
async fn ledger_entries(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<LedgerPage>> {
    let scope = match &wanted.site {
        Some(site) => {
            caller.require(&app, Right::ReadLedger, site)?;
            LedgerScope { sites: vec![site.clone()], ..LedgerScope::default() }
        }
        None => scope(&app, &caller).await?,
    };
    let number = |text: &String| {
        text.parse::<u64>().map_err(|_| Problem::new(&kinds::BAD_REQUEST, "the cursor is not one that this API gave"))
    };
    let before = wanted.cursor.as_ref().map(number).transpose()?;
    let most = limit(wanted.limit);
    let Wanted { actor, action, subject, since, until, .. } = wanted;
    let filter = LedgerFilter { actor, action, subject, since, until, scope: Some(scope) };
    let mut rows = app.store.ledger_before(&filter, before, most.saturating_add(1)).await?;
    let has_more = rows.len() > usize::try_from(most).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| has_more).map(|row| row.seq.to_string());
    let signed = signed(&app);
    let items = rows.iter().map(|row| shown(row, signed)).collect::<Answer<_>>()?;
    Ok(axum::Json(LedgerPage { items, next }))
}

/// The newest checkpoint, and what it promises.
#[utoipa::path(get, path = "/api/ledger/checkpoint", tag = "ledger", responses((status = 200, body = Standing)))]
async fn checkpoint(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Standing>> {
    caller.require_anywhere(Right::ReadLedger)?;
    let entries = app.store.ledger_size().await?;
    let state = app.ledger().borrow().clone();
    let key = std::fs::read_to_string(sequencer::folder(&app.data).join(ledger::KEY_FILE)).ok();
    let own = state.checkpoint.as_ref().map(|checkpoint| checkpoint.head.origin.clone()).unwrap_or_default();
    let witnesses: Vec<String> = state
        .checkpoint
        .iter()
        .flat_map(|checkpoint| &checkpoint.note().signatures)
        .map(|signature| signature.name.clone())
        .filter(|name| *name != own)
        .collect();
    let (mut promised, mut not_promised) = (
        vec!["Each act stands in the state with its entry, in one transaction: without the entry it did not happen."],
        vec!["That what an entry says is true, or that everything that happened was entered."],
    );
    if state.checkpoint.is_some() {
        promised.push("Whoever has this checkpoint can show later that nothing up to it was removed, changed or reordered.");
        not_promised.push("Anything of entries that no checkpoint was signed over yet.");
    }
    if witnesses.is_empty() {
        not_promised.push(
            "Without a witness and without a checkpoint kept elsewhere nothing protects against this hub's own administrators.",
        );
    } else {
        promised.push("A witness saw it: up to what it saw, the hub's own key cannot rewrite anything unseen.");
    }
    let signed = state.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.head.size);
    let checkpoint = state.checkpoint.map(|checkpoint| checkpoint.to_text());
    let key = key.map(|key| key.trim().to_owned());
    Ok(axum::Json(Standing { entries, signed, checkpoint, key, problem: state.problem, witnesses, promised, not_promised }))
}

/// A proof to take along: that an entry is in (C2SP tlog-proof, with the entry), or that the ledger grew out of an older one. `medwarden ledger
/// check-proof` checks either without a hub.
#[utoipa::path(get, path = "/api/ledger/proof", tag = "ledger", params(WantedProof), responses((status = 200, body = String, content_type = "text/plain")))]
async fn proof(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<WantedProof>,
) -> Answer<([(HeaderName, String); 2], String)> {
    let scope = scope(&app, &caller).await?;
    let checkpoint = app.ledger().borrow().checkpoint.clone();
    let checkpoint =
        checkpoint.ok_or_else(|| Problem::new(&kinds::NOT_READY, "no checkpoint was signed so far").retry_after(1))?;
    let size = checkpoint.head.size;
    let source = Folder(sequencer::folder(&app.data));
    let (name, make): (String, Box<dyn FnOnce() -> std::io::Result<String> + Send>) = match (wanted.entry, wanted.from) {
        (Some(number), None) => {
            let filter = LedgerFilter { scope: Some(scope), ..LedgerFilter::default() };
            let found = app.store.ledger_before(&filter, Some(number.saturating_add(1)), 1).await?;
            if found.first().is_none_or(|row| row.seq != number) {
                return Err(Problem::new(&kinds::ABSENT, "no such entry"));
            }
            if number >= size {
                return Err(Problem::new(&kinds::NOT_READY, "no checkpoint was signed over this entry yet").retry_after(1));
            }
            (
                format!("entry-{number}.proof"),
                Box::new(move || Inclusion::make(&source, checkpoint, number).map(|proof| proof.to_text())),
            )
        }
        (None, Some(old)) if old <= size => (
            format!("from-{old}.proof"),
            Box::new(move || Consistency::make(&source, checkpoint, old).map(|proof| proof.to_text())),
        ),
        (None, Some(_)) => return Err(Problem::new(&kinds::UNPROCESSABLE, format!("from: the ledger has {size} entries"))),
        _ => return Err(Problem::new(&kinds::BAD_REQUEST, "give either entry or from")),
    };
    let text = tokio::task::spawn_blocking(make).await.map_err(|_| Problem::of(&kinds::INTERNAL))??;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, text))
}
