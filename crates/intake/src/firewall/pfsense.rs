//! pfSense and OPNsense: `filterlog` (docs.netgate.com, "Raw Filter Log Format"), and log-ins to the web page.

use model::observation::Opening;

use crate::Emit;
use crate::talk::{Login, LoginFields, Talk, login_fields, transport_of, way};
use crate::text::{after, between, csv, ip, number, small, word};

static LOGIN: LoginFields = login_fields!("pfsense", "pfSense or OPNsense log");

/// Reads a message of `filterlog`: one packet, usually the first of a connection.
pub(crate) fn filterlog(body: &[u8], out: &mut Emit<'_>) {
    const MOST: usize = 28;
    let mut fields = [&[][..]; MOST];
    for (place, field) in fields.iter_mut().zip(csv(body)) {
        *place = field;
    }
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    // After the common ones: of IPv4 nine fields up to the protocol's name, of IPv6 five; then length, source, destination.
    let (ttl, protocol, length) = match field(8) {
        b"4" => (field(11), field(16), 17),
        b"6" => (field(11), field(12), 14),
        _ => return,
    };
    let (Some(src), Some(dst)) = (ip(field(length + 1)), ip(field(length + 2))) else { return };
    let Some(transport) = transport_of(protocol) else { return };
    let has_ports = matches!(transport, model::Transport::Tcp | model::Transport::Udp);
    let port = if has_ports { small(field(length + 4)).unwrap_or(0) } else { 0 };
    let flags = field(length + 6);
    Talk {
        to_server: (1, number(field(length)).unwrap_or(0)),
        hop_limit: small(ttl).unwrap_or(0),
        opening: if field(6) == b"pass" { Opening::Unknown } else { Opening::Unanswered },
        direction_known: transport != model::Transport::Tcp || flags == b"S",
        ..Talk::new(src, dst, transport, port)
    }
    .tell(out);
}

/// Reads a message of `php-fpm` or `audit`: `/index.php: Successful login for user 'admin' from: 10.1.1.5 (Local Database)`, and
/// `webConfigurator authentication error for user 'x' from: 10.1.1.5`.
pub(crate) fn web(body: &[u8], out: &mut Emit<'_>) {
    let succeeded = after(body, b"Successful login for user").is_some();
    let failed = after(body, b"authentication error for").is_some() || after(body, b"Could not authenticate user").is_some();
    if !succeeded && !failed {
        return;
    }
    let from = after(body, b"from: ").map(word).and_then(|(from, _)| ip(from));
    let account = between(body, b"'", b"'").unwrap_or_default();
    Login { account, from, to: None, way: way(b"https"), succeeded }.tell(&LOGIN, out);
}
