//! SMB 1 (MS-CIFS §2.2.4.52, §2.2.4.53): negotiation and session setup, as old workstations do.

use crate::Scene;

fn message(command: u8, reply: bool, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut body = b"\xffSMB".to_vec();
    body.push(command);
    body.extend([0; 4]);
    body.push(if reply { 0x98 } else { 0x18 });
    body.extend(if command == 0x72 && !reply { 0x0001_u16 } else { 0x8001 }.to_le_bytes());
    body.extend([0; 12]);
    body.extend([0, 0, 0xff, 0xfe, 0, 0, 1, 0]);
    body.push((words.len() / 2) as u8);
    body.extend(words);
    body.extend((bytes.len() as u16).to_le_bytes());
    body.extend(bytes);
    let length = (body.len() as u32).to_be_bytes();
    [&[0][..], &length[1..], &body].concat()
}

fn unicode(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// The dialects an old client offers.
#[must_use]
pub fn negotiate() -> Vec<u8> {
    let dialects = ["PC NETWORK PROGRAM 1.0", "LANMAN1.0", "Windows for Workgroups 3.1a", "LM1.2X002", "LANMAN2.1", "NT LM 0.12"];
    let bytes: Vec<u8> = dialects.iter().flat_map(|name| [&[2][..], name.as_bytes(), &[0]].concat()).collect();
    message(0x72, false, &[], &bytes)
}

/// The server takes NT LM 0.12 with a challenge.
#[must_use]
pub fn negotiated(scene: &mut Scene, domain: &str, server: &str) -> Vec<u8> {
    let mut words = vec![5, 0, 3, 50, 0, 1, 0];
    words.extend(16_644_u32.to_le_bytes());
    words.extend(65_536_u32.to_le_bytes());
    words.extend([0; 4]);
    words.extend(0x0000_e3fd_u32.to_le_bytes());
    // FILETIME of the scene's clock: 100 ns since 1601.
    let ticks = scene.now.nanos() / 100 + 116_444_736_000_000_000;
    words.extend(ticks.to_le_bytes());
    words.extend([0, 0, 8]);
    let bytes = [scene.random_bytes(8), unicode(domain), unicode(server)].concat();
    message(0x72, true, &words, &bytes)
}

/// The client signs in and names its system.
#[must_use]
pub fn session_setup(scene: &mut Scene, account: &str, domain: &str, os: &str, lan_manager: &str) -> Vec<u8> {
    let mut words = vec![0xff, 0, 0, 0];
    words.extend([0x04, 0x11, 50, 0, 0, 0, 0, 0, 0, 0]);
    words.extend([24, 0, 24, 0, 0, 0, 0, 0]);
    words.extend(0xd4_u32.to_le_bytes());
    let responses = scene.random_bytes(48);
    let bytes = [responses, vec![0], unicode(account), unicode(domain), unicode(os), unicode(lan_manager)].concat();
    message(0x73, false, &words, &bytes)
}

/// The server lets the client in and names its own system.
#[must_use]
pub fn session_set_up(os: &str, lan_manager: &str, domain: &str) -> Vec<u8> {
    let bytes = [vec![0], unicode(os), unicode(lan_manager), unicode(domain)].concat();
    message(0x73, true, &[0xff, 0, 0, 0, 0, 0], &bytes)
}
