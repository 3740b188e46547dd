use super::*;
use crate::harness::{context, streams_any_chunk};
use crate::ntlm::tests::{authenticate_message, challenge_message};
use crate::protocol::Direction::{ToClient, ToServer};

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    out.extend(message);
    out
}

fn v2(command: u8, status: u32, answer: bool, tree: u32, body: &[u8]) -> Vec<u8> {
    let mut message = vec![0; 64];
    message[..6].copy_from_slice(b"\xfeSMB\x40\0");
    message[8..12].copy_from_slice(&status.to_le_bytes());
    message[12] = command;
    message[16] = u8::from(answer);
    message[36..40].copy_from_slice(&tree.to_le_bytes());
    message.extend(body);
    framed(&message)
}

fn v2_negotiated(dialect: u16) -> Vec<u8> {
    let mut body = vec![0; 64];
    body[0] = 65;
    body[2] = 3;
    body[4..6].copy_from_slice(&dialect.to_le_bytes());
    body[8..24].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    v2(0, 0, true, 0, &body)
}

fn v2_setup(token: &[u8]) -> Vec<u8> {
    let mut body = vec![0; 24];
    body[12] = 88;
    body[14] = u8::try_from(token.len()).unwrap();
    body.extend(token);
    v2(1, 0, false, 0, &body)
}

fn v2_tree(path: &str) -> Vec<u8> {
    let path: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut body = vec![9, 0, 0, 0, 72, 0, u8::try_from(path.len()).unwrap(), 0];
    body.extend(path);
    v2(3, 0, false, 0, &body)
}

fn v2_create(name: &str) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut body = vec![0; 56];
    body[44] = 120;
    body[46] = u8::try_from(name.len()).unwrap();
    body.extend(name);
    v2(5, 0, false, 7, &body)
}

fn v1(command: u8, answer: bool, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut message = vec![0; 32];
    message[..4].copy_from_slice(b"\xffSMB");
    message[4] = command;
    message[9] = if answer { 0x80 } else { 0 };
    message.push(u8::try_from(words.len() / 2).unwrap());
    message.extend(words);
    message.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
    message.extend(bytes);
    framed(&message)
}

#[test]
fn version_3_log_in_and_remote_service() {
    let answer = [&[9_u8, 0, 0, 0, 72, 0], u16::try_from(challenge_message().len()).unwrap().to_le_bytes().as_slice()].concat();
    let challenge = v2(1, 0xc000_0016, true, 0, &[answer, challenge_message()].concat());
    let lines = streams_any_chunk(
        &Smb,
        445,
        &[
            (ToServer, &v1(0x72, false, &[], b"\x02NT LM 0.12\0\x02SMB 2.???\0")),
            (ToClient, &v2_negotiated(0x0302)),
            (ToClient, &challenge),
            (ToServer, &v2_setup(&authenticate_message("mary"))),
            (ToClient, &v2(1, 0, true, 0, &[9, 0, 0, 0, 0, 0, 0, 0])),
            (ToServer, &v2_tree("\\\\SRV-1\\IPC$")),
            (ToClient, &v2(3, 0, true, 7, &[16, 0])),
            (ToServer, &v2_create("svcctl")),
            (ToServer, &v2(9, 0, false, 7, &[0; 200])),
            (ToServer, &v2_tree("\\\\SRV-1\\patients")),
            (ToServer, &v2(8, 0, false, 9, &[0; 49])),
            (ToClient, &framed(&[b"\xfdSMB".as_slice(), &[0; 60]].concat())),
        ],
    )
    .lines;
    let said = [
        "conversation smb.offered offers SMB 1",
        "conversation smb.dialect SMB 3.0.2",
        "conversation smb.signing signing required",
        "sender smb.server_guid 04030201-0605-0807-090a-0b0c0d0e0f10",
        "sender ntlm.nb_domain CLINIC",
        "sender ntlm.nb_computer SRV-1",
        "sender ntlm.dns_computer srv-1.clinic.example",
        "sender ntlm.timestamp 2023-11-14T22:13:20Z",
        "sender ntlm.version Windows build 10.0.19041",
        "sender ntlm.workstation PUMP-GW",
        "conversation ntlm.authenticate ntlm",
        "conversation ntlm.response NTLMv1",
        "conversation smb.session_setup.status ntlm",
        "conversation smb.tree.server SRV-1",
        "conversation smb.tree.share IPC$",
        "conversation smb.encryption none",
        "conversation smb.pipe service control (svcctl)",
        "conversation smb.tree.server SRV-1",
        "conversation smb.operation file read",
        "conversation smb.encryption AES-128-CCM",
    ];
    assert_eq!(lines, said);
}

