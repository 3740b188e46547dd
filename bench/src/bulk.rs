//! **bulk**: 1 GB in eight connections at once. Four are modalities that store images (DICOM PS3.8, PS3.7 §9.1.1): computed
//! tomography in slices of 512 KiB, two of digital X-ray in images of 18 MiB, ultrasound in clips of 60 MiB, in PDVs of 16 to
//! 128 KiB. Four are HTTP downloads of 20 to 80 MB.

use std::path::Path;

use anyhow::Result;

use crate::frames::{ACK, Capture, Connection, End, FIN, PSH, START_NS};
use crate::random::Random;

/// Payload bytes of each connection, about.
const SHARE: usize = 125_000_000;
const MSS: usize = 1460;
/// Between two segments of the whole capture: some 500 Mbit/s.
const STEP_NS: i64 = 24_000;

/// A connection that moves much in one direction.
struct Mover {
    connection: Connection,
    /// The bulk goes to the server.
    up: bool,
    kind: Kind,
    random: Random,
    /// Bytes made and not yet sent.
    ready: Vec<u8>,
    sent: usize,
    total: usize,
    objects: u16,
    unacknowledged: u8,
}

#[derive(Clone, Copy)]
enum Kind {
    Store(&'static Modality),
    Download,
}

/// A modality that stores images.
struct Modality {
    title: &'static str,
    code: &'static str,
    class: &'static str,
    maker: &'static str,
    model: &'static str,
    rows: u16,
    columns: u16,
    frames: u32,
    /// Bytes of a PDV, header not counted; the peer takes 128 KiB.
    pdv: usize,
}

const MODALITIES: [Modality; 4] = [
    Modality {
        title: "CT1",
        code: "CT",
        class: "1.2.840.10008.5.1.4.1.1.2",
        maker: "Example Imaging",
        model: "Slice 64",
        rows: 512,
        columns: 512,
        frames: 1,
        pdv: 16 * 1024 - 6,
    },
    Modality {
        title: "DX1",
        code: "DX",
        class: "1.2.840.10008.5.1.4.1.1.1.1",
        maker: "Example Imaging",
        model: "Flat 43",
        rows: 3072,
        columns: 3072,
        frames: 1,
        pdv: 64 * 1024 - 6,
    },
    Modality {
        title: "DX2",
        code: "DX",
        class: "1.2.840.10008.5.1.4.1.1.1.1",
        maker: "Example Imaging",
        model: "Flat 43",
        rows: 3072,
        columns: 3072,
        frames: 1,
        pdv: 32 * 1024 - 6,
    },
    Modality {
        title: "US1",
        code: "US",
        class: "1.2.840.10008.5.1.4.1.1.3.1",
        maker: "Example Imaging",
        model: "Echo 9",
        rows: 600,
        columns: 800,
        frames: 64,
        pdv: 128 * 1024 - 6,
    },
];

const SYNTAX: &str = "1.2.840.10008.1.2.1";

/// Writes the capture.
pub(crate) fn make(path: &Path) -> Result<()> {
    let mut out = Capture::new(path)?;
    let mut movers: Vec<Mover> = MODALITIES.iter().enumerate().map(|(number, modality)| store(number, modality)).collect();
    movers.extend((4..8).map(download));
    let mut time = START_NS;
    for mover in &mut movers {
        mover.begin(&mut out, time)?;
        time += 1_000_000;
    }
    while movers.iter().any(|mover| !mover.is_done()) {
        for mover in movers.iter_mut().filter(|mover| !mover.is_done()) {
            mover.window(&mut out, &mut time)?;
        }
    }
    for mover in &mut movers {
        mover.end(&mut out, time)?;
        time += 1_000_000;
    }
    out.finish()
}

fn store(number: usize, modality: &'static Modality) -> Mover {
    mover(number, Kind::Store(modality), 104)
}

fn download(number: usize) -> Mover {
    mover(number, Kind::Download, 80)
}

fn mover(number: usize, kind: Kind, port: u16) -> Mover {
    let n = u8::try_from(number).unwrap_or(0);
    Mover {
        connection: Connection {
            client: End { mac: [0x00, 0x1b, 0x21, 2, 0, n], ip: [10, 30, 0, 10 + n], port: 50_000 + u16::from(n) },
            server: End { mac: [0x00, 0x1b, 0x21, 1, 0, n / 4], ip: [10, 1, 0, 20 + n / 4], port },
            client_seq: 0xfff0_0000 ^ u32::from(n),
            server_seq: 0x1234_0000 ^ u32::from(n),
            id: 0,
        },
        up: matches!(kind, Kind::Store(_)),
        kind,
        random: Random::new(0x6275_6c6b ^ number as u64),
        ready: Vec::new(),
        sent: 0,
        total: 0,
        objects: 0,
        unacknowledged: 0,
    }
}

impl Mover {
    fn is_done(&self) -> bool {
        self.total >= SHARE && self.sent >= self.ready.len()
    }

