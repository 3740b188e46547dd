//! Which ring a frame goes to: told by the addresses of its innermost IP packet, without their order and without ports. So both
//! directions of a flow, all its fragments, and whatever else two hosts have with each other come to one ring, also where a mirror sends
//! each direction in a VXLAN tunnel with a source port of its own, which the kernel's own hash would take apart.
//!
//! It is a program of classic BPF, which the kernel checks and runs (`PACKET_FANOUT_CBPF`). Frames without IP, and those whose headers
//! it cannot read, go to the first ring.

use super::kernel::Instruction;

/// Where the network layer begins, as the kernel counts (`SKF_NET_OFF`).
const NET: u32 = (-0x10_0000_i32).cast_unsigned();
/// Where the frame's EtherType is found (`SKF_AD_OFF + SKF_AD_PROTOCOL`).
const PROTOCOL: u32 = (-0x1000_i32).cast_unsigned();

const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const TAGS: [u32; 2] = [0x8100, 0x88a8];

/// Instructions, as far as they are needed: the accumulator is A, the index X, M a memory of sixteen words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
enum Op {
    LoadWordAt = 0x20,
    LoadWordAtX = 0x40,
    LoadHalfAtX = 0x48,
    LoadByteAtX = 0x50,
    LoadM = 0x60,
    SetX = 0x01,
    LoadXM = 0x61,
    StoreM = 0x02,
    StoreXM = 0x03,
    Add = 0x04,
    AddX = 0x0c,
    Multiply = 0x24,
    And = 0x54,
    ShiftLeft = 0x64,
    ShiftRight = 0x74,
    Go = 0x05,
    GoIfEqual = 0x15,
    GoIfAny = 0x45,
    Return = 0x06,
    ReturnA = 0x16,
}

/// Places in M: a sum, where the header at hand begins, and what is kept meanwhile.
mod m {
    pub(super) const SUM: u32 = 0;
    pub(super) const HERE: u32 = 1;
    pub(super) const TYPE: u32 = 2;
    pub(super) const FLAGS: u32 = 3;
    pub(super) const BEHIND: u32 = 4;
}

/// Places in the program that are jumped to; all lie behind the jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Label {
    OuterTag,
    OuterIpv4,
    Udp,
    Vxlan,
    Geneve,
    Gre,
    Key,
    Sequence,
    GreType,
    Erspan,
    Ethernet,
    InnerType,
    InnerTag,
    Ipv4,
    Ipv6,
    Mix,
    First,
}

/// A step of the program before its jumps are counted out.
enum Step {
    Do(Op, u32),
    Jump(Op, u32, Label),
    Here(Label),
}

use Label as L;
use Step::{Do, Here, Jump};

fn jump_on_type(steps: &mut Vec<Step>, ipv4: Label, tag: Option<Label>) {
    steps.extend([Jump(Op::GoIfEqual, IPV4, ipv4), Jump(Op::GoIfEqual, IPV6, L::Ipv6)]);
    for value in TAGS {
        steps.extend(tag.map(|tag| Jump(Op::GoIfEqual, value, tag)));
    }
    steps.push(Jump(Op::Go, 0, L::First));
}

/// Behind a tag: its type, and where the next header begins.
fn behind_tag() -> [Step; 7] {
    [
        Do(Op::LoadXM, m::HERE),
        Do(Op::LoadHalfAtX, NET.wrapping_add(2)),
        Do(Op::StoreM, m::TYPE),
        Do(Op::LoadM, m::HERE),
        Do(Op::Add, 4),
        Do(Op::StoreM, m::HERE),
        Do(Op::LoadM, m::TYPE),
    ]
}

/// The program.
pub(super) fn program() -> Vec<Instruction> {
    let mut steps = vec![Do(Op::SetX, 0), Do(Op::StoreXM, m::HERE), Do(Op::LoadWordAt, PROTOCOL)];
    jump_on_type(&mut steps, L::OuterIpv4, Some(L::OuterTag));
    steps.push(Here(L::OuterTag));
    steps.extend(behind_tag());
    jump_on_type(&mut steps, L::OuterIpv4, None);
    outer_ipv4(&mut steps);
    gre(&mut steps);
    inner(&mut steps);
    hash(&mut steps);
    assemble(&steps)
}

