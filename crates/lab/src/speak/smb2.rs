//! SMB 3.1.1 (MS-SMB2) with NTLM (MS-NLMP) in SPNEGO (RFC 4178): sessions, shares and files whose contents are random.

use crate::speak::der::{element, oid, sequence};
use crate::speak::{hex, utf16};
use crate::{Direction, Scene, Tcp};

/// Both sides of a session.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The client's computer name.
    pub client: &'a str,
    /// The server's computer name.
    pub server: &'a str,
    /// The domain, as Windows 2000 and later write it.
    pub domain: &'a str,
    /// The account that signs in.
    pub account: &'a str,
    /// Builds of Windows of client and server, such as 19045; 0 for others.
    pub builds: [u16; 2],
    /// The server's own GUID.
    pub guid: [u8; 16],
    /// The share.
    pub share: &'a str,
}

const FILE: &str = "11000000000000002200000000000000";

/// A message behind its length (§2.1), with the header of §2.2.1.2.
pub(crate) fn message(command: u16, status: u32, reply: bool, id: u64, ids: (u64, u32), body: &[u8]) -> Vec<u8> {
    let mut bytes = hex("fe534d42 4000 0100");
    bytes.extend(status.to_le_bytes());
    bytes.extend(command.to_le_bytes());
    bytes.extend(31_u16.to_le_bytes());
    bytes.extend(u32::from(reply).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(id.to_le_bytes());
    bytes.extend([0xff, 0xfe, 0, 0]);
    bytes.extend(ids.1.to_le_bytes());
    bytes.extend(ids.0.to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(body);
    [&(bytes.len() as u32).to_be_bytes()[..], &bytes].concat()
}

/// The scene's time in units of 100 ns since 1601.
pub(crate) fn file_time(scene: &Scene) -> [u8; 8] {
    (scene.now.nanos() / 100 + 116_444_736_000_000_000).to_le_bytes()
}

/// The version field of NTLM (MS-NLMP §2.2.2.10): 10.0 and a build; 6.1 without one, as Samba says.
fn version(build: u16) -> Vec<u8> {
    let number = if build == 0 { [6, 1] } else { [10, 0] };
    [&number[..], &build.to_le_bytes(), &[0, 0, 0, 15]].concat()
}

impl Session<'_> {
    fn negotiate_token(&self) -> Vec<u8> {
        [hex("4e544c4d53535000 01000000 978208e2 0000000000000000 0000000000000000"), version(self.builds[0])].concat()
    }

    fn challenge(&self, scene: &mut Scene) -> Vec<u8> {
        let name = utf16(self.domain);
        let pair = |id: u16, value: &[u8]| [&id.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat();
        let info = [
            pair(2, &name),
            pair(1, &utf16(self.server)),
            pair(3, &utf16(&self.server.to_lowercase())),
            pair(7, &file_time(scene)),
            pair(0, &[]),
        ]
        .concat();
        let field = |length: usize, at: usize| {
            [(length as u16).to_le_bytes(), (length as u16).to_le_bytes(), (at as u16).to_le_bytes(), [0, 0]].concat()
        };
        let parts = [
            hex("4e544c4d53535000 02000000"),
            field(name.len(), 56),
            hex("158289e2"),
            scene.random_bytes(8),
            vec![0; 8],
            field(info.len(), 56 + name.len()),
            version(self.builds[1]),
        ];
        [parts.concat(), name, info].concat()
    }

    fn authenticate(&self, scene: &mut Scene) -> Vec<u8> {
        let parts = [
            scene.random_bytes(24),
            scene.random_bytes(48),
            utf16(self.domain),
            utf16(self.account),
            utf16(self.client),
            Vec::new(),
        ];
        let (mut at, mut fields) = (88, Vec::new());
        for part in &parts {
            let length = (part.len() as u16).to_le_bytes();
            fields.extend([length, length].concat());
            fields.extend((at as u32).to_le_bytes());
            at += part.len();
        }
        let head = [hex("4e544c4d53535000 03000000"), fields, hex("158288e2"), version(self.builds[0]), vec![0; 16]];
        [head.concat(), parts.concat()].concat()
    }

    /// Negotiation, sign-in and a share; with `granted` false the sign-in fails and nothing follows.
    pub fn open(&self, scene: &mut Scene, tcp: &mut Tcp, granted: bool) {
        let guid = scene.random_bytes(16);
        let context = |salt: Vec<u8>| [hex("0100 2600 00000000 0100 2000 0100"), salt].concat();
        let salt = scene.random_bytes(32);
        let ask = [hex("2400 0200 0100 0000 7f000000"), guid, hex("68000000 0100 0000 0210 1103"), context(salt)].concat();
        tcp.send(scene, Direction::ToServer, &message(0, 0, false, 0, (0, 0), &ask));
        let answer = self.negotiated(scene, &context);
        tcp.send(scene, Direction::ToClient, &message(0, 0, true, 0, (0, 0), &answer));
        self.sign_in(scene, tcp, granted);
        if granted {
            let path = utf16(&format!("\\\\{}\\{}", self.server, self.share));
            let connect = [&hex("0900 0000 4800")[..], &(path.len() as u16).to_le_bytes(), &path].concat();
            let connected = hex("1000 01 00 30000000 00000000 ff011f00");
            tcp.exchange(scene, &message(3, 0, false, 3, (9, 0), &connect), &message(3, 0, true, 3, (9, 5), &connected));
        }
    }

    fn negotiated(&self, scene: &mut Scene, context: &dyn Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let token = first_token(&[]);
        let padding = vec![0; (8 - (64 + token.len()) % 8) % 8];
        let context_at = (128 + token.len() + padding.len()) as u32;
        let (time, salt) = (file_time(scene), scene.random_bytes(32));
        let head = [hex("4100 0300 1103 0100"), self.guid.to_vec(), hex("2f000000 00008000 00008000 00008000"), time.to_vec()];
        let lengths = [&[0; 8][..], &128_u16.to_le_bytes(), &(token.len() as u16).to_le_bytes(), &context_at.to_le_bytes()];
        [head.concat(), lengths.concat(), token, padding, context(salt)].concat()
    }

    fn sign_in(&self, scene: &mut Scene, tcp: &mut Tcp, granted: bool) {
        let setup = |token: &[u8]| {
            [&hex("1900 00 01 01000000 00000000 5800")[..], &(token.len() as u16).to_le_bytes(), &[0; 8], token].concat()
        };
        let reply = |token: &[u8]| [&hex("0900 0000 4800")[..], &(token.len() as u16).to_le_bytes(), token].concat();
        let first = setup(&first_token(&self.negotiate_token()));
        let challenge = reply(&next_token(1, &self.challenge(scene)));
        tcp.exchange(scene, &message(1, 0, false, 1, (0, 0), &first), &message(1, 0xc000_0016, true, 1, (9, 0), &challenge));
        let second = setup(&next_token(1, &self.authenticate(scene)));
        tcp.send(scene, Direction::ToServer, &message(1, 0, false, 2, (9, 0), &second));
        // STATUS_LOGON_FAILURE has an error's body (§2.2.2).
        let outcome = if granted {
            message(1, 0, true, 2, (9, 0), &reply(&next_token(0, &[])))
        } else {
            message(1, 0xc000_006d, true, 2, (9, 0), &hex("0900 0000 00000000 00"))
        };
        tcp.send(scene, Direction::ToClient, &outcome);
    }
}

/// SPNEGO's first token names NTLM, the others only carry.
fn first_token(token: &[u8]) -> Vec<u8> {
    let mechanisms = element(0xa0, &sequence(&[oid("1.3.6.1.4.1.311.2.2.10")]));
    let carried = if token.is_empty() { Vec::new() } else { element(0xa2, &element(4, token)) };
    element(0x60, &[oid("1.3.6.1.5.5.2"), element(0xa0, &sequence(&[mechanisms, carried]))].concat())
}

fn next_token(state: u8, token: &[u8]) -> Vec<u8> {
    let token = if token.is_empty() { Vec::new() } else { element(0xa2, &element(4, token)) };
    element(0xa1, &sequence(&[element(0xa0, &element(10, &[state])), token]))
}

/// What a client does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Reads it.
    Read,
    /// Writes it.
    Write,
    /// Reads it, writes it and gives it another name.
    Replace,
}

/// Opens a file, uses so many bytes of it, closes it. `id` is the number of the session's next message; it is moved on.
pub fn file(scene: &mut Scene, tcp: &mut Tcp, id: &mut u64, name: &str, bytes: usize, what: Use) {
    let mut turn = |scene: &mut Scene, tcp: &mut Tcp, command: u16, ask: &[u8], answer: &[u8]| {
        *id += 1;
        tcp.exchange(scene, &message(command, 0, false, *id, (9, 5), ask), &message(command, 0, true, *id, (9, 5), answer));
    };
    let (time, text) = (file_time(scene), utf16(name));
    let create = [
        hex("3900 00 00 02000000 0000000000000000 0000000000000000 9f011200 80000000 07000000 03000000 40000000 7800"),
        (text.len() as u16).to_le_bytes().to_vec(),
        vec![0; 8],
        text,
    ];
    let times = [time; 4].concat();
    let size = (bytes as u64).to_le_bytes();
    let created = [&hex("5900 00 00 01000000")[..], &times, &size, &size, &hex("80000000 00000000"), &hex(FILE), &[0; 8]];
    turn(scene, tcp, 5, &create.concat(), &created.concat());
    for start in (0..bytes).step_by(60_000) {
        let length = (bytes - start).min(60_000);
        let place = [&(length as u32).to_le_bytes()[..], &(start as u64).to_le_bytes(), &hex(FILE)].concat();
        if what != Use::Write {
            let read = [&hex("3100 50 00")[..], &place, &[0; 16], &[0]].concat();
            let data = scene.random_bytes(length);
            let answer = [&hex("1100 50 00")[..], &(length as u32).to_le_bytes(), &[0; 8], &data].concat();
            turn(scene, tcp, 8, &read, &answer);
        }
        if what != Use::Read {
            let data = scene.random_bytes(length);
            let write = [&hex("3100 7000")[..], &place, &[0; 16], &data].concat();
            let answer = [&hex("1100 0000")[..], &(length as u32).to_le_bytes(), &[0; 8]].concat();
            turn(scene, tcp, 9, &write, &answer);
        }
    }
    if what == Use::Replace {
        let other = utf16(&format!("{name}.locked"));
        let rename = [&[0; 16][..], &(other.len() as u32).to_le_bytes(), &other].concat();
        let ask = [&hex("2100 01 0a")[..], &(rename.len() as u32).to_le_bytes(), &hex("6000 0000 00000000"), &hex(FILE), &rename];
        turn(scene, tcp, 0x11, &ask.concat(), &hex("0200"));
    }
    let closed = [&hex("3c00 0000 00000000")[..], &times, &size, &size, &hex("80000000")].concat();
    turn(scene, tcp, 6, &[&hex("1800 0000 00000000")[..], &hex(FILE)].concat(), &closed);
}
