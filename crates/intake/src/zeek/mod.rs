//! Zeek's logs (docs.zeek.org, "Zeek Log Formats and Inspection"): tab-separated with `#fields`, or one JSON object a line; the
//! columns in any order.

mod conn;
mod rows;
#[cfg(test)]
mod tests;
mod tls;
mod whois;

use rows::{Column, JsonLines, Log, Row, TsvLines};

use crate::{Fit, Info, Kind, Lines};

/// Logs that are read, with the columns that only they have.
const LOGS: &[Log] = &[
    Log { path: "conn", marks: &["conn_state"], read: conn::read },
    Log { path: "dhcp", marks: &["lease_time", "msg_types"], read: whois::dhcp },
    Log { path: "dns", marks: &["qtype_name", "rcode_name"], read: whois::dns },
    Log { path: "ssl", marks: &["ssl_history", "cipher"], read: tls::read },
    Log { path: "software", marks: &["software_type"], read: whois::software },
];

const DOC: &str = "What a Zeek sensor saw: conversations with bytes and state (`conn.log`), leases (`dhcp.log`), names (`dns.log`), TLS versions, \
                   suites and server names (`ssl.log`), and software by its own words (`software.log`). Other Zeek logs are read over.";

/// Tab-separated logs.
pub struct Tsv;

static TSV: Info = Info { id: "zeek", name: "Zeek logs", doc: DOC };

impl Kind for Tsv {
    fn info(&self) -> &'static Info {
        &TSV
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let begins = |mark: &[u8]| lines.iter().take(16).any(|line| line.starts_with(mark));
        if begins(b"#separator") && begins(b"#fields") { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(TsvLines::default())
    }
}

/// Logs of JSON objects (`LogAscii::use_json=T`).
pub struct Json;

static JSON: Info = Info { id: "zeek-json", name: "Zeek logs (JSON lines)", doc: DOC };

impl Kind for Json {
    fn info(&self) -> &'static Info {
        &JSON
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let has = |line: &[u8], key: &[u8]| memchr::memmem::find(line, key).is_some();
        let is_log = |line: &&[u8]| {
            line.starts_with(b"{")
                && has(line, b"\"ts\":")
                && (has(line, b"\"uid\":")
                    || has(line, b"\"uids\":")
                    || has(line, b"\"software_type\":")
                    || has(line, b"\"_path\":"))
        };
        if lines.first().is_some_and(is_log) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(JsonLines)
    }
}
