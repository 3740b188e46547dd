//! HTTP/1.1 (RFC 9112).

/// A request for a page.
#[must_use]
pub fn get(host: &str, path: &str, agent: &str) -> Vec<u8> {
    request("GET", host, path, &[("User-Agent", agent), ("Accept", "*/*")], b"")
}

/// Any request.
#[must_use]
pub fn request(method: &str, host: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
    finish(&mut bytes, headers, body);
    bytes
}

/// A page.
#[must_use]
pub fn ok(server: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    response("200 OK", &[("Server", server), ("Content-Type", content_type)], body)
}

/// Any response.
#[must_use]
pub fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    if body.is_empty() {
        bytes.extend(b"Content-Length: 0\r\n");
    }
    finish(&mut bytes, headers, body);
    bytes
}

fn finish(bytes: &mut Vec<u8>, headers: &[(&str, &str)], body: &[u8]) {
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    if !body.is_empty() {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
}
