//! SSH (RFC 4253): banners, the algorithms that are agreed, and the server's host key.

use model::FactKind;

use crate::bytes::{Cursor, find, line};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

mod algorithms;
mod host_key;

use algorithms::KeyInit;

static SERVER: Field = Field::new("ssh.server_software", "SSH server software version", FactKind::ServerBanner);
static CLIENT: Field = Field::new("ssh.client_software", "SSH client software version", FactKind::UserAgent);
static VERSION: Field = Field::new("ssh.version", "SSH protocol version", FactKind::ProtocolVersion);
static BROKEN: Field = Field::new("ssh.version_broken", "SSH protocol version of no use", FactKind::CipherBroken);
static SHELL: Field = Field::new("ssh.shell", "SSH connection", FactKind::Management);

/// SSH: who offers a remote shell, with which software and algorithms, and the key that tells one device from another.
pub struct Ssh;

static INFO: Info = Info {
    id: "ssh",
    name: "SSH",
    doc: "Banners, algorithms and host key of SSH (RFC 4253, RFC 8332, RFC 9142), and SSH 1. Remote shells are how vendors and \
          administrators reach modalities, gateways and network equipment; the host key also shows when a device was swapped.",
    hints: &[Hint::AnyTcp, Hint::Tcp(22), Hint::Tcp(2222), Hint::Tcp(830), Hint::Tcp(8022)],
};

/// The longest banner (RFC 4253 §4.2), and of the lines that a server may send before it.
const MAX_BANNER: usize = 255;
/// Lines that a server may send before its banner, as far as they are waited for.
const MAX_GREETING: u8 = 32;
/// The largest packet that every implementation takes (RFC 4253 §6.1).
const MAX_PACKET: usize = 35_000;

/// Numbers of messages (RFC 4250 §4.1.2).
mod message {
    pub(super) const KEXINIT: u8 = 20;
    pub(super) const NEWKEYS: u8 = 21;
    /// The replies that carry the host key: KEXDH_REPLY and KEX_ECDH_REPLY are 31, KEX_DH_GEX_REPLY 33. 31 is also the group of a
    /// group exchange, which holds no key.
    pub(super) const KEX_REPLY: u8 = 31;
    pub(super) const GEX_REPLY: u8 = 33;
}

impl Protocol for Ssh {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        const BANNER: &[u8] = b"SSH-";
        if let Some(rest) = head.strip_prefix(BANNER) {
            let digits = rest.first().is_none_or(u8::is_ascii_digit);
            return if digits { Verdict::Certain } else { Verdict::No };
        }
        if BANNER.starts_with(head) {
            return Verdict::Unsure;
        }
        // A greeting of a server's own before the banner, on the usual port.
        let greeting = context.src_port == 22 && find(head, b"\nSSH-").is_some();
        if greeting { Verdict::Certain } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Connection::default()))
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

/// A connection.
#[derive(Default)]
struct Connection {
    ways: [Way; 2],
    said_version: bool,
    /// The side whose algorithms came first, and they.
    waiting: Option<(Direction, KeyInit)>,
    agreed: bool,
}

/// One direction.
#[derive(Clone, Copy, Default)]
struct Way {
    has_banner: bool,
    greeting_lines: u8,
}

impl Session for Connection {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut used = 0usize;
        // A round takes a line or a packet; few come in clear.
        for _ in 0..64 {
            let rest = bytes.get(used..).unwrap_or_default();
            let has_banner = self.ways.get(context.lane()).is_some_and(|way| way.has_banner);
            let step = if has_banner { self.packet(context, rest, out) } else { self.line(context, rest, out) };
            used = used.saturating_add(step.used);
            if step.used == 0 || step.next != Next::More(1) {
                return Step { used, next: step.next };
            }
        }
        Step { used, next: Next::Stop }
    }
}

