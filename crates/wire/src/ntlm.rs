//! NTLMSSP messages wherever they are carried: SMB, LDAP, HTTP, MS-SQL, DCE/RPC ([MS-NLMP] §2.2).
//!
//! They say the names and the build of both machines in the clear, whatever the protocol around them does.

use crate::bytes::{Cursor, find, le16, le32};
use crate::fact::{About, Field, Sink, Value};
use crate::text::{is_service_account, utf16_le};
use model::FactKind;

static WORKSTATION: Field = Field::new("ntlm.workstation", "NTLM workstation name", FactKind::HostName);
static DOMAIN: Field = Field::new("ntlm.domain", "NTLM domain name", FactKind::Domain);
static NB_COMPUTER: Field = Field::new("ntlm.nb_computer", "NTLM NetBIOS computer name", FactKind::HostName);
static NB_DOMAIN: Field = Field::new("ntlm.nb_domain", "NTLM NetBIOS domain name", FactKind::Domain);
static DNS_COMPUTER: Field = Field::new("ntlm.dns_computer", "NTLM DNS computer name", FactKind::Fqdn);
static DNS_DOMAIN: Field = Field::new("ntlm.dns_domain", "NTLM DNS domain name", FactKind::Domain);
static VERSION: Field = Field::new("ntlm.version", "NTLM product version", FactKind::Os);
static TIMESTAMP: Field = Field::new("ntlm.timestamp", "NTLM server time", FactKind::Clock);
static AUTHENTICATE: Field = Field::new("ntlm.authenticate", "NTLM authenticate message", FactKind::LoginTried);
static USER: Field = Field::new("ntlm.user", "NTLM account name", FactKind::Account);
static RESPONSE: Field = Field::new("ntlm.response", "NTLM response of version 1", FactKind::CipherBroken);

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const UNICODE: u32 = 0x0000_0001;
const DOMAIN_SUPPLIED: u32 = 0x0000_1000;
const WORKSTATION_SUPPLIED: u32 = 0x0000_2000;
const VERSION_PRESENT: u32 = 0x0200_0000;

/// Which of the three messages was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// NEGOTIATE_MESSAGE, from the client.
    Negotiate,
    /// CHALLENGE_MESSAGE, from the server.
    Challenge,
    /// AUTHENTICATE_MESSAGE, from the client: a log-in is tried.
    Authenticate,
    /// The same, of nobody.
    Anonymous,
}

/// Reads the first NTLMSSP message in a security token, bare or wrapped.
pub(crate) fn read(token: &[u8], out: &mut dyn Sink) -> Option<Message> {
    let message = token.get(find(token, SIGNATURE)?..)?;
    match le32(message, 8)? {
        1 => negotiate(message, out).map(|()| Message::Negotiate),
        2 => challenge(message, out).map(|()| Message::Challenge),
        3 => authenticate(message, out),
        _ => None,
    }
}

/// [MS-NLMP] §2.2.1.1. Its strings are in the OEM character set.
fn negotiate(message: &[u8], out: &mut dyn Sink) -> Option<()> {
    let flags = le32(message, 12)?;
    for (wanted, at, field) in [(DOMAIN_SUPPLIED, 16, &DOMAIN), (WORKSTATION_SUPPLIED, 24, &WORKSTATION)] {
        if let Some(name) = payload(message, at).filter(|name| flags & wanted != 0 && !name.is_empty()) {
            out.sender(field, name);
        }
    }
    version(message, flags, 32, out);
    Some(())
}

/// [MS-NLMP] §2.2.1.2.
fn challenge(message: &[u8], out: &mut dyn Sink) -> Option<()> {
    let flags = le32(message, 20)?;
    if let Some(info) = payload(message, 40) {
        target_info(info, out);
    }
    version(message, flags, 48, out);
    Some(())
}

