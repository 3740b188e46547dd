//! What a decoder says: a fact about an endpoint or a conversation, and the field it was read from.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use model::observation::MAX_TEXT;
use model::{FactKind, FactValue, MacAddr, Timestamp};

use crate::protocol::Role;

/// The field of a protocol that a fact was read from. One `static` or `const` a field, beside its decoder.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Stable id, protocol first: `dhcp.option60`, `dicom.0008,0070`, `hl7.obx-18`.
    pub id: &'static str,
    /// What it is called in the standard, for people: `DHCP vendor class (option 60)`.
    pub label: &'static str,
    /// What it means.
    pub kind: FactKind,
}

impl Field {
    /// A field of a protocol.
    #[must_use]
    pub const fn new(id: &'static str, label: &'static str, kind: FactKind) -> Self {
        Self { id, label, kind }
    }
}

/// Whom a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The endpoint that sent these bytes.
    Sender,
    /// The endpoint they were sent to.
    Receiver,
    /// The conversation between the two.
    Conversation,
    /// The holder of a MAC address named inside the message.
    Mac(MacAddr),
    /// The holder of an IP address named inside the message.
    Ip(IpAddr),
    /// The holder of both, as ARP, ND and DHCP tie them.
    Both(MacAddr, IpAddr),
}

/// What was read. Text is as on the wire; the sensor bounds its length and strips control characters.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Octets that are text in an unknown or 8-bit charset; read as UTF-8, else Latin-1.
    Octets(&'a [u8]),
    /// Binary identifier, shown as hexadecimal.
    Hex(&'a [u8]),
    /// A number or a count.
    Number(u64),
    /// An IP address.
    Ip(IpAddr),
    /// A MAC address.
    Mac(MacAddr),
    /// An instant in nanoseconds since 1970 UTC, as the sender's clock has it.
    Time(i64),
    /// The fact holds; there is nothing more to say.
    Yes,
    /// A credential in the clear, for the sensor to match and drop.
    Login(Login<'a>),
}

impl Hash for Value<'_> {
    /// As it stands in the packet, without copying.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => text.as_bytes().hash(state),
            Self::Octets(octets) | Self::Hex(octets) => octets.hash(state),
            Self::Number(number) => number.hash(state),
            Self::Ip(ip) => ip.hash(state),
            Self::Mac(mac) => mac.hash(state),
            Self::Time(time) => time.hash(state),
            Self::Yes | Self::Login(_) => {}
        }
    }
}

impl Value<'_> {
    /// The value of a fact, of what is no text; `None` for text, whose length and characters its reader bounds, and for secrets.
    #[must_use]
    pub fn kept(&self) -> Option<FactValue> {
        Some(match self {
            Self::Hex(octets) => FactValue::Text(hexadecimal(octets).into()),
            Self::Number(number) => FactValue::Number(*number),
            Self::Ip(ip) => FactValue::Ip(*ip),
            Self::Mac(mac) => FactValue::Mac(*mac),
            Self::Time(nanos) => FactValue::Time(Timestamp::from_nanos(*nanos)),
            Self::Yes => FactValue::Yes,
            Self::Text(_) | Self::Octets(_) | Self::Login(_) => return None,
        })
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().take(MAX_TEXT / 2).fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// A credential seen in the clear.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Login<'a> {
    /// How it was offered: `http basic`, `ftp`, `telnet`, `snmp community` …
    pub scheme: &'static str,
    /// Account name; empty where the scheme has none.
    pub user: &'a [u8],
    /// The secret.
    pub secret: &'a [u8],
}

impl std::fmt::Debug for Login<'_> {
    /// Says the scheme alone, so that no log or panic can show a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A fact, borrowed from the packet it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact<'a> {
    /// Whom it is about.
    pub about: About,
    /// Where it was read.
    pub field: &'static Field,
    /// What was read.
    pub value: Value<'a>,
}

/// Where decoders put what they find.
pub trait Sink {
    /// Takes a fact.
    fn fact(&mut self, fact: Fact<'_>);

    /// The bytes show which role their sender plays, whatever the ports or the first packet seen suggest.
    fn sender_is(&mut self, role: Role);

    /// From here on the server only passes on what somebody behind it says, as a proxy does for a tunnel: facts about the sender
    /// or receiver there are not the server's own.
    fn relays(&mut self) {}

    /// A message breaks its standard: what, for the list of what could not be read. Counted, never shown with bytes.
    fn malformed(&mut self, what: &'static str);
}

/// Short ways to say the usual facts.
impl dyn Sink + '_ {
    /// Text read from octets that the sender says of itself.
    pub fn sender(&mut self, field: &'static Field, octets: &[u8]) {
        self.fact(Fact { about: About::Sender, field, value: Value::Octets(octets) });
    }

    /// Text that holds for the conversation.
    pub fn conversation(&mut self, field: &'static Field, text: &str) {
        self.fact(Fact { about: About::Conversation, field, value: Value::Text(Cow::Borrowed(text)) });
    }

    /// A number of PHI fields of one kind crossed in this message.
    pub fn phi(&mut self, field: &'static Field, count: u64) {
        self.fact(Fact { about: About::Conversation, field, value: Value::Number(count) });
    }

    /// Any fact.
    pub fn say(&mut self, about: About, field: &'static Field, value: Value<'_>) {
        self.fact(Fact { about, field, value });
    }
}
