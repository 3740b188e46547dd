//! Tells others what changes: messages signed as Standard Webhooks has it, tried again until they arrive or two days are over.

use std::time::Duration;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use store::{MessageRow, WebhookRow};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use url::Url;
use utoipa::ToSchema;

use crate::App;
use crate::auth::{MINUTE_NANOS, seconds};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;

/// What secrets begin with.
const SECRET: &str = "whsec_";
/// Longest that a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks for what is due.
const PAUSE: Duration = Duration::from_millis(500);
/// Messages that are tried at once.
const AT_ONCE: u32 = 16;
/// How long to wait after each attempt, in minutes: some two days in all.
const WAITS: [i64; 9] = [1, 5, 15, 60, 180, 360, 720, 720, 720];
/// What was sent is kept for so long, to be looked at.
const KEEP_NANOS: i64 = 30 * 24 * 60 * MINUTE_NANOS;

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Kind {
    /// A finding is new, or people changed what they do about it.
    #[serde(rename = "finding")]
    Finding,
    /// Somebody took rights under break-glass, or reviewed that.
    #[serde(rename = "break-glass")]
    BreakGlass,
    /// A capture was read.
    #[serde(rename = "capture")]
    Capture,
    /// What people say of a device changed.
    #[serde(rename = "record")]
    Record,
    /// Somebody asked for a try.
    #[serde(rename = "test")]
    Test,
}

impl Kind {
    /// As it stands in a message.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::BreakGlass => "break-glass",
            Self::Capture => "capture",
            Self::Record => "record",
            Self::Test => "test",
        }
    }
}

/// HTTPS, or this machine itself.
pub(crate) fn address(text: &str) -> Answer<Url> {
    let wrong = || Problem::new(&kinds::UNPROCESSABLE, "url: https, such as https://soc.example.org/medwarden");
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    if !is_safe || url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() || text.len() > 2_000 {
        return Err(wrong());
    }
    Ok(url)
}

/// A new secret, as receivers are told it.
pub(crate) fn new_secret() -> Answer<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Problem::of(&kinds::INTERNAL))?;
    Ok(format!("{SECRET}{}", BASE64.encode(&bytes)))
}

/// Puts messages out for what is told to pages, for as long as the hub runs.
pub(crate) async fn note(app: App, mut events: Receiver<Event>) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "more happened at once than webhooks could be told");
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        if let Err(error) = put_out(&app, &event).await {
            tracing::error!(%error, kind = event.kind, "webhooks were not told");
        }
    }
}

async fn put_out(app: &App, event: &Event) -> store::Result<()> {
    let all = app.store.webhooks().await?;
    let tenant = app.sites().into_iter().find(|site| site.id == event.site).map(|site| site.tenant_id);
    let wants = |hook: &&WebhookRow| {
        hook.is_active
            && Some(&hook.tenant_id) == tenant.as_ref()
            && hook.site_id.as_ref().is_none_or(|site| *site == event.site)
            && hook.kinds.iter().any(|kind| kind == event.kind)
    };
    let wanted: Vec<&WebhookRow> = all.iter().filter(wants).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let (now, about) = (app.now(), about(app, event).await?);
    let body = body(event.kind, &event.site, event.subject.as_deref(), now, &about);
    let mut writer = app.store.writer().await?;
    for hook in wanted {
        writer.add_message(&hook.id, &body, now).await?;
    }
    writer.commit().await
}

/// A message as it is sent.
pub(crate) fn body(kind: &str, site: &str, subject: Option<&str>, now: Timestamp, about: &Value) -> String {
    json!({ "type": kind, "timestamp": now, "data": { "site": site, "subject": subject, "about": about } }).to_string()
}

/// What a receiver need not ask for. No text of people and nothing of patients: whoever has the right reads on at the hub.
async fn about(app: &App, event: &Event) -> store::Result<Value> {
    let Some(id) = event.subject.as_deref().filter(|_| event.kind == Kind::Finding.name()) else { return Ok(Value::Null) };
    match app.store.finding(id, std::slice::from_ref(&event.site)).await {
        Ok(row) => Ok(json!({
            "detector": row.finding.detector, "title": row.finding.title, "severity": row.finding.severity, "devices": row.finding.devices,
            "state": row.state, "holds": row.holds,
        })),
        Err(store::Error::Absent(_)) => Ok(Value::Null),
        Err(error) => Err(error),
    }
}

