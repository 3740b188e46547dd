//! Passkeys (W3C Web Authentication Level 3), with user verification: a passkey is two factors by itself.
//!
//! What goes to and comes from the browser is its own JSON. What begins a ceremony must be kept on the server until it ends, and be
//! used once.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use uuid::Uuid;
use webauthn_rs::Webauthn;
use webauthn_rs::prelude::{Passkey, PasskeyAuthentication, PasskeyRegistration, WebauthnBuilder};

/// What goes wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hub's own address cannot have passkeys.
    #[error("passkeys need the hub's address as people type it, with a name and HTTPS (or localhost): {0}")]
    Origin(String),
    /// Stored, or sent by a browser, and not to be read.
    #[error("the passkey's answer cannot be read")]
    Form(#[from] serde_json::Error),
    /// The ceremony's answer is not right.
    #[error("the passkey's answer is not right: {0}")]
    Ceremony(String),
}

impl From<webauthn_rs::prelude::WebauthnError> for Error {
    fn from(error: webauthn_rs::prelude::WebauthnError) -> Self {
        Self::Ceremony(error.to_string())
    }
}

/// Whose account.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Id of the person.
    pub id: &'a str,
    /// What is typed at sign-in.
    pub login: &'a str,
    /// Name.
    pub name: &'a str,
}

/// A passkey to be kept. No secret: the private key never leaves the authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Id of the credential, base64url.
    pub id: String,
    /// The rest, JSON.
    pub body: String,
}

/// A registration under way.
#[derive(Clone, Debug)]
pub struct Registering(PasskeyRegistration);

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct SigningIn(PasskeyAuthentication);

/// The ceremonies of one hub.
#[derive(Clone, Debug)]
pub struct Passkeys(Webauthn);

impl Passkeys {
    /// Of a hub that people reach at an origin (`https://hub.clinic.example`).
    ///
    /// # Errors
    /// [`Error::Origin`].
    pub fn new(origin: &str) -> Result<Self, Error> {
        let url = Url::parse(origin).map_err(|error| Error::Origin(error.to_string()))?;
        let name = url.domain().ok_or_else(|| Error::Origin(format!("{origin} has no name")))?;
        if url.scheme() != "https" && name != "localhost" {
            return Err(Error::Origin(format!("{origin} is not HTTPS")));
        }
        let built = WebauthnBuilder::new(name, &url).map(|builder| builder.rp_name("Medwarden")).and_then(WebauthnBuilder::build);
        built.map(Self).map_err(|error| Error::Origin(error.to_string()))
    }

    /// Begins to register: what the browser is given, and what is kept.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub fn begin_register(&self, account: Account<'_>, existing: &[Kept]) -> Result<(Value, Registering), Error> {
        let exclude: Result<Vec<_>, Error> = existing.iter().map(|kept| Ok(read(kept)?.cred_id().clone())).collect();
        let (options, state) =
            self.0.start_passkey_registration(handle(account.id), account.login, account.name, Some(exclude?))?;
        Ok((serde_json::to_value(options)?, Registering(state)))
    }

    /// Ends a registration with the browser's answer.
    ///
    /// # Errors
    /// The answer is not right: another origin, another challenge, no verified user.
    pub fn end_register(&self, state: &Registering, answer: Value) -> Result<Kept, Error> {
        keep(&self.0.finish_passkey_registration(&serde_json::from_value(answer)?, &state.0)?)
    }

    /// Begins a sign-in with any of somebody's passkeys.
    ///
    /// # Errors
    /// There is none, or what is stored cannot be read.
    pub fn begin(&self, kept: &[Kept]) -> Result<(Value, SigningIn), Error> {
        let passkeys: Result<Vec<Passkey>, Error> = kept.iter().map(read).collect();
        let (options, state) = self.0.start_passkey_authentication(&passkeys?)?;
        Ok((serde_json::to_value(options)?, SigningIn(state)))
    }

    /// Options for a login that has no passkey, of the same form and always with the same id, so that asking does not tell who has
    /// an account. No answer to them is right.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn pretend(&self, secret: &[u8], login: &str) -> Result<Value, Error> {
        let mut challenge = [0; 32];
        getrandom::fill(&mut challenge).map_err(|error| Error::Ceremony(error.to_string()))?;
        let id = Sha256::digest([secret, b"\0passkey\0", login.as_bytes()].concat());
        let base64 = &data_encoding::BASE64URL_NOPAD;
        let origin = self.0.get_allowed_origins().first().and_then(Url::domain).unwrap_or_default().to_owned();
        Ok(json!({"publicKey": {
            "challenge": base64.encode(&challenge), "timeout": 300_000, "rpId": origin,
            "allowCredentials": [{"type": "public-key", "id": base64.encode(&id)}], "userVerification": "required",
        }}))
    }

    /// Ends a sign-in: the passkey used, as it is to be kept from now on.
    ///
    /// # Errors
    /// The answer is not right: another origin, another challenge, another key, no verified user, a counter that went back.
    pub fn end(&self, state: &SigningIn, answer: Value, kept: &[Kept]) -> Result<Kept, Error> {
        let result = self.0.finish_passkey_authentication(&serde_json::from_value(answer)?, &state.0)?;
        for one in kept {
            let mut passkey = read(one)?;
            if passkey.update_credential(&result).is_some() {
                return keep(&passkey);
            }
        }
        Err(Error::Ceremony("the passkey is not one of this account".into()))
    }
}

fn read(kept: &Kept) -> Result<Passkey, Error> {
    Ok(serde_json::from_str(&kept.body)?)
}

fn keep(passkey: &Passkey) -> Result<Kept, Error> {
    let id = data_encoding::BASE64URL_NOPAD.encode(passkey.cred_id().as_ref());
    Ok(Kept { id, body: serde_json::to_string(passkey)? })
}

/// The user handle: 128 bits that tell nothing about the person (WebAuthn §14.6.1).
fn handle(id: &str) -> Uuid {
    let digest = Sha256::digest(id.as_bytes());
    Uuid::from_bytes(digest.first_chunk().copied().unwrap_or_default())
}
