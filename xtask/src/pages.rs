//! Manual pages that are made from the code's own tables.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// A page: where it stands, and how it is made.
type Page = (&'static str, fn() -> String);

/// All pages.
const PAGES: &[Page] = &[("docs/manual/findings.md", findings), ("docs/manual/protocols.md", protocols)];

/// Writes the pages; with `--check` fails where one differs.
pub fn pages(arguments: &[String]) -> Result<String> {
    let check = arguments.iter().any(|word| word == "--check");
    for (path, make) in PAGES {
        let path = root()?.join(path);
        let page = make();
        if check {
            let stands = fs::read_to_string(&path).unwrap_or_default();
            if stands != page {
                bail!("{} is not what the code says: run `make gen`", path.display());
            }
        } else {
            let folder = path.parent().context("a folder")?;
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(String::new())
}

fn root() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the project's folder")?.to_owned())
}

/// The detectors.
fn findings() -> String {
    let mut page = String::from(
        "# Findings\n\nMade from the table of detectors by `make gen`. A finding's severity is the one given here, one step graver where \
         monitoring, therapy or a life depends on a device concerned, unless the page says otherwise.\n",
    );
    for detector in detect::DETECTORS {
        let info = detector.info();
        let _ = write!(
            page,
            "\n## {}\n\n`{}` · usually {}\n\n**Sees:** {}\n\n**Why it matters:** {}\n\n**What to do:** {}\n",
            info.name,
            info.id,
            info.severity.name(),
            info.sees,
            info.why,
            info.what_to_do
        );
    }
    page
}

/// The protocols.
fn protocols() -> String {
    let mut page = String::from(
        "# Protocols\n\nMade from the table of protocols by `make gen`. Ports are hints: the bytes decide, on any port.\n\n\
         | id | name | usually met on | what it is read for |\n|---|---|---|---|\n",
    );
    for protocol in wire::PROTOCOLS {
        let info = protocol.info();
        let places: Vec<String> = info.hints.iter().map(place).collect();
        let _ = writeln!(page, "| `{}` | {} | {} | {} |", info.id, info.name, places.join(", "), info.doc.replace('|', "\\|"));
    }
    page
}

/// Where a protocol is usually met, in words.
fn place(hint: &wire::Hint) -> String {
    match *hint {
        wire::Hint::EtherType(number) => format!("EtherType 0x{number:04x}"),
        wire::Hint::Llc(sap) => format!("802.2 SAP 0x{sap:02x}"),
        wire::Hint::Snap(organisation, id) => format!("SNAP {organisation:06x}:{id:04x}"),
        wire::Hint::IpProtocol(number) => format!("IP protocol {number}"),
        wire::Hint::Udp(port) => format!("UDP {port}"),
        wire::Hint::Tcp(port) => format!("TCP {port}"),
        wire::Hint::AnyUdp => "any UDP port".to_owned(),
        wire::Hint::AnyTcp => "any TCP port".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pages_are_what_the_code_says() {
        super::pages(&["--check".to_owned()]).unwrap();
    }
}