    fn begin(&mut self, out: &mut Capture, time: i64) -> Result<()> {
        self.connection.open(out, time, 1000)?;
        if let Kind::Store(modality) = self.kind {
            self.connection.send(out, time + 4000, true, PSH | ACK, &associate(modality, false))?;
            self.connection.send(out, time + 5000, false, PSH | ACK, &associate(modality, true))?;
        }
        Ok(())
    }

    /// Sends some segments, and the acknowledgements of the other end: one for two segments.
    fn window(&mut self, out: &mut Capture, time: &mut i64) -> Result<()> {
        for _ in 0..16 {
            if self.sent >= self.ready.len() {
                if self.total >= SHARE {
                    return Ok(());
                }
                self.next_object(out, *time)?;
            }
            let end = self.ready.len().min(self.sent + MSS);
            let payload = self.ready.get(self.sent..end).unwrap_or_default();
            self.connection.send(out, *time, self.up, ACK, payload)?;
            self.total += payload.len();
            self.sent = end;
            *time += STEP_NS;
            self.unacknowledged += 1;
            if self.unacknowledged == 2 {
                self.unacknowledged = 0;
                self.connection.send(out, *time - STEP_NS / 2, !self.up, ACK, &[])?;
            }
        }
        Ok(())
    }

    /// Makes the next image or file; before it goes what asks for it, or what answers the last.
    fn next_object(&mut self, out: &mut Capture, time: i64) -> Result<()> {
        self.objects += 1;
        self.ready.clear();
        self.sent = 0;
        match self.kind {
            Kind::Store(modality) => {
                if self.objects > 1 {
                    let answer = p_data(1, 3, &store_command(modality, self.objects - 1, true));
                    self.connection.send(out, time, false, PSH | ACK, &answer)?;
                }
                self.ready = p_data(1, 3, &store_command(modality, self.objects, false));
                self.put_image(modality);
            }
            Kind::Download => {
                let request = format!(
                    "GET /updates/package-{}.bin HTTP/1.1\r\nHost: updates.hospital.example\r\nUser-Agent: Updater/3.1\r\n\r\n",
                    self.objects
                );
                self.connection.send(out, time, true, PSH | ACK, request.as_bytes())?;
                let size = usize::try_from(20_000_000 + self.random.below(60_000_000)).unwrap_or(0).min(SHARE - self.total);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nServer: Apache/2.4.57 (Debian)\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
                );
                self.ready = head.into_bytes();
                let body = self.ready.len();
                self.ready.resize(body + size, 0);
                if let Some(body) = self.ready.get_mut(body..) {
                    self.random.fill(body);
                }
            }
        }
        Ok(())
    }

    /// The data set in PDVs of the modality's size.
    fn put_image(&mut self, modality: &Modality) {
        let set = self.data_set(modality);
        let pieces = set.len().div_ceil(modality.pdv);
        for (number, piece) in set.chunks(modality.pdv).enumerate() {
            let flags = if number + 1 == pieces { 2 } else { 0 };
            put_pdv(&mut self.ready, 1, flags, piece);
        }
    }

