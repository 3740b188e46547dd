//! Tools of remote support that have a protocol of their own, known by its first octets. Those that hide in TLS are known by the
//! names they ask for, which is knowledge's part.

use model::FactKind;

use crate::bytes::{Cursor, le16, le32};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};

static TOOL: Field = Field::new("remote_tools.tool", "remote support tool", FactKind::RemoteTool);

/// Tools of remote support: a way into the clinic's network that its own gateways do not see.
pub struct RemoteTools;

static INFO: Info = Info {
    id: "remote_tools",
    name: "Remote support tool",
    doc: "TeamViewer, RustDesk, Radmin, DameWare, AnyDesk's discovery and the UltraVNC repeater, by the first octets of their own \
          protocols (none is published; the marks are those of nmap's service probes, vendors' firewall notes and observed \
          traffic). A vendor who is let in this way passes by the clinic's own remote access.",
    hints: &[
        Hint::AnyTcp,
        Hint::AnyUdp,
        Hint::Tcp(5938),
        Hint::Udp(5938),
        Hint::Tcp(4899),
        Hint::Tcp(6129),
        Hint::Udp(21116),
        Hint::Tcp(5500),
        Hint::Tcp(5901),
        Hint::Udp(50001),
        Hint::Udp(50002),
        Hint::Udp(50003),
    ],
};

/// A tool, and whether octets are its own.
type Tool = (&'static str, fn(&Context, &[u8]) -> Verdict);

/// Every tool. Where two fit, the first counts.
static TOOLS: &[Tool] = &[
    ("TeamViewer", teamviewer),
    ("Radmin", radmin),
    ("UltraVNC repeater", vnc_repeater),
    ("RustDesk", rustdesk),
    ("DameWare", dameware),
    ("AnyDesk", anydesk),
];

fn best(context: &Context, head: &[u8]) -> (Verdict, Option<&'static str>) {
    let mut unsure = None;
    for (name, probe) in TOOLS {
        match probe(context, head) {
            Verdict::Certain => return (Verdict::Certain, Some(name)),
            Verdict::Unsure => unsure = unsure.or(Some(*name)),
            Verdict::No => {}
        }
    }
    (if unsure.is_some() { Verdict::Unsure } else { Verdict::No }, unsure)
}

impl Protocol for RemoteTools {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        best(context, head).0
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Flow))
    }
}

/// A flow: named by its first octets, and let go of.
struct Flow;

impl Session for Flow {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if bytes.len() < 5 {
            return Step { used: 0, next: Next::More(5) };
        }
        match best(context, bytes).1 {
            Some(name) => {
                out.say(About::Conversation, &TOOL, Value::Text(name.into()));
                Step { used: bytes.len(), next: Next::StopBoth }
            }
            None => Step { used: 0, next: Next::NotMine },
        }
    }
}

/// On TCP `17 24` and a command, later `11 30`, a command and a length behind a header of 24 octets; on UDP the first form at octet
/// 11 with a length that fills the datagram.
fn teamviewer(context: &Context, head: &[u8]) -> Verdict {
    match head {
        [0x17, 0x24, 0x0a, 0x20, 0, ..] => Verdict::Certain,
        [0x17] | [0x17, 0x24, ..] if context.on_port(5938) => Verdict::Unsure,
        [0x11, 0x30, command, 0, _, _, _, _, ..] if *command < 0x80 => {
            let whole = le32(head, 4).and_then(|length| usize::try_from(length).ok()).and_then(|length| length.checked_add(24));
            match whole {
                Some(whole) if whole == head.len() => Verdict::Certain,
                Some(24..=65_536) if context.on_port(5938) => Verdict::Unsure,
                _ => Verdict::No,
            }
        }
        [_, _, _, _, _, _, _, _, _, _, _, 0x17, 0x24, ..] => {
            let fills = le16(head, 14).and_then(|length| usize::from(length).checked_add(16));
            if fills == Some(context.wire_len) && context.wire_len >= head.len() { Verdict::Certain } else { Verdict::No }
        }
        _ => Verdict::No,
    }
}

