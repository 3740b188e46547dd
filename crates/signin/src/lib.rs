//! Proofs of who somebody is: passwords, one-time codes, recovery codes, passkeys, OpenID Connect, and how fast one may guess.
//!
//! No database and no web server: what is to be kept is handed out as text, and time comes in as an argument. Only [`oidc`] talks to
//! somebody, the provider that an administrator named. Nothing here logs, and no `Debug` shows a secret.

pub mod code;
pub mod oidc;
pub mod passkey;
pub mod password;
pub mod seal;
pub mod throttle;
pub mod totp;
