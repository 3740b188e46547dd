//! Syslog: from files and from the network. The header says who and when; what the message says, the readers in [`messages`] know.
//! Every message is counted; text that no reader knows is left alone.

mod frame;
mod messages;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use model::{FactKind, Timestamp};
use wire::syslog_head::{self, Head};
use wire::{Field, Value};

use crate::emit::address;
use crate::kind::most;
use crate::text::ip;
use crate::{Emit, Fit, Info, Kind, Lines};

pub use frame::{Framer, MAX_MESSAGE};

static HOST: Field = Field::new("syslog.host", "Syslog host name", FactKind::HostName);
static FQDN: Field = Field::new("syslog.host.fqdn", "Syslog host name, qualified", FactKind::Fqdn);
static PROGRAM: Field = Field::new("syslog.program", "Syslog program (APP-NAME, TAG)", FactKind::Software);

/// Exporters whose names are remembered by one collector.
const MAX_EXPORTERS: usize = 4096;
/// Messages after which an exporter that gave one name only is taken for its bearer.
const SETTLED: u32 = 8;
/// Between two times that a sender's name is said.
const NAME_NS: i64 = 600_000_000_000;

/// What one exporter calls itself. A relay passes on what others said: as soon as a second name comes, the names are not its own.
#[derive(Debug, Default)]
struct Talker {
    name: Vec<u8>,
    messages: u32,
    is_relay: bool,
    /// Before this its name is no news.
    silent_until: Timestamp,
}

/// Takes messages as they come over the network, or out of a file.
#[derive(Debug, Default)]
pub struct Collector {
    talkers: HashMap<IpAddr, Talker, RandomState>,
    state: messages::State,
    /// Messages taken in.
    pub messages: u64,
    /// Of these, the ones that a reader knew.
    pub understood: u64,
    /// Of these, the ones without a header of either standard.
    pub headless: u64,
}

static SENDER: Field = Field::new("syslog.sender", "sends syslog", FactKind::Software);

impl Collector {
    /// Says that the sender of the first message of a source is one: it ties the source's number to an address.
    pub fn greet(&mut self, out: &mut Emit<'_>) {
        if let Some(sender) = out.exporter {
            out.say(address(sender), &SENDER, &Value::Text("syslog".into()));
        }
    }

    /// Takes one message, without its frame. Where it came over the network, `out` bears its sender as exporter and the time of its
    /// arrival as the clock's reference.
    pub fn message(&mut self, bytes: &[u8], out: &mut Emit<'_>) {
        self.messages = self.messages.saturating_add(1);
        out.at(out.clock.reference);
        let Some(head) = syslog_head::parse(bytes) else {
            self.headless = self.headless.saturating_add(1);
            let head = Head { body: bytes, ..Head::default() };
            self.body(&head, out);
            return;
        };
        let sender = out.exporter;
        if let Some(sender) = sender {
            self.talker(sender, &head, out);
        }
        self.body(&head, out);
        out.exporter = sender;
    }

    fn body(&mut self, head: &Head<'_>, out: &mut Emit<'_>) {
        if messages::read(head, &mut self.state, out) {
            self.understood = self.understood.saturating_add(1);
        }
    }

    /// Learns what the sender calls itself, and settles on whose behalf the message speaks.
    fn talker(&mut self, sender: IpAddr, head: &Head<'_>, out: &mut Emit<'_>) {
        if let Some(origin) = ip(head.origin) {
            out.exporter = Some(origin);
            return;
        }
        let Some(host) = head.host else { return };
        if self.talkers.len() >= MAX_EXPORTERS && !self.talkers.contains_key(&sender) {
            return;
        }
        let talker = self.talkers.entry(sender).or_default();
        if talker.name.is_empty() {
            talker.name = host.to_vec();
        }
        talker.is_relay |= !talker.name.eq_ignore_ascii_case(host);
        if talker.is_relay {
            // Whose address the name is, the message does not say.
            out.exporter = None;
            return;
        }
        talker.messages = talker.messages.saturating_add(1);
        if talker.messages >= SETTLED {
            if out.time() >= talker.silent_until {
                talker.silent_until = out.time().plus_nanos(NAME_NS);
                let field = if host.contains(&b'.') { &FQDN } else { &HOST };
                out.say(address(sender), field, &Value::Octets(host));
            }
            if let Some(program) = head.program {
                out.say(address(sender), &PROGRAM, &Value::Octets(program));
            }
        }
    }
}

/// A file of syslog messages.
pub struct File;

static INFO: Info = Info {
    id: "syslog",
    name: "syslog (DHCP servers, firewalls, switches and sshd in it)",
    doc: "A file that a syslog server wrote (`/var/log/syslog`, `messages`), with or without priorities, RFC 5424 or RFC 3164. Of the \
          messages, those are read that the readers know; all others are left alone, for they may say anything about anybody.",
};

impl Kind for File {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_dated = |line: &[u8]| syslog_head::parse(line).is_some_and(|head| head.is_dated);
        let is_message = |line: &[u8]| syslog_head::parse(line).is_some_and(|head| head.has_priority);
        match (most(lines, is_dated), most(lines, is_message)) {
            (true, _) => Fit::Surely,
            (false, true) => Fit::Perhaps,
            _ => Fit::No,
        }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(FileLines::default())
    }
}

#[derive(Default)]
struct FileLines {
    collector: Collector,
}

impl Lines for FileLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        let head = syslog_head::parse(line).ok_or("no syslog header")?;
        let local = || head.local.and_then(|local| out.clock.local(&local));
        let time = head.time.map(Timestamp::from_nanos).or_else(local).or_else(|| messages::time(head.body, &out.clock));
        if let Some(time) = time {
            out.at(time);
        }
        out.exporter = ip(head.origin);
        self.collector.messages = self.collector.messages.saturating_add(1);
        self.collector.body(&head, out);
        Ok(())
    }
}

/// A file of messages without syslog headers, of makers that date them: what a firewall's own page exports.
pub struct Bare;

static BARE_INFO: Info = Info {
    id: "firewall-log",
    name: "firewall logs without syslog headers (Fortinet, Palo Alto, SonicWall, Meraki)",
    doc: "What the management page of a firewall exports: the same messages as it sends by syslog, without the headers.",
};

impl Kind for Bare {
    fn info(&self) -> &'static Info {
        &BARE_INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        if most(lines, messages::stands_alone) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(BareLines::default())
    }
}

#[derive(Default)]
struct BareLines {
    collector: Collector,
    /// A line of data came: a line of names of columns can come no more.
    began: bool,
}

impl Lines for BareLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        let Some(time) = messages::time(line, &out.clock) else {
            return if self.began { Err("no message of a known firewall with a time") } else { Ok(()) };
        };
        self.began = true;
        out.at(time);
        self.collector.messages = self.collector.messages.saturating_add(1);
        self.collector.body(&Head { body: line, ..Head::default() }, out);
        Ok(())
    }
}
