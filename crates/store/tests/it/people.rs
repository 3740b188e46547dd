//! What people prove who they are by, tokens, break-glass.

use model::Timestamp;
use serde_json::json;
use store::{Act, Actor, Change, Error, ExceptionRow, GlassReview, GlassRow, SealedRow, SessionRow, Store};

use crate::database;

const NOON: Timestamp = Timestamp::from_nanos(1_780_000_000_000_000_000);
const HOUR: i64 = 3_600_000_000_000;

async fn change(store: &Store) -> Change {
    store.begin(&Actor::hub("test"), NOON).await.unwrap()
}

async fn done(change: Change) {
    change.commit(Act::new("test", "test").with(json!({}))).await.unwrap();
}

/// A site, and somebody.
async fn begun(store: &Store) -> (String, String) {
    let mut change = change(store).await;
    let tenant = change.add_tenant("Clinic").await.unwrap();
    let site = change.add_site(&tenant, "Site", "UTC", &[]).await.unwrap();
    let person = change.add_person("biomed", "Biomed", "", None).await.unwrap();
    change.set_home(&person, &tenant, false).await.unwrap();
    done(change).await;
    assert_eq!(store.operator().await.unwrap(), Some(tenant));
    (site, person)
}

#[tokio::test]
async fn what_is_good_once_is_good_once() {
    for database in database::all().await {
        let store = &database.store;
        let (_, person) = begun(store).await;
        let mut one = change(store).await;
        one.begin_totp(&person, "sealed").await.unwrap();
        one.set_recovery_codes(&person, &["a".into(), "b".into()]).await.unwrap();
        one.invite(&person, "digest", NOON.plus_nanos(HOUR)).await.unwrap();
        done(one).await;
        assert!(!store.proofs(&person).await.unwrap().has_totp, "not before its first code");
        assert_eq!(store.invited("digest", NOON).await.unwrap(), Some(person.clone()));
        assert_eq!(store.invited("digest", NOON.plus_nanos(HOUR)).await.unwrap(), None);
        let mut two = change(store).await;
        assert!(two.take_totp(&person, 7).await.unwrap());
        assert!(!two.take_totp(&person, 7).await.unwrap());
        assert!(!two.take_totp(&person, 6).await.unwrap());
        two.begin_totp(&person, "another").await.unwrap();
        assert!(two.use_recovery_code(&person, "a").await.unwrap());
        assert!(!two.use_recovery_code(&person, "a").await.unwrap());
        assert!(two.use_invitation(&person).await.unwrap());
        assert!(!two.use_invitation(&person).await.unwrap());
        done(two).await;
        let proofs = store.proofs(&person).await.unwrap();
        assert_eq!((proofs.has_totp, proofs.recovery_codes), (true, 1));
        assert_eq!(store.totp(&person).await.unwrap().unwrap().secret, "sealed", "an app that counts is not replaced");
    }
}

#[tokio::test]
async fn devices_exceptions_and_sessions_end() {
    for database in database::all().await {
        let store = &database.store;
        let (_, person) = begun(store).await;
        let mut one = change(store).await;
        for number in 0..25 {
            one.know_device(&person, &format!("device {number:02}")).await.unwrap();
        }
        let until = NOON.plus_nanos(HOUR);
        let exception = ExceptionRow { reason: "gloves".into(), given_by: "Alex".into(), until };
        one.set_exception(&person, &exception).await.unwrap();
        let session = |name: &str| SessionRow {
            token_hash: name.into(),
            person_id: person.clone(),
            csrf: String::new(),
            created: NOON,
            last_used: NOON,
            expires: until,
            strength: "mfa".into(),
            address: "192.0.2.1".into(),
        };
        one.add_session(&session("one")).await.unwrap();
        one.add_session(&session("two")).await.unwrap();
        assert_eq!(one.end_sessions_of(&person, Some("one")).await.unwrap(), 1);
        done(one).await;
        assert_eq!(store.sessions_of(&person).await.unwrap(), [session("one")]);
        let known =
            [store.knows_device(&person, "device 03").await.unwrap(), store.knows_device(&person, "device 24").await.unwrap()];
        assert_eq!(known.iter().filter(|known| **known).count(), 1, "twenty are kept");
        assert_eq!(store.proofs(&person).await.unwrap().exception, Some(exception));
        let mut writer = store.writer().await.unwrap();
        writer.tidy_people(NOON.plus_nanos(2 * HOUR), NOON.plus_nanos(HOUR)).await.unwrap();
        writer.commit().await.unwrap();
        assert_eq!(store.proofs(&person).await.unwrap().exception, None);
        assert_eq!(store.sessions_of(&person).await.unwrap(), []);
    }
}