    /// Patient, study and equipment modules as real objects have them, with made-up values, and the pixels (PS3.5 §7).
    fn data_set(&mut self, modality: &Modality) -> Vec<u8> {
        let number = self.objects.to_string();
        let instance = instance_uid(modality, self.objects);
        let (rows, columns) = (modality.rows.to_le_bytes(), modality.columns.to_le_bytes());
        let texts: [(u16, u16, &[u8; 2], &str); 26] = [
            (0x08, 0x05, b"CS", "ISO_IR 100"),
            (0x08, 0x08, b"CS", "ORIGINAL\\PRIMARY"),
            (0x08, 0x16, b"UI", modality.class),
            (0x08, 0x18, b"UI", &instance),
            (0x08, 0x20, b"DA", "20260302"),
            (0x08, 0x30, b"TM", "080000"),
            (0x08, 0x50, b"SH", "A0001"),
            (0x08, 0x60, b"CS", modality.code),
            (0x08, 0x70, b"LO", modality.maker),
            (0x08, 0x80, b"LO", "Hospital"),
            (0x08, 0x1010, b"SH", modality.title),
            (0x08, 0x1030, b"LO", "Study"),
            (0x08, 0x1090, b"LO", modality.model),
            (0x10, 0x10, b"PN", "Nobody^Made Up"),
            (0x10, 0x20, b"LO", "P0001"),
            (0x10, 0x30, b"DA", "19700101"),
            (0x10, 0x40, b"CS", "O"),
            (0x18, 0x1000, b"LO", "SN-1001"),
            (0x18, 0x1020, b"LO", "5.2.1"),
            (0x20, 0x0d, b"UI", "2.25.1001"),
            (0x20, 0x0e, b"UI", "2.25.1002"),
            (0x20, 0x10, b"SH", "1"),
            (0x20, 0x11, b"IS", "1"),
            (0x20, 0x13, b"IS", &number),
            (0x28, 0x04, b"CS", "MONOCHROME2"),
            (0x28, 0x30, b"DS", "0.5\\0.5"),
        ];
        let mut set = Vec::new();
        for (group, element, vr, value) in texts {
            put_element(&mut set, group, element, vr, value.as_bytes());
        }
        put_element(&mut set, 0x28, 0x10, b"US", &rows);
        put_element(&mut set, 0x28, 0x11, b"US", &columns);
        put_element(&mut set, 0x28, 0x100, b"US", &[16, 0]);
        set.extend_from_slice(&[0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
        let pixels = u32::from(modality.rows) * u32::from(modality.columns) * modality.frames * 2;
        set.extend_from_slice(&pixels.to_le_bytes());
        let head = set.len();
        set.resize(head + usize::try_from(pixels).unwrap_or(0), 0);
        if let Some(pixels) = set.get_mut(head..) {
            self.random.fill(pixels);
        }
        set
    }

    fn end(&mut self, out: &mut Capture, time: i64) -> Result<()> {
        if let Kind::Store(modality) = self.kind {
            let answer = p_data(1, 3, &store_command(modality, self.objects, true));
            self.connection.send(out, time, false, PSH | ACK, &answer)?;
            self.connection.send(out, time + 1000, true, PSH | ACK, &[5, 0, 0, 0, 0, 4, 0, 0, 0, 0])?;
            self.connection.send(out, time + 2000, false, PSH | ACK, &[6, 0, 0, 0, 0, 4, 0, 0, 0, 0])?;
        }
        self.connection.send(out, time + 3000, true, FIN | ACK, &[])?;
        self.connection.send(out, time + 4000, false, FIN | ACK, &[])?;
        self.connection.send(out, time + 5000, true, ACK, &[])
    }
}

fn instance_uid(modality: &Modality, object: u16) -> String {
    format!("2.25.{}{}{object}", modality.rows, modality.pdv)
}

/// An element with explicit VR and a short length.
fn put_element(set: &mut Vec<u8>, group: u16, element: u16, vr: &[u8; 2], value: &[u8]) {
    let odd = value.len() % 2;
    let len = u16::try_from(value.len() + odd).unwrap_or(0);
    set.extend_from_slice(&group.to_le_bytes());
    set.extend_from_slice(&element.to_le_bytes());
    set.extend_from_slice(vr);
    set.extend_from_slice(&len.to_le_bytes());
    set.extend_from_slice(value);
    if odd == 1 {
        set.push(if vr == b"UI" { 0 } else { b' ' });
    }
}

/// C-STORE request or response (PS3.7 §9.3.1): implicit VR, group length first.
fn store_command(modality: &Modality, object: u16, is_response: bool) -> Vec<u8> {
    let mut set = Vec::new();
    let mut put = |element: u16, value: &[u8]| {
        let odd = value.len() % 2;
        set.extend_from_slice(&[0, 0]);
        set.extend_from_slice(&element.to_le_bytes());
        set.extend_from_slice(&u32::try_from(value.len() + odd).unwrap_or(0).to_le_bytes());
        set.extend_from_slice(value);
        set.resize(set.len() + odd, 0);
    };
    let (id, instance) = (object.to_le_bytes(), instance_uid(modality, object));
    put(0x0002, modality.class.as_bytes());
    put(0x0100, if is_response { &[1, 0x80] } else { &[1, 0] });
    put(if is_response { 0x0120 } else { 0x0110 }, &id);
    if !is_response {
        put(0x0700, &[0, 0]);
    }
    put(0x0800, if is_response { &[1, 1] } else { &[0, 0] });
    if is_response {
        put(0x0900, &[0, 0]);
    }
    put(0x1000, instance.as_bytes());
    let mut command = vec![0, 0, 0, 0, 4, 0, 0, 0];
    command.extend_from_slice(&u32::try_from(set.len()).unwrap_or(0).to_le_bytes());
    command.extend_from_slice(&set);
    command
}

/// One P-DATA-TF PDU (PS3.8 §9.3.5).
fn p_data(context: u8, flags: u8, bytes: &[u8]) -> Vec<u8> {
    let mut pdu = Vec::new();
    put_pdv(&mut pdu, context, flags, bytes);
    pdu
}

fn put_pdv(out: &mut Vec<u8>, context: u8, flags: u8, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).unwrap_or(0);
    out.extend_from_slice(&[4, 0]);
    out.extend_from_slice(&(len + 6).to_be_bytes());
    out.extend_from_slice(&(len + 2).to_be_bytes());
    out.extend_from_slice(&[context, flags]);
    out.extend_from_slice(bytes);
}

/// A-ASSOCIATE-RQ or, with `accept`, -AC (PS3.8 §9.3.2).
fn associate(modality: &Modality, accept: bool) -> Vec<u8> {
    let syntax = item(0x40, SYNTAX.as_bytes());
    let mut context = vec![1, 0, 0, 0];
    if !accept {
        context.extend(item(0x30, modality.class.as_bytes()));
    }
    context.extend(syntax);
    let user = [item(0x51, &131_072_u32.to_be_bytes()), item(0x52, b"2.25.300"), item(0x55, b"EXAMPLE_52")].concat();
    let mut body = vec![0, 1, 0, 0];
    for title in ["ARCHIVE", modality.title] {
        body.extend(format!("{title:16}").into_bytes());
    }
    body.extend([0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    body.extend(item(if accept { 0x21 } else { 0x20 }, &context));
    body.extend(item(0x50, &user));
    let mut pdu = vec![if accept { 2 } else { 1 }, 0];
    pdu.extend(u32::try_from(body.len()).unwrap_or(0).to_be_bytes());
    pdu.extend(body);
    pdu
}

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut item = vec![kind, 0];
    item.extend(u16::try_from(body.len()).unwrap_or(0).to_be_bytes());
    item.extend_from_slice(body);
    item
}