impl Connection {
    fn line(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some(way) = self.ways.get_mut(context.lane()) else { return Step { used: 0, next: Next::Stop } };
        let Some((text, length)) = line(bytes) else {
            let next = if bytes.len() > MAX_BANNER { Next::NotMine } else { Next::More(bytes.len().saturating_add(1)) };
            return Step { used: 0, next };
        };
        let Some(banner) = text.strip_prefix(b"SSH-") else {
            way.greeting_lines = way.greeting_lines.saturating_add(1);
            let next = if way.greeting_lines > MAX_GREETING { Next::NotMine } else { Next::More(1) };
            return Step { used: length, next };
        };
        way.has_banner = true;
        let next = self.banner(context, banner, out);
        Step { used: length, next }
    }

    /// `2.0-OpenSSH_9.6 comment`: version, software and comment (RFC 4253 §4.2). The software is said with its comment, as that
    /// often names the distribution's patch level.
    fn banner(&mut self, context: &Context, banner: &[u8], out: &mut dyn Sink) -> Next {
        let Some(dash) = banner.iter().position(|octet| *octet == b'-') else {
            out.malformed("banner");
            return Next::StopBoth;
        };
        let version = banner.get(..dash).unwrap_or_default();
        let software = banner.get(dash.saturating_add(1)..).unwrap_or_default().trim_ascii();
        if !software.is_empty() {
            out.sender(if context.direction == Direction::ToServer { &CLIENT } else { &SERVER }, software);
        }
        // 1.99 offers both (RFC 4253 §5.1).
        let is_old = version.starts_with(b"1.") && version != b"1.99";
        if is_old {
            out.conversation(&VERSION, "SSH-1");
            out.conversation(&BROKEN, "SSH-1");
            out.say(About::Conversation, &SHELL, Value::Text("remote shell".into()));
            return Next::StopBoth;
        }
        Next::More(1)
    }

    fn packet(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut at = Cursor::new(bytes);
        let Some(length) = at.u32().and_then(|length| usize::try_from(length).ok()) else {
            return Step { used: 0, next: Next::More(6) };
        };
        let (Some(padding), Some(kind)) = (at.u8(), at.u8()) else { return Step { used: 0, next: Next::More(6) } };
        if !(6..=MAX_PACKET).contains(&length) || usize::from(padding).saturating_add(2) > length {
            out.malformed("packet length");
            return Step { used: 0, next: Next::Stop };
        }
        let whole = length.saturating_add(4);
        if !matches!(kind, message::KEXINIT | message::KEX_REPLY | message::GEX_REPLY) {
            let next = if kind == message::NEWKEYS { Next::Stop } else { Next::Skip(u64::try_from(whole).unwrap_or(u64::MAX)) };
            return Step { used: 0, next };
        }
        let Some(packet) = bytes.get(6..whole) else { return Step { used: 0, next: Next::More(whole) } };
        let body = packet.get(..packet.len().saturating_sub(padding.into())).unwrap_or_default();
        match kind {
            message::KEXINIT => self.key_init(context, body, out),
            _ => {
                if host_key::say(body, out) {
                    out.sender_is(Role::Server);
                }
            }
        }
        Step { used: whole, next: Next::More(1) }
    }

    fn key_init(&mut self, context: &Context, body: &[u8], out: &mut dyn Sink) {
        if !self.said_version {
            self.said_version = true;
            out.conversation(&VERSION, "SSH-2.0");
            out.say(About::Conversation, &SHELL, Value::Text("remote shell".into()));
        }
        if self.agreed {
            return;
        }
        let Some(lists) = algorithms::lists(body) else {
            out.malformed("KEXINIT");
            return;
        };
        match self.waiting.take() {
            Some((direction, first)) if direction != context.direction => {
                self.agreed = true;
                let (client, server) =
                    if direction == Direction::ToServer { (first.octets(), lists) } else { (lists, first.octets()) };
                algorithms::say_agreed(client, server, out);
            }
            _ => self.waiting = Some((context.direction, KeyInit::keep(lists))),
        }
    }
}

#[cfg(test)]
mod tests;
