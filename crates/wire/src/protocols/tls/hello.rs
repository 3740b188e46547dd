//! ClientHello and ServerHello (RFC 8446 §4.1, RFC 5246 §7.4.1, RFC 6347 §4.2.1), as TLS, DTLS and QUIC carry them.

use crate::bytes::Cursor;

use super::suites::is_grease;

/// Extension server_name (RFC 6066 §3).
pub(crate) const SERVER_NAME: u16 = 0;
/// Extension application_layer_protocol_negotiation (RFC 7301 §3.1).
pub(crate) const ALPN: u16 = 16;
const SIGNATURE_ALGORITHMS: u16 = 13;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

/// What a ClientHello says that is of use; borrowed from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientHello<'a> {
    /// The version field, which TLS 1.3 freezes at 0x0303.
    pub(crate) legacy_version: u16,
    /// Cipher suites offered, two octets each.
    pub(crate) suites: &'a [u8],
    /// The extension server_name is there, whatever it holds.
    pub(crate) names_server: bool,
    /// The host name in it.
    pub(crate) server_name: &'a [u8],
    /// ALPN names offered, each behind its length.
    pub(crate) alpn: &'a [u8],
    /// Versions offered by extension, two octets each.
    pub(crate) versions: &'a [u8],
    /// Signature algorithms offered, two octets each.
    pub(crate) signature_algorithms: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> ClientHello<'a> {
    /// Reads the body of the handshake message. `None` where it breaks the standard.
    pub(crate) fn parse(body: &'a [u8], datagram: bool) -> Option<Self> {
        let mut at = Cursor::new(body);
        let legacy_version = at.u16()?;
        at.skip(32)?;
        vector8(&mut at)?;
        if datagram {
            vector8(&mut at)?;
        }
        let suites = vector16(&mut at)?;
        if suites.len() % 2 != 0 {
            return None;
        }
        vector8(&mut at)?;
        let extensions = if at.is_empty() { &[] } else { vector16(&mut at)? };
        let mut hello = Self { legacy_version, suites, extensions, ..Self::default() };
        hello.read_extensions();
        Some(hello)
    }

    fn read_extensions(&mut self) {
        for (kind, data) in self.extensions() {
            let mut at = Cursor::new(data);
            match kind {
                SERVER_NAME => {
                    self.names_server = true;
                    self.server_name = host_name(&mut at).unwrap_or_default();
                }
                ALPN => self.alpn = vector16(&mut at).unwrap_or_default(),
                SIGNATURE_ALGORITHMS => self.signature_algorithms = vector16(&mut at).unwrap_or_default(),
                SUPPORTED_VERSIONS => self.versions = vector8(&mut at).unwrap_or_default(),
                _ => {}
            }
        }
    }

    /// Each extension with its data.
    pub(crate) fn extensions(&self) -> Extensions<'a> {
        Extensions(Cursor::new(self.extensions))
    }

    /// The first ALPN name offered that is not GREASE.
    pub(crate) fn first_alpn(&self) -> Option<&'a [u8]> {
        self.alpn_names().next()
    }

    /// ALPN names offered, without GREASE (RFC 8701 §3.1).
    pub(crate) fn alpn_names(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut at = Cursor::new(self.alpn);
        std::iter::from_fn(move || vector8(&mut at))
            .filter(|name| !matches!(name, [a, b] if is_grease(u16::from_be_bytes([*a, *b]))))
    }

    /// The highest version offered.
    pub(crate) fn highest_version(&self) -> u16 {
        let offered = self.versions.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
        // DTLS counts its versions down (RFC 6347 §4.1).
        let is_datagram = self.legacy_version >> 8 == 0xfe;
        let known = offered.filter(|version| !is_grease(*version));
        if is_datagram { known.min() } else { known.max() }.unwrap_or(self.legacy_version)
    }
}

/// What a ServerHello says that is of use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerHello<'a> {
    /// The version chosen.
    pub(crate) version: u16,
    /// The cipher suite chosen.
    pub(crate) suite: u16,
    /// The group chosen (TLS 1.3).
    pub(crate) group: Option<u16>,
    /// The application protocol chosen (before TLS 1.3; later it is encrypted).
    pub(crate) alpn: Option<&'a [u8]>,
}

