//! Associations and data sets written by hand. The patient is "Fictional^Person", who does not exist.

use super::*;
use crate::harness::{Lines, streams, streams_any_chunk};
use crate::protocol::Direction::{self, ToClient, ToServer};

/// How to write elements.
#[derive(Clone, Copy)]
enum Form {
    Implicit,
    Explicit,
    Big,
}

fn element(form: Form, tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if !value.len().is_multiple_of(2) {
        value.push(b' ');
    }
    let mut bytes = head(form, tag, vr, u32::try_from(value.len()).unwrap());
    bytes.extend(value);
    bytes
}

fn head(form: Form, tag: u32, vr: &str, length: u32) -> Vec<u8> {
    let (group, number) = (u16::try_from(tag >> 16).unwrap(), (tag & 0xFFFF) as u16);
    let mut bytes = Vec::new();
    let two = |n: u16| if matches!(form, Form::Big) { n.to_be_bytes() } else { n.to_le_bytes() };
    let four = |n: u32| if matches!(form, Form::Big) { n.to_be_bytes() } else { n.to_le_bytes() };
    bytes.extend(two(group));
    bytes.extend(two(number));
    if matches!(form, Form::Implicit) || group == 0xFFFE {
        bytes.extend(four(length));
    } else if ["OB", "OW", "SQ", "UN", "UT"].contains(&vr) {
        bytes.extend(vr.bytes().chain([0, 0]));
        bytes.extend(four(length));
    } else {
        bytes.extend(vr.bytes());
        bytes.extend(two(u16::try_from(length).unwrap()));
    }
    bytes
}

