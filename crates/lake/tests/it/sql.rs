use std::time::Duration;

use lake::{Batch, Config, Error, Lake, Limits, Scope};
use serde_json::json;

use crate::support::*;

/// Billions of pairs.
const ENDLESS: &str =
    "SELECT count(*) FROM flow a JOIN flow b ON a.transport = b.transport JOIN flow c ON b.transport = c.transport
    WHERE a.bytes_to_client + b.bytes_to_client < c.bytes_to_client";

async fn filled(folder: &std::path::Path, config: Config) -> Lake {
    let lake = open_with(folder, config, at(0)).await;
    let site = origin("clinic", "main");
    let events = (0..100).map(|number| event(&site, number)).collect();
    lake.append(Batch { mark: None, flows: flows("clinic", 0..1000), events }, at(0)).unwrap();
    lake.append(Batch { mark: None, flows: flows("other", 0..77), ..Batch::default() }, at(0)).unwrap();
    lake.flush().await.unwrap();
    lake.append(Batch { mark: None, flows: flows("clinic", 1000..1500), ..Batch::default() }, at(0)).unwrap();
    lake
}

async fn ask(lake: &Lake, text: &str) -> Result<lake::Answer, Error> {
    lake.sql(&[scope("clinic")], text, Limits::default()).await
}

#[tokio::test]
async fn an_analyst_gets_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config::default()).await;
    let text = "SELECT protocol, count(*) AS flows, min(first) AS since, avg(port) AS port, bool_and(phi > 0) AS phi
                FROM flow WHERE last >= '2026-11-01T00:00:00Z' AND client_ip LIKE '10.0.4.%' GROUP BY protocol ORDER BY protocol LIMIT 2";
    let answer = ask(&lake, text).await.unwrap();
    let heads: Vec<_> = answer.columns.iter().map(|head| (head.name.as_str(), head.kind)).collect();
    assert_eq!(heads, [("protocol", "text"), ("flows", "number"), ("since", "time"), ("port", "number"), ("phi", "yes_no")]);
    let expected =
        [json!(["dicom", 300, "2026-11-01T00:00:00Z", 104.0, false]), json!(["hl7", 300, "2026-11-01T00:00:02Z", 2575.0, true])];
    assert_eq!(answer.rows.into_iter().map(serde_json::Value::from).collect::<Vec<_>>(), expected);
    assert!(!answer.cut);
    let both = ask(
        &lake,
        "WITH f AS (SELECT DISTINCT client_device AS d FROM flow) SELECT count(*) FROM event JOIN f ON event.device = f.d",
    )
    .await;
    assert_eq!(both.unwrap().rows, [[json!(100)]]);
    let above = "SELECT count(*) FROM flow WHERE bytes_to_client >= (SELECT avg(bytes_to_client) FROM flow)";
    assert_eq!(ask(&lake, above).await.unwrap().rows, [[json!(750)]], "one row may be compared with all");
    let days = ask(&lake, "SELECT date_trunc('day', last) AS day, count(*) FROM flow GROUP BY 1").await.unwrap();
    assert_eq!(days.rows, [[json!("2026-11-01T00:00:00Z"), json!(1500)]]);
}

#[tokio::test]
async fn whatever_the_text_says_it_sees_its_own_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config::default()).await;
    for text in [
        "SELECT count(*) FROM flow WHERE tenant = 'other'",
        "SELECT count(*) FROM flow WHERE tenant = 'clinic' AND 1 = 0 OR tenant = 'other'",
        "SELECT count(*) FROM (SELECT * FROM flow UNION ALL SELECT * FROM flow) WHERE tenant <> 'clinic'",
    ] {
        assert_eq!(ask(&lake, text).await.unwrap().rows, [[json!(0)]], "{text}");
    }
}

#[tokio::test]
async fn several_tenants_are_seen_where_all_of_them_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config::default()).await;
    let main = |tenant: &str, site: &str| Scope { tenant: tenant.to_owned(), sites: Some(vec![site.to_owned()]) };
    let count = async |scopes: &[Scope]| {
        let answer =
            lake.sql(scopes, "SELECT tenant, count(*) FROM flow GROUP BY 1 ORDER BY 1", Limits::default()).await.unwrap();
        answer.rows.into_iter().map(serde_json::Value::from).collect::<Vec<_>>()
    };
    let both = [json!(["clinic", 1500]), json!(["other", 77])];
    assert_eq!(count(&[main("clinic", "main"), main("other", "main")]).await, both);
    assert_eq!(
        count(&[scope("other"), main("clinic", "main"), main("clinic", "main"), main("third", "main")]).await,
        both,
        "once each"
    );
    assert_eq!(count(&[main("clinic", "north"), main("other", "main")]).await, both[1..]);
    assert!(count(&[]).await.is_empty());
}

