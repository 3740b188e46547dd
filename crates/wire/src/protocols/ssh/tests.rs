use super::*;
use crate::harness::{context, streams, streams_any_chunk};
use crate::protocol::Direction::{ToClient, ToServer};

fn string(octets: &[u8]) -> Vec<u8> {
    [&u32::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat()
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 2 + 5).unwrap().to_be_bytes();
    [&length[..], &[5, kind], body, &[0; 5]].concat()
}

fn key_init(lists: [&str; 6]) -> Vec<u8> {
    let mut body = vec![7; 16];
    body.extend(lists.iter().flat_map(|list| string(list.as_bytes())));
    body.extend([0; 4 * 4 + 5]);
    packet(20, &body)
}

fn reply() -> Vec<u8> {
    let key = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&[&[0][..], &[0xd5; 128]].concat())].concat();
    packet(31, &[string(&key), string(&[4; 32]), string(&[9; 64])].concat())
}

fn client() -> Vec<u8> {
    let lists = ["curve25519-sha256,diffie-hellman-group1-sha1", "ssh-ed25519,ssh-rsa", "aes128-ctr,3des-cbc"];
    let lists = [lists[0], lists[1], lists[2], lists[2], "hmac-sha2-256,hmac-md5", "hmac-sha2-256,hmac-md5"];
    [&b"SSH-2.0-PuTTY_Release_0.70\r\n"[..], &key_init(lists), &packet(30, &[3; 40]), &packet(21, &[]), &[0xee; 70]].concat()
}

fn server() -> Vec<u8> {
    let lists =
        ["diffie-hellman-group1-sha1", "ssh-rsa,ssh-dss", "3des-cbc,aes128-cbc", "arcfour,aes128-ctr", "hmac-md5", "hmac-md5"];
    [&b"authorised use only\r\nSSH-1.99-Cisco-1.25\n"[..], &key_init(lists), &reply(), &packet(21, &[]), &[0xdd; 90]].concat()
}

#[test]
fn a_connection() {
    let said = streams_any_chunk(&Ssh, 22, &[(ToServer, &client()), (ToClient, &server())]);
    let expected = [
        "sender ssh.client_software PuTTY_Release_0.70",
        "conversation ssh.version SSH-2.0",
        "conversation ssh.shell remote shell",
        "sender ssh.server_software Cisco-1.25",
        "conversation ssh.kex diffie-hellman-group1-sha1",
        "conversation ssh.algorithm_weak diffie-hellman-group1-sha1",
        "conversation ssh.host_key_algorithm ssh-rsa",
        "conversation ssh.algorithm_weak ssh-rsa",
        "conversation ssh.cipher 3des-cbc",
        "conversation ssh.algorithm_weak 3des-cbc",
        "conversation ssh.cipher aes128-ctr",
        "conversation ssh.mac hmac-md5",
        "conversation ssh.algorithm_weak hmac-md5",
        "sender ssh.host_key_sha256 ",
        "conversation ssh.host_key_weak RSA 1024",
        "sender ssh.host_key RSA 1024",
    ];
    assert_eq!(said.lines.len(), expected.len(), "{:#?}", said.lines);
    for (line, start) in said.lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line} is not {start}");
    }
    assert!(said.malformed.is_empty());
}

#[test]
fn ssh_1_is_named_and_left() {
    let said = streams_any_chunk(&Ssh, 22, &[(ToClient, b"SSH-1.5-1.2.27\n\x00\x00\x01\x0b\x05\x02")]);
    assert_eq!(
        said.lines,
        [
            "sender ssh.server_software 1.2.27",
            "conversation ssh.version SSH-1",
            "conversation ssh.version_broken SSH-1",
            "conversation ssh.shell remote shell",
        ]
    );
}

#[test]
fn an_authenticating_cipher_has_no_mac() {
    let lists = ["a", "b", "chacha20-poly1305@openssh.com", "chacha20-poly1305@openssh.com", "hmac-md5", "hmac-md5"];
    let stream = |name: &[u8]| [name, &key_init(lists)].concat();
    let said = streams_any_chunk(&Ssh, 22, &[(ToClient, &stream(b"SSH-2.0-x\n")), (ToServer, &stream(b"SSH-2.0-y\n"))]);
    assert_eq!(said.lines.last().unwrap(), "conversation ssh.cipher chacha20-poly1305@openssh.com");
}

#[test]
fn the_bytes_decide() {
    let probe = |head: &[u8]| Ssh.probe(&context(ToClient, 22, head.len()), head);
    assert_eq!(probe(b"SSH-2.0-OpenSSH_9.6\r\n"), Verdict::Certain);
    assert_eq!(probe(b"SS"), Verdict::Unsure);
    assert_eq!(probe(b"welcome\r\nSSH-2.0-x\r\n"), Verdict::Certain);
    for other in [&b"SSHFP"[..], b"SSH-x", b"220 ready\r\n", b"HTTP/1.1 200 OK\r\n"] {
        assert_eq!(probe(other), Verdict::No);
    }
}

#[test]
fn cut_or_broken_streams_do_no_harm() {
    let (client, server) = (client(), server());
    for cut in 0..server.len() {
        let _ = streams(&Ssh, 22, &[(ToServer, &client), (ToClient, &server[..cut])], 100);
        let mut wrong = server.clone();
        wrong[cut] ^= 0xff;
        let _ = streams(&Ssh, 22, &[(ToServer, &client), (ToClient, &wrong)], usize::MAX);
    }
}