/// Sends what is due, for as long as the hub runs.
pub(crate) async fn send(app: App) {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).no_proxy();
    // Whoever came first may have installed one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "webhooks cannot be sent"),
    };
    let mut tidied = app.now();
    loop {
        if let Err(error) = send_due(&app, &client).await {
            tracing::error!(%error, "webhooks cannot be sent now");
        }
        if app.now().since(tidied) > 60 * MINUTE_NANOS {
            tidied = app.now();
            if let Err(error) = tidy(&app).await {
                tracing::warn!(%error, "old messages of webhooks could not be deleted");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tidy(app: &App) -> store::Result<()> {
    let mut writer = app.store.writer().await?;
    writer.tidy_messages(app.now().plus_nanos(-KEEP_NANOS)).await?;
    writer.commit().await
}

async fn send_due(app: &App, client: &reqwest::Client) -> store::Result<()> {
    let due = app.store.messages_due(app.now(), AT_ONCE).await?;
    if due.is_empty() {
        return Ok(());
    }
    let hooks = app.store.webhooks().await?;
    let tries = due.into_iter().map(|message| {
        let hook = hooks.iter().find(|hook| hook.id == message.webhook_id);
        async move { tried(app, client, hook, message).await }
    });
    let tried = futures::future::join_all(tries).await;
    let mut writer = app.store.writer().await?;
    for message in tried {
        writer.tried_message(&message).await?;
    }
    writer.commit().await
}

/// The message after an attempt.
async fn tried(app: &App, client: &reqwest::Client, hook: Option<&WebhookRow>, mut message: MessageRow) -> MessageRow {
    let outcome = match hook {
        Some(hook) if hook.is_active => sent(app, client, hook, &message).await,
        // It goes on where it was when somebody has it go on.
        Some(_) => {
            message.next = app.now().plus_nanos(MINUTE_NANOS);
            return message;
        }
        None => Err("the webhook is gone".to_owned()),
    };
    let wait = usize::try_from(message.attempts).ok().and_then(|attempts| WAITS.get(attempts));
    message.attempts = message.attempts.saturating_add(1);
    (message.state, message.outcome) = match (outcome, wait) {
        (Ok(status), _) => ("delivered".to_owned(), status),
        (Err(why), Some(minutes)) => {
            message.next = app.now().plus_nanos(minutes * MINUTE_NANOS);
            ("waiting".to_owned(), why)
        }
        (Err(why), None) => ("given_up".to_owned(), why),
    };
    message
}

async fn sent(app: &App, client: &reqwest::Client, hook: &WebhookRow, message: &MessageRow) -> Result<String, String> {
    let url = address(&hook.url).map_err(|_| "the address cannot be used any more".to_owned())?;
    let secret = app.desk.open_sealed(&hook.id, &hook.secret).map_err(|_| "the secret cannot be opened".to_owned())?;
    let now_s = seconds(app.now());
    let signature =
        signature(&secret, &message.id, now_s, &message.body).ok_or_else(|| "the secret cannot be used".to_owned())?;
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("Medwarden/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", now_s)
        .header("webhook-signature", signature)
        .body(message.body.clone());
    match request.send().await {
        Ok(response) if response.status().is_success() => Ok(format!("answered {}", response.status())),
        Ok(response) => Err(format!("answered {}", response.status())),
        Err(error) => Err(if error.is_timeout() { "did not answer in time".to_owned() } else { cause(&error) }),
    }
}

fn cause(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut inner = std::error::Error::source(error);
    while let Some(one) = inner {
        said = one.to_string();
        inner = one.source();
    }
    format!("cannot be reached: {said}").chars().take(300).collect()
}

/// `v1,` and HMAC-SHA-256 of id, time and body in base64 (Standard Webhooks, Signature scheme).
fn signature(secret: &str, id: &str, time_s: i64, body: &str) -> Option<String> {
    let key = BASE64.decode(secret.strip_prefix(SECRET)?.as_bytes()).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{time_s}.{body}").as_bytes());
    Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::{address, signature};

    /// Made with Python's `hmac` and `base64`.
    #[test]
    fn messages_are_signed_as_receivers_check_them() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(made.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(signature("another", "id", 0, ""), None);
    }

    #[test]
    fn only_https_is_told_and_this_machine() {
        for good in ["https://soc.example.org/in?x=1", "http://127.0.0.1:9000/", "http://localhost/"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["http://soc.example.org/", "ftp://127.0.0.1/", "https://a:b@soc.example.org/", "soc", ""] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
