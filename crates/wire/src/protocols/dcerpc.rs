//! DCE/RPC over TCP (The Open Group C706 chapter 12, [MS-RPCE] §2.2.2): which interfaces a client binds to.

use super::smb::guid;
use crate::bytes::{Cursor, be16, le16};
use crate::fact::{Field, Sink};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::spnego;
use model::FactKind;

/// DCE/RPC.
pub struct DceRpc;

static INFO: Info = Info {
    id: "dcerpc",
    name: "DCE/RPC",
    doc: "Windows interfaces that are bound to: services, tasks, registry, accounts, WMI. With these one machine administers another, \
          or takes it over; NTLM log-ins inside tell the names of both (C706 §12.6, [MS-RPCE] §2.2.2).",
    hints: &[Hint::Tcp(135)],
};

static INTERFACE: Field = Field::new("dcerpc.interface", "DCE/RPC interface", FactKind::Operation);
static FAILED: Field = Field::new("dcerpc.fault", "DCE/RPC access denied", FactKind::LoginFailed);

const HEADER: usize = 16;
const FAULT: u8 = 3;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
const ALTER: u8 = 14;
const ALTER_ANSWER: u8 = 15;
const AUTH3: u8 = 16;

impl Protocol for DceRpc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        match head {
            [5, 0 | 1, 0..=19, _, 0x00 | 0x10, 0, 0, 0, rest @ ..] => match rest.first_chunk::<4>() {
                Some(_) if frag_len(head).is_some_and(|len| len >= HEADER) => Verdict::Certain,
                Some(_) => Verdict::No,
                None => Verdict::Unsure,
            },
            [] | [5] | [5, 0 | 1] => Verdict::Unsure,
            [5, 0 | 1, 0..=19, ..] if head.len() < 8 => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Rpc::default())
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    // Little-endian where the data representation's first octet says so.
    let read = if bytes.get(4)? & 0x10 != 0 { le16 } else { be16 };
    read(bytes, at).map(usize::from)
}

fn frag_len(bytes: &[u8]) -> Option<usize> {
    number(bytes, 8)
}

/// The state of a connection.
#[derive(Default)]
struct Rpc {
    said: Said,
    scheme: Option<spnego::Scheme>,
}

impl Frames for Rpc {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let Some(head) = bytes.get(..HEADER) else { return Frame::More(HEADER) };
        let (Some(len), [5, 0 | 1, kind @ 0..=19, ..]) = (frag_len(head).filter(|&len| len >= HEADER), head) else {
            return Frame::Bad;
        };
        let is_binding = matches!(*kind, BIND | BIND_ACK | ALTER | ALTER_ANSWER | AUTH3);
        Frame::upto(len, if is_binding { len } else { HEADER + 12 })
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        match *bytes.get(2)? {
            BIND | ALTER => {
                out.sender_is(Role::Client);
                let _ = self.contexts(bytes, out);
                self.auth(bytes, out);
            }
            BIND_ACK | ALTER_ANSWER => {
                out.sender_is(Role::Server);
                self.auth(bytes, out);
            }
            AUTH3 => self.auth(bytes, out),
            // Access denied, or the log-in's own refusal ([MS-RPCE] §2.2.2.8).
            FAULT if matches!(bytes.get(24..28)?, [5, 0, 0, 0] | [0, 0, 0, 5]) => {
                out.conversation(&FAILED, self.scheme.map_or("dcerpc", spnego::Scheme::label));
            }
            _ => {}
        }
        None
    }
}