/// A whole IPv4 packet may carry a tunnel.
fn outer_ipv4(steps: &mut Vec<Step>) {
    steps.extend([
        Here(L::OuterIpv4),
        Do(Op::LoadXM, m::HERE),
        Do(Op::LoadHalfAtX, NET.wrapping_add(6)),
        Jump(Op::GoIfAny, 0x3fff, L::Ipv4),
        Do(Op::LoadByteAtX, NET),
        Do(Op::And, 15),
        Do(Op::ShiftLeft, 2),
        Do(Op::AddX, 0),
        Do(Op::StoreM, m::BEHIND),
        Do(Op::LoadByteAtX, NET.wrapping_add(9)),
        Jump(Op::GoIfEqual, 17, L::Udp),
        Jump(Op::GoIfEqual, 47, L::Gre),
        Jump(Op::Go, 0, L::Ipv4),
        Here(L::Udp),
        Do(Op::LoadXM, m::BEHIND),
        Do(Op::LoadHalfAtX, NET.wrapping_add(2)),
        Jump(Op::GoIfEqual, 4789, L::Vxlan),
        Jump(Op::GoIfEqual, 8472, L::Vxlan),
        Jump(Op::GoIfEqual, 6081, L::Geneve),
        Jump(Op::Go, 0, L::Ipv4),
        Here(L::Geneve),
        // RFC 8926 §3.4: so many words of options, in the low six bits.
        Do(Op::LoadByteAtX, NET.wrapping_add(8)),
        Do(Op::And, 0x3f),
        Do(Op::ShiftLeft, 2),
        Do(Op::AddX, 0),
        Do(Op::StoreM, m::BEHIND),
        Here(L::Vxlan),
        Do(Op::LoadM, m::BEHIND),
        Do(Op::Add, 16),
        Do(Op::StoreM, m::HERE),
        Jump(Op::Go, 0, L::Ethernet),
    ]);
}

/// RFC 2784 and RFC 2890: checksum, key and sequence number are there or not.
fn gre(steps: &mut Vec<Step>) {
    let more = |flag: u32, otherwise: Label| {
        [
            Do(Op::LoadM, m::FLAGS),
            Do(Op::And, flag),
            Jump(Op::GoIfEqual, 0, otherwise),
            Do(Op::LoadM, m::BEHIND),
            Do(Op::Add, 4),
            Do(Op::StoreM, m::BEHIND),
            Here(otherwise),
        ]
    };
    steps.extend([
        Here(L::Gre),
        Do(Op::LoadXM, m::BEHIND),
        Do(Op::LoadByteAtX, NET),
        Do(Op::StoreM, m::FLAGS),
        Do(Op::LoadHalfAtX, NET.wrapping_add(2)),
        Do(Op::StoreM, m::TYPE),
        Do(Op::LoadM, m::BEHIND),
        Do(Op::Add, 4),
        Do(Op::StoreM, m::BEHIND),
    ]);
    steps.extend(more(0x80, L::Key));
    steps.extend(more(0x20, L::Sequence));
    steps.extend(more(0x10, L::GreType));
    steps.extend([
        Do(Op::LoadM, m::BEHIND),
        Do(Op::StoreM, m::SUM),
        Do(Op::LoadM, m::TYPE),
        Jump(Op::GoIfEqual, 0x88be, L::Erspan),
        Do(Op::LoadM, m::SUM),
        Do(Op::StoreM, m::HERE),
        Do(Op::LoadM, m::TYPE),
        Jump(Op::GoIfEqual, 0x6558, L::Ethernet),
        Jump(Op::Go, 0, L::InnerType),
        // draft-foschiano-erspan §4: type II, which has a sequence number, has eight octets of its own; type I has none.
        Here(L::Erspan),
        Do(Op::LoadM, m::FLAGS),
        Do(Op::And, 0x10),
        Do(Op::ShiftRight, 1),
        Do(Op::StoreM, m::TYPE),
        Do(Op::LoadXM, m::TYPE),
        Do(Op::LoadM, m::BEHIND),
        Do(Op::AddX, 0),
        Do(Op::StoreM, m::HERE),
    ]);
}

/// The frame or packet in a tunnel.
fn inner(steps: &mut Vec<Step>) {
    steps.extend([
        Here(L::Ethernet),
        Do(Op::LoadXM, m::HERE),
        Do(Op::LoadHalfAtX, NET.wrapping_add(12)),
        Do(Op::StoreM, m::TYPE),
        Do(Op::LoadM, m::HERE),
        Do(Op::Add, 14),
        Do(Op::StoreM, m::HERE),
        Do(Op::LoadM, m::TYPE),
        Here(L::InnerType),
    ]);
    jump_on_type(steps, L::Ipv4, Some(L::InnerTag));
    steps.push(Here(L::InnerTag));
    steps.extend(behind_tag());
    jump_on_type(steps, L::Ipv4, None);
}

