//! TCP connections, whole and torn. `tcp-whole` is what the others are held against.

use super::*;

#[test]
fn reads_a_whole_connection() {
    let seen = see("tcp-whole");
    let flow = seen.only_flow();
    assert_eq!(flow.opening, Opening::Opened);
    assert!(flow.direction_known);
    assert_eq!(flow.protocol.as_deref(), Some("http"));
    assert_eq!((flow.to_server.lost, flow.to_client.lost), (0, 0));
    assert!(flow.to_client.bytes > 5000);
    assert!(seen.facts.iter().any(|fact| fact.field == "http.server"), "{:?}", seen.sayings());
    assert_eq!(seen.coverage.gaps, 0);
    assert_eq!(seen.coverage.one_way, 0);
    assert_eq!(seen.coverage.midstream, 0);
}

#[test]
fn order_copies_overlap_and_repetition_do_not_change_what_is_said() {
    let whole = see("tcp-whole").sayings();
    for case in
        ["tcp-reordered", "tcp-doubled", "tcp-retransmitted", "tcp-keep-alive", "tcp-fragments", "tcp-over-ipv6", "tcp-tagged"]
    {
        assert_eq!(see(case).sayings(), whole, "{case}");
    }
}

#[test]
fn mirrored_copies_are_counted_once() {
    let (whole, doubled) = (see("tcp-whole"), see("tcp-doubled"));
    assert_eq!(doubled.coverage.frames, 2 * whole.coverage.frames);
    assert!(doubled.coverage.mirrored_copies > 0);
    assert_eq!(doubled.only_flow().to_client.bytes, whole.only_flow().to_client.bytes);
    assert_eq!(doubled.only_flow().to_client.packets, whole.only_flow().to_client.packets);
}

#[test]
fn the_bytes_that_came_first_stand() {
    let seen = see("tcp-overlap");
    assert_eq!(seen.only_flow().protocol.as_deref(), Some("http"));
    assert!(seen.sayings().is_subset(&see("tcp-whole").sayings()), "{:?}", seen.sayings());
}

#[test]
fn a_gap_is_counted_and_what_stands_before_it_is_read() {
    let seen = see("tcp-gap");
    assert!(seen.only_flow().to_client.lost > 0);
    assert!(seen.facts.iter().any(|fact| fact.field == "http.server"));
}

#[test]
fn a_connection_joined_in_the_middle_is_read_from_its_next_message() {
    let seen = see("tcp-mid-stream");
    assert_eq!(seen.coverage.midstream, 1);
    assert_eq!(seen.only_flow().protocol.as_deref(), Some("http"));
    assert_eq!(seen.only_flow().opening, Opening::Unknown);
}

#[test]
fn one_way_is_reported_and_read_as_far_as_it_goes() {
    let seen = see("tcp-one-way");
    assert_eq!(seen.coverage.one_way, 1);
    assert_eq!(seen.only_flow().protocol.as_deref(), Some("http"));
    assert_eq!(seen.only_flow().to_client.packets, 0);
}

#[test]
fn cut_frames_are_counted_and_nothing_is_made_up() {
    let seen = see("tcp-snapped");
    assert!(seen.coverage.cut_frames > 0);
    assert!(seen.sayings().is_subset(&see("tcp-whole").sayings()), "{:?}", seen.sayings());
    assert_eq!(seen.only_flow().to_client.bytes, see("tcp-whole").only_flow().to_client.bytes);
}

#[test]
fn reused_ports_make_two_connections() {
    let seen = see("tcp-port-reuse");
    assert_eq!(seen.flows.len(), 2);
    assert!(seen.flows.iter().all(|flow| flow.opening == Opening::Opened));
}

#[test]
fn a_refused_connection_is_no_service() {
    assert_eq!(opening("tcp-refused"), Opening::Refused);
}

#[test]
fn the_flow_table_is_bounded_and_says_so() {
    let case = lab::cases::cases().find(|case| case.name == "tcp-port-reuse").expect("the case");
    let config = Config { max_flows: 1, ..Config::default() };
    let seen = see_bytes((case.build)(), &config);
    assert_eq!(seen.flows.len(), 2);
}
