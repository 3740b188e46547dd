//! Syslog over UDP and TCP: the header, and of the message nothing but the audit messages of clinical systems.

use std::net::IpAddr;

use model::FactKind;

use crate::bytes::line;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

mod audit;
pub mod head;

use head::Head;
pub(super) use head::rfc3339;

/// Syslog.
pub struct Syslog;

static INFO: Info = Info {
    id: "syslog",
    name: "Syslog",
    doc: "Which device reports to which collector, under which host name, from which program and with which clock. The message itself, \
          which may say anything about anybody, is never read, but for audit messages of clinical systems (IHE ATNA ITI-20, DICOM PS3.15 \
          §A.5, RFC 3881): of these the source, the kind of event and the AE titles of the systems that took part; patients are \
          counted. RFC 5424 §6, RFC 3164 §4, RFC 6587.",
    hints: &[Hint::Udp(514), Hint::Tcp(514), Hint::Tcp(601)],
};

static HOST: Field = Field::new("syslog.host", "Syslog host name", FactKind::HostName);
static FQDN: Field = Field::new("syslog.host.fqdn", "Syslog host name, qualified", FactKind::Fqdn);
static PROGRAM: Field = Field::new("syslog.program", "Syslog program (APP-NAME, TAG)", FactKind::Software);
static CLOCK: Field = Field::new("syslog.timestamp", "Syslog timestamp", FactKind::Clock);

/// No header is longer: priority, version, timestamp, host of 255 octets, program of 48 (RFC 5424 §6).
const MAX_HEAD: usize = 384;
/// The longest message whose length a stream may state.
const MAX_MESSAGE: usize = 1 << 20;
/// The most programs of one flow that are said.
const MAX_PROGRAMS: u8 = 16;

impl Protocol for Syslog {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, bytes: &[u8]) -> Verdict {
        let message = counted(bytes).map_or(bytes, |(_, message)| message);
        match head::parse(message) {
            Some(head) if head.is_dated && head.has_priority => Verdict::Certain,
            Some(head) if head.has_priority || head.is_dated => Verdict::Unsure,
            None if context.on_port(514) && is_words(bytes) => Verdict::Unsure,
            None if context.on_port(514) && bytes.len() < 5 && bytes.first().is_some_and(|b| b"<123456789".contains(b)) => {
                Verdict::Unsure
            }
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Stream::default()))
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Datagrams::default()))
    }
}

/// Some send the message alone (RFC 3164 §4.3.3). Remote shells share the TCP port; they send digits, names and zeros.
fn is_words(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(64)).unwrap_or(bytes);
    start.len() >= 16 && start.contains(&b' ') && start.iter().all(|&b| b >= b' ' || b == b'\t')
}

/// The length before a message (RFC 6587 §3.4.1): digits, a blank.
fn counted(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let digits = bytes.iter().take(7).position(|b| !b.is_ascii_digit()).filter(|&n| n > 0)?;
    let (count, rest) = bytes.split_at_checked(digits)?;
    let count = std::str::from_utf8(count).ok()?.parse().ok().filter(|&n| n > 0 && n <= MAX_MESSAGE)?;
    Some((count, rest.strip_prefix(b" ")?))
}

/// What one flow said so far. A relay passes on what others said: as soon as a second host name comes, names and clocks are
/// no longer the sender's. So the name is said when the flow ends.
#[derive(Default)]
struct Talker {
    host: Option<(Option<IpAddr>, Box<[u8]>)>,
    is_relay: bool,
    programs: [u64; 8],
    program_count: u8,
    audit: Option<Box<audit::Audit>>,
}

impl Talker {
    fn message(&mut self, context: &Context, message: &[u8], out: &mut dyn Sink) {
        // rsyslog leaves a blank in front of what it counts.
        let Some(head) = head::parse(message.trim_ascii_start()) else { return };
        out.sender_is(Role::Client);
        if let Some(host) = head.host {
            match &self.host {
                None => self.host = Some((context.src, host.into())),
                Some((_, known)) if known.eq_ignore_ascii_case(host) => {}
                Some(_) => self.is_relay = true,
            }
        }
        if let Some(body) = audit::find(message) {
            self.audit.get_or_insert_default().message(body, !self.is_relay, out);
        }
        if self.is_relay {
            return;
        }
        if let Some(time) = head.time {
            out.say(About::Sender, &CLOCK, Value::Time(time));
        }
        if let Some(program) = head.program {
            self.program(program, &head, out);
        }
    }

