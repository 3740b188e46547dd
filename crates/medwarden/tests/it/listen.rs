//! Logs and flow exports over the loopback interface.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::{folder, medwarden, text};

/// A collector, and the addresses it says it listens on.
fn listen(arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>, Vec<SocketAddr>) {
    let mut child = medwarden().arg("listen").args(arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let sockets = arguments.iter().filter(|argument| argument.contains(":0")).count();
    let addresses = (0..sockets).map(|_| {
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        line.trim().rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
    });
    let addresses = addresses.collect();
    (child, stderr, addresses)
}

fn ended(mut child: Child, mut stderr: BufReader<std::process::ChildStderr>) -> (Option<i32>, String) {
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn syslog_over_tcp_and_udp() {
    let folder = folder();
    let out = folder.join("observations.jsonl");
    let (child, stderr, addresses) =
        listen(&["--syslog", "127.0.0.1:0", "--count", "4", "--for", "20s", "--out", out.to_str().unwrap()]);
    let ack = "<30>1 2026-11-23T12:00:00Z dhcp1 dnsmasq-dhcp 8 - - DHCPACK(eth0) 10.0.0.5 00:1b:21:3c:4d:5e pump5";
    let mut tcp = TcpStream::connect(addresses[0]).unwrap();
    write!(tcp, "{} {ack}", ack.len()).unwrap();
    write!(tcp, "{ack}\n<13>words about Jane Doe\n").unwrap();
    tcp.flush().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(ack.replace("10.0.0.5", "10.0.0.6").as_bytes(), addresses[0]).unwrap();
    let (code, said) = ended(child, stderr);
    assert_eq!(code, Some(0));
    assert!(said.contains("4 messages, 3 of them understood"), "{said}");
    let lines = std::fs::read_to_string(&out).unwrap();
    assert_eq!(lines.matches("\"binding\"").count(), 2, "{lines}");
    assert!(!lines.contains("Doe"));
    // What was written is an input again.
    let output = medwarden().args(["inspect", "--format", "json"]).arg(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["inputs"][0]["format"], "Medwarden observations");
    assert!(report["devices"].as_array().unwrap().iter().any(|device| device["id"] == "d-001b213c4d5e"));
}

#[test]
fn flows_are_said_when_it_ends() {
    let (mut child, stderr, addresses) = listen(&["--netflow", "127.0.0.1:0", "--count", "2", "--for", "20s", "--out", "-"]);
    let mut datagram = vec![0, 5, 0, 1, 0, 0, 16, 0, 0x6b, 0x04, 0x1d, 0x80];
    datagram.resize(24, 0);
    datagram.extend([10, 0, 0, 5, 192, 0, 2, 9]);
    datagram.extend([0; 8]);
    datagram.extend([0, 0, 0, 10, 0, 0, 3, 232, 0, 0, 0, 0, 0, 0, 16, 0, 0xc3, 0x50, 1, 187, 0, 0x1b, 6, 0]);
    datagram.resize(24 + 48, 0);
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(&datagram, addresses[0]).unwrap();
    udp.send_to(b"nonsense", addresses[0]).unwrap();
    let mut lines = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut lines).unwrap();
    let (code, said) = ended(child, stderr);
    assert_eq!(code, Some(0));
    assert!(said.contains("1 datagrams that could not be read"), "{said}");
    assert!(lines.contains("\"ip\":\"192.0.2.9\"},\"transport\":\"tcp\",\"port\":443"), "{lines}");
}

#[test]
fn nothing_is_answered() {
    let (mut child, _stderr, addresses) = listen(&["--syslog", "127.0.0.1:0", "--for", "2s"]);
    let mut tcp = TcpStream::connect(addresses[0]).unwrap();
    tcp.write_all(b"<13>one\n<13>two\n").unwrap();
    tcp.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let read = std::io::Read::read(&mut tcp, &mut [0; 16]);
    assert!(read.is_err(), "{read:?}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn wrong_usage() {
    for arguments in [&["listen"][..], &["listen", "--syslog", "nowhere"], &["listen", "--syslog", "192.0.2.1:514"]] {
        assert_eq!(medwarden().args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}
