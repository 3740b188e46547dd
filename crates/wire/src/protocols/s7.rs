//! Siemens S7 communication over ISO on TCP (RFC 1006, X.224 §13) and the marks of its successor.

use crate::bytes::{Cursor, be16};
use crate::fact::{About, Field, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::text::until_nul;
use model::FactKind;

/// Siemens S7.
pub struct S7;

static INFO: Info = Info {
    id: "s7",
    name: "Siemens S7",
    doc: "Order number, firmware and serial number of controllers, what connects to them (programming device or panel) and functions \
          that write, load or stop. They run air handling, sterilisers and laboratory lines; the protocol has no log-in to speak of \
          (ISO on TCP: RFC 1006; the S7 layer is Siemens' own).",
    hints: &[Hint::Tcp(PORT)],
};

static VERSION: Field = Field::new("s7.protocol", "S7 protocol", FactKind::ProtocolVersion);
static CONNECTION: Field = Field::new("s7.connection", "S7 connection type", FactKind::Operation);
static FUNCTION: Field = Field::new("s7.function", "S7 function", FactKind::Operation);
static CONTROL: Field = Field::new("s7.control", "S7 function that changes the controller", FactKind::Management);
static PASSWORD: Field = Field::new("s7.password", "S7 session password", FactKind::LoginTried);
static MODEL: Field = Field::new("s7.order_number", "S7 module order number", FactKind::Model);
static FIRMWARE: Field = Field::new("s7.firmware", "S7 firmware version", FactKind::Firmware);
static SERIAL: Field = Field::new("s7.serial", "S7 module serial number", FactKind::Serial);
static TYPE: Field = Field::new("s7.module_type", "S7 module type name", FactKind::ProductName);
static COPYRIGHT: Field = Field::new("s7.copyright", "S7 module maker", FactKind::Maker);

const PORT: u16 = 102;
const CONNECT: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;

impl Protocol for S7 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match head {
            [3, 0, _, _, 2, DATA, _, 0x32, 1 | 2 | 3 | 7, 0, 0, ..] | [3, 0, _, _, 2, DATA, _, 0x72, 1..=3 | 0xfe, ..] => {
                Verdict::Certain
            }
            // Connections are the same for all that runs over ISO on TCP; of the rest, RDP has no transport selectors.
            [3, 0, _, _, _, CONNECT | CONFIRM, ..] if context.on_port(PORT) => Verdict::Unsure,
            [3, 0, _, _, 2, DATA, rest @ ..] if rest.len() < 5 && context.on_port(PORT) => Verdict::Unsure,
            [3, 0, ..] | [3] | [] if head.len() < 6 => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Controller::default())
    }
}

/// The state of a connection.
#[derive(Default)]
struct Controller {
    said: Said,
    /// A message of S7's own was read, not only the transport's.
    sure: bool,
    /// The way to connect, told when it has proved to be S7.
    connection: Option<&'static str>,
}

/// Numbers of [`Said`] beside the functions'.
const PROTOCOL: u8 = 40;
const IDENTITY: u8 = 41;

impl Frames for Controller {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let Some(len) = be16(bytes, 2).map(usize::from) else { return Frame::More(4) };
        if bytes.first() != Some(&3) || len < 7 {
            return Frame::Bad;
        }
        let look = len.min(8);
        let Some(head) = bytes.get(4..look) else { return Frame::More(look) };
        match head {
            [2, DATA, _, 0x32 | 0x72] => Frame::upto(len, 1024),
            [2, DATA, ..] if !self.sure && len > 7 => Frame::Leave(Next::NotMine),
            _ => Frame::upto(len, 128),
        }
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        match bytes.get(4..)? {
            [_, CONNECT, rest @ ..] => self.connection = connection(rest),
            [2, DATA, _, 0x32, message @ ..] => {
                self.protocol("S7", out);
                let _ = self.read(message, out);
            }
            [2, DATA, _, 0x72, ..] => {
                self.protocol("S7comm-plus", out);
                return Some(Next::StopBoth);
            }
            _ => {}
        }
        None
    }
}