impl<'a> ServerHello<'a> {
    /// Reads the body of the handshake message. `None` where it breaks the standard.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        let mut at = Cursor::new(body);
        let mut hello = Self { version: at.u16()?, suite: 0, group: None, alpn: None };
        at.skip(32)?;
        // Drafts of TLS 1.3 before 22 sent neither session id nor compression; they name themselves by 0x7f and their number.
        let early_draft = hello.version >> 8 == 0x7f;
        if !early_draft {
            vector8(&mut at)?;
        }
        hello.suite = at.u16()?;
        if !early_draft {
            at.skip(1)?;
        }
        let extensions = if at.is_empty() { &[] } else { vector16(&mut at)? };
        for (kind, data) in Extensions(Cursor::new(extensions)) {
            let mut at = Cursor::new(data);
            match kind {
                SUPPORTED_VERSIONS => hello.version = at.u16().unwrap_or(hello.version),
                KEY_SHARE => hello.group = at.u16(),
                ALPN => hello.alpn = vector16(&mut at).and_then(|list| vector8(&mut Cursor::new(list))),
                _ => {}
            }
        }
        Some(hello)
    }

    /// What follows in this direction is encrypted.
    pub(crate) const fn hides_certificate(&self) -> bool {
        is_tls13(self.version)
    }
}

/// TLS 1.3 or DTLS 1.3, or a draft of TLS 1.3.
const fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304 | 0xfefc) || version >> 8 == 0x7f
}

/// The name of a version as reports write it.
pub(crate) const fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0002 => "SSL 2",
        0x0300 => "SSL 3",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        0xfeff | 0x0100 => "DTLS 1.0",
        0xfefd => "DTLS 1.2",
        0xfefc => "DTLS 1.3",
        draft if draft >> 8 == 0x7f => "TLS 1.3",
        _ => return None,
    })
}

/// Extensions one after the other; ends at the first that is cut.
pub(crate) struct Extensions<'a>(Cursor<'a>);

impl<'a> Iterator for Extensions<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.u16()?, vector16(&mut self.0)?))
    }
}

/// The host_name of a server_name extension; a client's list has one entry (RFC 6066 §3).
fn host_name<'a>(at: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut list = Cursor::new(vector16(at)?);
    (list.u8()? == 0).then_some(())?;
    vector16(&mut list)
}

/// Octets behind one octet of length.
pub(crate) fn vector8<'a>(at: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = at.u8()?;
    at.take(length.into())
}

/// Octets behind two octets of length.
pub(crate) fn vector16<'a>(at: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = at.u16()?;
    at.take(length.into())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An extension.
    pub(crate) fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_be_bytes(), &length.to_be_bytes(), data].concat()
    }

    /// The body of a ClientHello without session id.
    pub(crate) fn client_hello(version: u16, suites: &[u16], extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.push(0);
        body.extend(u16::try_from(suites.len() * 2).unwrap().to_be_bytes());
        body.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
        body.extend([1, 0]);
        if !extensions.is_empty() {
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
        }
        body
    }

    /// The body of a ServerHello without session id.
    pub(crate) fn server_hello(version: u16, suite: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([9; 32]);
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(0);
        if !extensions.is_empty() {
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
        }
        body
    }

    #[test]
    fn a_client_hello() {
        let extensions = [
            extension(SERVER_NAME, b"\x00\x0b\x00\x00\x08pacs.lan"),
            extension(ALPN, b"\x00\x06\x02\x0a\x0a\x02h2"),
            extension(SUPPORTED_VERSIONS, &[6, 0xfa, 0xfa, 3, 4, 3, 3]),
        ]
        .concat();
        let body = client_hello(0x0303, &[0x1301], &extensions);
        let hello = ClientHello::parse(&body, false).unwrap();
        assert_eq!(hello.server_name, b"pacs.lan");
        assert_eq!(hello.first_alpn(), Some(b"h2".as_slice()));
        assert_eq!(hello.highest_version(), 0x0304);
        for cut in 0..body.len() {
            let _ = ClientHello::parse(&body[..cut], false);
        }
    }

    #[test]
    fn a_server_hello_of_tls_1_3_names_version_and_group_by_extension() {
        let extensions = [extension(SUPPORTED_VERSIONS, &[3, 4]), extension(KEY_SHARE, &[0, 29, 0, 1, 5])].concat();
        let body = server_hello(0x0303, 0x1302, &extensions);
        let hello = ServerHello::parse(&body).unwrap();
        assert_eq!((hello.version, hello.suite, hello.group), (0x0304, 0x1302, Some(29)));
        assert!(hello.hides_certificate());
    }

    #[test]
    fn dtls_counts_versions_down() {
        let body = client_hello(0xfefd, &[], &extension(SUPPORTED_VERSIONS, &[4, 0xfe, 0xfd, 0xfe, 0xfc]));
        assert_eq!(ClientHello::parse(&body, false).unwrap().highest_version(), 0xfefc);
    }
}
