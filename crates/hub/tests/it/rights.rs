//! Who may call what: every operation of the OpenAPI document, by every role, by nobody, and by another tenant.

use std::fmt::Write as _;

use axum::http::{Method, StatusCode};
use hub::auth::Role;
use serde_json::{Map, Value, json};
use store::{Act, Actor};

use crate::fixture::{Answer, TestHub, Visitor};

/// Operations that need nobody to be signed in.
const OPEN: &[&str] = &[
    "GET /api/health",
    "GET /api/ready",
    "GET /api/setup",
    "POST /api/setup",
    "POST /api/session",
    "POST /api/session/passkey",
    "POST /api/session/passkey/answer",
    "POST /api/session/invitation",
    "POST /api/session/sealed",
    "GET /api/session/oidc",
    "GET /api/session/oidc/{id}",
    "GET /api/session/oidc-return",
];
/// An answer that never ends, and the one that would sign the caller out.
const APART: &[&str] = &["GET /api/events", "DELETE /api/session"];

/// An operation with something to send.
struct Operation {
    name: String,
    method: Method,
    path: String,
    kind: String,
    body: String,
}

/// Every operation, with ids of `site` and of things there.
fn operations(site: &str, ids: &[(&str, &str)]) -> Vec<Operation> {
    let document = hub::api::document();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        // Sensors alone call these, by their certificates; see link.rs.
        for (method, operation) in methods.as_object().unwrap().iter().filter(|_| !path.starts_with("/api/link/")) {
            let name = format!("{} {path}", method.to_uppercase());
            let id = ids.iter().find(|(of, _)| path.starts_with(&format!("/api/{of}/"))).map_or("none", |(_, id)| *id);
            let filled = path.replace("{id}", id);
            let asked: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let mut path = filled.replace(['{', '}'], "");
            for (index, parameter) in asked.iter().filter(|name| matches!(**name, "site" | "by" | "name")).enumerate() {
                let value = match *parameter {
                    "site" => site,
                    "by" => "class",
                    _ => "file",
                };
                write!(path, "{}{parameter}={value}", if index == 0 { '?' } else { '&' }).unwrap();
            }
            let content = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
            let (kind, body) = content.map_or(("application/json", String::new()), |(kind, content)| {
                (kind.as_str(), example(&document, &content["schema"], site, 0).to_string())
            });
            found.push(Operation { name, method: method.to_uppercase().parse().unwrap(), path, kind: kind.to_owned(), body });
        }
    }
    assert!(found.len() > 20);
    let place = |operation: &Operation| operation.name.split_once(' ').map(|(method, path)| (path.to_owned(), method.to_owned()));
    found.sort_by_key(place);
    found
}

/// Something of a schema's form; `site` wherever a site is asked for.
fn example(document: &Value, schema: &Value, site: &str, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let named = document.pointer(name.trim_start_matches('#')).unwrap();
        return if depth > 6 { Value::Null } else { example(document, named, site, depth + 1) };
    }
    if let Some(all) = schema["allOf"].as_array() {
        let parts = all.iter().map(|part| example(document, part, site, depth + 1));
        return parts
            .filter_map(|part| part.as_object().cloned())
            .fold(Map::new(), |mut sum, part| {
                sum.extend(part);
                sum
            })
            .into();
    }
    if let Some(first) =
        ["oneOf", "anyOf"].iter().find_map(|word| schema[word].as_array()?.iter().find(|one| one["type"] != "null"))
    {
        return example(document, first, site, depth + 1);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "object" => {
            let wanted = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            wanted
                .map(|name| match name {
                    "site" => (name.to_owned(), json!(site)),
                    "since" | "until" | "accepted_until" => (name.to_owned(), json!("2099-01-01T00:00:00Z")),
                    _ => (name.to_owned(), example(document, &schema["properties"][name], site, depth + 1)),
                })
                .collect::<Map<_, _>>()
                .into()
        }
        "array" => json!([]),
        "string" => json!("text"),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        _ => Value::Null,
    }
}

async fn call(visitor: &Visitor, operation: &Operation) -> Answer {
    visitor.send(operation.method.clone(), &operation.path, &operation.kind, operation.body.clone()).await
}

