//! Messages written by hand. The patient is "SECRET^Fictional", who does not exist.

use super::*;
use crate::harness::{Lines, context, streams, streams_any_chunk};
use crate::protocol::Direction::{self, ToClient, ToServer};
use crate::protocol::Role;

const ORU: &str = "MSH|^~\\&|MONITOR^00A0370022003456^EUI-64|ICU|EHR|HOSP|20260101120000+0100||ORU^R01^ORU_R01|M0|P|2.6\r\
PID|1||SECRET-MRN^^^HOSP||SECRET^Fictional||19010101|O|||SECRET street||555-SECRET\r\
PV1|1|I|SECRET-BED\r\
OBR|1|SECRET-1|SECRET-2|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC\r\
OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1|91||||||R|||20260101120000||||X^00A0370022003457^00A0370022003457^EUI-64\r\
OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1|92||||||R|||20260101120000||||X^00A0370022003457^00A0370022003457^EUI-64\r\
OBX|3|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC|1.0|Monitor Makers\r\
OBX|4|ED|11506-3^Note^LN||SECRET^application^pdf^Base64^AAAA\r\
NTE|1||SECRET note\r";

const ACK: &str = "MSH|^~\\&|EHR|HOSP|MONITOR|ICU|20260101110001||ACK^R01^ACK|A1|P|2.6\rMSA|AA|M0\r";

const SAID: [&str; 10] = [
    "sender hl7.msh-3 MONITOR",
    "sender hl7.msh-3.eui-64 00a0370022003456",
    "sender hl7.msh-4 ICU",
    "conversation hl7.msh-5 EHR",
    "sender hl7.msh-7 2026-01-01T11:00:00Z",
    "conversation hl7.msh-9 ORU^R01",
    "conversation hl7.msh-12 HL7 v2.6",
    "sender hl7.reported.obr-4 MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS",
    "sender hl7.reported.obx-18.eui-64 00a0370022003457",
    "sender hl7.reported.mdc-manufacturer Monitor Makers",
];

const PHI: [&str; 9] = [
    "conversation hl7.phi.name 1",
    "conversation hl7.phi.identifier 1",
    "conversation hl7.phi.birth-date 1",
    "conversation hl7.phi.contact 3",
    "conversation hl7.phi.demographic 1",
    "conversation hl7.phi.order-number 2",
    "conversation hl7.phi.clinical 2",
    "conversation hl7.phi.document 1",
    "conversation hl7.phi.free-text 1",
];

fn frame(message: &[u8]) -> Vec<u8> {
    [&[START][..], message, &[END, b'\r']].concat()
}

fn run(messages: &[(Direction, Vec<u8>)]) -> Lines {
    let messages: Vec<_> = messages.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect();
    let lines = streams_any_chunk(&Hl7, 2575, &messages);
    assert!(!format!("{lines:?}").contains("SECRET"), "{lines:?}");
    lines
}

/// The facts without times, which the harness writes in its own way.
fn facts(lines: &Lines) -> Vec<&str> {
    lines.lines.iter().map(String::as_str).collect()
}

fn expected() -> Vec<&'static str> {
    SAID.into_iter().chain(PHI).collect()
}

#[test]
fn message_and_acknowledgement() {
    let lines = run(&[(ToServer, frame(ORU.as_bytes())), (ToClient, frame(ACK.as_bytes()))]);
    let (said, answer) = lines.lines.split_at(19);
    assert_eq!(said, expected());
    assert_eq!(
        answer,
        [
            "sender hl7.msh-3 EHR",
            "sender hl7.msh-4 HOSP",
            "conversation hl7.msh-5 MONITOR",
            "sender hl7.msh-7.local 2026-01-01T11:00:01Z",
            "conversation hl7.msh-9 ACK^R01",
        ]
    );
    assert_eq!(lines.roles, [Role::Client, Role::Server]);
    assert!(lines.malformed.is_empty());
}