/// The connection type in the called transport selector (parameter 0xc2): 1 programming device, 2 operator panel, 3 others.
fn connection(request: &[u8]) -> Option<&'static str> {
    // Two references and the class, then parameters of code, length and value.
    let mut parameters = Cursor::new(request.get(5..)?);
    for _ in 0..8 {
        let (code, len) = (parameters.u8()?, parameters.u8()?);
        let value = parameters.take(usize::from(len))?;
        if code == 0xc2 {
            return match value {
                [1, _] => Some("programming device connection"),
                [2, _] => Some("operator panel connection"),
                _ => None,
            };
        }
    }
    None
}

impl Controller {
    fn protocol(&mut self, name: &str, out: &mut dyn Sink) {
        self.sure = true;
        if self.said.first(PROTOCOL) {
            out.conversation(&VERSION, name);
            if let Some(connection) = self.connection {
                out.conversation(&CONNECTION, connection);
            }
        }
    }

    /// Behind the protocol number: kind, two reserved octets, reference, lengths of parameters and data.
    fn read(&mut self, message: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut header = Cursor::new(message);
        let kind = header.u8()?;
        header.skip(4)?;
        let (parameters_len, _data_len) = (usize::from(header.u16()?), header.u16()?);
        if matches!(kind, 2 | 3) {
            header.skip(2)?;
        }
        let (parameters, data) = header.rest().split_at_checked(parameters_len)?;
        match kind {
            1 => {
                out.sender_is(Role::Client);
                self.function(*parameters.first()?, out);
            }
            3 => out.sender_is(Role::Server),
            7 => self.user_data(parameters, data, out)?,
            _ => {}
        }
        Some(())
    }

    fn function(&mut self, function: u8, out: &mut dyn Sink) {
        let (number, name, changes) = match function {
            0x04 => (0, "read variable", false),
            0x05 => (1, "write variable", true),
            0x1a..=0x1c => (2, "download block", true),
            0x1d..=0x1f => (3, "upload block", false),
            0x28 => (4, "program control", true),
            0x29 => (5, "stop", true),
            _ => return,
        };
        self.tell(number, name, changes, out);
    }

    fn tell(&mut self, number: u8, name: &str, changes: bool, out: &mut dyn Sink) {
        if self.said.first(number) {
            out.conversation(if changes { &CONTROL } else { &FUNCTION }, name);
        }
    }

    /// Parameters: 00 01 12, length, method, group and direction in one octet, function within the group.
    fn user_data(&mut self, parameters: &[u8], data: &[u8], out: &mut dyn Sink) -> Option<()> {
        let [0, 1, 0x12, _, _, group, function, ..] = parameters else { return None };
        let is_request = group & 0xf0 == 0x40;
        out.sender_is(if is_request { Role::Client } else { Role::Server });
        match (group & 0x0f, function) {
            (3, _) => self.tell(10, "block functions", false, out),
            (4, 1) if is_request => self.tell(11, "read system status list", false, out),
            (4, 1) => self.status_list(data, out)?,
            (5, 1) if is_request => out.conversation(&PASSWORD, "s7 password"),
            (7, 2 | 3) if is_request => self.tell(12, "set clock", true, out),
            (7, _) => self.tell(13, "read clock", false, out),
            _ => {}
        }
        Some(())
    }

    /// A part of the system status list: return code, transport size, length, list id, index, item length, count, items.
    fn status_list(&mut self, data: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut data = Cursor::new(data);
        if data.u8()? != 0xff {
            return None;
        }
        data.skip(3)?;
        let list = data.u16()?;
        let _index = data.u16()?;
        let (item_len, count) = (usize::from(data.u16()?), data.u16()?);
        if !matches!(list & 0x00ff, 0x11 | 0x1c) || !self.said.first(IDENTITY.saturating_add(u8::from(list & 0xff == 0x11))) {
            return None;
        }
        for _ in 0..count.min(32) {
            let item = data.take(item_len)?;
            if list & 0xff == 0x11 { module(item, out)? } else { component(item, out)? }
        }
        Some(())
    }
}

