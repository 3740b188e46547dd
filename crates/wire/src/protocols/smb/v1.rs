//! SMB 1 ([MS-CIFS] §2.2.3, [MS-SMB] §2.2.3).

use super::{ACCOUNT, DOMAIN, LAN_MANAGER, NATIVE_OS, PLAIN, SERVER_NAME, Smbs, TRIED, once};
use crate::bytes::{le16, le32};
use crate::fact::{About, Field, Login, Sink, Value};
use crate::spnego::Scheme;
use crate::text::{is_service_account, until_nul, utf16_le};

const DELETE: u8 = 0x06;
const TRANSACTION: u8 = 0x25;
const READ_ANDX: u8 = 0x2e;
const WRITE_ANDX: u8 = 0x2f;
const TRANSACTION2: u8 = 0x32;
const TREE_CONNECT: u8 = 0x70;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP: u8 = 0x73;
const TREE_CONNECT_ANDX: u8 = 0x75;
const NT_CREATE: u8 = 0xa2;

const HEADER: usize = 32;
const IS_ANSWER: u8 = 0x80;
const UNICODE: u16 = 0x8000;
/// Most commands that are read of one AndX chain.
const MOST_CHAINED: usize = 4;

/// What a negotiation of version 1 came to.
#[derive(Clone, Copy, Default)]
pub(super) struct Negotiated {
    /// Dialects of version 1 were offered.
    offered: bool,
    /// An answer came, in either version.
    answered: bool,
    /// The server wants passwords in the clear.
    plain: bool,
}

impl Negotiated {
    pub(super) const fn offers_v1(self) -> bool {
        self.offered
    }

    pub(super) const fn offers_v1_unanswered(self) -> bool {
        self.offered && !self.answered
    }
}

/// How much of a message is read, with the session header.
pub(super) const fn wanted(command: u8) -> usize {
    match command {
        NEGOTIATE | SESSION_SETUP => 16 * 1024,
        TREE_CONNECT | TREE_CONNECT_ANDX | NT_CREATE => 1024,
        _ => 4 + HEADER + 4,
    }
}

/// One command of a message: its words and its bytes, and the header's word on characters.
#[derive(Clone, Copy)]
struct Block<'a> {
    message: &'a [u8],
    words: &'a [u8],
    /// Where the bytes begin in the message: alignment counts from its start.
    bytes_at: usize,
    bytes: &'a [u8],
    unicode: bool,
}

pub(super) fn read(state: &mut Smbs, message: &[u8], out: &mut dyn Sink) {
    let (Some(&command), Some(&flags), Some(flags2)) = (message.get(4), message.get(9), le16(message, 10)) else { return };
    let (Some(status), Some(tree)) = (le32(message, 5), le16(message, 24)) else { return };
    let is_answer = flags & IS_ANSWER != 0;
    super::role(is_answer, out);
    let (mut command, mut at) = (command, HEADER);
    for _ in 0..MOST_CHAINED {
        let Some(block) = block(message, at, flags2 & UNICODE != 0) else { return };
        if is_answer {
            answer(state, command, status, tree, block, out);
        } else {
            request(state, command, tree, block, out);
        }
        let chained = matches!(command, SESSION_SETUP | TREE_CONNECT_ANDX) && block.words.len() >= 4;
        let (Some(&next), Some(offset)) = (block.words.first(), le16(block.words, 2)) else { return };
        if !chained || next == 0xff || usize::from(offset) <= at {
            return;
        }
        (command, at) = (next, usize::from(offset));
    }
}

/// Words and bytes; where the message was not read whole, what is there of the bytes.
fn block(message: &[u8], at: usize, unicode: bool) -> Option<Block<'_>> {
    let count = usize::from(*message.get(at)?);
    let words_at = at.checked_add(1)?;
    let bytes_at = words_at.checked_add(count.checked_mul(2)?)?.checked_add(2)?;
    let words = message.get(words_at..bytes_at.checked_sub(2)?).or_else(|| message.get(words_at..))?;
    let len = le16(message, bytes_at.checked_sub(2)?).map_or(0, usize::from);
    let rest = message.get(bytes_at..).unwrap_or_default();
    Some(Block { message, words, bytes_at, bytes: rest.get(..len).unwrap_or(rest), unicode })
}

