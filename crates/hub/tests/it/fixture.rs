//! A hub in a temporary folder, and callers with their cookies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hub::auth::Role;
use hub::{App, Options, router};
use serde_json::{Value, json};
use store::{Act, Actor, RoleRow};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Password of everybody in the tests.
pub const PASSWORD: &str = "four words make a password";

/// A hub.
pub struct TestHub {
    pub app: App,
    pub folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub kind: String,
    pub text: String,
    pub bytes: Vec<u8>,
    cookies: Vec<String>,
    pub retry_after: Option<String>,
    pub etag: Option<String>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of the problem that it is.
    pub fn problem(&self) -> String {
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert!(!body["what_to_do"].as_str().unwrap().is_empty());
        body["type"].as_str().unwrap().strip_prefix("urn:medwarden:problem:").unwrap().to_owned()
    }
}

/// Somebody at a browser.
#[derive(Clone)]
pub struct Visitor {
    app: App,
    router: Router,
    /// Where the request seems to come from.
    pub address: SocketAddr,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    pub cookies: BTreeMap<String, String>,
    pub csrf: Option<String>,
    if_match: Option<String>,
    /// Secret of the app that makes one-time codes.
    pub totp: Option<String>,
}

impl Visitor {
    /// Sends a request.
    pub async fn send(&self, method: Method, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(csrf) = &self.csrf {
            request = request.header("x-medwarden-csrf", csrf);
        }
        if let Some(etag) = &self.if_match {
            request = request.header(header::IF_MATCH, etag);
        }
        let request = request.extension(ConnectInfo(self.address)).body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, kind) = (response.status(), header(header::CONTENT_TYPE).unwrap_or_default());
        let (etag, retry_after) = (header(header::ETAG), header(header::RETRY_AFTER));
        let set = response.headers().get_all(header::SET_COOKIE);
        let cookies = set.iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer {
            status,
            kind,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes: bytes.to_vec(),
            cookies,
            retry_after,
            etag,
        }
    }

    /// Changes what was read with an ETag.
    pub async fn patch(&self, path: &str, etag: Option<&str>, body: Value) -> Answer {
        let mut visitor = self.clone();
        visitor.if_match = etag.map(str::to_owned);
        visitor.send(Method::PATCH, path, "application/json", body.to_string()).await
    }

    /// The same by POST or PUT.
    pub async fn send_if(&self, method: Method, path: &str, etag: &str, body: Value) -> Answer {
        let visitor = Self { if_match: Some(etag.to_owned()), ..self.clone() };
        visitor.send(method, path, "application/json", body.to_string()).await
    }

    /// Sets what was read with an ETag.
    pub async fn put_if(&self, path: &str, etag: Option<&str>, body: Value) -> Answer {
        let mut visitor = self.clone();
        visitor.if_match = etag.map(str::to_owned);
        visitor.put(path, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "application/json", Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, "application/json", body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "application/json", Body::empty()).await
    }

    /// Signs in and remembers the cookies and the token against forged requests. Where a role needs a second step and there is none,
    /// sets one up as people do.
    pub async fn sign_in(&mut self, login: &str, password: &str) -> Answer {
        let answer = self.post("/api/session", json!({ "login": login, "password": password })).await;
        if answer.status.is_success() {
            self.remember(&answer).await;
            if self.get("/api/session").await.json()["second_step"] == "enrol" {
                self.enrol().await;
            }
        }
        answer
    }

    /// Sets up an app for one-time codes.
    pub async fn enrol(&mut self) {
        let offer = self.post("/api/me/totp", json!({})).await;
        assert_eq!(offer.status, StatusCode::CREATED, "{offer:?}");
        self.totp = Some(offer.json()["url"].as_str().unwrap().to_owned());
        let confirmed = self.put("/api/me/totp", json!({ "code": self.code(0) })).await;
        assert_eq!(confirmed.status, StatusCode::NO_CONTENT, "{confirmed:?}");
        self.remember(&confirmed).await;
    }

    /// The code of the app so many steps from now.
    pub fn code(&self, steps: i64) -> String {
        let app = totp_rs::Totp::from_url(self.totp.as_deref().unwrap()).unwrap();
        let now_s = self.app.now().nanos() / 1_000_000_000 + 30 * steps;
        app.generate(u64::try_from(now_s).unwrap()).to_string()
    }

    /// Takes the cookies of an answer as a browser does, and reads the session's token against forged requests.
    pub async fn remember(&mut self, answer: &Answer) {
        for cookie in &answer.cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let session = self.get("/api/session").await;
        self.csrf = (session.status == StatusCode::OK).then(|| session.json()["csrf"].as_str().unwrap().to_owned());
    }
}