#[test]
fn framing_and_encodings_make_no_difference() {
    let wide = |big: bool| -> Vec<u8> {
        let units = ORU.encode_utf16();
        if big { units.flat_map(u16::to_be_bytes).collect() } else { units.flat_map(u16::to_le_bytes).collect() }
    };
    for (what, bytes) in [
        ("no final carriage return", frame(ORU.trim_end().as_bytes())),
        ("line feeds", frame(ORU.replace('\r', "\r\n").as_bytes())),
        ("other delimiters", {
            let other = ORU.replace('|', "$").replace('^', "%").replace('~', "!");
            frame(other.as_bytes())
        }),
        ("UTF-8 mark", frame(&[b"\xEF\xBB\xBF", ORU.as_bytes()].concat())),
        ("UTF-16 little endian", frame(&wide(false))),
        ("UTF-16 big endian with mark", frame(&[b"\xFE\xFF", wide(true).as_slice()].concat())),
        ("UTF-16 little endian with mark", frame(&[b"\xFF\xFE", wide(false).as_slice()].concat())),
    ] {
        assert_eq!(Hl7.probe(&context(ToServer, 9, bytes.len()), &bytes), Verdict::Certain, "{what}");
        assert_eq!(facts(&run(&[(ToServer, bytes)])), expected(), "{what}");
    }
}

#[test]
fn messages_in_a_row_and_without_frame() {
    let several = [frame(ORU.as_bytes()), frame(ORU.as_bytes()), frame(ORU.as_bytes())].concat();
    let framed = run(&[(ToServer, several)]);
    let bare = run(&[(ToServer, [ORU, ORU, ORU].concat().into_bytes())]);
    assert_eq!(framed.lines[..19], bare.lines[..19]);
    assert!(framed.lines.contains(&"conversation hl7.phi.name 2".to_owned()), "the second and third at the end");
    assert_eq!(framed.lines.iter().filter(|line| line.contains("obx-18")).count(), 1);
}

#[test]
fn batch() {
    let batch = format!("FHS|^~\\&|LAB|SITE\rBHS|^~\\&|LAB|SITE\r{ORU}BTS|1\rFTS|1\r");
    let lines = run(&[(ToServer, frame(batch.as_bytes()))]);
    assert_eq!(lines.lines[..2], ["sender hl7.msh-3 LAB", "sender hl7.msh-4 SITE"]);
    assert_eq!(lines.lines[2], SAID[0]);
    assert!(lines.malformed.is_empty());
}

#[test]
fn devices_that_are_reported() {
    let message = "MSH|^~\\&|GATE|W|EHR||2026||ORU^R01|1|T|2.8\r\
SFT|Gate Makers^L|4.2|GateWay|B-77\r\
UAC|SAML|x\r\
EQU|ANALYSER-7^LAB|20260101\r\
PRT|1|AD||EQUIP|SECRET^Nurse|||||(01)09506000134352(21)SN-9^^^GS1\r\
PRT|2|AD||EQUIP||||||PUMP-4^X^0102030405060708^EUI-64||||||09506000134352||||SN-10||1^Infusion pump\r\
PRT|3|AD||EQUIP||||||||||||Pump Model A+\r\
OBX|1|ST|68487^MDC_UDI^MDC||+H123ABC01234567890/$+SER7Q||||||F|||||||ROOM-3\r";
    let lines = run(&[(ToServer, frame(message.as_bytes()))]);
    assert_eq!(
        lines.lines,
        [
            "sender hl7.msh-3 GATE",
            "sender hl7.msh-4 W",
            "conversation hl7.msh-5 EHR",
            "conversation hl7.msh-9 ORU^R01",
            "conversation hl7.msh-11 training",
            "conversation hl7.msh-12 HL7 v2.8",
            "sender hl7.sft-1 Gate Makers",
            "sender hl7.sft-3 GateWay 4.2",
            "sender hl7.sft-4 B-77",
            "conversation hl7.uac-1 hl7 saml assertion",
            "sender hl7.reported.equ-1 ANALYSER-7",
            "sender hl7.reported.prt-10.udi (01)09506000134352(21)SN-9",
            "sender hl7.reported.prt-10.serial SN-9",
            "sender hl7.reported.prt-10.eui-64 0102030405060708",
            "sender hl7.reported.prt-16.udi 09506000134352",
            "sender hl7.reported.prt-20 SN-10",
            "sender hl7.reported.prt-22 Infusion pump",
            "sender hl7.reported.prt-16 Pump Model A+",
            "sender hl7.reported.obx-18 ROOM-3",
            "sender hl7.reported.mdc-udi +H123ABC01234567890/$+SER7Q",
            "sender hl7.reported.mdc-udi.serial SER7",
            "conversation hl7.phi.name 1",
            "conversation hl7.phi.clinical 1",
        ]
    );
}