fn request(state: &mut Smbs, command: u8, tree: u16, block: Block<'_>, out: &mut dyn Sink) {
    let clear_file = !state.holds_pipes(u32::from(tree));
    if command != NEGOTIATE {
        state.dialect("SMB 1", out);
    }
    match command {
        NEGOTIATE => offer(state, block.bytes),
        SESSION_SETUP => session_setup(state, block, out),
        TREE_CONNECT_ANDX => {
            let password = le16(block.words, 6).map_or(0, usize::from);
            let mut strings = Strings::after(block, password);
            state.tree(&strings.next(), out);
        }
        TREE_CONNECT => {
            // A buffer format octet, then the path.
            let mut strings = Strings::after(block, 1);
            state.tree(&strings.next(), out);
        }
        NT_CREATE => {
            state.in_the_clear(out);
            let mut strings = Strings::after(block, 0);
            state.open(&strings.next(), out);
        }
        READ_ANDX if clear_file => state.operation(once::READ, "file read", out),
        WRITE_ANDX if clear_file => state.operation(once::WRITE, "file write", out),
        DELETE => state.operation(once::DELETE, "file delete", out),
        TRANSACTION | TRANSACTION2 => state.in_the_clear(out),
        _ => {}
    }
}

/// Dialects, each after an octet 2.
fn offer(state: &mut Smbs, bytes: &[u8]) {
    let mut dialects = bytes.split(|&octet| octet == 0).filter_map(|dialect| dialect.strip_prefix(&[2])).take(64);
    state.negotiated = Negotiated { offered: dialects.any(|dialect| !dialect.starts_with(b"SMB 2")), ..Negotiated::default() };
}

fn answer(state: &mut Smbs, command: u8, status: u32, tree: u16, block: Block<'_>, out: &mut dyn Sink) {
    match command {
        NEGOTIATE if le16(block.words, 0).is_some_and(|index| index != 0xffff) => {
            state.negotiated.answered = true;
            state.dialect("SMB 1", out);
            let _ = negotiated(state, block, out);
        }
        SESSION_SETUP => session_granted(state, status, block, out),
        TREE_CONNECT_ANDX if status == 0 => state.tree_granted(u32::from(tree)),
        _ => {}
    }
}

/// Response to "NT LM 0.12" ([MS-SMB] §2.2.4.5.2.1), which has 17 words; older dialects say nothing of interest.
fn negotiated(state: &mut Smbs, block: Block<'_>, out: &mut dyn Sink) -> Option<()> {
    const EXTENDED_SECURITY: u32 = 0x8000_0000;
    let words = block.words.first_chunk::<34>()?;
    let mode = words.get(2)?;
    state.negotiated.plain = mode & 2 == 0;
    super::signing(mode & 8 != 0, out);
    super::server_time(u64::from_le_bytes(*words.get(23..)?.first_chunk()?), out);
    if le32(words, 19)? & EXTENDED_SECURITY != 0 {
        super::say_guid(block.bytes.first_chunk(), out);
        state.token(block.bytes.get(16..)?, out);
        return Some(());
    }
    // Challenge, then names that are 16-bit without being aligned.
    let names = block.bytes.get(usize::from(*words.get(33)?)..)?;
    let text =
        |octets: &[u8]| if block.unicode { utf16_le(octets) } else { String::from_utf8_lossy(until_nul(octets)).into_owned() };
    let domain = text(names);
    let width = if block.unicode { 2 } else { 1 };
    let past = domain.encode_utf16().count().checked_add(1)?.checked_mul(width)?;
    say(&DOMAIN, domain, out);
    say(&SERVER_NAME, text(names.get(past..)?), out);
    Some(())
}

/// Session setup request: 12 words with a security token, 13 with two passwords, 10 with one ([MS-SMB] §2.2.4.6.1,
/// [MS-CIFS] §2.2.4.53.1).
fn session_setup(state: &mut Smbs, block: Block<'_>, out: &mut dyn Sink) {
    let first = le16(block.words, 14).map_or(0, usize::from);
    match block.words.len() {
        24 => {
            state.token(block.bytes.get(..first).unwrap_or_default(), out);
            system(state, Strings::after(block, first), out);
        }
        26 => {
            let second = le16(block.words, 16).map_or(0, usize::from);
            account(state, block, first, second, out);
        }
        20 => account(state, block, first, 0, out),
        _ => {}
    }
}

