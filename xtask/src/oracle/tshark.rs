//! What tshark finds, kept by the capture's hash so that it is asked once.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::conversation::{Found, Talk};

/// What is asked of every frame; part of the cache's name is their order.
const FIELDS: [&str; 9] =
    ["frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"];

/// tshark's version line, or `None` where it is not installed.
pub(super) fn version() -> Option<String> {
    let out = Command::new("tshark").arg("--version").output().ok()?;
    String::from_utf8_lossy(&out.stdout).lines().next().map(str::to_owned)
}

/// What tshark finds in a capture.
pub(super) fn found(capture: &Path, cache: &Path) -> Result<Found> {
    let text = fs::read_to_string(dissected(capture, cache)?)?;
    let mut found = Found::default();
    for line in text.lines() {
        add(&mut found, line);
    }
    Ok(found)
}

/// The file with tshark's fields of a capture; written when it is not there.
fn dissected(capture: &Path, cache: &Path) -> Result<PathBuf> {
    let bytes = fs::read(capture).with_context(|| format!("cannot read {}", capture.display()))?;
    let name: String = Sha256::digest(&bytes).iter().map(|octet| format!("{octet:02x}")).collect();
    let kept = cache.join(format!("{name}.tsv"));
    if kept.exists() {
        return Ok(kept);
    }
    let mut command = Command::new("tshark");
    // The innermost address and port of every frame, as ours are.
    command.args(["-n", "-T", "fields", "-E", "occurrence=l", "-r"]).arg(capture);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    // tshark fails on broken captures after it told what it could read: what it told counts.
    let out = command.output().context("cannot run tshark")?;
    let part = cache.join(format!("{name}.part"));
    fs::write(&part, &out.stdout)?;
    fs::rename(&part, &kept)?;
    Ok(kept)
}

fn add(found: &mut Found, line: &str) {
    let columns: Vec<&str> = line.split('\t').collect();
    let [protocols, src, dst, src6, dst6, tcp_from, tcp_to, udp_from, udp_to] = columns.as_slice() else { return };
    let names = || own(protocols).map(str::to_owned);
    found.names.extend(names());
    let is_tcp = !tcp_from.is_empty();
    let ports = if is_tcp { (tcp_from, tcp_to) } else { (udp_from, udp_to) };
    // Where one is inside the other, the inner one counts.
    let six_is_inside = protocols.split(':').rfind(|name| matches!(*name, "ip" | "ipv6")) == Some("ipv6");
    let address = |four: &str, six: &str| -> Option<IpAddr> { if six_is_inside { six } else { four }.parse().ok() };
    let ends = (address(src, src6), address(dst, dst6), ports.0.parse(), ports.1.parse());
    if let (Some(src), Some(dst), Ok(from), Ok(to)) = ends {
        found.talks.entry(Talk::new(is_tcp, [src, dst], [from, to])).or_default().extend(names());
    }
}

/// The names up to a protocol that brings parts of others with it: QUIC the handshake of TLS (RFC 9001), DTLS its certificates,
/// and NetBIOS datagrams the frame of SMB (MS-BRWS). What stands inside is that protocol's own.
fn own(protocols: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    protocols.split(':').take_while(move |name| {
        let before = inside;
        inside |= matches!(*name, "quic" | "gquic" | "dtls" | "nbdgm");
        !before
    })
}
