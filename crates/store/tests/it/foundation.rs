//! Changes and their entries, sites, settings, people.

use model::Timestamp;
use serde_json::json;
use store::{Act, Actor, Error, LedgerFilter, LedgerScope, RoleRow, Store};

use crate::database;

const NOON: Timestamp = Timestamp::from_nanos(1_780_000_000_000_000_000);

async fn tenant(store: &Store) -> String {
    let mut change = store.begin(&Actor::hub("test"), NOON).await.unwrap();
    let id = change.add_tenant("Clinic").await.unwrap();
    change.commit(Act::new("tenant.add", &id).with(json!({"name": "Clinic"}))).await.unwrap();
    id
}

#[tokio::test]
async fn a_change_and_its_entry_happen_together() {
    for database in database::all().await {
        let store = &database.store;
        let id = tenant(store).await;
        let mut dropped = store.begin(&Actor::hub("test"), NOON).await.unwrap();
        dropped.add_tenant("Never").await.unwrap();
        drop(dropped);
        let mut names = Vec::new();
        for tenant in store.tenants().await.unwrap() {
            names.push(tenant.name);
        }
        assert_eq!(names, ["Clinic"]);
        let rows = store.ledger_rows(0, 10).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].seq, 0);
        let body: serde_json::Value = serde_json::from_str(&rows[0].body).unwrap();
        assert_eq!(
            (&body["action"], &body["subject"], &body["actor"]["id"]),
            (&json!("tenant.add"), &json!(id), &json!("hub:test"))
        );
    }
}

/// An entry that no ledger could take keeps the change from happening.
#[tokio::test]
async fn a_change_whose_entry_is_too_long_does_not_happen() {
    for database in database::all().await {
        let store = &database.store;
        for noted in [false, true] {
            let mut change = store.begin(&Actor::hub("test"), NOON).await.unwrap();
            let id = change.add_tenant("Never").await.unwrap();
            let long = Act::new("tenant.add", &id).with(json!("x".repeat(store::MAX_ENTRY_BYTES)));
            let refused = if noted { change.note(&long).await } else { change.commit(long).await };
            assert!(matches!(refused, Err(Error::LongEntry(octets)) if octets > store::MAX_ENTRY_BYTES), "{refused:?}");
        }
        assert_eq!((store.tenants().await.unwrap().len(), store.ledger_size().await.unwrap()), (0, 0));
    }
}

#[tokio::test]
async fn entries_are_found_the_newest_first() {
    for database in database::all().await {
        let store = &database.store;
        for number in 0..6_i64 {
            let time = Timestamp::from_nanos(NOON.nanos() + number);
            let actor = Actor::hub(if number % 2 == 0 { "even" } else { "odd" });
            let change = store.begin(&actor, time).await.unwrap();
            let action = if number < 3 { "device.owner.set" } else { "device_other" };
            let act = Act::new(action, format!("d{number}"));
            let act = match number {
                0 => act.at("site").of("tenant"),
                1 => act.of("tenant"),
                2 => act.at("other"),
                _ => act,
            };
            change.commit(act).await.unwrap();
        }
        let found = async |filter: LedgerFilter, before| {
            let rows = store.ledger_before(&filter, before, 3).await.unwrap();
            rows.into_iter().map(|row| row.seq).collect::<Vec<_>>()
        };
        let all = LedgerFilter::default();
        assert_eq!(found(all.clone(), None).await, [5, 4, 3]);
        assert_eq!(found(all.clone(), Some(3)).await, [2, 1, 0]);
        assert_eq!(found(LedgerFilter { actor: Some("hub:odd".into()), ..all.clone() }, None).await, [5, 3, 1]);
        assert_eq!(found(LedgerFilter { action: Some("device.".into()), ..all.clone() }, None).await, [2, 1, 0]);
        assert_eq!(found(LedgerFilter { subject: Some("d4".into()), ..all.clone() }, None).await, [4]);
        let at = |number: i64| Some(Timestamp::from_nanos(NOON.nanos() + number));
        assert_eq!(found(LedgerFilter { since: at(1), until: at(3), ..all.clone() }, None).await, [2, 1]);
        let scoped = |sites: &[&str], tenants: &[&str], has_hub| {
            let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
            LedgerFilter { scope: Some(LedgerScope { sites: owned(sites), tenants: owned(tenants), has_hub }), ..all.clone() }
        };
        assert_eq!(found(scoped(&[], &[], false), None).await, [0_u64; 0]);
        assert_eq!(found(scoped(&["site"], &[], false), None).await, [0]);
        assert_eq!(found(scoped(&["other"], &["tenant"], false), None).await, [2, 1, 0]);
        assert_eq!(found(scoped(&[], &[], true), None).await, [5, 4, 3]);
        assert_eq!(store.ledger_size().await.unwrap(), 6);
    }
}

#[tokio::test]
async fn entries_made_at_once_have_no_holes() {
    for database in database::all().await {
        let mut tasks = Vec::new();
        for number in 0..40 {
            let store = database.store.clone();
            tasks.push(tokio::spawn(async move {
                let mut change = store.begin(&Actor::hub("test"), NOON).await.unwrap();
                change.set_setting("hub", &format!("n{number}"), &number).await.unwrap();
                change.commit(Act::new("setting.set", "hub")).await.unwrap()
            }));
        }
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.push(task.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..40).collect::<Vec<u64>>());
        assert_eq!(database.store.setting::<u32>("hub", "n7").await.unwrap(), Some(7));
    }
}

#[tokio::test]
async fn people_and_their_roles() {
    for database in database::all().await {
        let store = &database.store;
        let tenant_id = tenant(store).await;
        let mut change = store.begin(&Actor::hub("test"), NOON).await.unwrap();
        let person = change.add_person(" Biomed@Clinic ", "Biomed", "", None).await.unwrap();
        let role = RoleRow { role: "clinical_engineering".into(), tenant_id, site_id: None };
        change.add_role(&person, &role).await.unwrap();
        assert!(matches!(change.add_person("biomed@clinic", "Other", "", None).await, Err(Error::Exists("person"))));
        change.commit(Act::new("person.add", &person)).await.unwrap();
        let found = store.person_by_login("BIOMED@clinic").await.unwrap().unwrap();
        assert_eq!((found.id.as_str(), found.is_active), (person.as_str(), true));
        assert_eq!(store.roles_of(&person).await.unwrap(), [role]);
    }
}

#[tokio::test]
async fn opening_again_finds_the_same() {
    for database in database::all().await {
        let id = tenant(&database.store).await;
        let again = Store::open(&database.url).await.unwrap();
        assert_eq!(again.tenants().await.unwrap()[0].id, id);
    }
    assert!(matches!(Store::open("mysql://here").await, Err(Error::Url)));
}