/// Module identification (list 0x11): index, order number of 20 characters, module type, version.
fn module(item: &[u8], out: &mut dyn Sink) -> Option<()> {
    let index = be16(item, 0)?;
    let order = item.get(2..22)?.trim_ascii();
    match index {
        1 if !order.is_empty() => out.sender(&MODEL, order),
        7 => {
            if let [b'V', major, minor, patch, ..] = item.get(24..)? {
                out.say(About::Sender, &FIRMWARE, Value::Text(format!("V{major}.{minor}.{patch}").into()));
            }
        }
        _ => {}
    }
    Some(())
}

/// Component identification (list 0x1c): index and 32 characters. Names that the plant gave are not told.
fn component(item: &[u8], out: &mut dyn Sink) -> Option<()> {
    let text = until_nul(item.get(2..)?).trim_ascii();
    let field = match be16(item, 0)? & 0x00ff {
        4 if text.starts_with(b"Original Siemens") => {
            out.say(About::Sender, &COPYRIGHT, Value::Text("Siemens".into()));
            return Some(());
        }
        5 => &SERIAL,
        7 => &TYPE,
        _ => return Some(()),
    };
    if !text.is_empty() {
        out.sender(field, text);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn tpkt(body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[3, 0, len[0], len[1]], body].concat()
    }

    fn s7(kind: u8, parameters: &[u8], data: &[u8]) -> Vec<u8> {
        let (p, d) = (u16::try_from(parameters.len()).unwrap().to_be_bytes(), u16::try_from(data.len()).unwrap().to_be_bytes());
        let head = [2, DATA, 0x80, 0x32, kind, 0, 0, 0, 1, p[0], p[1], d[0], d[1]];
        tpkt(&[head.as_slice(), parameters, data].concat())
    }

    const SELECTORS: &[u8] = &[17, CONNECT, 0, 0, 0, 1, 0, 0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2];

    fn status_list() -> Vec<u8> {
        let one = [&[0, 1], b"6ES7 315-2EH14-0AB0 ".as_slice(), &[0, 0xc0, 0, 6, 0, 1]].concat();
        let seven = [&[0, 7], [b' '; 20].as_slice(), &[0, 0xc0, b'V', 3, 2, 8]].concat();
        let data = [&[0xff, 9, 0, 64, 0, 0x11, 0, 0, 0, 28, 0, 2], one.as_slice(), &seven].concat();
        s7(7, &[0, 1, 0x12, 8, 0x12, 0x84, 1, 1, 0, 0, 0, 0], &data)
    }

    #[test]
    fn identity_and_stop() {
        let lines = streams_any_chunk(
            &S7,
            102,
            &[(ToServer, &tpkt(SELECTORS)), (ToServer, &s7(1, &[0x29, 0, 0, 0, 0, 0, 9], b"")), (ToClient, &status_list())],
        )
        .lines;
        let said = [
            "conversation s7.protocol S7",
            "conversation s7.connection programming device connection",
            "conversation s7.control stop",
            "sender s7.order_number 6ES7 315-2EH14-0AB0",
            "sender s7.firmware V3.2.8",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn mms_is_let_go() {
        let mut session = S7.session().unwrap();
        let mms = tpkt(&[2, DATA, 0x80, 0x0d, 1, 2, 3]);
        let step = session.data(&context(ToServer, 102, 0), &mms, &mut crate::harness::Lines::default());
        assert_eq!(step.next, Next::NotMine);
    }

    #[test]
    fn probes() {
        assert_eq!(S7.probe(&context(ToServer, 9999, 0), &s7(1, &[4], b"")), Verdict::Certain);
        assert_eq!(S7.probe(&context(ToServer, 102, 0), &tpkt(SELECTORS)), Verdict::Unsure);
        assert_eq!(S7.probe(&context(ToServer, 3389, 0), b"\x03\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: mstshash=a"), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        let message = status_list();
        for end in 0..message.len() {
            let _ = streams_any_chunk(&S7, 102, &[(ToClient, &message[..end])]);
            let mut spoilt = message.clone();
            spoilt[end] ^= 0xff;
            let _ = streams_any_chunk(&S7, 102, &[(ToClient, &spoilt)]);
        }
    }
}