/// The sum of both addresses, mixed.
fn hash(steps: &mut Vec<Step>) {
    steps.extend([
        Here(L::Ipv4),
        Do(Op::LoadXM, m::HERE),
        Do(Op::LoadWordAtX, NET.wrapping_add(12)),
        Do(Op::StoreM, m::SUM),
        Do(Op::LoadWordAtX, NET.wrapping_add(16)),
        Do(Op::LoadXM, m::SUM),
        Do(Op::AddX, 0),
        Jump(Op::Go, 0, L::Mix),
        Here(L::Ipv6),
        Do(Op::LoadXM, m::HERE),
        Do(Op::LoadWordAtX, NET.wrapping_add(8)),
        Do(Op::StoreM, m::SUM),
    ]);
    for word in 3..10 {
        steps.extend([
            Do(Op::LoadXM, m::HERE),
            Do(Op::LoadWordAtX, NET.wrapping_add(word * 4)),
            Do(Op::LoadXM, m::SUM),
            Do(Op::AddX, 0),
            Do(Op::StoreM, m::SUM),
        ]);
    }
    steps.extend([
        Here(L::Mix),
        Do(Op::Multiply, 0x9e37_79b1),
        Do(Op::ShiftRight, 16),
        Do(Op::ReturnA, 0),
        Here(L::First),
        Do(Op::Return, 0),
    ]);
}

