//! What people say of devices, and where it came from.

use std::slice::from_ref;

use model::Timestamp;
use serde_json::json;
use store::{
    Act, Actor, AttachmentRow, Change, ChecklistRow, Error, ImportRow, OnboardingRow, RecordFilter, RecordRow, Store, ViewRow,
};

use crate::database;

fn now() -> Timestamp {
    Timestamp::from_nanos(1_780_000_000_000_000_000)
}

async fn begin(store: &Store) -> Change {
    store.begin(&Actor::hub("test"), now()).await.unwrap()
}

async fn done(change: Change) {
    change.commit(Act::new("test", "test").with(json!({}))).await.unwrap();
}

async fn site(store: &Store) -> (String, String) {
    let mut change = begin(store).await;
    let tenant = change.add_tenant("Clinic").await.unwrap();
    let site = change.add_site(&tenant, "Main", "UTC", &[]).await.unwrap();
    done(change).await;
    (tenant, site)
}

fn row(id: &str, site: &str) -> RecordRow {
    RecordRow {
        id: id.into(),
        site_id: site.into(),
        anchors: "[]".into(),
        title: format!("pump {id}"),
        unit: "ICU".into(),
        clinical_owner: "Kim".into(),
        state: "in_service".into(),
        doc: "{}".into(),
        tags: vec!["loan".into()],
        ..RecordRow::default()
    }
}

#[tokio::test]
async fn a_record_is_changed_only_by_who_saw_its_latest_version() {
    for database in database::all().await {
        let store = &database.store;
        let (_, site) = site(store).await;
        let mut change = begin(store).await;
        change.add_record(&row("r1", &site)).await.unwrap();
        done(change).await;
        assert!(matches!(store.record("r1", &["another".into()]).await, Err(Error::Absent(_))), "not of another site");
        assert!(matches!(store.record("r1", &[]).await, Err(Error::Absent(_))), "no site is none, never all");

        let read = store.record("r1", from_ref(&site)).await.unwrap();
        assert_eq!((read.version, read.tags.as_slice()), (1, &["loan".to_owned()][..]));
        let mut change = begin(store).await;
        change.set_record(&RecordRow { unit: "ER".into(), ..read.clone() }).await.unwrap();
        done(change).await;
        let again = store.record("r1", from_ref(&site)).await.unwrap();
        assert_eq!((again.version, again.unit.as_str()), (2, "ER"));
        assert_eq!(again.tags, read.tags, "what was read and written again loses nothing");
        assert_eq!(store.records(&by_tag(&site, "loan")).await.unwrap().items.len(), 1);
        let mut change = begin(store).await;
        assert!(matches!(change.set_record(&read).await, Err(Error::Conflict)));
        assert!(matches!(change.remove_record("r1", 1).await, Err(Error::Conflict)));
        drop(change);
        assert_eq!(store.record("r1", from_ref(&site)).await.unwrap(), again, "nothing happened, not even to its tags");
        assert_eq!(store.records(&by_tag(&site, "loan")).await.unwrap().items.len(), 1);
    }
}

fn by_tag(site: &str, tag: &str) -> RecordFilter {
    RecordFilter { sites: vec![site.into()], tags: vec![tag.into()], limit: 10, ..RecordFilter::default() }
}