async fn fed() -> (TestHub, Visitor, String, Vec<Operation>) {
    let (hub, visitor, site) = TestHub::set_up().await;
    let device = hub.fed(&visitor, &site).await["items"][0]["id"].as_str().unwrap().to_owned();
    let finding = visitor.get("/api/findings").await.json()["items"][0]["finding"]["id"].as_str().unwrap().to_owned();
    let new = json!({ "site": site, "name": "Ward 3" });
    let sensor = visitor.post("/api/sensors", new).await.json()["sensor"].as_str().unwrap().to_owned();
    let wanted = json!({ "site": site, "rights": ["feed"], "reason": "a pump does not answer" });
    let glass = visitor.post("/api/break-glass", wanted).await.json()["id"].as_str().unwrap().to_owned();
    visitor.post(&format!("/api/break-glass/{glass}/end"), json!({})).await;
    let wanted = json!({ "name": "script", "rights": ["view_findings"], "days": 1 });
    let token = visitor.post("/api/tokens", wanted).await.json()["id"].as_str().unwrap().to_owned();
    let new = json!({ "site": site, "coming": { "record": { "serial": "S-1" } } });
    let papers = visitor.post("/api/onboarding", new).await.json()["id"].as_str().unwrap().to_owned();
    let table = format!("/api/imports?site={site}&name=list.csv");
    let table = visitor.send(Method::POST, &table, "application/octet-stream", "Asset tag\nA1\n").await;
    let table = table.json()["id"].as_str().unwrap().to_owned();
    let tenant = hub.app.sites().remove(0).tenant_id;
    let new = json!({ "login": "robin", "name": "Robin", "tenant": tenant });
    let person = visitor.post("/api/people", new).await.json()["person"].as_str().unwrap().to_owned();
    let new = json!({ "site": site, "label": "Ward 3", "rights": ["feed"], "minutes": 30 });
    let sealed = visitor.post("/api/sealed", new).await.json()["id"].as_str().unwrap().to_owned();
    let new = json!({ "tenant": tenant, "url": "https://soc.example.org/", "kinds": ["finding"] });
    let webhook = visitor.post("/api/webhooks", new).await.json()["id"].as_str().unwrap().to_owned();
    let ids = [
        ("webhooks", webhook.as_str()),
        ("break-glass", glass.as_str()),
        ("tokens", &token),
        ("people", &person),
        ("sealed", &sealed),
        ("tenants", &tenant),
        ("sites", &site),
        ("devices", &device),
        ("findings", &finding),
        ("sensors", &sensor),
        ("onboarding", &papers),
        ("imports", &table),
    ];
    let operations = operations(&site, &ids);
    (hub, visitor, site, operations)
}

#[tokio::test]
async fn nobody_gets_nothing() {
    let (hub, _, _, operations) = fed().await;
    let visitor = hub.visitor();
    for operation in operations.iter().filter(|operation| !OPEN.contains(&operation.name.as_str())) {
        let answer = call(&visitor, operation).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "not-signed-in"), "{}", operation.name);
    }
}

/// Whoever belongs to another tenant learns nothing of this one: neither what is there nor that there is something.
#[tokio::test]
async fn another_tenant_learns_nothing() {
    let (hub, _, site, operations) = fed().await;
    let mut change = hub.app.store.begin(&Actor::hub("test"), hub.app.now()).await.unwrap();
    let tenant = change.add_tenant("Hillside").await.unwrap();
    let other = change.add_site(&tenant, "Hospital", "UTC", &[]).await.unwrap();
    change.commit(Act::new("tenant.add", &tenant)).await.unwrap();
    hub.app.read_sites().await.unwrap();
    let devices = hub.app.intake.answers(&site).unwrap();
    let mut secrets: Vec<String> = devices.devices.iter().map(|device| device.id.to_string()).collect();
    secrets.extend(devices.findings.iter().map(|finding| finding.id.to_string()));
    secrets.extend([site, "Lakeside".to_owned()]);
    for role in Role::ALL {
        let visitor = hub.person(role.name(), role, &tenant, None).await;
        for operation in operations.iter().filter(|operation| !APART.contains(&operation.name.as_str())) {
            let answer = call(&visitor, operation).await;
            // A hub without the engine of long history says so to everybody.
            assert!(
                !answer.status.is_server_error() || answer.problem() == "not-ready",
                "{role:?} {}: {answer:?}",
                operation.name
            );
            let told =
                secrets.iter().find(|secret| answer.text.contains(secret.as_str()) && !operation.path.contains(secret.as_str()));
            assert_eq!(told, None, "{role:?} {}", operation.name);
            let is_of_site = operation.path.contains("site=")
                || ["/devices/", "/findings/", "/sensors/", "/people/", "/sealed/", "/tenants/", "/sites/"]
                    .iter()
                    .any(|part| operation.path.contains(part));
            if is_of_site && !OPEN.contains(&operation.name.as_str()) {
                assert!(answer.status.is_client_error(), "{role:?} {}: {answer:?}", operation.name);
            }
        }
    }
    drop(other);
}

/// Which role may call which operation, as checked in.
#[tokio::test]
async fn the_matrix_of_roles_and_routes() {
    let (hub, _, site, operations) = fed().await;
    let tenant = hub.app.sites().into_iter().find(|one| one.id == site).unwrap().tenant_id;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push(hub.person(role.name(), role, &tenant, None).await);
    }
    let mut matrix = String::from("# Which role may call which operation (+), and which not (.)\n# ");
    matrix.push_str(&Role::ALL.map(Role::name).join(" "));
    for operation in &operations {
        matrix.push('\n');
        for visitor in &people {
            let may = APART.contains(&operation.name.as_str()) || call(visitor, operation).await.status != StatusCode::FORBIDDEN;
            matrix.push(if may { '+' } else { '.' });
        }
        write!(matrix, " {}", operation.name).unwrap();
    }
    matrix.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/matrix.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &matrix).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), matrix, "look at it, then write it again with UPDATE_EXPECT=1");
}
