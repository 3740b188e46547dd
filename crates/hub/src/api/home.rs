//! The four answers of a site, how sure they are, and what is missing.

use std::collections::BTreeSet;

use axum::extract::State;
use model::report::{Device, Encryption, Scope, Severity};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Query;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::Answer;
use crate::intake::Answers;

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
    let tally = answers.iter().map(|answers| Tally::of(answers)).fold(Tally::default(), Tally::and);
    let count = |(severity, count): (Severity, u64)| SeverityCount { severity: severity.name(), count };
    Ok(axum::Json(tally.home(findings.into_iter().map(count).collect())))
}

/// What the answers count.
#[derive(Default)]
struct Tally {
    devices: u64,
    clinical: u64,
    life_sustaining: u64,
    without_class: u64,
    without_maker: u64,
    conversations: u64,
    outside: u64,
    phi: u64,
    unknown_encryption: u64,
    managed: u64,
    administered: u64,
    unseen_administrators: u64,
    default_credentials: u64,
    without_stand_in: u64,
    last_seen: Option<model::Timestamp>,
}

fn is_impact(device: &Device, names: &[&str]) -> bool {
    device.clinical_impact.as_ref().is_some_and(|impact| names.contains(&impact.value.as_str()))
}

fn number(count: usize) -> u64 {
    count as u64
}

impl Tally {
    fn of(answers: &Answers) -> Self {
        const CLINICAL: [&str; 4] = ["life_sustaining", "therapy", "monitoring", "diagnostic"];
        let Answers { devices, conversations, findings } = answers;
        let count = |wanted: &dyn Fn(&Device) -> bool| number(devices.iter().filter(|device| wanted(device)).count());
        let has_management = |device: &Device| device.services.iter().any(|service| service.management);
        let classes: Vec<&str> = devices.iter().filter_map(|device| Some(device.class.as_ref()?.value.as_str())).collect();
        let is_alone = |device: &Device| {
            let class = device.class.as_ref().map(|class| class.value.as_str());
            is_impact(device, &CLINICAL) && class.is_none_or(|class| classes.iter().filter(|one| **one == class).count() < 2)
        };
        let defaults: BTreeSet<_> =
            findings.iter().filter(|one| one.detector == "default-credential").flat_map(|one| &one.devices).collect();
        Self {
            devices: number(devices.len()),
            clinical: count(&|device| is_impact(device, &CLINICAL)),
            life_sustaining: count(&|device| is_impact(device, &["life_sustaining"])),
            without_class: count(&|device| device.class.is_none()),
            without_maker: count(&|device| device.maker.is_none()),
            conversations: number(conversations.len()),
            outside: number(conversations.iter().filter(|one| one.server.scope == Scope::Outside).count()),
            phi: number(conversations.iter().filter(|one| !one.phi.is_empty()).count()),
            unknown_encryption: number(conversations.iter().filter(|one| one.encryption == Encryption::Unknown).count()),
            managed: count(&has_management),
            administered: count(&|device| !device.administration.is_empty()),
            unseen_administrators: count(&|device| has_management(device) && device.administration.is_empty()),
            default_credentials: number(defaults.len()),
            without_stand_in: count(&is_alone),
            last_seen: devices.iter().map(|device| device.last_seen).max(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            devices: self.devices + other.devices,
            clinical: self.clinical + other.clinical,
            life_sustaining: self.life_sustaining + other.life_sustaining,
            without_class: self.without_class + other.without_class,
            without_maker: self.without_maker + other.without_maker,
            conversations: self.conversations + other.conversations,
            outside: self.outside + other.outside,
            phi: self.phi + other.phi,
            unknown_encryption: self.unknown_encryption + other.unknown_encryption,
            managed: self.managed + other.managed,
            administered: self.administered + other.administered,
            unseen_administrators: self.unseen_administrators + other.unseen_administrators,
            default_credentials: self.default_credentials + other.default_credentials,
            without_stand_in: self.without_stand_in + other.without_stand_in,
            last_seen: self.last_seen.max(other.last_seen),
        }
    }

    fn home(self, findings: Vec<SeverityCount>) -> Home {
        let figure = |id, label, count| Figure { id, label, count };
        Home {
            devices: FourthAnswer {
                figures: vec![
                    figure("devices", "devices seen", self.devices),
                    figure("clinical", "of them clinical", self.clinical),
                    figure("life-sustaining", "life-sustaining", self.life_sustaining),
                ],
                sureness: share(self.devices - self.without_class, self.devices),
                missing: missing(&[
                    (self.without_class, "devices whose class is not known"),
                    (self.without_maker, "devices whose maker is not known"),
                ]),
            },
            conversations: FourthAnswer {
                figures: vec![
                    figure("conversations", "conversations", self.conversations),
                    figure("outside", "with servers outside", self.outside),
                    figure("phi", "carry PHI in the clear", self.phi),
                ],
                sureness: share(self.conversations - self.unknown_encryption, self.conversations),
                missing: missing(&[(
                    self.unknown_encryption,
                    "conversations of which it is not known whether they are encrypted",
                )]),
            },
            administration: FourthAnswer {
                figures: vec![
                    figure("managed", "devices can be administered over the network", self.managed),
                    figure("administered", "were administered while we watched", self.administered),
                    figure("default-credentials", "with a default credential in use", self.default_credentials),
                ],
                sureness: share(self.managed - self.unseen_administrators, self.managed),
                missing: missing(&[(self.unseen_administrators, "devices that can be administered, by whom was not seen")]),
            },
            response: FourthAnswer {
                figures: vec![
                    figure("clinical", "clinical devices with a plan to isolate them", self.clinical),
                    figure("without-stand-in", "of them without another of their class", self.without_stand_in),
                ],
                sureness: share(self.devices - self.without_class, self.devices),
                missing: missing(&[(self.without_class, "devices of which it cannot be judged what breaks without them")]),
            },
            findings,
            last_seen: self.last_seen,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 100.0).round() / 100.0)
}

fn missing(of: &[(u64, &str)]) -> Vec<String> {
    of.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
