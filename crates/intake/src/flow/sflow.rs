//! sFlow v5 (sflow.org, "sFlow Version 5"): single packets, one of many, with their first octets.

use model::Timestamp;
use sflow_parser::models::record_flows::HeaderProtocol;
use sflow_parser::models::{FlowData, FlowRecord};
use sflow_parser::{SampleData, parse_datagram};
use wire::bytes::Cursor;
use wire::layers::{LinkType, decode};

use super::record::Record;

/// Reads a datagram; none where it is cut or broken.
pub(super) fn datagram(bytes: &[u8], arrival: Timestamp, take: &mut dyn FnMut(Record)) -> Option<()> {
    let datagram = parse_datagram(bytes).ok()?;
    for sample in &datagram.samples {
        let (rate, records) = match &sample.sample_data {
            SampleData::FlowSample(sample) => (sample.sampling_rate, &sample.flow_records),
            SampleData::FlowSampleExpanded(sample) => (sample.sampling_rate, &sample.flow_records),
            _ => continue,
        };
        let packet = records.iter().find_map(packet);
        if let Some(record) = packet {
            take(Record { sampling: rate, first: Some(arrival), last: Some(arrival), ..record });
        }
    }
    Some(())
}

/// The packet of a sample.
fn packet(record: &FlowRecord) -> Option<Record> {
    match &record.flow_data {
        FlowData::SampledHeader(header) => {
            let link = match header.protocol {
                HeaderProtocol::EthernetIso88023 => LinkType::ETHERNET,
                HeaderProtocol::Ipv4 | HeaderProtocol::Ipv6 => RAW_IP,
                _ => return None,
            };
            let whole = usize::try_from(header.frame_length).ok()?.max(header.header.len());
            let link_octets = if link == LinkType::ETHERNET { 14 } else { 0 };
            let octets = header.frame_length.saturating_sub(header.stripped).saturating_sub(link_octets);
            sampled(link, &header.header, whole, octets.into())
        }
        FlowData::SampledIpv4(sampled) => Some(Record {
            src: Some(sampled.src_ip.into()),
            dst: Some(sampled.dst_ip.into()),
            src_port: u16::try_from(sampled.src_port).unwrap_or(0),
            dst_port: u16::try_from(sampled.dst_port).unwrap_or(0),
            protocol: u8::try_from(sampled.protocol).unwrap_or(0),
            tcp_flags: u8::try_from(sampled.tcp_flags & 0xff).unwrap_or(0),
            sent: (1, sampled.length.into()),
            ..Record::default()
        }),
        _ => None,
    }
}

/// LINKTYPE_RAW: the packet begins with its IP header.
const RAW_IP: LinkType = LinkType(101);

fn sampled(link: LinkType, header: &[u8], whole: usize, octets: u64) -> Option<Record> {
    let packet = decode(link, header, whole);
    let ip = packet.ip?;
    let tagged = packet.vlans.iter().filter(|vlan| **vlan != 0).count() as u64;
    let mut record = Record {
        src: Some(ip.src),
        dst: Some(ip.dst),
        src_mac: packet.src_mac,
        dst_mac: packet.dst_mac,
        protocol: ip.protocol,
        hop_limit: ip.hop_limit,
        vlan: packet.vlans.first().copied().unwrap_or(0),
        sent: (1, octets.saturating_sub(tagged.saturating_mul(4))),
        ..Record::default()
    };
    match packet.inner {
        wire::layers::Inner::Tcp(tcp) => {
            (record.src_port, record.dst_port, record.tcp_flags) = (tcp.src_port, tcp.dst_port, tcp.flags);
        }
        wire::layers::Inner::Udp { src_port, dst_port, .. } => (record.src_port, record.dst_port) = (src_port, dst_port),
        _ => {
            // A header that was cut behind the ports still names them.
            let mut cursor = Cursor::new(packet.payload);
            if matches!(ip.protocol, 6 | 17) && ip.fragment.is_none() {
                (record.src_port, record.dst_port) = (cursor.u16()?, cursor.u16()?);
            }
        }
    }
    Some(record)
}