/// Counts the jumps out. Conditional ones reach 255 instructions, which the program is shorter than.
fn assemble(steps: &[Step]) -> Vec<Instruction> {
    let place = |label: Label| {
        let before = steps.iter().take_while(|step| !matches!(step, Here(here) if *here == label));
        before.filter(|step| !matches!(step, Here(_))).count()
    };
    let mut program: Vec<Instruction> = Vec::new();
    for step in steps {
        let next = program.len().saturating_add(1);
        program.push(match step {
            Here(_) => continue,
            Do(op, k) => (*op as u16, 0, 0, *k),
            Jump(Op::Go, _, label) => {
                (Op::Go as u16, 0, 0, u32::try_from(place(*label).saturating_sub(next)).unwrap_or_default())
            }
            Jump(op, k, label) => (*op as u16, u8::try_from(place(*label).saturating_sub(next)).unwrap_or_default(), 0, *k),
        });
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel does, on a frame from its network layer on.
    fn run(protocol: u16, packet: &[u8]) -> u32 {
        let program = program();
        let (mut a, mut x, mut memory, mut at) = (0u32, 0u32, [0u32; 16], 0usize);
        let load = |offset: u32, len: usize| -> Option<u32> {
            let from = usize::try_from(offset.wrapping_sub(NET)).unwrap();
            Some(packet.get(from..from + len)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
        };
        loop {
            let (code, jump, _, k) = program[at];
            at += 1;
            let loaded = match code {
                0x20 => Some(u32::from(protocol)),
                0x40 => load(x.wrapping_add(k), 4),
                0x48 => load(x.wrapping_add(k), 2),
                0x50 => load(x.wrapping_add(k), 1),
                _ => Some(a),
            };
            let Some(loaded) = loaded else { return 0 };
            a = loaded;
            match code {
                0x20 | 0x40 | 0x48 | 0x50 => {}
                0x60 => a = memory[k as usize],
                0x01 => x = k,
                0x61 => x = memory[k as usize],
                0x02 => memory[k as usize] = a,
                0x03 => memory[k as usize] = x,
                0x04 => a = a.wrapping_add(k),
                0x0c => a = a.wrapping_add(x),
                0x24 => a = a.wrapping_mul(k),
                0x54 => a &= k,
                0x64 => a <<= k,
                0x74 => a >>= k,
                0x05 => at += k as usize,
                0x15 => at += if a == k { usize::from(jump) } else { 0 },
                0x45 => at += if a & k != 0 { usize::from(jump) } else { 0 },
                0x06 => return k,
                0x16 => return a,
                other => panic!("{other:#x}"),
            }
        }
    }

    fn ipv4(src: [u8; 4], dst: [u8; 4], protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
        let [f0, f1] = fragment.to_be_bytes();
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, f0, f1, 64, protocol, 0, 0];
        packet.extend(src);
        packet.extend(dst);
        packet.extend(payload);
        packet
    }

    fn ethernet(payload: &[u8]) -> Vec<u8> {
        [&[2; 12][..], &[8, 0], payload].concat()
    }

    fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
        [&src.to_be_bytes()[..], &dst.to_be_bytes(), &[0; 4], payload].concat()
    }

    const A: [u8; 4] = [10, 1, 2, 3];
    const B: [u8; 4] = [10, 9, 8, 7];
    const MIRROR: [u8; 4] = [192, 0, 2, 1];
    const US: [u8; 4] = [192, 0, 2, 2];

    #[test]
    fn two_hosts_have_one_ring() {
        let there = run(0x0800, &ipv4(A, B, 6, 0, &[1; 20]));
        assert_ne!(there, 0);
        assert_eq!(run(0x0800, &ipv4(B, A, 6, 0, &[2; 20])), there, "back");
        assert_eq!(run(0x0800, &ipv4(A, B, 17, 0x2000, &[3; 8])), there, "the beginning of a datagram");
        assert_eq!(run(0x0800, &ipv4(A, B, 17, 0x00b9, &[])), there, "and its rest");
        let tagged = [&[0, 5, 8, 0][..], &ipv4(B, A, 6, 0, &[])].concat();
        assert_eq!(run(0x88a8, &tagged), there, "in a second tag");
    }

    #[test]
    fn tunnels_do_not_take_a_flow_apart() {
        let (plain, frame) = (run(0x0800, &ipv4(A, B, 6, 0, &[])), ethernet(&ipv4(B, A, 6, 0, &[1; 20])));
        let outer = |protocol, payload: &[u8]| run(0x0800, &ipv4(MIRROR, US, protocol, 0, payload));
        let behind = |header: &[u8]| [header, frame.as_slice()].concat();
        for port in [40_000, 50_000] {
            assert_eq!(outer(17, &udp(port, 4789, &behind(&[8, 0, 0, 0, 0, 0, 1, 0]))), plain, "VXLAN");
            let options = [2, 0, 0x65, 0x58, 0, 0, 1, 0, 9, 9, 9, 9, 9, 9, 9, 9];
            assert_eq!(outer(17, &udp(port, 6081, &behind(&options))), plain, "GENEVE with options");
        }
        assert_eq!(outer(47, &behind(&[0, 0, 0x65, 0x58])), plain, "GRE");
        assert_eq!(outer(47, &behind(&[0x20, 0, 0x65, 0x58, 0, 0, 0, 7])), plain, "GRE with a key");
        assert_eq!(outer(47, &behind(&[0xb0, 0, 0x65, 0x58, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1])), plain, "and with all");
        assert_eq!(outer(47, &behind(&[0, 0, 0x88, 0xbe])), plain, "ERSPAN I");
        assert_eq!(outer(47, &behind(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 16, 1, 0, 0, 0, 0, 0, 0])), plain, "ERSPAN II");
        assert_eq!(outer(47, &[&[0, 0, 8, 0][..], &ipv4(A, B, 6, 0, &[])].concat()), plain, "IP in GRE");
    }

    #[test]
    fn ipv6_both_ways_and_what_is_not_ip() {
        let packet = |src: u8, dst: u8| [&[0x60, 0, 0, 0, 0, 0, 6, 64][..], &[src; 16], &[dst; 16]].concat();
        assert_eq!(run(0x86dd, &packet(1, 2)), run(0x86dd, &packet(2, 1)));
        assert_ne!(run(0x86dd, &packet(1, 2)), run(0x86dd, &packet(1, 3)));
        assert_eq!(run(0x0806, &[0; 28]), 0);
    }

    #[test]
    fn any_bytes_end_the_program() {
        for len in (0..80).step_by(3) {
            for byte in (0..=255).step_by(15) {
                run(0x0800, &vec![byte; len]);
                run(0x8100, &vec![byte; len]);
            }
        }
        assert!(program().len() < 255, "all jumps reach");
    }

    #[test]
    fn neighbours_are_spread() {
        let rings = (0..64u8).map(|host| run(0x0800, &ipv4([10, 0, 0, host], [10, 0, 1, 10], 6, 0, &[])) % 2);
        let second = rings.sum::<u32>();
        assert!((16..48).contains(&second), "{second} of 64 go to the second ring");
    }
}
