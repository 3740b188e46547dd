use super::*;
use crate::harness::{context, streams, streams_any_chunk};
use crate::protocol::Direction::{self, ToClient, ToServer};
use crate::protocol::{Next, Step};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: ups.example:8080\r\nUser-Agent: curl/8\r\n\r\n";

fn said(messages: &[(Direction, &[u8])]) -> Vec<String> {
    streams_any_chunk(&Http, 80, messages).lines
}

fn ask(bytes: &[u8]) -> Verdict {
    Http.probe(&context(ToServer, 80, bytes.len()), bytes)
}

#[test]
fn start_lines_decide() {
    assert_eq!(ask(b"GET / HTTP/1.1\r\n"), Verdict::Certain);
    assert_eq!(ask(b"HTTP/1.0 200 OK\r\n"), Verdict::Certain);
    assert_eq!(ask(b"HTTP/1.0 200 OK"), Verdict::Certain);
    assert_eq!(ask(b"POST /very/long"), Verdict::Unsure);
    assert_eq!(ask(b"GE"), Verdict::Unsure);
    assert_eq!(ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Verdict::Certain);
    for other in [
        &b"220 ready\r\n"[..],
        b"OPTIONS rtsp://a RTSP/1.0\r\n",
        b"REGISTER sip:a SIP/2.0\r\n",
        b"USER a\r\n",
        b"XXX",
        b"\x16\x03\x01",
        b"",
    ] {
        assert_eq!(ask(other), Verdict::No, "{other:?}");
    }
}

#[test]
fn an_answer_of_ssh_is_handed_over() {
    let mut session = Http.session().unwrap();
    let mut lines = crate::harness::Lines::default();
    let asked = session.data(&context(ToServer, 22, REQUEST.len()), REQUEST, &mut lines);
    assert_eq!(asked.next, Next::More(1));
    let answered = session.data(&context(ToClient, 22, 9), b"SSH-2.0-x\r\n", &mut lines);
    assert_eq!(answered, Step { used: 0, next: Next::Become("ssh") });
}

#[test]
fn a_console_says_what_it_is() {
    let response = b"HTTP/1.1 200 OK\r\nServer: GoAhead-Webs\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Length: 46\r\n\r\n<html><head><title>Acme UPS 3</title></head>..";
    assert_eq!(
        said(&[(ToServer, REQUEST), (ToClient, response), (ToServer, REQUEST), (ToClient, response)]),
        [
            "conversation http.host ups.example",
            "sender http.user-agent curl/8",
            "sender http.server GoAhead-Webs",
            "sender http.date 1994-11-06T08:49:37Z",
            "conversation http.content-type text/html",
            "sender http.title Acme UPS 3",
        ]
    );
}

#[test]
fn a_title_is_not_read_from_another_page_or_for_one_who_is_signed_in() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 29\r\n\r\n<title>Doe, Jane</title>.....";
    for request in [&b"GET /record HTTP/1.1\r\n\r\n"[..], b"GET / HTTP/1.1\r\nCookie: a=b\r\n\r\n"] {
        assert_eq!(said(&[(ToServer, request), (ToClient, response)]), ["conversation http.content-type text/html"]);
    }
}

#[test]
fn basic_log_ins_and_what_became_of_them() {
    let refused = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"Pump 7\"\r\nContent-Length: 0\r\n\r\n";
    let request = b"GET / HTTP/1.1\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n\r\n";
    let granted = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        said(&[(ToServer, b"GET / HTTP/1.1\r\n\r\n"), (ToClient, refused), (ToServer, request), (ToClient, granted)]),
        [
            "conversation http.challenge asks for http basic",
            "sender http.realm Pump 7",
            "conversation http.authorization http basic",
            "conversation http.account admin",
            "conversation http.credential http basic admin:1234",
            "conversation http.login-status http basic",
        ]
    );
}

