//! What a hub tells those who watch it.

use axum::http::StatusCode;
use hub::auth::Role;
use store::{Act, Actor};

use crate::fixture::TestHub;

#[tokio::test]
async fn figures_are_for_who_runs_the_hub() {
    let (hub, alex, site) = TestHub::set_up().await;
    hub.fed(&alex, &site).await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    alex.get("/api/devices/none").await;
    let told = alex.get("/metrics").await;
    assert_eq!((told.status, told.kind.split(';').next().unwrap()), (StatusCode::OK, "application/openmetrics-text"));
    let value = |name: &str| {
        let line = told.text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {}", told.text));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(value("medwarden_observations_total") > 100.0);
    assert!(value(&format!("medwarden_devices{{site=\"{site}\"}}")) > 10.0);
    assert!(value("medwarden_findings{severity=\"high\"}") >= 1.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
    let missed = "medwarden_requests_total{method=\"GET\",route=\"/api/devices/{id}\",status=\"404\"}";
    assert!((value(missed) - 1.0).abs() < 0.5, "the route, not what was asked for");
    assert!(told.text.ends_with("# EOF\n"));

    assert_eq!(hub.visitor().get("/metrics").await.problem(), "not-signed-in");
    let analyst = hub.person("analyst", Role::ProviderAnalyst, &tenant, Some(&site)).await;
    assert_eq!(analyst.get("/metrics").await.problem(), "no-right", "of one site only");
    let mut change = hub.app.store.begin(&Actor::hub("test"), hub.app.now()).await.unwrap();
    let other = change.add_tenant("Other").await.unwrap();
    change.commit(Act::new("tenant.add", &other)).await.unwrap();
    let stranger = hub.person("stranger", Role::ItSecurity, &other, None).await;
    assert_eq!(stranger.get("/metrics").await.problem(), "no-right");
}