#[test]
fn version_1_in_use() {
    let mut negotiated = vec![0; 34];
    negotiated[2] = 3;
    let mut setup = vec![0; 26];
    setup[0] = 0xff;
    setup[14] = 24;
    setup[16] = 24;
    let strings = [&[1; 48], b"doe\0CLINIC\0Windows 5.1\0Windows 2000 LAN Manager\0".as_slice()].concat();
    let lines = streams_any_chunk(
        &Smb,
        139,
        &[
            (ToServer, &v1(0x72, false, &[], b"\x02NT LM 0.12\0")),
            (ToClient, &v1(0x72, true, &negotiated, b"CLINIC\0SRV-0\0")),
            (ToServer, &v1(0x73, false, &setup, &strings)),
            (ToClient, &v1(0x73, true, &[0xff, 0, 0, 0, 1, 0], b"Unix\0Samba 3.0.20\0CLINIC\0")),
            (ToServer, &v1(0x75, false, &[0xff, 0, 0, 0, 0, 0, 1, 0], b"\0\\\\SRV-0\\C$\0A:\0")),
        ],
    )
    .lines;
    let said = [
        "conversation smb.dialect SMB 1",
        "conversation smb.signing signing not required",
        "sender smb.domain CLINIC",
        "sender smb.server_name SRV-0",
        "conversation smb.session_setup.plain ntlm",
        "sender smb.native_os Windows 5.1",
        "sender smb.lan_manager Windows 2000 LAN Manager",
        "sender smb.native_os Unix",
        "sender smb.lan_manager Samba 3.0.20",
        "sender smb.domain CLINIC",
        "conversation smb.session_setup.status ntlm",
        "conversation smb.account guest",
        "conversation smb.tree.server SRV-0",
        "conversation smb.tree.share C$",
    ];
    assert_eq!(lines, said);
}

#[test]
fn offered_but_never_answered() {
    let lines = streams_any_chunk(&Smb, 445, &[(ToServer, &v1(0x72, false, &[], b"\x02LANMAN1.0\0"))]).lines;
    assert_eq!(lines, ["conversation smb.offered offers SMB 1"]);
}

#[test]
fn probes() {
    let context = context(ToServer, 445, 0);
    let message = v2_negotiated(0x0210);
    assert_eq!(Smb.probe(&context, &message), Verdict::Certain);
    assert_eq!(Smb.probe(&context, &message[..6]), Verdict::Unsure);
    assert_eq!(Smb.probe(&context, b"\0\0\0\x05\x6a\0\0\0"), Verdict::No);
    assert_eq!(Smb.probe(&context, b"GET /"), Verdict::No);
}

#[test]
fn cut_and_spoilt() {
    let messages = [
        v2_negotiated(0x0311),
        v2_setup(&authenticate_message("a")),
        v2_tree("\\\\A\\C$"),
        v1(0x73, false, &[0xff; 26], &[0; 60]),
    ];
    for message in &messages {
        for end in 0..message.len() {
            let _ = streams_any_chunk(&Smb, 445, &[(ToServer, &message[..end])]);
            let mut spoilt = message.clone();
            spoilt[end] ^= 0xff;
            let _ = streams_any_chunk(&Smb, 445, &[(ToServer, &spoilt)]);
        }
    }
}
