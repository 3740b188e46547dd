//! SMB 2 and 3 ([MS-SMB2] §2.2).

use super::{Smbs, once};
use crate::bytes::{le16, le32};
use crate::fact::Sink;
use crate::text::utf16_le;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const READ: u16 = 8;
const WRITE: u16 = 9;
const QUERY_DIRECTORY: u16 = 14;
const SET_INFO: u16 = 17;

const HEADER: usize = 64;
const IS_ANSWER: u32 = 1;
/// Most messages that are read of one compound.
const MOST_COMPOUND: usize = 16;

/// How much of a message is read, with the session header.
pub(super) const fn wanted(command: u16) -> usize {
    match command {
        NEGOTIATE | SESSION_SETUP | TREE_CONNECT => crate::protocol::MAX_WANTED,
        CREATE => 1024,
        _ => 4 + HEADER + 8,
    }
}

/// A message and those chained behind it.
pub(super) fn read(state: &mut Smbs, mut message: &[u8], out: &mut dyn Sink) {
    for _ in 0..MOST_COMPOUND {
        if one(state, message, out).is_none() {
            return;
        }
        let next = le32(message, 20).and_then(|next| usize::try_from(next).ok()).unwrap_or_default();
        let Some(rest) = message.get(next..).filter(|_| next >= HEADER) else { return };
        message = rest;
    }
}

fn one(state: &mut Smbs, message: &[u8], out: &mut dyn Sink) -> Option<()> {
    let command = le16(message, 12)?;
    let flags = le32(message, 16)?;
    let status = le32(message, 8)?;
    let tree = le32(message, 36)?;
    let is_answer = flags & IS_ANSWER != 0;
    super::role(is_answer, out);
    match (command, is_answer) {
        (NEGOTIATE, false) => {}
        (NEGOTIATE, true) => negotiated(state, message, out)?,
        (SESSION_SETUP, false) => state.token(pointed(message, HEADER + 12)?, out),
        (SESSION_SETUP, true) => {
            if let Some(token) = pointed(message, HEADER + 4) {
                state.token(token, out);
            }
            let guest = le16(message, HEADER + 2).is_some_and(|flags| flags & 1 != 0);
            state.login_result(status, guest, out);
        }
        (TREE_CONNECT, false) => state.tree(&utf16_le(pointed(message, HEADER + 4)?), out),
        (TREE_CONNECT, true) if status == 0 => state.tree_granted(tree),
        (CREATE, false) => {
            state.in_the_clear(out);
            if let Some(name) = pointed(message, HEADER + 44) {
                state.open(&utf16_le(name), out);
            }
        }
        (READ, false) if !state.holds_pipes(tree) => state.operation(once::READ, "file read", out),
        (WRITE, false) if !state.holds_pipes(tree) => state.operation(once::WRITE, "file write", out),
        (QUERY_DIRECTORY, false) => state.operation(once::LIST, "directory listing", out),
        // FileDispositionInformation ([MS-FSCC] §2.4.11) marks a file for deletion.
        (SET_INFO, false) if message.get(HEADER + 2..HEADER + 4) == Some(&[1, 13]) => {
            state.operation(once::DELETE, "file delete", out);
        }
        _ => {}
    }
    Some(())
}

/// The bytes that an offset from the header and a length, at `at` in the message, point at.
fn pointed(message: &[u8], at: usize) -> Option<&[u8]> {
    let offset = usize::from(le16(message, at)?);
    let len = usize::from(le16(message, at.checked_add(2)?)?);
    message.get(offset..)?.get(..len).filter(|bytes| !bytes.is_empty())
}

/// NEGOTIATE response ([MS-SMB2] §2.2.4).
fn negotiated(state: &mut Smbs, message: &[u8], out: &mut dyn Sink) -> Option<()> {
    if le32(message, 8)? != 0 {
        return Some(());
    }
    let body = message.get(HEADER..)?;
    let dialect = le16(body, 4)?;
    if state.negotiated.offers_v1() {
        state.offers_v1(out);
    }
    // 0x02ff asks the client to negotiate anew, and repeats the rest.
    if let Some(name) = dialect_name(dialect) {
        state.dialect(name, out);
    }
    if state.said.first(once::SYSTEM) {
        super::signing(le16(body, 2)? & 2 != 0, out);
        super::say_guid(body.get(8..)?.first_chunk(), out);
        super::server_time(u64::from_le_bytes(*body.get(40..)?.first_chunk()?), out);
    }
    state.cipher = match dialect {
        0x0300 | 0x0302 => Some("AES-128-CCM"),
        0x0311 => cipher(message, le16(body, 6)?, le32(body, 60)?),
        _ => None,
    };
    if let Some(token) = pointed(message, HEADER + 56) {
        state.token(token, out);
    }
    Some(())
}

const fn dialect_name(dialect: u16) -> Option<&'static str> {
    Some(match dialect {
        0x0202 => "SMB 2.0.2",
        0x0210 => "SMB 2.1",
        0x0300 => "SMB 3.0",
        0x0302 => "SMB 3.0.2",
        0x0311 => "SMB 3.1.1",
        _ => return None,
    })
}

/// The cipher in the negotiate contexts ([MS-SMB2] §2.2.3.1.2).
fn cipher(message: &[u8], count: u16, offset: u32) -> Option<&'static str> {
    let mut contexts = message.get(usize::try_from(offset).ok()?..)?;
    for _ in 0..count.min(16) {
        let kind = le16(contexts, 0)?;
        let len = usize::from(le16(contexts, 2)?);
        if kind == 2 {
            return Some(match le16(contexts, 10)? {
                1 => "AES-128-CCM",
                2 => "AES-128-GCM",
                3 => "AES-256-CCM",
                4 => "AES-256-GCM",
                _ => return None,
            });
        }
        contexts = contexts.get(len.checked_add(8)?.checked_next_multiple_of(8)?..)?;
    }
    None
}
