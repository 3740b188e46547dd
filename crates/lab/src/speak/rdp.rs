//! The first bytes of remote desktop (MS-RDPBCGR §2.2.1): TPKT, X.224, negotiation of TLS.

fn tpkt(body: &[u8]) -> Vec<u8> {
    [&[3, 0][..], &(body.len() as u16 + 4).to_be_bytes(), body].concat()
}

/// Connection request with a cookie that names the account.
#[must_use]
pub fn request(account: &str) -> Vec<u8> {
    let cookie = format!("Cookie: mstshash={account}\r\n");
    let negotiation = [1, 0, 8, 0, 3, 0, 0, 0];
    let rest = [&[0xe0, 0, 0, 0, 0, 0][..], cookie.as_bytes(), &negotiation].concat();
    tpkt(&[&[rest.len() as u8][..], &rest].concat())
}

/// Connection confirm that takes TLS.
#[must_use]
pub fn confirm() -> Vec<u8> {
    tpkt(&[14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0x1f, 8, 0, 1, 0, 0, 0])
}
