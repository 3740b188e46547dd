//! What follows of papers and checklists by itself: the device that came is matched to its papers, and what has none, or does not do what
//! somebody said was done, is a finding. Safe to run twice, late, or after a crash.

use std::collections::{BTreeMap, BTreeSet};

use model::report::{Device, Finding, Severity};
use model::{ClinicalImpact, Timestamp, Word};
use records::checklist::Traffic;
use records::onboarding::{Grounds, Papers, Signature, Step, candidates};
use serde_json::json;
use store::{Act, Actor};

use crate::App;
use crate::api::checklists::{Contradicted, contradicted};
use crate::api::onboarding;
use crate::events::Event;
use crate::intake::Answers;
use crate::keeping::{self, Kept};

/// Detector of devices without papers.
const NO_PAPERS: &str = "no-papers";
/// Detector of items of a checklist that traffic contradicts.
const CONTRADICTED: &str = "checklist-contradicted";
/// Papers that are looked through at once.
const MOST: u32 = 500;

/// Signs in the hub's name that what came is what was approved, where its MAC address or serial number says so.
pub(crate) async fn arrive(app: &App, site: &str, answers: &Answers) -> store::Result<()> {
    let approved = app.store.onboardings(&[site.to_owned()], &["approved".to_owned()], 0, MOST).await?;
    for found in approved.items {
        let mut change = app.store.begin(&Actor::hub("onboarding"), app.now()).await?;
        // As it is now: somebody may have signed meanwhile.
        let mut row = app.store.onboarding(&found.id, &[site.to_owned()]).await?;
        let (coming, papers) = onboarding::read(&row)?;
        let Some(mut kept) = change.record_now(&row.record_id).await?.map(Kept::of).transpose()? else { continue };
        let device = answers.devices.iter().find(|device| kept.row.device_id.as_deref() == Some(device.id.as_str()));
        let told = device.and_then(|device| candidates(&coming, std::slice::from_ref(device), |_| true).into_iter().next());
        let (Papers::Approved(_), Some(told)) = (&papers, told.filter(|told| told.by.is_sure())) else { continue };
        let by = Signature { by: "hub".into(), name: "Medwarden".into(), at: app.now(), note: None };
        let on = Grounds { matched_by: Some(told.by), open_items: 0 };
        let Ok(papers) = papers.sign(Step::Match, by, on) else { continue };
        onboarding::put(&mut change, &mut row, &papers, &mut kept).await?;
        let details = json!({ "step": "match", "to": papers.state(), "device": told.device, "by": told.by });
        change.commit(Act::new("onboarding.sign", &row.id).at(site).with(details)).await?;
        app.tell(Event::new("onboarding", site).about(&row.id));
    }
    Ok(())
}

/// What people's papers make findings of.
pub(crate) async fn findings(app: &App, site: &str, answers: &Answers) -> store::Result<Vec<Finding>> {
    let mut all = without_papers(app, site, answers).await?;
    all.extend(contradicted(app, site, answers).await?.into_iter().map(contradiction));
    Ok(all)
}

/// Devices that care depends on and that came since the site files papers, without any that were approved.
async fn without_papers(app: &App, site: &str, answers: &Answers) -> store::Result<Vec<Finding>> {
    let Some(since) = app.store.first_onboarding(site).await? else { return Ok(Vec::new()) };
    let pending: BTreeSet<String> = app
        .store
        .onboardings(&[site.to_owned()], &["filed".to_owned(), "withdrawn".to_owned()], 0, 100_000)
        .await?
        .items
        .into_iter()
        .map(|row| row.record_id)
        .collect();
    let kept = keeping::of_site(app, site).await?;
    let papers: BTreeMap<&str, &str> =
        kept.iter().filter_map(|one| Some((one.row.device_id.as_deref()?, one.row.id.as_str()))).collect();
    let lacks = |device: &&Device| papers.get(device.id.as_str()).is_none_or(|record| pending.contains(*record));
    let came = answers.devices.iter().filter(|device| device.first_seen > since && is_clinical(device));
    Ok(came.filter(lacks).map(|device| no_papers(device, papers.contains_key(device.id.as_str()))).collect())
}

fn is_clinical(device: &Device) -> bool {
    device.clinical_impact.as_ref().is_some_and(|impact| impact.value != ClinicalImpact::NotClinical.name())
}

fn called(device: &Device) -> String {
    let name = device.name.as_ref().map(|name| name.value.to_string());
    let address = || device.addresses.first().map(|address| address.ip.to_string());
    name.or_else(address).unwrap_or_else(|| device.id.to_string())
}

fn no_papers(device: &Device, is_filed: bool) -> Finding {
    let what = if is_filed { "came before its papers were approved" } else { "came without papers" };
    finding(
        NO_PAPERS,
        device,
        device.id.as_str(),
        format!("{} {what}", called(device)),
        device.first_seen,
        Said {
            severity: Severity::Medium,
            why: "Nobody has said that it may come, who answers for it, or that it was configured as the clinic's checklist asks.",
            what_to_do: "Find out who brought it. File and approve its papers under Onboarding, write its record if it was here before, or take it off the network.",
            conversations: Vec::new(),
        },
    )
}

fn contradiction(found: Contradicted<'_>) -> Finding {
    let Contradicted { device, item, traffic } = found;
    let (what, conversations) = match traffic {
        Traffic::Contradicts { what, conversations, .. } => (what, conversations),
        Traffic::Silent | Traffic::Confirms { .. } => (String::new(), Vec::new()),
    };
    let title = format!("{}: said to be done, and traffic says otherwise: {} ({what})", called(device), item.title);
    finding(
        CONTRADICTED,
        device,
        &format!("{}:{}", device.id, item.id),
        title,
        device.last_seen,
        Said {
            severity: Severity::Medium,
            why: "What was configured before the device was released does not hold any more, or never did.",
            what_to_do: "Look at the evidence with who configured it, mend it, and say on the device's checklist again that it is done.",
            conversations,
        },
    )
}

struct Said {
    severity: Severity,
    why: &'static str,
    what_to_do: &'static str,
    conversations: Vec<String>,
}

fn finding(detector: &'static str, device: &Device, subject: &str, title: String, first: Timestamp, said: Said) -> Finding {
    Finding {
        id: Word::from(format!("{detector}:{subject}")),
        detector: Word::from(detector),
        title: title.into(),
        severity: said.severity,
        clinical_impact: device.clinical_impact.as_ref().map(|impact| impact.value.clone()),
        devices: vec![device.id.clone()],
        conversations: said.conversations.into_iter().map(Word::from).collect(),
        why: Word::from(said.why),
        what_to_do: Word::from(said.what_to_do),
        evidence: device.class.as_ref().map(|class| class.evidence.clone()).unwrap_or_default(),
        first_seen: first,
        last_seen: device.last_seen,
    }
}