/// AV_PAIR list ([MS-NLMP] §2.2.2.1). Every pair has at least four octets, so the loop ends. A machine of no domain repeats its
/// own name as the domain's, which is not told.
fn target_info(info: &[u8], out: &mut dyn Sink) {
    let own = [av_pair(info, 1), av_pair(info, 3)];
    let mut pairs = Cursor::new(info);
    while let (Some(id), Some(len)) = (pairs.u16_le(), pairs.u16_le()) {
        let Some(value) = pairs.take(usize::from(len)) else { return };
        let field = match id {
            0 => return,
            1 => &NB_COMPUTER,
            2 => &NB_DOMAIN,
            3 => &DNS_COMPUTER,
            4 => &DNS_DOMAIN,
            7 => {
                if let Some(time) = value.first_chunk().map(|octets| u64::from_le_bytes(*octets)).and_then(filetime) {
                    out.say(About::Sender, &TIMESTAMP, Value::Time(time));
                }
                continue;
            }
            _ => continue,
        };
        let is_domain = field.kind == FactKind::Domain;
        if value.is_empty() || (is_domain && own.contains(&Some(value))) {
            continue;
        }
        out.say(About::Sender, field, Value::Text(utf16_le(value).into()));
    }
}

/// The value of the first pair with this number.
fn av_pair(info: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut pairs = Cursor::new(info);
    while let (Some(id), Some(len)) = (pairs.u16_le(), pairs.u16_le()) {
        let value = pairs.take(usize::from(len))?;
        if id == wanted {
            return Some(value);
        }
    }
    None
}

/// [MS-NLMP] §2.2.1.3. The account name leaves only when it is a machine's or a service's.
fn authenticate(message: &[u8], out: &mut dyn Sink) -> Option<Message> {
    let flags = le32(message, 60).unwrap_or(UNICODE);
    let text = |at| payload(message, at).map(|octets| string(octets, flags)).unwrap_or_default();
    let (domain, user, workstation) = (text(28), text(36), text(44));
    let response = payload(message, 20)?;
    if !workstation.is_empty() {
        out.say(About::Sender, &WORKSTATION, Value::Text(workstation.into()));
    }
    version(message, flags, 64, out);
    if user.is_empty() && response.is_empty() {
        out.conversation(&AUTHENTICATE, "anonymous");
        return Some(Message::Anonymous);
    }
    out.conversation(&AUTHENTICATE, "ntlm");
    if response.len() == 24 {
        out.conversation(&RESPONSE, "NTLMv1");
    }
    // Only the machine's own account says where the machine belongs; a person may log in from anywhere.
    if user.ends_with('$') && !domain.is_empty() {
        out.say(About::Sender, &DOMAIN, Value::Text(domain.into()));
    }
    if is_service_account(&user) {
        out.conversation(&USER, &user);
    }
    Some(Message::Authenticate)
}

fn string(octets: &[u8], flags: u32) -> String {
    if flags & UNICODE == 0 { String::from_utf8_lossy(octets).into_owned() } else { utf16_le(octets) }
}

/// What a length, maximum and offset point at.
fn payload(message: &[u8], at: usize) -> Option<&[u8]> {
    let len = usize::from(le16(message, at)?);
    let offset = usize::try_from(le32(message, at.checked_add(4)?)?).ok()?;
    message.get(offset..)?.get(..len)
}

/// [MS-NLMP] §2.2.2.10. Samba, Linux and others fill the field with numbers of their own, so only what Windows was ever
/// built as is told.
fn version(message: &[u8], flags: u32, at: usize, out: &mut dyn Sink) {
    let Some(&[major, minor, low, high, _, _, _, revision]) = message.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
        return;
    };
    let build = u16::from_le_bytes([low, high]);
    if flags & VERSION_PRESENT != 0 && revision == 15 && is_windows(major, minor, build) {
        out.say(About::Sender, &VERSION, Value::Text(format!("Windows build {major}.{minor}.{build}").into()));
    }
}

const fn is_windows(major: u8, minor: u8, build: u16) -> bool {
    matches!(
        (major, minor, build),
        (5, 0, 2195)
            | (5, 1, 2600)
            | (5, 2, 3790)
            | (6, 0, 6000..=6003)
            | (6, 1, 7600 | 7601)
            | (6, 2, 9200)
            | (6, 3, 9600)
            | (10, 0, 10240..)
    )
}