impl Rpc {
    /// Presentation contexts: number, count of transfer syntaxes, abstract syntax, transfer syntaxes.
    fn contexts(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Option<()> {
        let little = bytes.get(4)? & 0x10 != 0;
        let mut list = Cursor::new(bytes.get(HEADER.checked_add(8)?..)?);
        let count = list.u8()?;
        list.skip(3)?;
        for _ in 0..count.min(32) {
            list.skip(2)?;
            let transfers = usize::from(list.u8()?);
            list.skip(1)?;
            let uuid: [u8; 16] = list.array()?;
            list.skip(transfers.checked_mul(20)?.checked_add(4)?)?;
            self.interface(if little { uuid } else { swapped(uuid) }, out);
        }
        Some(())
    }

    fn interface(&mut self, uuid: [u8; 16], out: &mut dyn Sink) {
        let Some(text) = guid(&uuid) else { return };
        let known = INTERFACES.iter().zip(0_u8..).find(|((id, _), _)| *id == text);
        if let Some(((_, name), number)) = known
            && self.said.first(number)
        {
            out.conversation(&INTERFACE, name);
        }
    }

    /// The security trailer's token is the last part of a fragment.
    fn auth(&mut self, bytes: &[u8], out: &mut dyn Sink) {
        let len = number(bytes, 10).unwrap_or_default();
        let token = bytes.len().checked_sub(len).filter(|&at| at >= HEADER).and_then(|at| bytes.get(at..));
        if let Some(scheme) = token.filter(|token| !token.is_empty()).and_then(|token| spnego::read(token, out)) {
            self.scheme = Some(scheme);
        }
    }
}

/// A UUID in big-endian order brought into the little-endian one that [`guid`] reads.
const fn swapped(uuid: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = uuid;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

/// Interfaces of remote administration, with their names in the same words as the pipes of SMB.
const INTERFACES: &[(&str, &str)] = &[
    ("367abb81-9844-35f1-ad32-98f038001003", "service control (svcctl)"),
    ("1ff70682-0a51-30e8-076d-740be8cee98b", "task scheduler (atsvc)"),
    ("86d35949-83c9-4044-b424-db363231fd0c", "task scheduler (ITaskSchedulerService)"),
    ("338cd001-2244-31f1-aaaa-900038001003", "remote registry (winreg)"),
    ("12345778-1234-abcd-ef00-0123456789ac", "account database (samr)"),
    ("12345778-1234-abcd-ef00-0123456789ab", "security policy (lsarpc)"),
    ("12345678-1234-abcd-ef00-01234567cffb", "domain log-on (netlogon)"),
    ("4b324fc8-1670-01d3-1278-5a47bf6ee188", "server service (srvsvc)"),
    ("6bffd098-a112-3610-9833-46c3f87e345a", "workstation service (wkssvc)"),
    ("e1af8308-5d1f-11c9-91a4-08002b14a0fa", "endpoint mapper (epmapper)"),
    ("12345678-1234-abcd-ef00-0123456789ab", "print spooler (spoolss)"),
    ("82273fdc-e32a-18c3-3f78-827929dc23ea", "event log (eventlog)"),
    ("e3514235-4b06-11d1-ab04-00c04fc2dcd2", "directory replication (drsuapi)"),
    ("c681d488-d850-11d0-8c52-00c04fd90f7e", "encrypting file system (efsrpc)"),
    ("894de0c0-0d55-11d3-a322-00c04fa321a1", "remote shutdown (initshutdown)"),
    ("f309ad18-d86a-11d0-a075-00c04fb68820", "Windows management (WMI)"),
    ("000001a0-0000-0000-c000-000000000046", "remote activation (DCOM)"),
    ("99fcfec4-5260-101b-bbcb-00aa0021347a", "object resolver (DCOM)"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::ntlm::tests::authenticate_message;
    use crate::protocol::Direction::ToServer;

    fn fragment(kind: u8, body: &[u8], token: &[u8]) -> Vec<u8> {
        let len = u16::try_from(HEADER + body.len() + token.len()).unwrap().to_le_bytes();
        let auth = u16::try_from(token.len()).unwrap().to_le_bytes();
        let head = [5, 0, kind, 3, 0x10, 0, 0, 0, len[0], len[1], auth[0], auth[1], 1, 0, 0, 0];
        [head.as_slice(), body, token].concat()
    }

    fn bind() -> Vec<u8> {
        let svcctl = [0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0, 0x10, 3];
        fragment(BIND, &[[0; 8].as_slice(), &[1, 0, 0, 0, 0, 0, 1, 0], &svcctl, &[2, 0, 0, 0], &[0; 20]].concat(), b"")
    }

    #[test]
    fn services_of_another_machine() {
        let auth = fragment(AUTH3, &[0; 12], &authenticate_message("admin"));
        let lines = streams_any_chunk(&DceRpc, 135, &[(ToServer, &bind()), (ToServer, &auth)]).lines;
        assert_eq!(lines.first().map(String::as_str), Some("conversation dcerpc.interface service control (svcctl)"));
        assert_eq!(lines.last().map(String::as_str), Some("conversation ntlm.user admin"));
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 49_667, 0);
        assert_eq!(DceRpc.probe(&context, &bind()), Verdict::Certain);
        assert_eq!(DceRpc.probe(&context, &bind()[..6]), Verdict::Unsure);
        assert_eq!(DceRpc.probe(&context, &[5, 1, 0]), Verdict::Unsure, "SOCKS 5 is told by what follows");
        assert_eq!(DceRpc.probe(&context, &[5, 1, 0, 5, 1, 0, 3, 9]), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        let message = bind();
        for end in 0..message.len() {
            let _ = streams_any_chunk(&DceRpc, 135, &[(ToServer, &message[..end])]);
            let mut spoilt = message.clone();
            spoilt[end] ^= 0xff;
            let _ = streams_any_chunk(&DceRpc, 135, &[(ToServer, &spoilt)]);
        }
    }
}