impl TestHub {
    /// A hub that was never set up.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { app: open(&folder).await, folder }
    }

    /// A hub with a tenant, a site and an administrator `alex`; returns the site too.
    pub async fn set_up() -> (Self, Visitor, String) {
        let hub = Self::new().await;
        let mut visitor = hub.visitor();
        assert_eq!(visitor.post("/api/setup", setup()).await.status, StatusCode::CREATED);
        assert_eq!(visitor.sign_in("alex", PASSWORD).await.status, StatusCode::NO_CONTENT);
        let site = hub.app.sites().remove(0).id;
        (hub, visitor, site)
    }

    /// The same after the hub ended and began again.
    pub async fn again(self) -> Self {
        let Self { app, folder } = self;
        app.store.close().await;
        drop(app);
        Self { app: open(&folder).await, folder }
    }

    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            app: self.app.clone(),
            router: router(&self.app),
            address: "127.0.0.1:50000".parse().unwrap(),
            headers: Vec::new(),
            cookies: BTreeMap::new(),
            csrf: None,
            if_match: None,
            totp: None,
        }
    }

    /// Somebody with a role at a tenant, signed in.
    pub async fn person(&self, login: &str, role: Role, tenant: &str, site: Option<&str>) -> Visitor {
        let mut change = self.app.store.begin(&Actor::hub("test"), self.app.now()).await.unwrap();
        let person = change.add_person(login, login, "", Some(hashed())).await.unwrap();
        let row = RoleRow { role: role.name().to_owned(), tenant_id: tenant.to_owned(), site_id: site.map(str::to_owned) };
        change.add_role(&person, &row).await.unwrap();
        change.set_home(&person, tenant, false).await.unwrap();
        change.commit(Act::new("person.add", person)).await.unwrap();
        let mut visitor = self.visitor();
        assert_eq!(visitor.sign_in(login, PASSWORD).await.status, StatusCode::NO_CONTENT);
        visitor
    }

    /// Asks again until an answer is as wanted, for a minute.
    pub async fn until(&self, visitor: &Visitor, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..600 {
            last = visitor.get(path).await.json();
            if is_wanted(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} did not become as wanted within a minute: {last}");
    }

    /// Entries of the ledger of an action.
    pub async fn acts(&self, action: &str) -> Vec<Value> {
        let rows = self.app.store.ledger_rows(0, 10_000).await.unwrap();
        let bodies = rows.into_iter().map(|row| serde_json::from_str::<Value>(&row.body).unwrap());
        bodies.filter(|body| body["action"] == action).collect()
    }

    /// Hands the clinic's capture in and waits until its devices are there.
    pub async fn fed(&self, visitor: &Visitor, site: &str) -> Value {
        let path = format!("/api/captures?site={site}&name=clinic.pcap");
        let answer = visitor.send(Method::POST, &path, "application/octet-stream", lab::clinic()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        self.app.start();
        for _ in 0..600 {
            let page = visitor.get("/api/devices?limit=500").await.json();
            let captures = visitor.get("/api/captures").await.json();
            if captures[0]["state"] == "done" && page["items"].as_array().is_some_and(|items| items.len() > 10) {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the capture was not read within a minute");
    }
}

/// The PHC string of [`PASSWORD`].
fn hashed() -> &'static str {
    static PHC: OnceLock<String> = OnceLock::new();
    PHC.get_or_init(|| signin::password::hash(PASSWORD).unwrap())
}

async fn open(folder: &TempDir) -> App {
    let options = Options { data: folder.path().join("data"), database: None };
    App::open(options, None, false).await.unwrap()
}

/// A first run that is right.
pub fn setup() -> Value {
    json!({
        "tenant": "Lakeside", "site": "Clinic", "time_zone": "Europe/Berlin", "networks": [],
        "name": "Alex", "login": "alex", "password": PASSWORD,
    })
}
