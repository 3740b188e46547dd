//! The whole ceremony with a software authenticator.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use public_suffix::PublicSuffixList;
use serde_json::Value;
use signin::passkey::{Account, Passkeys};
use url::Url;

const ORIGIN: &str = "https://hub.clinic.example";
const ACCOUNT: Account<'_> = Account { id: "person-a", login: "biomed", name: "Biomed" };

struct Finger;

#[async_trait::async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = passkey_types::Passkey;

    async fn check_user<'a>(&self, _: UiHint<'a, Self::PasskeyItem>, _: bool, _: bool) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: true })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

type Browser = Client<Option<passkey_types::Passkey>, Finger, RustCryptoBackend, PublicSuffixList, ()>;

fn browser() -> Browser {
    Client::new(Authenticator::new(Aaguid::new_empty(), None, Finger, RustCryptoBackend))
}

async fn register(browser: &mut Browser, origin: &str, options: Value) -> Value {
    let options = serde_json::from_value(options).unwrap();
    serde_json::to_value(browser.register(&Url::parse(origin).unwrap(), options, DefaultClientData).await.unwrap()).unwrap()
}

async fn authenticate(browser: &mut Browser, origin: &str, options: Value) -> Value {
    let options = serde_json::from_value(options).unwrap();
    serde_json::to_value(browser.authenticate(&Url::parse(origin).unwrap(), options, DefaultClientData).await.unwrap()).unwrap()
}

#[tokio::test]
async fn registered_and_signed_in() {
    let (hub, mut browser) = (Passkeys::new(ORIGIN).unwrap(), browser());
    let (options, state) = hub.begin_register(ACCOUNT, &[]).unwrap();
    let kept = hub.end_register(&state, register(&mut browser, ORIGIN, options).await).unwrap();
    let (options, state) = hub.begin(std::slice::from_ref(&kept)).unwrap();
    let answer = authenticate(&mut browser, ORIGIN, options).await;
    let used = hub.end(&state, answer.clone(), std::slice::from_ref(&kept)).unwrap();
    assert_eq!(used.id, kept.id);
    let (_, other) = hub.begin(std::slice::from_ref(&kept)).unwrap();
    assert!(hub.end(&other, answer, &[kept]).is_err(), "an answer to another challenge");
}

#[tokio::test]
async fn a_foreign_origin_is_refused() {
    // A page below the same name is let use the credential by the browser, and is not the hub.
    const FOREIGN: &str = "https://evil.hub.clinic.example";
    let (hub, mut browser) = (Passkeys::new(ORIGIN).unwrap(), browser());
    let (options, state) = hub.begin_register(ACCOUNT, &[]).unwrap();
    let answer = register(&mut browser, FOREIGN, options).await;
    assert!(hub.end_register(&state, answer).unwrap_err().to_string().contains("rigin"));
    let (options, state) = hub.begin_register(ACCOUNT, &[]).unwrap();
    let kept = hub.end_register(&state, register(&mut browser, ORIGIN, options).await).unwrap();
    let (options, state) = hub.begin(std::slice::from_ref(&kept)).unwrap();
    let answer = authenticate(&mut browser, FOREIGN, options).await;
    assert!(hub.end(&state, answer, &[kept]).unwrap_err().to_string().contains("rigin"));
}

#[tokio::test]
async fn somebody_elses_key_and_an_altered_answer_are_refused() {
    let (hub, mut first, mut second) = (Passkeys::new(ORIGIN).unwrap(), browser(), browser());
    let (options, state) = hub.begin_register(ACCOUNT, &[]).unwrap();
    let mine = hub.end_register(&state, register(&mut first, ORIGIN, options).await).unwrap();
    let (options, state) = hub.begin_register(Account { id: "person-b", ..ACCOUNT }, &[]).unwrap();
    let theirs = hub.end_register(&state, register(&mut second, ORIGIN, options).await).unwrap();
    let (options, _) = hub.begin(std::slice::from_ref(&theirs)).unwrap();
    let answer = authenticate(&mut second, ORIGIN, options).await;
    let (_, state) = hub.begin(std::slice::from_ref(&mine)).unwrap();
    assert!(hub.end(&state, answer, std::slice::from_ref(&mine)).is_err());
    let (options, state) = hub.begin(std::slice::from_ref(&mine)).unwrap();
    let mut answer = authenticate(&mut first, ORIGIN, options).await;
    let signature = answer["response"]["signature"].as_str().unwrap();
    let first_letter = if signature.starts_with('M') { 'N' } else { 'M' };
    answer["response"]["signature"] = format!("{first_letter}{}", &signature[1..]).into();
    assert!(hub.end(&state, answer, &[mine]).is_err());
}

#[test]
fn options_for_nobody_look_like_those_for_somebody() {
    let hub = Passkeys::new(ORIGIN).unwrap();
    let (one, again) = (hub.pretend(b"k", "nobody").unwrap(), hub.pretend(b"k", "nobody").unwrap());
    assert_eq!(one["publicKey"]["allowCredentials"], again["publicKey"]["allowCredentials"]);
    assert_ne!(one["publicKey"]["challenge"], again["publicKey"]["challenge"]);
    assert_eq!(one["publicKey"]["rpId"], "hub.clinic.example");
}

#[test]
fn an_address_without_a_name_has_no_passkeys() {
    for origin in ["https://192.0.2.1", "http://hub.clinic.example", "hub"] {
        assert!(Passkeys::new(origin).is_err(), "{origin}");
    }
    assert!(Passkeys::new("http://localhost:8080").is_ok());
}
