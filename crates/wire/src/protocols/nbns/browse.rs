//! The datagram service (RFC 1002 §4.4) and the browser announcements in it (MS-BRWS §2.2.1 to §2.2.6).

use std::borrow::Cow;

use model::FactKind;

use super::{GROUP, HOST, datagram_name, length, trimmed};
use crate::bytes::{Cursor, find};
use crate::dns_message::skip_name;
use crate::fact::{About, Field, Sink, Value};

static ANNOUNCED: Field = Field::new("browser.server", "Browser announcement server name", FactKind::HostName);
static VERSION: Field = Field::new("browser.os", "Browser announcement system version", FactKind::Os);

/// Message types that carry user data (RFC 1002 §4.4.1).
const DIRECT: std::ops::RangeInclusive<u8> = 0x10..=0x12;
/// Where the source name stands.
const NAMES_AT: usize = 14;
/// Server type bit of systems that are not Windows whatever version they state (SV_TYPE_XENIX_SERVER, MS-BRWS §2.2.3).
const NOT_WINDOWS: u32 = 0x0000_0800;
/// Server type bit of Windows NT and its successors (SV_TYPE_NT).
const NT: u32 = 0x0000_1000;

/// A direct datagram with its two names, of the length it states. The second may be spoilt: it is not the sender's.
pub(super) fn is_datagram(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|kind| DIRECT.contains(kind))
        && length(bytes, 10).is_some_and(|len| len >= 68)
        && datagram_name(bytes, NAMES_AT).and_then(|(_, at)| skip_name(bytes, at)).is_some()
}

/// Reads the names, and the announcement where it is one.
pub(super) fn datagram(bytes: &[u8], out: &mut dyn Sink) {
    let Some((source, at)) = datagram_name(bytes, NAMES_AT) else { return };
    let [.., source_suffix] = source;
    if let (0x00 | 0x20, Some(name)) = (source_suffix, trimmed(&source)) {
        out.sender(&HOST, name);
    }
    let Some((target, at)) = datagram_name(bytes, at) else { return };
    let [.., target_suffix] = target;
    let Some(data) = bytes.get(at..) else { return };
    let Some(at) = find(data, b"\\MAILSLOT\\BROWSE\0").filter(|_| data.starts_with(b"\xffSMB\x25")) else { return };
    // Announcements go to the group that the sender is a member of.
    if let (0x00 | 0x1d | 0x1e, Some(name)) = (target_suffix, trimmed(&target)) {
        out.sender(&GROUP, name);
    }
    if let Some(frame) = data.get(at.saturating_add(17)..) {
        announcement(frame, out);
    }
}

/// Host (1) and local master (15) announcements: server name, version, server type. The comment behind is not read.
fn announcement(frame: &[u8], out: &mut dyn Sink) {
    let mut cursor = Cursor::new(frame);
    if !matches!(cursor.u8(), Some(1 | 15)) || cursor.skip(5).is_none() {
        return;
    }
    let Some(name) = cursor.take(16) else { return };
    if let Some(name) = name.split(|&b| b == 0).next().filter(|n| !n.is_empty()) {
        out.sender(&ANNOUNCED, name);
    }
    let (Some(major), Some(minor), Some(server_type)) = (cursor.u8(), cursor.u8(), cursor.u32_le()) else { return };
    if server_type & NT != 0 && server_type & NOT_WINDOWS == 0 {
        out.say(About::Sender, &VERSION, Value::Text(Cow::Owned(format!("Windows NT {major}.{minor}"))));
    }
}

#[cfg(test)]
mod tests {
    use crate::dns_message::build;
    use crate::harness::datagrams;
    use crate::protocol::Direction::ToServer;
    use crate::protocols::nbns::Nbns;
    use crate::protocols::nbns::tests::encode;

    fn announce(server_type: u32) -> Vec<u8> {
        let mut smb = b"\xffSMB\x25".to_vec();
        smb.extend([0; 60]);
        smb.extend(b"\\MAILSLOT\\BROWSE\0");
        smb.extend([1, 0, 0x60, 0xea, 0, 0]);
        smb.extend(b"MR-1\0\0\0\0\0\0\0\0\0\0\0\0");
        smb.extend([5, 1]);
        smb.extend(server_type.to_le_bytes());
        smb.extend(b"\x0f\x01\x55\xaaa comment\0");
        let names = [build::name(&encode("MR-1", 0x20)), build::name(&encode("IMAGING", 0x1d))].concat();
        let len = u16::try_from(names.len() + smb.len()).unwrap().to_be_bytes();
        [&[0x11, 2, 0, 1, 10, 0, 0, 1, 0, 138][..], &len, &[0, 0], &names, &smb].concat()
    }

    #[test]
    fn host_announcement() {
        let bytes = announce(0x0000_1003);
        let lines = datagrams(&Nbns, 138, &[(ToServer, &bytes)]);
        assert_eq!(
            lines.lines,
            [
                "sender nbns.name MR-1",
                "sender nbns.group IMAGING",
                "sender browser.server MR-1",
                "sender browser.os Windows NT 5.1"
            ]
        );
        for end in 0..bytes.len() {
            let _ = datagrams(&Nbns, 138, &[(ToServer, &bytes[..end])]);
        }
    }

    #[test]
    fn what_only_plays_windows_gives_no_version() {
        let lines = datagrams(&Nbns, 138, &[(ToServer, &announce(0x0000_1803))]);
        assert_eq!(lines.lines.len(), 3);
    }
}