#[tokio::test]
async fn addresses_are_found_by_their_network() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config::default()).await;
    let text = "SELECT count(*) FROM flow WHERE in_network(client_ip, '10.0.4.0/29')";
    assert_eq!(ask(&lake, text).await.unwrap().rows, [[json!(1500 / 50 * 8)]]);
    for text in ["SELECT in_network(client_ip, 'nowhere') FROM flow", "SELECT in_network(client_ip, server_ip) FROM flow"] {
        assert!(matches!(ask(&lake, text).await, Err(Error::Query(_))), "{text}");
    }
}

#[tokio::test]
async fn only_reading_the_two_tables_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config::default()).await;
    for text in [
        "",
        "DELETE FROM flow",
        "INSERT INTO flow SELECT * FROM flow",
        "CREATE TABLE x AS SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/etc/'",
        "DROP TABLE flow",
        "COPY flow TO '/tmp/x.parquet'",
        "SET datafusion.execution.target_partitions = 64",
        "SHOW TABLES",
        "EXPLAIN SELECT * FROM flow",
        "SELECT 1; SELECT 2",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM other.public.flow",
        "SELECT * FROM generate_series(1, 1000000000)",
        "SELECT * INTO x FROM flow",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "SELECT repeat('x', 2000000000)",
        "SELECT replace(replace('aaaa', 'a', 'bbbbbbbb'), 'b', 'cccccccc')",
        "SELECT array_agg(client_ip) FROM flow",
        "SELECT count(*) FROM flow a, flow b",
        "SELECT count(*) FROM flow a JOIN flow b ON a.port < b.port",
        "SELECT 'a'||'a'||'a'||'a'||'a'||'a'||'a'||'a'",
    ] {
        let error = ask(&lake, text).await.expect_err(text);
        assert!(matches!(error, Error::Refused(_) | Error::Query(_)), "{text}: {error:?}");
    }
    assert!(matches!(ask(&lake, &format!("SELECT {}", "1+".repeat(4000))).await, Err(Error::Refused(_))));
}

#[tokio::test]
async fn the_deepest_text_that_is_allowed_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config { query_time: Duration::from_secs(5), ..Config::default() }).await;
    let deep = format!("SELECT port{} FROM flow LIMIT 1", "+1".repeat(2_000));
    let nested = format!("SELECT {}1{}", "(".repeat(2_000), ")".repeat(2_000));
    let nots = format!("SELECT {} true", "not ".repeat(1_000));
    for text in [deep, nested, nots] {
        assert!(text.len() <= lake::MAX_TEXT);
        // An answer or an error: the process is still there.
        let _ = ask(&lake, &text).await;
    }
    goes_on(&lake).await;
}

#[tokio::test]
async fn limits_of_rows_time_and_memory_hold() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { query_time: Duration::from_millis(1500), query_mebibytes: 16, spill_mebibytes: 0, ..Config::default() };
    let lake = filled(folder.path(), config).await;
    let answer = lake.sql(&[scope("clinic")], "SELECT * FROM flow", Limits { rows: 7, ..Limits::default() }).await.unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (7, true));
    let answer = lake.sql(&[scope("clinic")], "SELECT * FROM flow", Limits { bytes: 1, ..Limits::default() }).await.unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (0, true));
    let large = "SELECT count(*) FROM (SELECT DISTINCT a.first, b.last, a.client_ip || b.client_ip FROM flow a JOIN flow b ON a.transport = b.transport) x";
    let error = ask(&lake, large).await.map(|answer| answer.rows).expect_err("too large");
    assert!(matches!(error, Error::Memory { mebibytes: 16 }), "{error:?}");
    goes_on(&lake).await;
}

#[tokio::test]
async fn a_query_without_end_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let lake = filled(folder.path(), Config { query_time: Duration::from_millis(1500), ..Config::default() }).await;
    let error = ask(&lake, ENDLESS).await.map(|answer| answer.rows).expect_err("endless");
    assert!(matches!(error, Error::Time { seconds: 1 }), "{error:?}");
    goes_on(&lake).await;
}

/// What was stopped gives its threads back when it looks up next.
async fn goes_on(lake: &Lake) {
    for _ in 0..10 {
        if let Ok(answer) = ask(lake, "SELECT count(*) FROM flow").await {
            return assert_eq!(answer.rows, [[json!(1500)]]);
        }
    }
    panic!("it does not go on");
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { queries: 1, waiting: 1, query_time: Duration::from_secs(2), ..Config::default() };
    let lake = filled(folder.path(), config).await;
    let (one, two, three) = tokio::join!(ask(&lake, ENDLESS), ask(&lake, ENDLESS), ask(&lake, "SELECT 1"));
    assert!(matches!(one, Err(Error::Time { .. })));
    assert!(matches!(two, Err(Error::Time { .. })));
    assert!(matches!(three, Err(Error::Busy)));
}
