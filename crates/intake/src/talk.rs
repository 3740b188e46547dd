//! Connections and log-ins that a firewall, a switch or a server tells of.

use std::borrow::Cow;
use std::net::IpAddr;

use model::observation::{FlowRecord, Opening, Traffic};
use model::{ConversationKey, Endpoint, MacAddr, Transport};
use wire::{Field, Value};

use crate::Emit;

/// A connection, as one line tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) transport: Transport,
    pub(crate) port: u16,
    /// What was spoken, where the device looked inside.
    pub(crate) protocol: Option<&'static str>,
    /// Packets and bytes.
    pub(crate) to_server: (u64, u64),
    pub(crate) to_client: (u64, u64),
    /// TTL or hop limit of the packet that is told of; 0 where it is not.
    pub(crate) hop_limit: u8,
    /// How long it had lasted when it was told, in nanoseconds.
    pub(crate) lasted_ns: i64,
    pub(crate) opening: Opening,
    /// Who opened it is told, not guessed.
    pub(crate) direction_known: bool,
}

impl Talk {
    /// A connection of which nothing but its ends is known.
    pub(crate) const fn new(client: IpAddr, server: IpAddr, transport: Transport, port: u16) -> Self {
        Self {
            client: Endpoint { mac: None, ip: Some(client) },
            server: Endpoint { mac: None, ip: Some(server) },
            transport,
            port,
            protocol: None,
            to_server: (0, 0),
            to_client: (0, 0),
            hop_limit: 0,
            lasted_ns: 0,
            opening: Opening::Unknown,
            direction_known: true,
        }
    }

    pub(crate) const fn key(&self) -> ConversationKey {
        ConversationKey { client: self.client, server: self.server, transport: self.transport, port: self.port }
    }

    /// Says it. What passed was sent by somebody: bytes without a number of packets are one packet at least.
    pub(crate) fn tell(&self, out: &mut Emit<'_>) {
        let traffic = |(packets, bytes): (u64, u64), hop_limit| {
            let packets = if packets == 0 && bytes > 0 { 1 } else { packets };
            Traffic { packets, bytes, lost: 0, hop_limit }
        };
        out.flow(FlowRecord {
            key: self.key(),
            first: out.time().plus_nanos(self.lasted_ns.saturating_neg()),
            last: out.time(),
            protocol: self.protocol.map(Cow::Borrowed),
            to_server: traffic(self.to_server, self.hop_limit),
            to_client: traffic(self.to_client, 0),
            answered_from: None,
            opening: if self.transport == Transport::Tcp { self.opening } else { Opening::Unknown },
            direction_known: self.direction_known,
            vlan: 0,
            tunnel: None,
            frame: out.frame,
        });
    }
}

/// Where a MAC stands in one of the ends: a router's address beside a foreign address is none of the host's own.
pub(crate) const fn with_mac(endpoint: Endpoint, mac: Option<MacAddr>) -> Endpoint {
    Endpoint { mac, ip: endpoint.ip }
}

/// The transport by its IANA number.
pub(crate) const fn transport(number: u8) -> Transport {
    match number {
        6 => Transport::Tcp,
        17 => Transport::Udp,
        number => Transport::Ip(number),
    }
}

/// The transport by its name in any case, or by its number.
pub(crate) fn transport_of(name: &[u8]) -> Option<Transport> {
    const NAMES: [(&[u8], u8); 8] =
        [(b"tcp", 6), (b"udp", 17), (b"icmp", 1), (b"icmp6", 58), (b"ipv6-icmp", 58), (b"esp", 50), (b"gre", 47), (b"igmp", 2)];
    let named = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, number)| *number);
    named.or_else(|| crate::text::small(name)).map(transport)
}

/// Fields of the log-ins of one kind of log.
pub(crate) struct LoginFields {
    pub(crate) account: Field,
    pub(crate) succeeded: Field,
    pub(crate) failed: Field,
    pub(crate) management: Field,
}

macro_rules! login_fields {
    ($id:literal, $log:literal) => {
        $crate::talk::LoginFields {
            account: wire::Field::new(
                concat!($id, ".user"),
                concat!("administrator who logged in (", $log, ")"),
                model::FactKind::Account,
            ),
            succeeded: wire::Field::new(
                concat!($id, ".login"),
                concat!("log-in that succeeded (", $log, ")"),
                model::FactKind::LoginSucceeded,
            ),
            failed: wire::Field::new(
                concat!($id, ".login-failed"),
                concat!("log-in that failed (", $log, ")"),
                model::FactKind::LoginFailed,
            ),
            management: wire::Field::new(
                concat!($id, ".management"),
                concat!("management (", $log, ")"),
                model::FactKind::Management,
            ),
        }
    };
}
pub(crate) use login_fields;

/// A log-in to the device that writes the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'a> {
    /// Who; not kept where it failed: people type passwords in the field for the name.
    pub(crate) account: &'a [u8],
    pub(crate) from: Option<IpAddr>,
    /// Where to, where the line tells; else the device that wrote it.
    pub(crate) to: Option<IpAddr>,
    /// By which way: see [`way`].
    pub(crate) way: (&'static str, u16),
    pub(crate) succeeded: bool,
}

/// A way to administer, by the word that logs have for it, and its usual port.
pub(crate) fn way(word: &[u8]) -> (&'static str, u16) {
    let is =
        |name: &[u8]| word.len() >= name.len() && word.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    match () {
        () if is(b"https") || is(b"web") || is(b"gui") => ("https", 443),
        () if is(b"http") => ("http", 80),
        () if is(b"ssh") || is(b"cli") => ("ssh", 22),
        () if is(b"telnet") => ("telnet", 23),
        () => ("", 0),
    }
}

impl Login<'_> {
    /// Says it: a conversation with the device, in which each side sent one packet at least, and what came of it.
    pub(crate) fn tell(&self, fields: &'static LoginFields, out: &mut Emit<'_>) {
        // A log-in at the console has no sender.
        let Some(from) = self.from else { return };
        let Some(to) = self.to.or(out.exporter) else { return out.unplaced() };
        let (name, port) = self.way;
        let protocol = match name {
            "ssh" => Some("ssh"),
            "telnet" => Some("telnet"),
            "http" => Some("http"),
            _ => None,
        };
        let talk = Talk {
            to_server: (1, 0),
            to_client: (1, 0),
            protocol,
            opening: Opening::Opened,
            ..Talk::new(from, to, Transport::Tcp, port)
        };
        talk.tell(out);
        let key = talk.key();
        let way = Value::Text(Cow::Borrowed(if name.is_empty() { "administration" } else { name }));
        out.say_of(key, &fields.management, &way);
        if self.succeeded {
            out.say_of(key, &fields.succeeded, &way);
            out.say_of(key, &fields.account, &Value::Octets(self.account));
        } else {
            out.say_of(key, &fields.failed, &way);
        }
    }
}
