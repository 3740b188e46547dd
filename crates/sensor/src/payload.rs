//! What a packet carries, given to whoever reads its flow.

use wire::layers::{Inner, Packet, Tcp};
use wire::{Context, Next};

use crate::emit::Emit;
use crate::packet::flow_context;
use crate::probe::{self, Answer};
use crate::stream::{App, Around, Segment};
use crate::table::{Flow, Known, Side};

/// Payload tries of a UDP flow before it is left alone.
const MAX_DATAGRAM_TRIES: u8 = 6;

/// TCP flags (RFC 9293 §3.1).
pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

/// True of a segment that changes nothing but counts and places: an acknowledgement, or the next bytes of what nobody reads.
/// Most segments are such, so nothing is prepared for them.
#[inline]
pub(crate) fn passes_by(flow: &mut Flow, sender: Side, tcp: &Tcp, packet: &Packet<'_>) -> bool {
    if tcp.flags & (SYN | FIN | RST) != 0 || packet.payload.len() < packet.wire_len {
        return false;
    }
    let len = packet.payload.len();
    let to_server = sender == flow.client;
    // A client that acknowledges was answered, even where the capture did not see it.
    flow.opened |= flow.syn && to_server && tcp.flags & ACK != 0;
    match &flow.app {
        None if len == 0 => true,
        None if matches!(flow.known, Known::Probing(_)) => false,
        None => {
            let end = flow.end_mut(sender);
            end.synced = true;
            end.next_seq = tcp.seq.wrapping_add(u32::try_from(len).unwrap_or(0));
            true
        }
        Some(app) if tcp.flags & ACK != 0 && app.is_holding(!to_server) => false,
        Some(_) if len == 0 => true,
        Some(_) => {
            let end = flow.end(sender);
            let in_order = end.synced && end.next_seq == tcp.seq;
            let unread = in_order && flow.app.as_mut().is_some_and(|app| app.pass_over(to_server, len as u64));
            if unread {
                flow.end_mut(sender).next_seq = tcp.seq.wrapping_add(u32::try_from(len).unwrap_or(0));
            }
            unread
        }
    }
}

/// A TCP segment.
pub(crate) fn segment(
    flow: &mut Flow,
    sender: Side,
    tcp: &Tcp,
    packet: &Packet<'_>,
    emit: &mut Emit<'_>,
    around: &mut Around<'_>,
) {
    let mut seq = tcp.seq;
    // Together they are nobody's connection (RFC 9293 §3.5): a broken packet, or a probe.
    if tcp.flags & SYN != 0 && tcp.flags & (FIN | RST) != 0 {
        return;
    }
    if tcp.flags & SYN != 0 {
        flow.syn = true;
        flow.opened |= tcp.flags & ACK != 0;
        seq = seq.wrapping_add(1);
        let end = flow.end_mut(sender);
        if !end.synced {
            end.synced = true;
            end.next_seq = seq;
        }
        // Data on a SYN (RFC 7413) is read like any other.
        if packet.payload.is_empty() {
            return;
        }
    }
    if tcp.flags & RST != 0 {
        flow.reset = true;
        return;
    }
    flow.opened |= flow.syn && sender == flow.client && tcp.flags & ACK != 0;
    let payload = packet.payload;
    let cut = u32::try_from(packet.wire_len.saturating_sub(payload.len())).unwrap_or(u32::MAX);
    if payload.is_empty() && cut == 0 && tcp.flags & FIN == 0 && flow.app.is_none() {
        return;
    }
    emit.protocol = flow.app.as_ref().map_or("", |app| app.speaker);
    let has_data = !payload.is_empty() || cut > 0;
    if has_data {
        data(flow, sender, &Segment { seq, bytes: payload, cut }, emit, around);
    }
    if tcp.flags & FIN != 0 {
        flow.finish(sender);
    }
    if tcp.flags & ACK != 0 {
        acknowledged(flow, sender, tcp.ack, emit, around);
    }
    if flow.app.as_ref().is_some_and(|app| app.is_done()) {
        let_go(flow, emit);
    }
}

/// Payload of a TCP segment.
fn data(flow: &mut Flow, sender: Side, segment: &Segment<'_>, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    let known = flow.known;
    let end = flow.end_mut(sender);
    if !end.synced {
        end.synced = true;
        end.next_seq = segment.seq;
    }
    let mut next = end.next_seq;
    if flow.app.is_none() {
        if known == Known::Nothing || matches!(known, Known::Row(_)) {
            let far = segment.seq.wrapping_add(u32::try_from(segment.bytes.len()).unwrap_or(0)).wrapping_add(segment.cut);
            flow.end_mut(sender).next_seq = far;
            return;
        }
        flow.app = Some(Box::default());
    }
    let Some(app) = flow.app.as_mut() else { return };
    let mut known = known;
    emit.phi = std::mem::take(&mut app.phi);
    emit.relayed = app.relayed;
    let lost = app.segment(&mut known, &mut next, segment, emit, around);
    app.phi = std::mem::take(&mut emit.phi);
    app.relayed = emit.relayed;
    flow.known = known;
    flow.end_mut(sender).next_seq = next;
    flow.loses(sender, lost);
}

