//! DICOM upper layer (PS3.8 §9.3), DIMSE commands (PS3.7 §9, annex E) and data sets (PS3.5 §7).

use crate::{Direction, Scene, Tcp};

/// Explicit VR Little Endian.
pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
/// Implicit VR Little Endian.
pub const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
/// Verification.
pub const VERIFICATION: &str = "1.2.840.10008.1.1";
/// CT Image Storage.
pub const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
/// Ultrasound Image Storage.
pub const US_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.6.1";
/// Digital X-Ray Image Storage for presentation.
pub const DX_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.1.1";
/// Modality Worklist, find.
pub const WORKLIST: &str = "1.2.840.10008.5.1.4.31";

/// The longest PDU that both sides take.
const MAX_PDU: usize = 16_384;

/// Who associates with whom, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Association<'a> {
    /// AE title of the client.
    pub calling: &'a str,
    /// AE title of the server.
    pub called: &'a str,
    /// Implementation class UID and version name of the client.
    pub client: (&'a str, &'a str),
    /// The same of the server.
    pub server: (&'a str, &'a str),
    /// SOP class that is wanted.
    pub sop_class: &'a str,
    /// Transfer syntax that is wanted and taken.
    pub syntax: &'a str,
}

/// An element of a data set: group, element, VR, value.
pub type Element<'a> = (u16, u16, &'a [u8; 2], &'a [u8]);

fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &(body.len() as u32).to_be_bytes(), body].concat()
}

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

fn title(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(16, b' ');
    bytes
}

fn padded(value: &[u8], with: u8) -> Vec<u8> {
    let mut bytes = value.to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(with);
    }
    bytes
}

