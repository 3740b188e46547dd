//! What a search asks for, as plain structs, and as the engine's expressions.

use std::net::IpAddr;

use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, lit};
use ipnet::IpNet;
use model::{MacAddr, Timestamp};

use crate::column::Row;
use crate::network::lies_in;
use crate::row::{Event, Flow};

/// Whose history may be seen. Decided by who asks, never by what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Id of the tenant.
    pub tenant: String,
    /// Ids of its sites; all of the tenant's where none is said.
    pub sites: Option<Vec<String>>,
}

impl Scope {
    /// A site of a tenant is in it.
    pub(crate) fn has(&self, tenant: &str, site: &str) -> bool {
        self.tenant == tenant && self.sites.as_ref().is_none_or(|sites| sites.iter().any(|one| one == site))
    }
}

/// From an instant on and before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Rows that end at or after it.
    pub from: Timestamp,
    /// Rows that begin before it.
    pub before: Timestamp,
}

/// One way of naming an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// By device, as it was known when the row was taken in.
    Device(String),
    /// By link-layer address.
    Mac(MacAddr),
    /// By network address.
    Ip(IpAddr),
    /// By any address of a network.
    Network(IpNet),
}

/// What to look for among flows. Each list that is not empty has to be met by one of its members; an empty one asks nothing.
#[derive(Clone, Debug, Default)]
pub struct FlowFilter {
    /// Either end.
    pub ends: Vec<Party>,
    /// Who asks.
    pub clients: Vec<Party>,
    /// Who answers.
    pub servers: Vec<Party>,
    /// Name by which the server was asked for.
    pub server_names: Vec<String>,
    /// Sensors.
    pub sensors: Vec<String>,
    /// Carriers, such as `tcp`.
    pub transports: Vec<String>,
    /// Ports of the service.
    pub ports: Vec<u16>,
    /// Protocols by id.
    pub protocols: Vec<String>,
    /// How it opened.
    pub openings: Vec<String>,
    /// Encryption was seen, or was not.
    pub encrypted: Option<bool>,
    /// Protected health information crossed readable, or did not.
    pub phi: Option<bool>,
    /// At least so many bytes, both ways.
    pub min_bytes: Option<u64>,
}

/// What to look for among events.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// The subject, or the server of the conversation it is about.
    pub ends: Vec<Party>,
    /// Sensors.
    pub sensors: Vec<String>,
    /// Kinds of facts, as rows have them.
    pub kinds: Vec<String>,
    /// Exact values.
    pub values: Vec<String>,
    /// Protocols by id.
    pub protocols: Vec<String>,
    /// Fields by id.
    pub fields: Vec<String>,
}

/// A filter of a table.
pub trait Filter: Clone + Send + Sync + 'static {
    /// The table's row.
    type Row: Row;
    /// What has to hold, all of it.
    #[doc(hidden)]
    fn terms(&self) -> Vec<Expr>;
}

fn one_of(column: &str, values: impl IntoIterator<Item = String>) -> Option<Expr> {
    let values: Vec<Expr> = values.into_iter().map(lit).collect();
    (!values.is_empty()).then(|| col(column).in_list(values, false))
}

/// One of the parties stands in the columns of an end, whose names have this prefix.
fn stands(prefix: &str, parties: &[Party]) -> Option<Expr> {
    let of =
        |name: &str, value: fn(&Party) -> Option<String>| one_of(&format!("{prefix}{name}"), parties.iter().filter_map(value));
    let networks = parties.iter().filter_map(|party| if let Party::Network(network) = party { Some(*network) } else { None });
    let networks = networks.map(|network| lies_in(col(format!("{prefix}ip")), network)).reduce(Expr::or);
    let terms = [
        of("device", |party| if let Party::Device(id) = party { Some(id.clone()) } else { None }),
        of("mac", |party| if let Party::Mac(mac) = party { Some(mac.to_string()) } else { None }),
        of("ip", |party| if let Party::Ip(ip) = party { Some(ip.to_string()) } else { None }),
        networks,
    ];
    terms.into_iter().flatten().reduce(Expr::or)
}

/// A number that is above zero, or is not.
fn positive(expr: Expr, wanted: bool) -> Expr {
    if wanted { expr.gt(lit(0_i64)) } else { expr.eq(lit(0_i64)) }
}

impl Filter for FlowFilter {
    type Row = Flow;

    fn terms(&self) -> Vec<Expr> {
        let either = [stands("client_", &self.ends), stands("server_", &self.ends)].into_iter().flatten().reduce(Expr::or);
        let ports: Vec<Expr> = self.ports.iter().map(|port| lit(i64::from(*port))).collect();
        let bytes =
            |least: u64| (col("bytes_to_server") + col("bytes_to_client")).gt_eq(lit(i64::try_from(least).unwrap_or(i64::MAX)));
        let encrypted = |wanted: bool| if wanted { col("encryption").is_not_null() } else { col("encryption").is_null() };
        let terms = [
            either,
            stands("client_", &self.clients),
            stands("server_", &self.servers),
            one_of("server_name", self.server_names.iter().cloned()),
            one_of("sensor", self.sensors.iter().cloned()),
            one_of("transport", self.transports.iter().cloned()),
            (!ports.is_empty()).then(|| col("port").in_list(ports, false)),
            one_of("protocol", self.protocols.iter().cloned()),
            one_of("opening", self.openings.iter().cloned()),
            self.encrypted.map(encrypted),
            self.phi.map(|wanted| positive(col("phi"), wanted)),
            self.min_bytes.map(bytes),
        ];
        terms.into_iter().flatten().collect()
    }
}

impl Filter for EventFilter {
    type Row = Event;

    fn terms(&self) -> Vec<Expr> {
        let terms = [
            [stands("", &self.ends), stands("server_", &self.ends)].into_iter().flatten().reduce(Expr::or),
            one_of("sensor", self.sensors.iter().cloned()),
            one_of("kind", self.kinds.iter().cloned()),
            one_of("value", self.values.iter().cloned()),
            one_of("protocol", self.protocols.iter().cloned()),
            one_of("field", self.fields.iter().cloned()),
        ];
        terms.into_iter().flatten().collect()
    }
}
