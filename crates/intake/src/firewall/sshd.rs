//! OpenSSH's server (sshd(8)): log-ins to whatever runs it.

use crate::Emit;
use crate::talk::{Login, LoginFields, login_fields, way};
use crate::text::{after, ip, word};

static LOGIN: LoginFields = login_fields!("sshd", "sshd log");

/// Reads a message: `Accepted publickey for admin from 10.1.1.5 port 50000 ssh2: …`, `Failed password for invalid user x from 10.1.1.5 …`.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    let succeeded = body.starts_with(b"Accepted ");
    if !succeeded && !body.starts_with(b"Failed ") {
        return;
    }
    let Some(rest) = after(body, b" for ") else { return };
    let (account, _) = word(rest);
    let from = after(rest, b" from ").map(word).and_then(|(from, _)| ip(from));
    Login { account, from, to: None, way: way(b"ssh"), succeeded }.tell(&LOGIN, out);
}
