//! Ceremonies with the other side played by somebody else's software.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod oidc;
mod passkey;
