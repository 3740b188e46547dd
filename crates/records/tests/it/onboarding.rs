use model::Timestamp;
use records::LifeCycle;
use records::onboarding::{Coming, Grounds, MatchedBy, Papers, Refusal, STEPS, Signature, Step, candidates};

use crate::{device, said};

fn by(who: &str) -> Signature {
    Signature { by: who.to_owned(), name: who.to_uppercase(), at: Timestamp::from_nanos(1), note: None }
}

fn filed() -> Papers {
    Papers::Filed(records::onboarding::Filed { filed: by("kim") })
}

#[test]
fn every_step_follows_the_one_before_and_is_kept() {
    let on = Grounds { matched_by: Some(MatchedBy::Serial), open_items: 0 };
    let mut papers = filed();
    for row in STEPS.iter().filter(|row| row.step != Step::Withdraw) {
        assert_eq!(papers.next(), Some(row.step));
        for other in STEPS.iter().filter(|other| other.step != row.step && other.step != Step::Withdraw) {
            assert!(papers.clone().sign(other.step, by("lee"), on).is_err(), "{} before {}", other.id, row.id);
        }
        papers = papers.sign(row.step, by("lee"), on).unwrap();
        let stored = serde_json::to_string(&papers).unwrap();
        assert_eq!(serde_json::from_str::<Papers>(&stored).unwrap(), papers, "{stored}");
    }
    assert_eq!(
        (papers.state(), papers.life_cycle(), papers.filed().by.as_str()),
        ("released", Some(LifeCycle::InService), "kim")
    );
    assert_eq!(papers.sign(Step::Withdraw, by("lee"), on), Err(Refusal::NotNow("released")));
}

#[test]
fn what_a_step_rests_on_is_asked_for() {
    let on = Grounds { matched_by: None, open_items: 2 };
    assert_eq!(filed().sign(Step::Approve, by("kim"), on), Err(Refusal::SamePerson));
    let approved = filed().sign(Step::Approve, by("lee"), on).unwrap();
    assert_eq!(approved.clone().sign(Step::Match, by("lee"), on), Err(Refusal::NoDevice));
    let arrived = approved.sign(Step::Match, by("lee"), Grounds { matched_by: Some(MatchedBy::Person), ..on }).unwrap();
    assert_eq!(arrived.clone().sign(Step::Configure, by("lee"), on), Err(Refusal::ChecklistOpen(2)));
    assert_eq!(arrived.sign(Step::Withdraw, by("lee"), on).unwrap().state(), "withdrawn");
}

#[test]
fn something_is_needed_to_know_a_device_by() {
    assert!(Coming { record: said(&[("unit", "ICU")]), ..Coming::default() }.tidied().is_err());
    let coming = Coming { record: said(&[("model", "P1")]), ..Coming::default() }.tidied().unwrap();
    assert_eq!(coming.record.state, Some(LifeCycle::Expected));
    assert!(Coming { needs: "x".repeat(2001), ..coming }.tidied().is_err());
}

#[test]
fn the_surest_match_comes_first_and_what_is_somebodys_is_left_out() {
    let devices = [
        device("model", None, None, Some("p1")),
        device("serial", None, Some("s1"), None),
        device("taken", Some("00:00:5e:00:53:01"), None, None),
        device("other", None, Some("S2"), Some("P2")),
    ];
    let record = said(&[("model", "P1"), ("serial", "S1"), ("macs", "00:00:5e:00:53:01")]);
    let coming = Coming { record, ..Coming::default() };
    let found = candidates(&coming, &devices, |id| id != "taken");
    let found: Vec<(&str, MatchedBy)> = found.iter().map(|one| (one.device.as_str(), one.by)).collect();
    assert_eq!(found, [("serial", MatchedBy::Serial), ("model", MatchedBy::Model)]);
    assert_eq!(candidates(&coming, &devices, |_| true)[0].by, MatchedBy::Mac);
}
