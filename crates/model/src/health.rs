//! How a sensor is: what it takes in, what it loses, and what it cannot see.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::report::Unseen;

/// A sensor's state at a time. Counts are since it began, rates since the report before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// When it was taken.
    pub time: Timestamp,
    /// When the sensor began.
    pub since: Timestamp,
    /// Program version.
    pub version: String,
    /// Its interfaces.
    pub interfaces: Vec<InterfaceHealth>,
    /// Observations made.
    pub observations: u64,
    /// Observations that could not be written.
    pub observations_lost: u64,
    /// Flows open now.
    pub open_flows: u64,
    /// Of the TCP connections that ended, the share of which only one direction was seen, in percent; absent before one ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_way_percent: Option<u8>,
    /// VLAN ids seen, in ascending order.
    pub vlans: Vec<u16>,
    /// Private networks that senders are in, by their first 24 bits (IPv4) or 64 bits (IPv6), in ascending order.
    pub subnets: Vec<String>,
    /// Who mirrors traffic to this sensor in a tunnel.
    pub mirrors: Vec<Mirror>,
    /// The clock that observations are stamped with.
    pub clock: ClockHealth,
    /// What it cannot see, and what follows from it.
    pub cannot_see: Vec<Unseen>,
}

/// An interface's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceHealth {
    /// Its name.
    pub name: String,
    /// The cable is plugged in at both ends; absent where the kernel does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// Frames read.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames read in a second.
    pub frames_per_s: u64,
    /// Bits read in a second.
    pub bits_per_s: u64,
    /// Frames that found no room in the ring: the sensor was too slow.
    pub ring_drops: u64,
    /// Frames that the network card or its driver lost before.
    pub kernel_drops: u64,
    /// Frames between other machines: what a mirror shows.
    pub passing: u64,
    /// Frames to everybody or to a group.
    pub to_group: u64,
    /// Frames to this machine, mirrored traffic in tunnels among them.
    pub to_sensor: u64,
    /// Frames that left through the interface, whoever on this machine sent them. The sensor sends none.
    pub sent: u64,
}

/// Somebody who sends mirrored traffic in a tunnel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mirror {
    /// Kind of tunnel (`erspan`, `gre`, `vxlan`, `tzsp` …).
    pub kind: String,
    /// Who sends it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// Packets in it.
    pub packets: u64,
}

/// The state of the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockHealth {
    /// Something on this machine keeps it right (`adjtimex`); absent where the kernel does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<bool>,
    /// By how much it may be wrong by the kernel's estimate, microseconds; absent where nothing keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_err_us: Option<u64>,
    /// How far the time servers seen on the wire are ahead of it in the median, microseconds; negative when behind, and by as long as
    /// a reply was under way. Absent when none was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ntp_ahead_us: Option<i64>,
    /// How many time servers that is.
    pub ntp_servers: u64,
}
