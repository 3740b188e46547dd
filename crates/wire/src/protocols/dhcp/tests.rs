use super::*;
use crate::harness::{Lines, context, datagrams};
use crate::protocol::Direction;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn message(operation: u8, yours: [u8; 4], options: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![operation, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(yours);
    bytes.extend([0; 8]);
    bytes.extend(MAC);
    bytes.resize(FIXED_LEN, 0);
    bytes.extend(COOKIE);
    for option in options {
        bytes.extend(*option);
    }
    bytes.push(255);
    bytes
}

fn request() -> Vec<u8> {
    let options: [&[u8]; 8] = [
        &[53, 1, 1],
        b"\x0c\x06host-7",
        b"\x3c\x08MSFT 5.0",
        &[55, 3, 1, 3, 6],
        &[61, 7, 1, 2, 0, 0, 0, 0, 1],
        b"\x51\x10\x04\x00\x00\x06host-7\x03lan\x00\x00",
        &[0],
        b"\x7d\x0f\x00\x00\x0d\xe9\x0a\x02\x03SN1\x03\x03M-7",
    ];
    message(1, [0; 4], &options)
}

fn acknowledge() -> Vec<u8> {
    let options: [&[u8]; 7] = [
        &[53, 1, 5],
        &[54, 4, 10, 0, 0, 2],
        &[51, 4, 0, 0, 14, 16],
        &[1, 4, 255, 255, 255, 0],
        &[3, 4, 10, 0, 0, 254],
        &[6, 8, 10, 0, 0, 3, 10, 0, 0, 4],
        b"\x0f\x03lan",
    ];
    message(2, [10, 0, 0, 77], &options)
}

fn said(direction: Direction, bytes: &[u8]) -> Lines {
    datagrams(&Dhcp, 67, &[(direction, bytes)])
}

#[test]
fn a_client_describes_itself() {
    let said = said(Direction::ToServer, &request());
    assert_eq!(
        said.lines,
        [
            "02:00:00:00:00:01 dhcp.option12 host-7",
            "02:00:00:00:00:01 dhcp.option60 MSFT 5.0",
            "02:00:00:00:00:01 dhcp.option55 1,3,6",
            "02:00:00:00:00:01 dhcp.option61 01020000000001",
            "02:00:00:00:00:01 dhcp.option81 host-7.lan",
            "02:00:00:00:00:01 dhcp.option125-2 SN1",
            "02:00:00:00:00:01 dhcp.option125-3 M-7",
        ]
    );
    assert_eq!(said.roles, [Role::Client]);
}

#[test]
fn an_acknowledgement_ties() {
    let said = said(Direction::ToClient, &acknowledge());
    assert_eq!(
        said.lines,
        [
            "10.0.0.2 dhcp.option54 yes",
            "10.0.0.77 dhcp.option1 10.0.0.0/24",
            "10.0.0.254 dhcp.option3 yes",
            "10.0.0.3 dhcp.option6 yes",
            "10.0.0.4 dhcp.option6 yes",
            "02:00:00:00:00:01=10.0.0.77 dhcp.yiaddr yes",
            "02:00:00:00:00:01=10.0.0.77 dhcp.option51 3600",
            "02:00:00:00:00:01 dhcp.option15 lan",
        ]
    );
    assert_eq!(said.roles, [Role::Server]);
}

#[test]
fn an_offer_does_not_tie() {
    let offer = message(2, [10, 0, 0, 77], &[&[53, 1, 2], &[54, 4, 10, 0, 0, 2]]);
    assert_eq!(said(Direction::ToClient, &offer).lines, ["10.0.0.2 dhcp.option54 yes"]);
}

#[test]
fn options_in_the_file_field() {
    let mut bytes = message(1, [0; 4], &[&[52, 1, 1]]);
    bytes[108..118].copy_from_slice(b"\x0c\x06host-7\xff\0");
    assert_eq!(said(Direction::ToServer, &bytes).lines, ["02:00:00:00:00:01 dhcp.option12 host-7"]);
}

#[test]
fn the_cookie_decides() {
    let probe = |bytes: &[u8]| Dhcp.probe(&context(Direction::ToServer, 67, bytes.len()), bytes);
    assert_eq!(probe(&request()), Verdict::Certain);
    let mut old = request();
    old[236] = 0;
    assert_eq!(probe(&old), Verdict::Unsure);
    assert_eq!(probe(&[1; 100]), Verdict::No);
    assert_eq!(probe(b"GET / HTTP/1.1"), Verdict::No);
}

#[test]
fn no_cut_panics() {
    for whole in [request(), acknowledge()] {
        for cut in 0..whole.len() {
            let _ = said(Direction::ToServer, &whole[..cut]);
        }
    }
    assert_eq!(
        said(Direction::ToServer, &message(1, [0; 4], &[&[12, 200, 1]])).malformed,
        ["DHCP option longer than the message"]
    );
}