/// A data set in an uncompressed little-endian transfer syntax.
#[must_use]
pub fn data_set(syntax: &str, elements: &[Element<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (group, element, vr, value) in elements {
        let value = padded(value, if *vr == b"UI" || *vr == b"OW" { 0 } else { b' ' });
        bytes.extend(group.to_le_bytes());
        bytes.extend(element.to_le_bytes());
        if syntax == IMPLICIT_LITTLE {
            bytes.extend((value.len() as u32).to_le_bytes());
        } else if matches!(*vr, b"OW" | b"OB" | b"SQ" | b"UN" | b"UT") {
            bytes.extend(*vr);
            bytes.extend([0, 0]);
            bytes.extend((value.len() as u32).to_le_bytes());
        } else {
            bytes.extend(*vr);
            bytes.extend((value.len() as u16).to_le_bytes());
        }
        bytes.extend(value);
    }
    bytes
}

/// A command set: implicit VR, with its group length.
fn command(elements: &[Element<'_>]) -> Vec<u8> {
    let body = data_set(IMPLICIT_LITTLE, elements);
    let length = (body.len() as u32).to_le_bytes();
    [data_set(IMPLICIT_LITTLE, &[(0, 0, b"UL", &length)]), body].concat()
}

/// P-DATA-TF PDUs for a command or a data set on presentation context 1.
fn p_data(is_command: bool, bytes: &[u8]) -> Vec<u8> {
    let room = MAX_PDU - 6;
    let pieces = bytes.len().div_ceil(room).max(1);
    let mut out = Vec::new();
    for (index, piece) in bytes.chunks(room).enumerate() {
        let flags = u8::from(is_command) | if index + 1 == pieces { 2 } else { 0 };
        let length = (piece.len() as u32 + 2).to_be_bytes();
        out.extend(pdu(4, &[&length[..], &[1, flags], piece].concat()));
    }
    out
}

impl Association<'_> {
    /// A-ASSOCIATE-RQ or, with `accept`, A-ASSOCIATE-AC.
    #[must_use]
    pub fn associate(&self, accept: bool) -> Vec<u8> {
        let (uid, version) = if accept { self.server } else { self.client };
        let syntax = item(0x40, self.syntax.as_bytes());
        let context = if accept {
            item(0x21, &[&[1, 0, 0, 0][..], &syntax].concat())
        } else {
            item(0x20, &[&[1, 0, 0, 0][..], &item(0x30, self.sop_class.as_bytes()), &syntax].concat())
        };
        let user = [item(0x51, &(MAX_PDU as u32).to_be_bytes()), item(0x52, uid.as_bytes()), item(0x55, version.as_bytes())];
        let mut body = vec![0, 1, 0, 0];
        body.extend(title(self.called));
        body.extend(title(self.calling));
        body.extend([0; 32]);
        body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
        body.extend(context);
        body.extend(item(0x50, &user.concat()));
        pdu(if accept { 2 } else { 1 }, &body)
    }

    /// Opens the association on a connection.
    pub fn open(&self, scene: &mut Scene, tcp: &mut Tcp) {
        tcp.exchange(scene, &self.associate(false), &self.associate(true));
    }

    /// C-ECHO.
    pub fn echo(&self, scene: &mut Scene, tcp: &mut Tcp) {
        let class = self.sop_class.as_bytes();
        let none = 0x0101_u16.to_le_bytes();
        let request =
            command(&[(0, 2, b"UI", class), (0, 0x100, b"US", &[0x30, 0]), (0, 0x110, b"US", &[1, 0]), (0, 0x800, b"US", &none)]);
        let response = command(&[
            (0, 2, b"UI", class),
            (0, 0x100, b"US", &[0x30, 0x80]),
            (0, 0x120, b"US", &[1, 0]),
            (0, 0x800, b"US", &none),
            (0, 0x900, b"US", &[0, 0]),
        ]);
        tcp.exchange(scene, &p_data(true, &request), &p_data(true, &response));
    }

    /// C-STORE of an object.
    pub fn store(&self, scene: &mut Scene, tcp: &mut Tcp, id: u16, instance: &str, data: &[u8]) {
        let (class, id) = (self.sop_class.as_bytes(), id.to_le_bytes());
        let request = command(&[
            (0, 2, b"UI", class),
            (0, 0x100, b"US", &[1, 0]),
            (0, 0x110, b"US", &id),
            (0, 0x700, b"US", &[0, 0]),
            (0, 0x800, b"US", &[0, 0]),
            (0, 0x1000, b"UI", instance.as_bytes()),
        ]);
        let response = command(&[
            (0, 2, b"UI", class),
            (0, 0x100, b"US", &[1, 0x80]),
            (0, 0x120, b"US", &id),
            (0, 0x800, b"US", &0x0101_u16.to_le_bytes()),
            (0, 0x900, b"US", &[0, 0]),
            (0, 0x1000, b"UI", instance.as_bytes()),
        ]);
        tcp.send(scene, Direction::ToServer, &[p_data(true, &request), p_data(false, data)].concat());
        tcp.send(scene, Direction::ToClient, &p_data(true, &response));
    }

    /// C-FIND with its matches.
    pub fn find(&self, scene: &mut Scene, tcp: &mut Tcp, keys: &[u8], matches: &[Vec<u8>]) {
        let class = self.sop_class.as_bytes();
        let request = command(&[
            (0, 2, b"UI", class),
            (0, 0x100, b"US", &[0x20, 0]),
            (0, 0x110, b"US", &[1, 0]),
            (0, 0x700, b"US", &[0, 0]),
            (0, 0x800, b"US", &[0, 0]),
        ]);
        let response = |status: u16, data: u16| {
            let (status, data) = (status.to_le_bytes(), data.to_le_bytes());
            p_data(
                true,
                &command(&[
                    (0, 2, b"UI", class),
                    (0, 0x100, b"US", &[0x20, 0x80]),
                    (0, 0x120, b"US", &[1, 0]),
                    (0, 0x800, b"US", &data),
                    (0, 0x900, b"US", &status),
                ]),
            )
        };
        tcp.send(scene, Direction::ToServer, &[p_data(true, &request), p_data(false, keys)].concat());
        for one in matches {
            tcp.send(scene, Direction::ToClient, &[response(0xff00, 0), p_data(false, one)].concat());
        }
        tcp.send(scene, Direction::ToClient, &response(0, 0x0101));
    }

    /// Releases the association.
    pub fn end(&self, scene: &mut Scene, tcp: &mut Tcp) {
        tcp.exchange(scene, &pdu(5, &[0; 4]), &pdu(6, &[0; 4]));
    }

    /// Releases the association and ends the connection.
    pub fn release(&self, scene: &mut Scene, mut tcp: Tcp) {
        self.end(scene, &mut tcp);
        tcp.close(scene);
    }
}