/// Nanoseconds since 1970 of a count of 100 ns since 1601 ([MS-DTYP] §2.3.3); `None` when unset or out of range.
pub(crate) fn filetime(ticks: u64) -> Option<i64> {
    const TICKS_1601_TO_1970: i64 = 116_444_736_000_000_000;
    let ticks = i64::try_from(ticks).ok().filter(|&ticks| ticks > TICKS_1601_TO_1970)?;
    ticks.checked_sub(TICKS_1601_TO_1970)?.checked_mul(100)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::harness::Lines;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn pointer(message: &mut [u8], at: usize, offset: usize, len: usize) {
        let len = u16::try_from(len).unwrap().to_le_bytes();
        message[at..at + 2].copy_from_slice(&len);
        message[at + 2..at + 4].copy_from_slice(&len);
        message[at + 4..at + 8].copy_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
    }

    /// A challenge of host SRV-1 of domain CLINIC, Windows 10.0.19041, 2023-11-14.
    pub(crate) fn challenge_message() -> Vec<u8> {
        let mut message = vec![0; 56];
        message[..12].copy_from_slice(b"NTLMSSP\0\x02\0\0\0");
        message[20..24].copy_from_slice(&(UNICODE | VERSION_PRESENT).to_le_bytes());
        message[48..56].copy_from_slice(&[10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
        let mut info = Vec::new();
        for (id, value) in [(2_u16, wide("CLINIC")), (1, wide("SRV-1")), (3, wide("srv-1.clinic.example"))] {
            info.extend(id.to_le_bytes());
            info.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
            info.extend(value);
        }
        info.extend([7, 0, 8, 0]);
        info.extend(133_444_736_000_000_000_u64.to_le_bytes());
        info.extend([0; 4]);
        pointer(&mut message, 40, 56, info.len());
        message.extend(info);
        message
    }

    /// A log-in of this user from PUMP-GW.
    pub(crate) fn authenticate_message(user: &str) -> Vec<u8> {
        let mut message = vec![0; 72];
        message[..12].copy_from_slice(b"NTLMSSP\0\x03\0\0\0");
        message[60..64].copy_from_slice(&UNICODE.to_le_bytes());
        for (at, value) in [(20, vec![7; 24]), (28, wide("CLINIC")), (36, wide(user)), (44, wide("PUMP-GW"))] {
            let offset = message.len();
            pointer(&mut message, at, offset, value.len());
            message.extend(value);
        }
        message
    }

    fn lines(message: &[u8]) -> Vec<String> {
        let mut out = Lines::default();
        let _ = read(message, &mut out);
        out.lines
    }

    #[test]
    fn challenge_tells_the_server() {
        let said = [
            "sender ntlm.nb_domain CLINIC",
            "sender ntlm.nb_computer SRV-1",
            "sender ntlm.dns_computer srv-1.clinic.example",
            "sender ntlm.timestamp 2023-11-14T",
            "sender ntlm.version Windows build 10.0.19041",
        ];
        let lines = lines(&[b"wrapped".as_slice(), &challenge_message()].concat());
        assert_eq!(lines.len(), said.len());
        assert!(lines.iter().zip(said).all(|(line, said)| line.starts_with(said)), "{lines:?}");
    }

    #[test]
    fn people_are_not_named() {
        let tried =
            ["sender ntlm.workstation PUMP-GW", "conversation ntlm.authenticate ntlm", "conversation ntlm.response NTLMv1"];
        assert_eq!(lines(&authenticate_message("mary.doe")), tried);
        let machine = lines(&authenticate_message("PUMP-GW$"));
        assert_eq!(machine[3..], ["sender ntlm.domain CLINIC", "conversation ntlm.user PUMP-GW$"]);
    }

    #[test]
    fn cut_anywhere() {
        for message in [challenge_message(), authenticate_message("admin")] {
            for end in 0..message.len() {
                let _ = lines(&message[..end]);
            }
        }
    }
}