fn account(state: &mut Smbs, block: Block<'_>, ansi: usize, wide: usize, out: &mut dyn Sink) {
    let mut strings = Strings::after(block, ansi.saturating_add(wide));
    let user = strings.next();
    // The domain is the user's own, and need not be the machine's: not told.
    let _domain = strings.next();
    let anonymous = user.is_empty() && ansi.max(wide) <= 1;
    if !anonymous && state.negotiated.plain && ansi > 1 && wide == 0 {
        let secret = until_nul(block.bytes.get(..ansi).unwrap_or_default());
        let login = Login { scheme: "smb plaintext", user: user.as_bytes(), secret };
        out.say(About::Conversation, &PLAIN, Value::Login(login));
    }
    let scheme = match (anonymous, state.negotiated.plain) {
        (true, _) => "anonymous",
        (_, true) => "smb plaintext",
        _ => "ntlm",
    };
    out.conversation(&TRIED, scheme);
    if is_service_account(&user) {
        out.conversation(&ACCOUNT, &user);
    }
    state.login = Some(if anonymous { Scheme::Anonymous } else { Scheme::Ntlm });
    system(state, strings, out);
}

/// Response: 4 words with a token, 3 without.
fn session_granted(state: &mut Smbs, status: u32, block: Block<'_>, out: &mut dyn Sink) {
    let guest = le16(block.words, 4).is_some_and(|action| action & 1 != 0);
    let token = if block.words.len() == 8 { le16(block.words, 6).map_or(0, usize::from) } else { 0 };
    if let Some(token) = block.bytes.get(..token).filter(|token| !token.is_empty()) {
        state.token(token, out);
    }
    let mut strings = Strings::after(block, token);
    say(&NATIVE_OS, strings.next(), out);
    say(&LAN_MANAGER, strings.next(), out);
    if token == 0 {
        say(&DOMAIN, strings.next(), out);
    }
    state.login_result(status, guest, out);
}

/// The client's own words on what it is.
fn system(state: &mut Smbs, mut strings: Strings<'_>, out: &mut dyn Sink) {
    if state.said.first(once::SYSTEM) {
        say(&NATIVE_OS, strings.next(), out);
        say(&LAN_MANAGER, strings.next(), out);
    }
}

fn say(field: &'static Field, text: String, out: &mut dyn Sink) {
    if !text.is_empty() {
        out.say(About::Sender, field, Value::Text(text.into()));
    }
}

/// Strings one after another in the bytes of a command; 16-bit ones begin at even offsets from the start of the message.
struct Strings<'a> {
    message: &'a [u8],
    at: usize,
    unicode: bool,
}

impl<'a> Strings<'a> {
    /// Those behind `skip` bytes.
    fn after(block: Block<'a>, skip: usize) -> Self {
        Self { message: block.message, at: block.bytes_at.saturating_add(skip), unicode: block.unicode }
    }

    /// The next one; empty when there is none.
    fn next(&mut self) -> String {
        if self.unicode {
            self.at = self.at.checked_next_multiple_of(2).unwrap_or(usize::MAX);
        }
        let rest = self.message.get(self.at..).unwrap_or_default();
        let (octets, len) = if self.unicode { wide(rest) } else { narrow(rest) };
        self.at = self.at.saturating_add(len);
        octets
    }
}

fn wide(rest: &[u8]) -> (String, usize) {
    let (pairs, _) = rest.as_chunks::<2>();
    let end = pairs.iter().position(|pair| *pair == [0, 0]).unwrap_or(pairs.len());
    (utf16_le(rest), end.saturating_add(1).saturating_mul(2))
}

fn narrow(rest: &[u8]) -> (String, usize) {
    let octets = until_nul(rest);
    (String::from_utf8_lossy(octets).into_owned(), octets.len().saturating_add(1))
}