#[test]
fn forms() {
    let form = b"POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 31\r\n\r\nusername=root&password=a%2Bb+c&";
    let sent_on = b"HTTP/1.1 302 Found\r\nLocation: /home\r\nSet-Cookie: s=1\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        said(&[(ToServer, form), (ToClient, sent_on)]),
        [
            "conversation http.content-type application/x-www-form-urlencoded",
            "conversation http.authorization http form",
            "conversation http.credential http form root:a+b c",
            "conversation http.login-status http form",
        ]
    );
    let json = b"POST /api HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n{\"user\":\"root\", \"pwd\" : \"x\\\"y\",\"n\":1}";
    assert!(said(&[(ToServer, json)]).contains(&"conversation http.credential http form root:x\\\"y".to_owned()));
}

#[test]
fn bodies_are_skipped_and_messages_follow_each_other() {
    let two = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nHTTP/\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 204 No\r\nServer: two\r\n\r\nHTTP/1.1 200 OK\r\nServer: three\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nServer: four\r\n\r\n HTTP/1.1 200 OK\r\nServer: body\r\n\r\n";
    assert_eq!(said(&[(ToClient, two)]), ["sender http.server two", "sender http.server three", "sender http.server four"]);
}

#[test]
fn a_title_is_found_across_chunks() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n\
        9\r\n<title>Ac\r\n9\r\nme</title\r\n4\r\n>...\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nServer: next\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        said(&[(ToServer, b"GET / HTTP/1.1\r\n\r\n"), (ToClient, response)]),
        ["conversation http.content-type text/html", "sender http.title Acme", "sender http.server next"]
    );
}

#[test]
fn head_has_no_body_and_connect_is_a_tunnel() {
    let answers = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nHTTP/1.1 200 OK\r\nServer: second\r\nContent-Length: 0\r\n\r\n";
    let asked = b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    assert_eq!(said(&[(ToServer, asked), (ToClient, answers)]), ["sender http.server second"]);
    let connect = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
    assert_eq!(
        said(&[(ToServer, connect), (ToClient, b"HTTP/1.1 200 Connected\r\n\r\n"), (ToServer, b"SSH-2.0-a HTTP/1.1 200 OK\r\n")]),
        ["conversation http.host a.example", "conversation http.connect CONNECT"]
    );
}

#[test]
fn clinical_paths_and_types_are_phi() {
    let request = b"GET /fhir/Patient/123456 HTTP/1.1\r\n\r\nGET /studies/1.2.840.1.1/series HTTP/1.1\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(
        said(&[(ToServer, request), (ToClient, response)]),
        [
            "conversation http.path-patient 1",
            "conversation http.path-document 1",
            "conversation http.content-type application/fhir+json",
            "conversation http.body-clinical 1",
        ]
    );
}

#[test]
fn management_pages_are_named_by_a_fixed_word() {
    assert_eq!(
        said(&[(ToServer, b"POST /firmware.cgi?serial=77 HTTP/1.0\r\n\r\n")]),
        ["conversation http.path-management firmware upload"]
    );
}

#[test]
fn finds_its_place_after_a_gap() {
    let mut web = Web::new(Service::Http);
    let mut lines = crate::harness::Lines::default();
    let to_client = context(ToClient, 80, 0);
    web.gap(&to_client, 1000, &mut lines);
    let bytes = b"rest of a body HTTP/1.1 200 OK\r\nServer: found\r\n\r\n";
    let step = web.data(&to_client, bytes, &mut lines);
    assert_eq!(step.used, 15);
    web.data(&to_client, &bytes[15..], &mut lines);
    assert_eq!(lines.lines, ["sender http.server found"]);
}

#[test]
fn absurd_heads_are_bounded() {
    let mut long = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
    long.resize(70_000, b'x');
    let lines = streams(&Http, 80, &[(ToServer, &long)], 1460);
    assert_eq!(lines.lines, ["conversation http.host a"]);
    assert_eq!(lines.malformed, ["HTTP head is too long"]);
}

#[test]
fn truncated_anywhere_is_no_harm() {
    let whole = b"POST /login HTTP/1.1\r\nAuthorization: Digest username=\"a\"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"user\":\"a\",\"pass\":\"\\\r\n0\r\n\r\n";
    for end in 0..whole.len() {
        let _ = streams(&Http, 80, &[(ToServer, &whole[..end]), (ToClient, &whole[end..])], 5);
    }
}
