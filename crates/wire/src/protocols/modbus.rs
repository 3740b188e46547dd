//! Modbus over TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b §3.1, Application Protocol V1.1b3).

use crate::bytes::{Cursor, be16};
use crate::fact::{Field, Sink};
use crate::framed::{Frame, Framed, Frames};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use model::FactKind;

/// Modbus over TCP.
pub struct Modbus;

static INFO: Info = Info {
    id: "modbus",
    name: "Modbus/TCP",
    doc: "Which functions are used, reading or writing, and what the device says it is. Air handling, medical gas and power of the \
          building speak it, without any log-in: whoever reaches the port can write (Modbus Application Protocol V1.1b3 §6).",
    hints: &[Hint::Tcp(PORT)],
};

static FUNCTION: Field = Field::new("modbus.function", "Modbus function", FactKind::Operation);
static MAKER: Field = Field::new("modbus.vendor_name", "Modbus device identification: vendor name", FactKind::Maker);
static CODE: Field = Field::new("modbus.product_code", "Modbus device identification: product code", FactKind::ProductName);
static REVISION: Field = Field::new("modbus.revision", "Modbus device identification: revision", FactKind::Firmware);
static PRODUCT: Field = Field::new("modbus.product_name", "Modbus device identification: product name", FactKind::ProductName);
static MODEL: Field = Field::new("modbus.model_name", "Modbus device identification: model name", FactKind::Model);

const PORT: u16 = 502;
const HEADER: usize = 7;
const IDENTIFY: u8 = 43;

impl Protocol for Modbus {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let [_, _, 0, 0, 0, len, _, function, data @ ..] = head else {
            let begins = matches!(head, [] | [_] | [_, _] | [_, _, 0] | [_, _, 0, 0] | [_, _, 0, 0, 0, ..]) && head.len() < 8;
            return if begins { Verdict::Unsure } else { Verdict::No };
        };
        let Some(body) = usize::from(*len).checked_sub(2).filter(|&body| body <= 252) else { return Verdict::No };
        let function = *function;
        match fits(function, body, data) {
            true if context.on_port(PORT) => Verdict::Certain,
            true => Verdict::Unsure,
            // Lengths that do not fit are seen where devices are attacked or tested.
            false if context.on_port(PORT) && name(function & 0x7f).is_some() => Verdict::Unsure,
            false => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Bus::default())
    }
}

/// The length that a function's request, answer or exception has, by its own count where it has one.
fn fits(function: u8, body: usize, data: &[u8]) -> bool {
    let counted =
        |from: usize| data.get(from).is_none_or(|&count| body == from.saturating_add(1).saturating_add(usize::from(count)));
    match function {
        1..=4 => body == 4 || counted(0),
        5 | 6 => body == 4,
        7 => body <= 1,
        8 => body >= 4,
        11 => body == 0 || body == 4,
        12 => body == 0 || counted(0),
        15 | 16 => body == 4 || counted(4),
        17 => body == 0 || counted(0),
        20 | 21 => counted(0),
        22 => body == 6,
        23 => counted(8) || counted(0),
        24 => body >= 2,
        IDENTIFY => body >= 2 && data.first().is_none_or(|kind| matches!(kind, 13 | 14)),
        // 90 is the maker's own on many Schneider controllers.
        90 => body >= 1,
        0x81..=0xab => body == 1 && data.first().is_none_or(|&code| (1..=11).contains(&code)),
        _ => false,
    }
}

/// The state of a connection: which functions were told, a bit each.
#[derive(Default)]
struct Bus {
    told: u128,
}

impl Frames for Bus {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let (Some(protocol), Some(len)) = (be16(bytes, 2), be16(bytes, 4)) else { return Frame::More(6) };
        if protocol != 0 || !(2..=260).contains(&len) {
            return Frame::Bad;
        }
        Frame::upto(usize::from(len).saturating_add(6), 512)
    }

    fn message(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let &function = bytes.get(HEADER)?;
        let data = bytes.get(HEADER.saturating_add(1)..)?;
        if context.dst_port == PORT && context.src_port != PORT {
            out.sender_is(Role::Client);
        }
        let bit = 1_u128.checked_shl(u32::from(function))?;
        if self.told & bit == 0 {
            self.told |= bit;
            out.conversation(&FUNCTION, name(function)?);
        }
        if function == IDENTIFY {
            identification(data, out);
        }
        None
    }
}

/// Read Device Identification answer (V1.1b3 §6.21): kind, code, conformity, more, next, count, then the objects. The request
/// ends after its object number.
fn identification(data: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut data = Cursor::new(data);
    if data.u8()? != 14 {
        return None;
    }
    data.skip(4)?;
    let count = data.u8()?;
    for _ in 0..count {
        let (number, len) = (data.u8()?, data.u8()?);
        let value = data.take(usize::from(len))?;
        let field = match number {
            0 => &MAKER,
            1 => &CODE,
            2 => &REVISION,
            4 => &PRODUCT,
            5 => &MODEL,
            _ => continue,
        };
        if !value.trim_ascii().is_empty() {
            out.sender(field, value.trim_ascii());
        }
    }
    Some(())
}

const fn name(function: u8) -> Option<&'static str> {
    Some(match function {
        1 => "read coils",
        2 => "read discrete inputs",
        3 => "read holding registers",
        4 => "read input registers",
        5 => "write single coil",
        6 => "write single register",
        7 => "read exception status",
        8 => "diagnostics",
        11 => "read event counter",
        12 => "read event log",
        15 => "write multiple coils",
        16 => "write multiple registers",
        17 => "report server id",
        20 => "read file record",
        21 => "write file record",
        22 => "mask write register",
        23 => "read and write multiple registers",
        24 => "read fifo queue",
        IDENTIFY => "read device identification",
        90 => "programming (function 90)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    const READ: &[u8] = &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2];
    const WRITE: &[u8] = &[0, 2, 0, 0, 0, 6, 1, 6, 0, 0, 0, 2];
    const ANSWER: &[u8] = b"\0\x03\0\0\0\x19\x01\x2b\x0e\x01\x01\0\0\x03\0\x04Acme\x01\x02AH\x02\x05V1.02";

    #[test]
    fn functions_once_and_identity() {
        let lines =
            streams_any_chunk(&Modbus, 502, &[(ToServer, READ), (ToServer, READ), (ToServer, WRITE), (ToClient, ANSWER)]).lines;
        let said = [
            "conversation modbus.function read holding registers",
            "conversation modbus.function write single register",
            "conversation modbus.function read device identification",
            "sender modbus.vendor_name Acme",
            "sender modbus.product_code AH",
            "sender modbus.revision V1.02",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn probes() {
        assert_eq!(Modbus.probe(&context(ToServer, 502, 0), READ), Verdict::Certain);
        assert_eq!(Modbus.probe(&context(ToServer, 9999, 0), READ), Verdict::Unsure);
        assert_eq!(Modbus.probe(&context(ToServer, 502, 0), &READ[..5]), Verdict::Unsure);
        assert_eq!(Modbus.probe(&context(ToServer, 9999, 0), b"\0\x01\0\0\0\x07\x01\x03\0\0\0\x02\0"), Verdict::No);
        assert_eq!(Modbus.probe(&context(ToServer, 502, 0), b"GET / HTTP/1.1"), Verdict::No);
    }

    #[test]
    fn cut_anywhere() {
        for end in 0..ANSWER.len() {
            let _ = streams_any_chunk(&Modbus, 502, &[(ToClient, &ANSWER[..end])]);
        }
    }
}