#[tokio::test]
async fn glass_is_broken_ends_and_is_reviewed_once() {
    for database in database::all().await {
        let store = &database.store;
        let (site_id, person_id) = begun(store).await;
        let mut one = change(store).await;
        let sealed = SealedRow {
            id: String::new(),
            site_id: site_id.clone(),
            label: "Ward 3".into(),
            rights: vec!["view_inventory".into()],
            minutes: 30,
            made_by: "Alex".into(),
            created: NOON,
            state: String::new(),
        };
        let credential = one.add_sealed(&sealed, "digest").await.unwrap();
        let glass = GlassRow {
            id: String::new(),
            site_id,
            person_id: person_id.clone(),
            credential_id: Some(credential.clone()),
            who: "Night nurse".into(),
            rights: vec!["view_inventory".into()],
            reason: "pump".into(),
            begun: NOON,
            ends: NOON.plus_nanos(HOUR),
            review_due: NOON.plus_nanos(3 * HOUR),
            review: None,
        };
        let id = one.add_break_glass(&glass).await.unwrap();
        assert!(one.unseal(&credential, true).await.unwrap());
        assert!(!one.unseal(&credential, true).await.unwrap());
        done(one).await;
        assert_eq!(store.sealed_credential("digest").await.unwrap(), None);
        assert_eq!(store.sealed_credentials().await.unwrap()[0].state, "used");
        assert_eq!(store.break_glass_of(&person_id, NOON).await.unwrap().unwrap().id, id);
        assert_eq!(store.break_glass_of(&person_id, NOON.plus_nanos(HOUR)).await.unwrap(), None);
        let mut two = change(store).await;
        let review = GlassReview { by: "Auditor".into(), at: NOON, is_proper: true, note: "as it should be".into() };
        two.review_break_glass(&id, &review).await.unwrap();
        assert!(matches!(two.review_break_glass(&id, &review).await, Err(Error::Conflict)));
        two.end_break_glass(&id).await.unwrap();
        done(two).await;
        let found = store.break_glass(&id).await.unwrap().unwrap();
        assert_eq!((found.review, found.ends), (Some(review), NOON));
        assert_eq!(store.break_glasses().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_token_is_found_by_its_digest_and_ends() {
    for database in database::all().await {
        let store = &database.store;
        let (_, person) = begun(store).await;
        let mut one = change(store).await;
        let id = one.add_token(&person, "script", &["view_inventory".into()], "digest", NOON.plus_nanos(HOUR)).await.unwrap();
        done(one).await;
        let mut writer = store.writer().await.unwrap();
        writer.touch_token(&id, NOON).await.unwrap();
        writer.commit().await.unwrap();
        let found = store.token("digest").await.unwrap().unwrap();
        assert_eq!((found.id.as_str(), found.last_used, found.rights.len()), (id.as_str(), Some(NOON), 1));
        let mut two = change(store).await;
        assert!(two.remove_token(&id).await.unwrap());
        assert!(!two.remove_token(&id).await.unwrap());
        done(two).await;
        assert_eq!(store.tokens().await.unwrap(), []);
    }
}