    fn program(&mut self, program: &[u8], head: &Head<'_>, out: &mut dyn Sink) {
        // Each once; a set of hashes is small and a clash only leaves one out.
        let hash = program.iter().fold(5381u64, |h, &b| h.wrapping_mul(33) ^ u64::from(b));
        let (slot, bit) = ((hash / 64) % 8, 1u64 << (hash % 64));
        let Some(seen) = usize::try_from(slot).ok().and_then(|slot| self.programs.get_mut(slot)) else { return };
        if *seen & bit != 0 || self.program_count >= MAX_PROGRAMS || head.host.is_none() {
            return;
        }
        *seen |= bit;
        self.program_count = self.program_count.saturating_add(1);
        out.sender(&PROGRAM, program);
    }

    fn end(&mut self, out: &mut dyn Sink) {
        if let Some(audit) = &mut self.audit {
            audit.end(out);
        }
        let Some((Some(source), host)) = self.host.take().filter(|_| !self.is_relay) else { return };
        let field = if host.contains(&b'.') { &FQDN } else { &HOST };
        out.say(About::Ip(source), field, Value::Octets(&host));
    }
}

#[derive(Default)]
struct Datagrams {
    talker: Talker,
}

impl Session for Datagrams {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        self.talker.message(context, bytes, out);
        Step { used: bytes.len(), next: Next::More(1) }
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.talker.end(out);
    }
}

/// A stream of counted messages or of lines (RFC 6587 §3.4).
#[derive(Default)]
struct Stream {
    talker: Talker,
    in_line: bool,
}

impl Session for Stream {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if context.direction == Direction::ToClient {
            return Step { used: bytes.len(), next: Next::Stop };
        }
        if self.in_line || bytes.first() == Some(&b'<') {
            return self.line(context, bytes, out);
        }
        // Line ends behind a counted message are no part of it, and of the next none either.
        let blank = bytes.iter().take_while(|b| matches!(b, b'\n' | b'\r' | 0)).count();
        if blank > 0 {
            return Step { used: blank, next: Next::More(1) };
        }
        let Some((count, message)) = counted(bytes) else {
            let next = if bytes.len() < 8 && bytes.iter().all(u8::is_ascii_digit) { Next::More(8) } else { Next::Stop };
            return Step { used: 0, next };
        };
        let mut wanted = count.min(MAX_HEAD);
        let prefix = bytes.len().saturating_sub(message.len());
        if message.get(..wanted).is_some_and(|start| audit::find(start).is_some()) {
            wanted = count.min(audit::MAX_AUDIT);
        }
        let Some(start) = message.get(..wanted) else { return Step { used: 0, next: Next::More(prefix.saturating_add(wanted)) } };
        self.talker.message(context, start, out);
        let rest = u64::try_from(count.saturating_sub(wanted)).unwrap_or(0);
        let next = if rest == 0 { Next::More(1) } else { Next::Skip(rest) };
        Step { used: prefix.saturating_add(wanted), next }
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.talker.end(out);
    }
}

