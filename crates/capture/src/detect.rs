//! What a file is by its first bytes.

/// First bytes, what they mean for a person, and what to do.
type Magic = (&'static [u8], &'static str, &'static str);

/// Kinds of file that people take for captures, or that lie beside them.
const KNOWN: &[Magic] = &[
    (b"\xfd7zXZ\0", "xz data", "unpack it with `xz -d` first"),
    (b"BZh", "bzip2 data", "unpack it with `bzip2 -d` first"),
    (b"\x04\x22\x4d\x18", "lz4 data", "unpack it with `lz4 -d` first"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and name the captures in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and name the captures in it"),
    (b"Rar!", "a RAR archive", "unpack it and name the captures in it"),
    (b"snoop\0\0\0", "a Sun snoop capture", "convert it with `editcap -F pcapng`"),
    (b"XCP\0", "a Network Associates Sniffer capture", "convert it with `editcap -F pcapng`"),
    (b"TRSNIFF data", "a DOS Sniffer capture", "convert it with `editcap -F pcapng`"),
    (b"RTSS", "a Microsoft Network Monitor 1 capture", "convert it with `editcap -F pcapng`"),
    (b"GMBU", "a Microsoft Network Monitor 2 capture", "convert it with `editcap -F pcapng`"),
    (b"\x1c\x00\x01\xac", "an Ixia capture", "convert it with `editcap -F pcapng`"),
    (b"\x1c\x00\x02\xac", "an Ixia capture", "convert it with `editcap -F pcapng`"),
    (b"\x7fELF", "a program", ""),
    (b"MZ", "a Windows program", ""),
    (b"%PDF", "a PDF document", ""),
    (b"\x89PNG", "a picture", ""),
    (b"\xff\xd8\xff", "a picture", ""),
    (b"SQLite format 3\0", "an SQLite database", ""),
    (b"<?xml", "an XML document", "a packet list exported as XML holds no frames; export as pcapng"),
    (b"<", "an HTML or XML document", ""),
    (b"{", "a JSON document", ""),
    (b"[", "a JSON document", ""),
];

/// What to do where nothing better is known.
const USUAL_HINT: &str = "give a pcap or pcapng capture, plain or compressed with gzip or zstd";

/// Names what begins with `head`, which is not a capture, and says what to do.
pub(crate) fn name(head: &[u8]) -> (&'static str, &'static str) {
    if head.is_empty() {
        return ("an empty file", "nothing was captured, or the file was not copied");
    }
    if let Some((_, what, hint)) = KNOWN.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return (what, if hint.is_empty() { USUAL_HINT } else { hint });
    }
    if head.get(257..262) == Some(b"ustar") {
        return ("a tar archive", "unpack it and name the captures in it");
    }
    if head.iter().all(|&octet| octet == 0) {
        return ("zeros alone", "the file was made but never written");
    }
    let is_text = |octet: &u8| octet.is_ascii_graphic() || octet.is_ascii_whitespace() || *octet >= 0x80;
    if head.iter().all(is_text) { ("text", USUAL_HINT) } else { ("unknown data", USUAL_HINT) }
}
