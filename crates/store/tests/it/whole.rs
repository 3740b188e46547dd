//! A database as a whole.

use model::Timestamp;
use store::{Act, Actor, Error, RoleRow, Store, TableSum};
use tempfile::TempDir;

use crate::database;

const NOW: Timestamp = Timestamp::from_nanos(1_790_000_000_000_000_000);

/// Some of everything: long numbers, texts of other scripts, what is absent.
async fn fill(store: &Store) {
    let mut change = store.begin(&Actor::hub("test"), NOW).await.unwrap();
    let tenant = change.add_tenant("Klinik „Süd“ 病院").await.unwrap();
    let site = change.add_site(&tenant, "O'Hara's", "Europe/Berlin", &["10.0.0.0/8".to_owned()]).await.unwrap();
    for login in ["alex", "blake"] {
        let person = change.add_person(login, login, "", None).await.unwrap();
        change.set_home(&person, &tenant, false).await.unwrap();
        change.add_role(&person, &RoleRow { role: "auditor".into(), tenant_id: tenant.clone(), site_id: None }).await.unwrap();
        change.note(&Act::new("person.add", &person).of(&tenant)).await.unwrap();
    }
    change.set_setting("hub", "number", &i64::MAX).await.unwrap();
    change.commit(Act::new("tenant.add", &tenant).at(&site)).await.unwrap();
}

fn rows(tables: &[TableSum], name: &str) -> u64 {
    tables.iter().find(|one| one.table == name).unwrap().rows
}

#[tokio::test]
async fn a_copy_is_the_same_on_every_kind() {
    for source in &database::all().await {
        fill(&source.store).await;
        let before = source.store.check().await.unwrap();
        assert_eq!((before.wrong.len(), rows(&before.tables, "person"), rows(&before.tables, "ledger_entry")), (0, 2, 3));
        for target in &database::all().await {
            let copied = source.store.copy_to(&target.store).await.unwrap();
            assert_eq!(copied, before, "{} to {}", source.url, target.url);
            assert!(matches!(source.store.copy_to(&target.store).await, Err(Error::Exists(_))), "nothing is overwritten");
        }
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("a b.db");
        assert_eq!(source.store.save(&file).await.unwrap(), before);
        // The copy is a database that works.
        let copy = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        assert!(copy.person_by_login("alex").await.unwrap().is_some());
        fill_more(&copy).await;
        assert_eq!(rows(&copy.check().await.unwrap().tables, "ledger_entry"), 4);
        copy.close().await;
    }
}

async fn fill_more(store: &Store) {
    let mut change = store.begin(&Actor::hub("test"), NOW).await.unwrap();
    let tenant = change.add_tenant("North").await.unwrap();
    change.commit(Act::new("tenant.add", &tenant)).await.unwrap();
}

#[tokio::test]
async fn what_was_taken_out_or_changed_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("state.db");
    let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    fill(&store).await;
    let sound = store.check().await.unwrap();
    store.close().await;
    let alter = |statement: &str| {
        let done = std::process::Command::new("python3")
            .args(["-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"])
            .args([file.as_os_str(), statement.as_ref()])
            .status();
        done.is_ok_and(|status| status.success())
    };
    if !alter("UPDATE person SET name = 'Mallory' WHERE login = 'alex'") {
        eprintln!("skipped: no python3 that writes SQLite files");
        return;
    }
    assert!(alter("DELETE FROM ledger_entry WHERE seq = 1"));
    assert!(alter("UPDATE person_role SET tenant_id = 'tenant-none'"));
    let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    let found = store.check().await.unwrap();
    let names = ["person", "person_role", "ledger_entry"];
    for (before, after) in sound.tables.iter().zip(&found.tables) {
        assert_eq!(before.digest == after.digest, !names.contains(&before.table.as_str()), "{}", before.table);
    }
    assert!(found.wrong.iter().any(|text| text.contains("some are missing")), "{:?}", found.wrong);
    assert!(found.wrong.iter().any(|text| text.contains("refers to")), "{:?}", found.wrong);
    store.close().await;
}