/// The client's opening, as nmap's probe for it has it.
fn radmin(_: &Context, head: &[u8]) -> Verdict {
    const OPENING: &[u8] = &[1, 0, 0, 0, 1, 0, 0, 0, 8, 8];
    if head.starts_with(OPENING) {
        Verdict::Certain
    } else if head.len() >= 5 && OPENING.starts_with(head) {
        Verdict::Unsure
    } else {
        Verdict::No
    }
}

/// `ID:` and a number, filled with NUL to 250 octets.
fn vnc_repeater(_: &Context, head: &[u8]) -> Verdict {
    const LENGTH: usize = 250;
    let Some(rest) = head.strip_prefix(b"ID:") else { return Verdict::No };
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let filled = rest.get(digits..).is_some_and(|fill| fill.len() > 200 && fill.iter().all(|octet| *octet == 0));
    if digits > 0 && head.len() == LENGTH && filled { Verdict::Certain } else { Verdict::No }
}

/// A peer that registers with its server: a protobuf message 6 that holds its number of nine digits or so.
fn rustdesk(context: &Context, head: &[u8]) -> Verdict {
    let mut at = Cursor::new(head);
    let (Some(0x32), Some(length)) = (at.u8(), at.u8()) else { return Verdict::No };
    let fits = context.on_port(21116) && usize::from(length) == at.len();
    let (Some(0x0a), Some(digits)) = (at.u8(), at.u8()) else { return Verdict::No };
    let number = at.take(digits.into()).unwrap_or_default();
    if fits && number.len() >= 6 && number.iter().all(u8::is_ascii_digit) { Verdict::Unsure } else { Verdict::No }
}

/// The server's greeting on its usual port.
fn dameware(context: &Context, head: &[u8]) -> Verdict {
    if context.on_port(6129) && head.starts_with(&[0x30, 0x11, 0, 0]) { Verdict::Unsure } else { Verdict::No }
}

/// Discovery of other clients on the local network.
fn anydesk(context: &Context, head: &[u8]) -> Verdict {
    let usual = matches!(context.dst_port, 50_001..=50_003);
    if usual && head.starts_with(&[0x3e, 0xd1, 1]) { Verdict::Unsure } else { Verdict::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::ToServer;

    #[test]
    fn each_tool() {
        let mut repeater = b"ID:1234567".to_vec();
        repeater.resize(250, 0);
        for (name, port, verdict, head) in [
            ("TeamViewer", 443, Verdict::Certain, &[0x17, 0x24, 0x0a, 0x20, 0, 0, 0][..]),
            ("TeamViewer", 5938, Verdict::Unsure, &[0x17, 0x24, 0x28, 0x18, 0]),
            ("TeamViewer", 9, Verdict::Certain, &[&[0; 8], &[0x44, 0x26, 3, 0x17, 0x24, 0x73, 4, 0, 0, 0, 0, 0][..]].concat()),
            ("Radmin", 4899, Verdict::Certain, &[1, 0, 0, 0, 1, 0, 0, 0, 8, 8]),
            ("UltraVNC repeater", 5500, Verdict::Certain, &repeater),
            ("RustDesk", 21116, Verdict::Unsure, b"\x32\x0d\x0a\x09123456789\x10\x01"),
        ] {
            assert_eq!(RemoteTools.probe(&context(ToServer, port, head.len()), head), verdict, "{name}");
            let said = datagrams(&RemoteTools, port, &[(ToServer, head)]);
            assert_eq!(said.lines, [format!("conversation remote_tools.tool {name}")]);
        }
        let said = streams_any_chunk(&RemoteTools, 5938, &[(ToServer, &[0x17, 0x24, 0x0a, 0x20, 0, 0, 0, 0])]);
        assert_eq!(said.lines, ["conversation remote_tools.tool TeamViewer"]);
    }

    #[test]
    fn others_are_left_alone() {
        for head in
            [&b"ID: 5\r\n"[..], &[0x17, 3, 3, 0, 40], &[0x17, 0x24], &[1, 0, 0, 0, 2, 0, 0, 0], b"GET / HTTP/1.1\r\n", &[]]
        {
            assert_eq!(RemoteTools.probe(&context(ToServer, 9, head.len()), head), Verdict::No);
        }
    }
}
