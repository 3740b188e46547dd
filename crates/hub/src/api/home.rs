//! The four answers of a site, how sure they are, and what is missing.

use axum::extract::State;
use model::report::Severity;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Query;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::Answer;
use crate::tally::Tally;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(home))
}

/// Which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
}

/// The four answers, and what needs somebody.
#[derive(Serialize, ToSchema)]
struct Home {
    /// What devices are connected?
    devices: FourthAnswer,
    /// What do they talk to?
    conversations: FourthAnswer,
    /// Who administers them?
    administration: FourthAnswer,
    /// How will we respond?
    response: FourthAnswer,
    /// Open findings by severity, gravest first.
    findings: Vec<SeverityCount>,
    /// Last thing seen, RFC 3339.
    #[schema(value_type = Option<String>)]
    last_seen: Option<model::Timestamp>,
}

/// One of the four answers.
#[derive(Serialize, ToSchema)]
struct FourthAnswer {
    /// Figures, the weightiest first.
    figures: Vec<Figure>,
    /// Share of what it rests on that is known, 0 to 1; absent where nothing was seen.
    sureness: Option<f64>,
    /// What is missing, in plain words.
    missing: Vec<String>,
}

/// A figure.
#[derive(Serialize, ToSchema)]
struct Figure {
    /// Stable id.
    id: &'static str,
    /// What is counted.
    label: &'static str,
    /// How many.
    count: u64,
}

/// Findings of a severity.
#[derive(Serialize, ToSchema)]
struct SeverityCount {
    /// Severity.
    severity: &'static str,
    /// How many.
    count: u64,
}

/// The four answers of the sites that the caller sees.
#[utoipa::path(get, path = "/api/home", tag = "home", params(Wanted), responses((status = 200, body = Home)))]
async fn home(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<Home>> {
    let sites = caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?;
    let findings = app.store.finding_counts(&sites).await?;
    let answers = sites.iter().map(|site| app.answers(site)).collect::<Answer<Vec<_>>>()?;
    let tally = answers.iter().fold(Tally::default(), |all, one| all.and(&one.tally));
    let count = |(severity, count): (Severity, u64)| SeverityCount { severity: severity.name(), count };
    Ok(axum::Json(answered(&tally, findings.into_iter().map(count).collect())))
}

fn answered(tally: &Tally, findings: Vec<SeverityCount>) -> Home {
    let figure = |id, label, count| Figure { id, label, count };
    Home {
        devices: FourthAnswer {
            figures: vec![
                figure("devices", "devices seen", tally.devices),
                figure("clinical", "of them clinical", tally.clinical),
                figure("life-sustaining", "life-sustaining", tally.life_sustaining),
            ],
            sureness: share(tally.devices - tally.without_class, tally.devices),
            missing: missing(&[
                (tally.without_class, "devices whose class is not known"),
                (tally.without_maker, "devices whose maker is not known"),
            ]),
        },
        conversations: FourthAnswer {
            figures: vec![
                figure("conversations", "conversations", tally.conversations),
                figure("outside", "with servers outside", tally.outside),
                figure("phi", "carry PHI in the clear", tally.phi),
            ],
            sureness: share(tally.conversations - tally.unknown_encryption, tally.conversations),
            missing: missing(&[(tally.unknown_encryption, "conversations of which it is not known whether they are encrypted")]),
        },
        administration: FourthAnswer {
            figures: vec![
                figure("managed", "devices can be administered over the network", tally.managed),
                figure("administered", "were administered while we watched", tally.administered),
                figure("default-credentials", "with a default credential in use", tally.default_credentials),
            ],
            sureness: share(tally.managed - tally.unseen_administrators, tally.managed),
            missing: missing(&[(tally.unseen_administrators, "devices that can be administered, by whom was not seen")]),
        },
        response: FourthAnswer {
            figures: vec![
                figure("clinical", "clinical devices with a plan to isolate them", tally.clinical),
                figure("without-stand-in", "of them without another of their class", tally.without_stand_in),
            ],
            sureness: share(tally.devices - tally.without_class, tally.devices),
            missing: missing(&[(tally.without_class, "devices of which it cannot be judged what breaks without them")]),
        },
        findings,
        last_seen: tally.last_seen,
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 100.0).round() / 100.0)
}

fn missing(of: &[(u64, &str)]) -> Vec<String> {
    of.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