#[test]
fn a_long_segment_is_let_go_and_what_follows_is_read() {
    let long = "A".repeat(200_000);
    let message = format!("{ORU}OBX|9|ED|1^x||^application^pdf^Base64^{long}\rSFT|Maker Z|1|P\r");
    let lines = run(&[(ToServer, frame(message.as_bytes()))]);
    assert!(lines.lines.contains(&"sender hl7.sft-1 Maker Z".to_owned()));
    assert!(lines.lines.contains(&"conversation hl7.phi.document 2".to_owned()));
}

#[test]
fn acknowledgement_that_does_not_swap_says_nothing_of_its_sender() {
    let same = "MSH|^~\\&|MONITOR^00A0370022003456^EUI-64|ICU|EHR|HOSP|||ACK|A|P|2.6\rMSA|AE|M0\r";
    let lines = run(&[(ToServer, frame(ORU.as_bytes())), (ToClient, frame(same.as_bytes()))]);
    assert_eq!(lines.lines[19..], ["conversation hl7.msh-9 ACK", "conversation hl7.msa-1 acknowledged with an error"]);
}

#[test]
fn capture_that_begins_in_the_midst_is_read_and_a_gap_survived() {
    let midst = ORU.split_once('\r').unwrap().1;
    assert_eq!(Hl7.probe(&context(ToServer, 2575, 0), midst.as_bytes()), Verdict::Unsure);
    let lines = run(&[(ToServer, midst.as_bytes().to_vec())]);
    assert_eq!(lines.lines[..3], SAID[7..]);

    let mut session = Hl7.session().unwrap();
    let mut lines = Lines::default();
    let context = context(ToServer, 2575, 0);
    let first = frame(&ORU.as_bytes()[..100]);
    session.data(&context, &first[..90], &mut lines);
    assert_eq!(session.gap(&context, 700, &mut lines), Next::More(1));
    let rest = [b"ECRET||\r".as_slice(), &frame(b""), &frame(ORU.as_bytes())].concat();
    assert_eq!(session.data(&context, &rest, &mut lines), Step { used: rest.len(), next: Next::More(1) });
    assert!(lines.lines.contains(&SAID[8].to_owned()));
}

#[test]
fn no_panic_on_cut_or_changed_bytes() {
    let bytes = [frame(ORU.as_bytes()), frame(ACK.as_bytes())].concat();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..4000 {
        let mut changed = bytes.clone();
        for _ in 0..round % 7 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = usize::try_from(seed % changed.len() as u64).unwrap();
            changed[at] = seed.to_be_bytes()[3];
        }
        changed.truncate(bytes.len() - round % bytes.len());
        let _ = Hl7.probe(&context(ToServer, 2575, 0), &changed);
        let _ = streams(&Hl7, 2575, &[(ToServer, &changed)], 1 + round % 700);
    }
}

#[test]
fn others_are_not_taken() {
    let ask = |head: &[u8]| Hl7.probe(&context(ToServer, 80, head.len()), head);
    assert_eq!(ask(b"GET / HTTP/1.1\r\n"), Verdict::No);
    assert_eq!(ask(b"MSHELL 1234567"), Verdict::No);
    assert_eq!(ask(b"MS"), Verdict::Unsure);
    assert_eq!(ask(b"M"), Verdict::No);
    assert_eq!(ask(b"\x0b\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07"), Verdict::No);
    assert_eq!(ask(b"Mail ready"), Verdict::No);
}