/// What `sender` acknowledged of the other end's bytes.
fn acknowledged(flow: &mut Flow, sender: Side, ack: u32, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    let other = sender.other();
    let Some(app) = flow.app.as_mut() else { return };
    if !app.is_holding(flow.client == other) {
        return;
    }
    let mut next = flow.end(other).next_seq;
    let mut known = flow.known;
    let context = flow_context(flow, flow.direction(other));
    let context = Context { time: emit.context.time, ..context };
    let Some(app) = flow.app.as_mut() else { return };
    let mut behind = Emit {
        out: &mut *emit.out,
        memory: &mut *emit.memory,
        coverage: &mut *emit.coverage,
        context,
        key: emit.key,
        frame: emit.frame,
        protocol: emit.protocol,
        phi: std::mem::take(&mut app.phi),
        relayed: app.relayed,
        direction_known: true,
    };
    let lost = app.acknowledged(&mut known, &mut next, ack, &mut behind, around);
    app.phi = std::mem::take(&mut behind.phi);
    app.relayed = behind.relayed;
    flow.known = known;
    flow.end_mut(other).next_seq = next;
    flow.loses(other, lost);
}

/// Nothing more of the flow is read: tells what was counted and frees its state.
fn let_go(flow: &mut Flow, emit: &mut Emit<'_>) {
    let Some(mut app) = flow.app.take() else { return };
    let phi = std::mem::take(&mut app.phi);
    if let Some(session) = app.session() {
        emit.phi = phi;
        session.end(&{ emit.context }, emit);
        let phi = std::mem::take(&mut emit.phi);
        emit.tell_phi(&phi);
    } else {
        emit.tell_phi(&phi);
    }
}

/// A UDP datagram.
pub(crate) fn datagram(flow: &mut Flow, packet: &Packet<'_>, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    if packet.payload.is_empty() {
        return;
    }
    if let Known::Probing(tries) = flow.known {
        around.budget.work.probes = around.budget.work.probes.saturating_add(1);
        match around.rows.ask(false, &emit.context, packet.payload, &[]) {
            Answer::Row(row) => {
                flow.known = Known::Row(row);
                flow.app = probe::protocol(row)
                    .and_then(|protocol| protocol.datagram_session())
                    .map(|session| Box::new(App::with_session(session, probe::id(row))));
            }
            // Calls agree on addresses first, in the flow that then carries them.
            Answer::Perhaps | Answer::Nobody if is_stun(packet.payload) => {}
            Answer::Perhaps | Answer::Nobody if tries >= MAX_DATAGRAM_TRIES => flow.known = Known::Nothing,
            Answer::Perhaps | Answer::Nobody => flow.known = Known::Probing(tries.saturating_add(1)),
        }
    }
    let Known::Row(row) = flow.known else { return };
    let Some(protocol) = probe::protocol(row) else { return };
    emit.protocol = protocol.info().id;
    let Some(app) = flow.app.as_mut() else {
        protocol.datagram(&{ emit.context }, packet.payload, emit);
        let phi = std::mem::take(&mut emit.phi);
        emit.tell_phi(&phi);
        return;
    };
    // What said that it wants no more leaves an empty place, so that nobody reads on as if nothing had been before.
    if app.session().is_none() {
        return;
    }
    emit.phi = std::mem::take(&mut app.phi);
    emit.relayed = app.relayed;
    let done = app
        .session()
        .is_none_or(|session| matches!(session.data(&{ emit.context }, packet.payload, emit).next, Next::Stop | Next::StopBoth));
    app.phi = std::mem::take(&mut emit.phi);
    app.relayed = emit.relayed;
    if done {
        let_go(flow, emit);
        flow.app = Some(Box::default());
    }
}

/// RFC 8489 §5: the magic cookie behind type and length.
fn is_stun(payload: &[u8]) -> bool {
    payload.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42])
}

/// A message of a link or IP protocol, known exactly by its number.
pub(crate) fn message(flow: &mut Flow, packet: &Packet<'_>, emit: &mut Emit<'_>, around: &Around<'_>) {
    let row = match packet.inner {
        Inner::EtherType(number) => around.rows.ethertype(number),
        Inner::Llc(sap) => around.rows.llc(sap),
        Inner::Snap(organisation, id) => around.rows.snap(organisation, id),
        Inner::IpProtocol(number) => around.rows.ip(number),
        _ => None,
    };
    let Some(row) = row else { return };
    flow.known = Known::Row(row);
    if let Some(protocol) = probe::protocol(row) {
        emit.protocol = protocol.info().id;
        protocol.datagram(&{ emit.context }, packet.payload, emit);
    }
}