impl Stream {
    fn line(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let ended = line(bytes);
        if !self.in_line {
            let text = ended.map_or(bytes, |(text, _)| text);
            let head = text.get(..text.len().min(MAX_HEAD)).unwrap_or(text);
            let most = if audit::find(head).is_some() { audit::MAX_AUDIT } else { MAX_HEAD };
            if ended.is_none() && bytes.len() < most {
                return Step { used: 0, next: Next::More(bytes.len().saturating_add(1)) };
            }
            self.talker.message(context, text.get(..text.len().min(most)).unwrap_or(text), out);
        }
        self.in_line = ended.is_none();
        Step { used: ended.map_or(bytes.len(), |(_, used)| used), next: Next::More(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::ToServer;

    const NEW: &[u8] = b"<165>1 2003-10-11T22:14:15.003Z pump7.example.org agentd 44 ID47 - text about anybody";
    const OLD: &[u8] = b"<34>Oct 11 22:14:15 monitor3 su[12]: text about anybody";

    #[test]
    fn headers_alone() {
        let lines = datagrams(&Syslog, 514, &[(ToServer, NEW)]);
        assert_eq!(
            lines.lines,
            [
                "sender syslog.timestamp 2003-10-11T22:14:15.003Z",
                "sender syslog.program agentd",
                "10.0.0.1 syslog.host.fqdn pump7.example.org"
            ]
        );
        let lines = datagrams(&Syslog, 514, &[(ToServer, OLD), (ToServer, OLD)]);
        assert_eq!(lines.lines, ["sender syslog.program su", "10.0.0.1 syslog.host monitor3"]);
    }

    #[test]
    fn a_relay_has_no_name() {
        let lines = datagrams(&Syslog, 514, &[(ToServer, OLD), (ToServer, NEW)]);
        assert_eq!(lines.lines, ["sender syslog.program su"]);
    }

    #[test]
    fn streams() {
        let counted =
            [format!("{} ", OLD.len()).as_bytes(), OLD, format!("{} ", OLD.len() + 900).as_bytes(), OLD, &[b'x'; 900]].concat();
        let counted = [&counted[..], b"55 ", OLD].concat();
        let expected = ["sender syslog.program su", "10.0.0.1 syslog.host monitor3"];
        assert_eq!(streams_any_chunk(&Syslog, 601, &[(ToServer, &counted)]).lines, expected);
        let lined = [OLD, &[b'y'; 1000], b"\n", OLD, b"\n"].concat();
        assert_eq!(streams_any_chunk(&Syslog, 601, &[(ToServer, &lined)]).lines, expected);
    }

    #[test]
    fn audit_messages_are_read_whole() {
        let filler = "<ActiveParticipant UserID=\"x\"/>".repeat(40);
        let audit = format!(
            "<85>1 2026-03-02T08:00:00Z pacs1 archive 1 IHE+RFC-3881 - <AuditMessage><EventID csd-code=\"110112\"/>{filler}\
             <AuditSourceIdentification AuditSourceID=\"PACS1\" code=\"4\"/></AuditMessage>"
        );
        let expected = [
            "conversation syslog.audit.event audit: query",
            "sender syslog.audit.source PACS1",
            "sender syslog.audit.source-type audit source: application server",
            "sender syslog.timestamp 2026-03-02T08:00:00Z",
            "sender syslog.program archive",
            "10.0.0.1 syslog.host pacs1",
        ];
        assert_eq!(datagrams(&Syslog, 514, &[(ToServer, audit.as_bytes())]).lines, expected);
        // As rsyslog sends it: a blank in front and a line end behind, both counted.
        let counted = format!("{}  {audit}\n", audit.len() + 2);
        assert_eq!(streams_any_chunk(&Syslog, 601, &[(ToServer, counted.as_bytes())]).lines, expected);
        assert_eq!(streams_any_chunk(&Syslog, 601, &[(ToServer, format!("{audit}\n").as_bytes())]).lines, expected);
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4000, 60);
        assert_eq!(Syslog.probe(&at, NEW), Verdict::Certain);
        assert_eq!(Syslog.probe(&at, OLD), Verdict::Certain);
        assert_eq!(Syslog.probe(&at, &[b"86 ", NEW].concat()), Verdict::Certain);
        assert_eq!(Syslog.probe(&at, b"<13>something else"), Verdict::Unsure);
        let own = context(ToServer, 514, 60);
        assert_eq!(Syslog.probe(&own, b"words without a priority"), Verdict::Unsure);
        assert_eq!(Syslog.probe(&own, &[b'u'; 80]), Verdict::No);
        for wrong in [&b"<?xml version='1.0'?>"[..], b"<999>x", b"<html>", b"220 ready", b"GET / HTTP/1.1", b"", b"<"] {
            assert_eq!(Syslog.probe(&at, wrong), Verdict::No);
        }
        for end in 0..NEW.len() {
            let _ = Syslog.probe(&at, &NEW[..end]);
            let _ = datagrams(&Syslog, 514, &[(ToServer, &NEW[..end])]);
        }
    }
}
