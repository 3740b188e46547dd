//! The whole way with npm's certified `oidc-provider`, started here on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use signin::oidc::{Error, Provider, Settings};
use url::Url;

const REDIRECT: &str = "http://127.0.0.1:1/api/session/oidc/return";

struct Running {
    child: Child,
    issuer: String,
    /// Kept open: a provider that cannot write ends.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The package in a folder of its own, kept between runs beside what cargo builds.
fn installed() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider");
    if !folder.join("node_modules/oidc-provider/package.json").is_file() {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        std::fs::write(folder.join("package.json"), r#"{"private":true,"type":"module"}"#).map_err(|error| error.to_string())?;
        let install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "oidc-provider@9"];
        let output = Command::new("npm").args(install).current_dir(&folder).output().map_err(|error| format!("npm: {error}"))?;
        if !output.status.success() {
            return Err(format!("npm: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    std::fs::write(folder.join("provider.mjs"), include_str!("provider.mjs")).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn start() -> Result<Running, String> {
    let folder = installed()?;
    let mut command = Command::new("node");
    command.args(["provider.mjs", REDIRECT]).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("node: {error}"))?;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    match lines.next() {
        Some(Ok(issuer)) if issuer.starts_with("http://") => Ok(Running { child, issuer, _said: lines }),
        other => Err(format!("the provider did not start: {other:?}")),
    }
}

fn settings(issuer: &str) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        client_id: "medwarden".into(),
        client_secret: Some("a secret of the test, long enough".into()),
        redirect: REDIRECT.into(),
        scopes: vec!["profile".into(), "email".into(), "groups".into()],
        groups_claim: "groups".into(),
    }
}

/// Follows redirects as a browser does, until the way back to the hub: its code and state.
async fn browse(start: &str) -> (String, String) {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let (mut url, mut jar) = (Url::parse(start).unwrap(), BTreeMap::new());
    for _ in 0..12 {
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = http.get(url.clone()).header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        let location = response.headers().get("location").expect("a redirect").to_str().unwrap();
        url = url.join(location).unwrap();
        if url.as_str().starts_with(REDIRECT) {
            let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
            return (query["code"].clone(), query["state"].clone());
        }
    }
    panic!("never came back");
}

#[tokio::test]
async fn there_and_back() {
    let running = match start() {
        Ok(running) => running,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let provider = Provider::discover(settings(&running.issuer)).await.unwrap();
    let (url, pending) = provider.begin();
    assert!(url.contains("code_challenge_method=S256") && url.contains("nonce=") && url.contains("state="));
    let (code, state) = browse(&url).await;
    let identity = provider.end(pending, &state, &code).await.unwrap();
    assert_eq!((identity.subject.as_str(), identity.name.as_str()), ("subject-1", "Biomed of the Clinic"));
    assert_eq!(identity.email.as_deref(), Some("biomed@clinic.example"));
    assert_eq!(identity.groups, ["biomed-team", "everybody"]);
    assert_eq!(identity.issuer, running.issuer);

    let (url, pending) = provider.begin();
    let (code, state) = browse(&url).await;
    let (_, foreign) = provider.begin();
    assert!(matches!(provider.end(foreign, &state, &code).await, Err(Error::Refused(_))), "another state");
    drop(pending);

    let (url, _) = provider.begin();
    let (code, _) = browse(&url).await;
    let (second, pending) = provider.begin();
    let state = Url::parse(&second).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    assert!(matches!(provider.end(pending, &state, &code).await, Err(Error::Refused(_))), "a code of another sign-in: PKCE");

    let wrong = Settings { client_secret: Some("not the secret of the test".into()), ..settings(&running.issuer) };
    let provider = Provider::discover(wrong).await.unwrap();
    let (url, pending) = provider.begin();
    let (code, state) = browse(&url).await;
    assert!(matches!(provider.end(pending, &state, &code).await, Err(Error::Refused(_))), "a wrong client secret");
}

#[tokio::test]
async fn a_provider_in_the_clear_or_absent_is_refused() {
    let mut settings = settings("http://provider.example");
    assert!(matches!(Provider::discover(settings.clone()).await, Err(Error::Settings(_))));
    settings.issuer = "http://127.0.0.1:1".into();
    assert!(matches!(Provider::discover(settings.clone()).await, Err(Error::Provider(_))));
    assert!(!format!("{settings:?}").contains("a secret"));
}