#[tokio::test]
async fn records_are_placed_and_found_by_what_they_say() {
    for database in database::all().await {
        let store = &database.store;
        let (_, site) = site(store).await;
        let mut change = begin(store).await;
        for id in ["r1", "r2", "r3"] {
            change.add_record(&row(id, &site)).await.unwrap();
        }
        change
            .add_record(&RecordRow {
                it_owner: "Kim".into(),
                clinical_owner: String::new(),
                unit: "100%".into(),
                ..row("r4", &site)
            })
            .await
            .unwrap();
        change.place_record("r2", Some("d2"), Some("{}"), "[1]").await.unwrap();
        assert!(matches!(change.place_record("gone", None, None, "[]").await, Err(Error::Absent(_))));
        done(change).await;
        let placed = store.record_of_device(&site, "d2").await.unwrap().unwrap();
        assert_eq!((placed.id.as_str(), placed.version, placed.anchors.as_str()), ("r2", 1, "[1]"));
        assert_eq!(store.record_of_device(&site, "d9").await.unwrap(), None);

        let all = RecordFilter { sites: vec![site.clone()], limit: 10, ..RecordFilter::default() };
        let ids = async |filter: RecordFilter| -> Vec<String> {
            store.records(&filter).await.unwrap().items.into_iter().map(|row| row.id).collect()
        };
        assert_eq!(ids(RecordFilter { owners: vec!["Kim".into()], ..all.clone() }).await.len(), 4, "of either kind");
        assert_eq!(ids(RecordFilter { units: vec!["100%".into()], ..all.clone() }).await, ["r4"]);
        assert_eq!(ids(RecordFilter { seen: Some(true), ..all.clone() }).await, ["r2"]);
        assert_eq!(ids(RecordFilter { in_conflict: true, ..all.clone() }).await, ["r2"]);
        assert_eq!(ids(RecordFilter { text: Some("PUMP r3".into()), ..all.clone() }).await, ["r3"]);
        assert_eq!(ids(RecordFilter { text: Some("%".into()), ..all.clone() }).await, [""; 0]);
        assert_eq!(ids(RecordFilter { sites: vec![], ..all.clone() }).await, [""; 0]);
        let first = store.records(&RecordFilter { limit: 3, ..all.clone() }).await.unwrap();
        assert!(first.has_more);
        let last = first.items.last().map(|row| (row.title.clone(), row.id.clone()));
        assert_eq!(ids(RecordFilter { after: last, ..all.clone() }).await, ["r4"]);
        let facets = store.record_facets(&all).await.unwrap();
        assert_eq!(facets.unit, [("ICU".to_owned(), 3), ("100%".to_owned(), 1)]);
        assert_eq!(facets.tag, [("loan".to_owned(), 4)]);
        assert_eq!(facets.it_owner, [("Kim".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn files_views_and_statements_come_and_go() {
    for database in database::all().await {
        let store = &database.store;
        let (tenant, site) = site(store).await;
        let mut change = begin(store).await;
        change.add_record(&row("r1", &site)).await.unwrap();
        let file = AttachmentRow {
            id: "a1".into(),
            site_id: site.clone(),
            record_id: "r1".into(),
            name: "mds2.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: 7,
            sha256: "00ff".into(),
            added: now(),
            added_by: "Kim".into(),
        };
        change.add_attachment(&file).await.unwrap();
        let view = |person: &str, name: &str, is_shared| ViewRow {
            id: String::new(),
            tenant_id: tenant.clone(),
            person_id: person.into(),
            is_shared,
            screen: "devices".into(),
            name: name.into(),
            query: "{}".into(),
            version: 1,
        };
        let own = change.add_view(&view("kim", "mine", false)).await.unwrap();
        change.add_view(&view("lee", "ours", true)).await.unwrap();
        change.add_view(&view("lee", "hers", false)).await.unwrap();
        let said = change.add_statement(&site, "{}").await.unwrap();
        done(change).await;

        assert_eq!(store.attachments("r1", from_ref(&site)).await.unwrap(), from_ref(&file));
        assert_eq!(store.attachment("a1", from_ref(&site)).await.unwrap(), file);
        assert!(store.attachment("a1", &["another".into()]).await.is_err());
        assert_eq!(store.attachments_with("00ff").await.unwrap(), 1);
        let names = async |person: &str| -> Vec<String> {
            store.views(&tenant, person).await.unwrap().into_iter().map(|view| view.name).collect()
        };
        assert_eq!(names("kim").await, ["mine", "ours"]);
        assert_eq!(store.views("another", "kim").await.unwrap(), []);

        let mut change = begin(store).await;
        assert!(matches!(change.remove_view(&own, "lee").await, Err(Error::Absent(_))), "hers is not his");
        let changed = ViewRow { id: own.clone(), name: "renamed".into(), ..view("kim", "mine", false) };
        change.set_view(&changed).await.unwrap();
        assert!(matches!(change.set_view(&changed).await, Err(Error::Conflict)));
        change.remove_attachment("a1").await.unwrap();
        assert!(matches!(change.undo_statement(&said, "another").await, Err(Error::Absent(_))));
        change.undo_statement(&said, &site).await.unwrap();
        assert!(matches!(change.undo_statement(&said, &site).await, Err(Error::Absent(_))), "once");
        done(change).await;
        assert_eq!(names("kim").await, ["ours", "renamed"]);
        assert!(store.statements(&site).await.unwrap()[0].undone.is_some());
        assert_eq!(store.attachments_with("00ff").await.unwrap(), 0);
    }
}

#[tokio::test]
async fn imports_papers_and_checklists_are_kept() {
    for database in database::all().await {
        let store = &database.store;
        let (_, site) = site(store).await;
        let import = ImportRow {
            id: "i1".into(),
            site_id: site.clone(),
            source: "csv".into(),
            name: "list.csv".into(),
            state: "read".into(),
            created: now(),
            created_by: "Kim".into(),
            columns: "[]".into(),
            rows_read: 2,
            mapping: "{}".into(),
            version: 1,
        };
        let papers = OnboardingRow {
            id: "o1".into(),
            site_id: site.clone(),
            record_id: "r1".into(),
            state: "filed".into(),
            coming: "{}".into(),
            papers: "{}".into(),
            created: now(),
            version: 1,
        };
        let item = ChecklistRow {
            site_id: site.clone(),
            record_id: "r1".into(),
            item_id: "backup".into(),
            state: "done".into(),
            by_id: "kim".into(),
            by_name: "Kim".into(),
            at: now(),
            note: String::new(),
            version: 0,
        };
        let mut change = begin(store).await;
        change.add_import(&import, &["[1]".into(), "[2]".into()]).await.unwrap();
        change.add_import_applied("i1", "r1", "{}").await.unwrap();
        change.add_onboarding(&papers).await.unwrap();
        change.set_checklist_item(&item).await.unwrap();
        assert!(matches!(change.set_checklist_item(&item).await, Err(Error::Conflict)), "somebody did since");
        change.set_checklist_item(&ChecklistRow { state: "open".into(), version: 1, ..item.clone() }).await.unwrap();
        change.set_import(&ImportRow { state: "applied".into(), ..import.clone() }).await.unwrap();
        assert!(matches!(change.set_import(&import).await, Err(Error::Conflict)));
        change.set_onboarding(&OnboardingRow { state: "approved".into(), ..papers.clone() }).await.unwrap();
        assert!(matches!(change.set_onboarding(&papers).await, Err(Error::Conflict)));
        done(change).await;
        let sites = [site.clone()];
        assert_eq!(store.import("i1", &sites).await.unwrap(), ImportRow { state: "applied".into(), version: 2, ..import });
        assert_eq!(store.import_rows("i1").await.unwrap(), ["[1]", "[2]"]);
        assert_eq!(store.import_applied("i1").await.unwrap(), ["{}"]);
        assert!(store.import("i1", &["another".into()]).await.is_err());
        assert_eq!(store.imports(&sites, 0, 10).await.unwrap().items.len(), 1);
        let by_state = async |state: &str| store.onboardings(&sites, &[state.to_owned()], 0, 10).await.unwrap().items.len();
        assert_eq!((by_state("approved").await, by_state("filed").await), (1, 0));
        assert_eq!(store.first_onboarding(&site).await.unwrap(), Some(now()));
        assert_eq!(store.first_onboarding("another").await.unwrap(), None);
        assert!(store.onboarding("o1", &[]).await.is_err());
        let kept = store.checklist("r1").await.unwrap();
        assert_eq!((kept.len(), kept[0].state.as_str(), kept[0].version), (1, "open", 2));
        assert_eq!(store.checklists_of_site(&site).await.unwrap(), kept);
    }
}