/// A CT object: the scanner's own elements, a patient's, sequences of both kinds of length, pixels.
fn object(form: Form, maker: &str) -> Vec<u8> {
    let mut set = Vec::new();
    let mut add = |tag, vr: &str, value: &[u8]| set.extend(element(form, tag, vr, value));
    add(0x0008_0016, "UI", b"1.2.840.10008.5.1.4.1.1.2");
    add(0x0008_0018, "UI", b"1.2.3.4");
    add(0x0008_0050, "SH", b"ACC-SECRET");
    add(0x0008_0060, "CS", b"CT");
    add(0x0008_0070, "LO", maker.as_bytes());
    add(0x0008_0090, "PN", b"");
    add(0x0008_1010, "SH", b"CT-ROOM-2");
    add(0x0008_1030, "LO", b"SECRET study of a knee");
    add(0x0008_1090, "LO", b"Scan 3000");
    // A referenced study of undefined length, with an item of undefined length that holds a nested sequence.
    set.extend(head(form, 0x0008_1110, "SQ", u32::MAX));
    set.extend(head(form, 0xFFFE_E000, "", u32::MAX));
    set.extend(element(form, 0x0008_0070, "LO", b"Not the sender"));
    set.extend(head(form, 0x0008_1199, "SQ", u32::MAX));
    set.extend(head(form, 0xFFFE_E000, "", 0));
    set.extend(head(form, 0xFFFE_E0DD, "", 0));
    set.extend(head(form, 0xFFFE_E00D, "", 0));
    set.extend(head(form, 0xFFFE_E0DD, "", 0));
    let mut add = |tag, vr: &str, value: &[u8]| set.extend(element(form, tag, vr, value));
    add(0x0010_0010, "PN", b"SECRET^Fictional");
    add(0x0010_0020, "LO", b"SECRET-MRN");
    add(0x0010_0030, "DA", b"19010101");
    add(0x0010_0040, "CS", b"O");
    add(0x0018_1000, "LO", b"SN-77");
    let udi = element(form, 0x0018_1009, "UT", b"(01)09506000134352(21)SN-77");
    let mut item = head(form, 0xFFFE_E000, "", u32::try_from(udi.len()).unwrap());
    item.extend(udi);
    add(0x0018_100A, "SQ", &item);
    add(0x0018_1020, "LO", b"4.1\\r2");
    // Contributing equipment is another device.
    let mut item = head(form, 0xFFFE_E000, "", 0);
    item.extend(element(form, 0x0008_0070, "LO", b"Not the sender"));
    let length = u32::try_from(item.len() - 8).unwrap();
    item[4..8].copy_from_slice(&if matches!(form, Form::Big) { length.to_be_bytes() } else { length.to_le_bytes() });
    add(0x0018_A001, "SQ", &item);
    add(0x0028_0010, "US", &[0, 2]);
    add(0x7FE0_0010, "OW", &[0x55; 3000]);
    set
}

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn associate(kind: u8, contexts: &[Vec<u8>], user: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(b"ARCHIVE         CT_ROOM_2       ");
    body.extend([0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    body.extend(contexts.concat());
    body.extend(item(0x50, user));
    pdu(kind, &body)
}

fn request(syntaxes: &[&str]) -> Vec<u8> {
    let mut context = vec![1, 0, 0, 0];
    context.extend(item(0x30, b"1.2.840.10008.5.1.4.1.1.2"));
    for syntax in syntaxes {
        context.extend(item(0x40, syntax.as_bytes()));
    }
    let user = [item(0x51, &[0, 0, 64, 0]), item(0x52, b"1.2.3.9"), item(0x55, b"SCAN_3000")].concat();
    associate(1, &[item(0x20, &context)], &user)
}

fn accept(syntax: &str) -> Vec<u8> {
    let mut context = vec![1, 0, 0, 0];
    context.extend(item(0x40, syntax.as_bytes()));
    associate(2, &[item(0x21, &context)], &[item(0x52, b"1.2.3.10"), item(0x55, b"ARCHIVE_5")].concat())
}

fn command(field: u16, extra: &[Vec<u8>]) -> Vec<u8> {
    let mut set = element(Form::Implicit, 0x0000_0002, "UI", b"1.2.840.10008.5.1.4.1.1.2");
    set.extend(element(Form::Implicit, 0x0000_0100, "US", &field.to_le_bytes()));
    set.extend(extra.concat());
    let mut whole = element(Form::Implicit, 0, "UL", &u32::try_from(set.len()).unwrap().to_le_bytes());
    whole.extend(set);
    whole
}

fn value(control: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 2).unwrap().to_be_bytes().to_vec();
    bytes.extend([1, control]);
    bytes.extend(body);
    bytes
}

/// A store: the command and the data set in PDUs of `piece` bytes, the first of which carries the command too.
fn store(set: &[u8], piece: usize) -> Vec<u8> {
    let mut body = value(3, &command(1, &[]));
    let mut bytes = Vec::new();
    let pieces: Vec<_> = set.chunks(piece).collect();
    for (at, part) in pieces.iter().enumerate() {
        body.extend(value(if at + 1 == pieces.len() { 2 } else { 0 }, part));
        bytes.extend(pdu(4, &body));
        body.clear();
    }
    bytes
}

fn run(messages: &[(Direction, Vec<u8>)]) -> Lines {
    let messages: Vec<_> = messages.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect();
    streams_any_chunk(&Dicom, 104, &messages)
}

const DEVICE: [&str; 8] = [
    "sender dicom.dataset.0008,0060 CT",
    "sender dicom.dataset.0008,0070 Maker One",
    "sender dicom.dataset.0008,1010 CT-ROOM-2",
    "sender dicom.dataset.0008,1090 Scan 3000",
    "sender dicom.dataset.0018,1000 SN-77",
    "sender dicom.dataset.0018,1009 (01)09506000134352(21)SN-77",
    "sender dicom.dataset.0018,1009.serial SN-77",
    "sender dicom.dataset.0018,1020 4.1\\r2",
];

const PHI: [&str; 7] = [
    "conversation dicom.phi.name 1",
    "conversation dicom.phi.identifier 1",
    "conversation dicom.phi.birth-date 1",
    "conversation dicom.phi.demographic 1",
    "conversation dicom.phi.order-number 1",
    "conversation dicom.phi.document 1",
    "conversation dicom.phi.free-text 1",
];

#[test]
fn association_says_who_and_what() {
    let lines = run(&[
        (ToServer, request(&["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])),
        (ToClient, accept("1.2.840.10008.1.2.1")),
        (ToServer, pdu(5, &[0; 4])),
        (ToClient, pdu(6, &[0; 4])),
    ]);
    assert_eq!(
        lines.lines,
        [
            "sender dicom.calling-ae CT_ROOM_2",
            "conversation dicom.called-ae ARCHIVE",
            "sender dicom.context.offered CT Image Storage",
            "sender dicom.implementation-uid 1.2.3.9",
            "sender dicom.implementation-version SCAN_3000",
            "sender dicom.answering-ae ARCHIVE",
            "sender dicom.context.accepted CT Image Storage",
            "conversation dicom.transfer-syntax Explicit VR Little Endian",
            "sender dicom.implementation-uid 1.2.3.10",
            "sender dicom.implementation-version ARCHIVE_5",
        ]
    );
    assert_eq!(lines.roles, [Role::Client, Role::Server]);
    assert!(lines.malformed.is_empty());
}

#[test]
fn data_sets_of_every_transfer_syntax_say_the_same() {
    let deflate = |set: &[u8]| {
        use std::io::Write;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(set).unwrap();
        encoder.finish().unwrap()
    };
    let explicit = object(Form::Explicit, "Maker One");
    for (syntax, set) in [
        ("1.2.840.10008.1.2", object(Form::Implicit, "Maker One")),
        ("1.2.840.10008.1.2.1", explicit.clone()),
        ("1.2.840.10008.1.2.2", object(Form::Big, "Maker One")),
        ("1.2.840.10008.1.2.1.99", deflate(&explicit)),
        ("1.2.840.10008.1.2.4.90", explicit),
    ] {
        for piece in [7, 100, 16_000] {
            let lines = run(&[(ToServer, request(&[syntax])), (ToClient, accept(syntax)), (ToServer, store(&set, piece))]);
            let tail = &lines.lines[10..];
            assert_eq!(tail[0], "conversation dicom.command C-STORE", "{syntax}");
            assert_eq!(tail[1], "conversation dicom.sop-class CT Image Storage");
            assert_eq!(tail[2..10], DEVICE, "{syntax} in pieces of {piece}");
            assert_eq!(tail[10..], PHI, "{syntax} in pieces of {piece}");
            assert!(lines.malformed.is_empty(), "{:?}", lines.malformed);
            assert!(!format!("{lines:?}").contains("SECRET"));
        }
    }
}

#[test]
fn capture_that_begins_in_the_midst_is_read() {
    for form in [Form::Implicit, Form::Explicit, Form::Big] {
        let bytes = store(&object(form, "Maker One"), 500);
        assert_eq!(Dicom.probe(&crate::harness::context(ToServer, 9999, bytes.len()), &bytes), Verdict::Certain);
        let lines = run(&[(ToServer, bytes)]);
        assert_eq!(lines.lines[2..10], DEVICE);
        assert_eq!(lines.lines[10..], PHI);
    }
}

#[test]
fn several_devices_behind_one_sender_are_told_apart_and_repeats_are_not_said() {
    let syntax = "1.2.840.10008.1.2.1";
    let (one, two) = (object(Form::Explicit, "Maker One"), object(Form::Explicit, "Maker Two"));
    let stores = [&one, &one, &two, &one, &two].map(|set| store(set, 4000)).concat();
    let lines = run(&[(ToServer, request(&[syntax])), (ToServer, stores)]);
    let said = |what: &str| lines.lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((said("Maker One"), said("Maker Two"), said("several-sources")), (1, 1, 1));
    assert_eq!((said("phi.name 1"), said("phi.name 4")), (1, 1), "said with the first message and at the end");
    assert_eq!(said("receiver dicom.answering-ae ARCHIVE"), 1, "the client went on without its accept in sight");
}

#[test]
fn what_a_server_hands_out_is_not_about_the_server() {
    let syntax = "1.2.840.10008.1.2.1";
    let set = store(&object(Form::Explicit, "Maker One"), 4000);
    let lines = run(&[(ToServer, request(&[syntax])), (ToClient, accept(syntax)), (ToClient, set)]);
    assert!(!lines.lines.iter().any(|line| line.contains("dicom.dataset")));
    assert!(lines.lines.contains(&"conversation dicom.phi.name 1".to_owned()));
}

#[test]
fn queries_with_wildcards_hold_no_phi_and_answers_do() {
    let identifier = |name: &[u8]| {
        let mut set = element(Form::Explicit, 0x0008_0020, "DA", b"20260101-");
        set.extend(element(Form::Explicit, 0x0008_0070, "LO", b"Scheduled maker"));
        set.extend(element(Form::Explicit, 0x0010_0010, "PN", name));
        set.extend(element(Form::Explicit, 0x0010_0020, "LO", b""));
        set
    };
    let message = |field: u16, name: &[u8]| pdu(4, &[value(3, &command(field, &[])), value(2, &identifier(name))].concat());
    let syntax = "1.2.840.10008.1.2.1";
    let ask = (ToServer, message(0x0020, b"*"));
    let lines = run(&[(ToServer, request(&[syntax])), (ToClient, accept(syntax)), ask.clone()]);
    assert_eq!(lines.lines.last().unwrap(), "conversation dicom.sop-class CT Image Storage");
    let lines = run(&[(ToServer, request(&[syntax])), (ToClient, accept(syntax)), ask, (ToClient, message(0x8020, b"SECRET^X"))]);
    assert_eq!(lines.lines.last().unwrap(), "conversation dicom.phi.name 1");
    assert!(!format!("{lines:?}").contains("maker"));
}

#[test]
fn data_set_without_identity_is_no_phi() {
    let mut set = element(Form::Explicit, 0x0008_0070, "LO", b"Maker");
    set.extend(element(Form::Explicit, 0x0010_0010, "PN", b"SUBJECT-1"));
    set.extend(element(Form::Explicit, 0x0012_0062, "CS", b"YES"));
    let lines = run(&[(ToServer, request(&["1.2.840.10008.1.2.1"])), (ToServer, store(&set, 4000))]);
    assert!(!lines.lines.iter().any(|line| line.contains("phi")));
}

#[test]
fn identity_rejection_move_and_failure() {
    let mut identity = vec![2, 1, 0, 5];
    identity.extend(b"nurse\x00\x04pass");
    let asked = associate(1, &[], &item(0x58, &identity));
    let lines = run(&[(ToServer, asked), (ToClient, pdu(3, &[0, 1, 1, 7]))]);
    assert_eq!(
        lines.lines[2..],
        [
            "conversation dicom.identity dicom user name and passcode",
            "conversation dicom.identity.passcode dicom user identity nurse:pass",
            "conversation dicom.reject.ae called AE title not recognised",
        ]
    );
    let destination = element(Form::Implicit, 0x0000_0600, "AE", b"VIEWER_7");
    let status = element(Form::Implicit, 0x0000_0900, "US", &0xA801_u16.to_le_bytes());
    let ask = pdu(4, &value(3, &command(0x0021, &[destination])));
    let answer = pdu(4, &value(3, &command(0x8021, &[status])));
    let lines = run(&[(ToServer, ask), (ToClient, answer)]);
    assert_eq!(
        lines.lines,
        [
            "conversation dicom.command C-MOVE",
            "conversation dicom.sop-class CT Image Storage",
            "conversation dicom.move-destination VIEWER_7",
            "conversation dicom.status refused: move destination unknown",
        ]
    );
}

#[test]
fn both_sides_may_run_the_same_software() {
    let user = item(0x52, b"1.2.3.9");
    let lines = run(&[(ToServer, associate(1, &[], &user)), (ToClient, associate(2, &[], &user))]);
    let said = lines.lines.iter().filter(|line| *line == "sender dicom.implementation-uid 1.2.3.9").count();
    assert_eq!(said, 2);
}

#[test]
fn bulk_is_skipped_by_length() {
    let set = object(Form::Explicit, "Maker One");
    let bytes = store(&set, 16_000);
    let mut session = Conversation::default();
    let mut lines = Lines::default();
    let context = crate::harness::context(ToServer, 104, bytes.len());
    let step = session.data(&context, &bytes[..900], &mut lines);
    assert_eq!(step, Step { used: 900, next: Next::Skip((bytes.len() - 900) as u64) });
    assert!(lines.lines.contains(&DEVICE[1].to_owned()), "said before the bulk has come");
}

#[test]
fn finds_its_place_after_a_gap() {
    let syntax = "1.2.840.10008.1.2.1";
    let mut session = Conversation::default();
    let mut lines = Lines::default();
    let context = crate::harness::context(ToServer, 104, 0);
    let mut bytes = request(&[syntax]);
    session.data(&context, &bytes, &mut lines);
    assert_eq!(session.gap(&context, 5000, &mut lines), Next::More(1));
    bytes = vec![4; 700];
    bytes.extend(store(&object(Form::Explicit, "Maker One"), 16_000));
    let step = session.data(&context, &bytes, &mut lines);
    assert_eq!(step, Step { used: bytes.len(), next: Next::More(6) });
    assert!(lines.lines.contains(&DEVICE[1].to_owned()));
}

#[test]
fn no_panic_on_cut_or_changed_bytes() {
    let syntax = "1.2.840.10008.1.2.1";
    let mut bytes = request(&[syntax]);
    bytes.extend(store(&object(Form::Explicit, "Maker One"), 300));
    bytes.extend(store(&object(Form::Implicit, "Maker One"), 300));
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..3000 {
        let mut changed = bytes.clone();
        for _ in 0..round % 5 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = usize::try_from(seed % changed.len() as u64).unwrap();
            changed[at] = seed.to_be_bytes()[3];
        }
        changed.truncate(bytes.len() - round % bytes.len());
        let _ = Dicom.probe(&crate::harness::context(ToServer, 104, 0), &changed);
        let _ = streams(&Dicom, 104, &[(ToServer, &changed)], 1 + round % 1500);
    }
}

#[test]
fn others_are_not_taken() {
    let no = |head: &[u8]| Dicom.probe(&crate::harness::context(ToServer, 104, head.len()), head);
    assert_eq!(no(b"GET / HTTP/1.1\r\n"), Verdict::No);
    assert_eq!(no(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Verdict::No);
    assert_eq!(no(&[1, 0, 0, 0, 0, 5, 0, 1]), Verdict::No);
    assert_eq!(no(&[4, 0, 0, 0, 0, 10, 0, 0, 0, 6, 2, 0]), Verdict::No, "even presentation context");
    let bytes = request(&["1.2.840.10008.1.2"]);
    for end in 0..bytes.len() {
        assert_ne!(no(&bytes[..end]), Verdict::No);
    }
    assert_eq!(no(&bytes), Verdict::Certain);
}
