//! Log-ins that should not be: defaults, and guesses.

use super::{first, nth};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::{http, snmp, ssh, telnet};

const AGENT: (&str, &str) = ("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/1.0");

/// Guesses that no device of the lab takes.
const GUESSES: [&str; 6] = ["summer2026", "hospital1", "letmein", "password1", "qwerty12", "changeme9"];

/// Base64 (RFC 4648 §4).
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            (0..4).map(move |at| if at > chunk.len() { '=' } else { DIGITS[(word >> (18 - 6 * at) & 63) as usize] as char })
        })
        .collect()
}

/// One sign-in by HTTP Basic on a connection of its own.
fn basic(play: &mut Play, from: DeviceId, to: DeviceId, login: &str, granted: bool) {
    let mut line = play.connect(Party::Device(from), Party::Device(to), 80, "http", false);
    let (host, banner) = (play.fqdn(to), play.says(to, "http-server"));
    let login = format!("Basic {}", base64(login));
    let request = http::request("GET", &host, "/config", &[AGENT, ("Authorization", &login)], b"");
    let answer = if granted {
        http::ok(banner, "text/html", b"<html><title>configuration</title></html>")
    } else {
        http::response(
            "401 Unauthorized",
            &[("Server", banner), ("WWW-Authenticate", "Basic realm=\"device\"")],
            b"<html>sign in</html>",
        )
    };
    line.exchange(play, &request, &answer);
    if granted {
        line.default_credential(play);
    }
    line.close(play);
}

fn computer_and(play: &mut Play, role: &str) -> Option<(DeviceId, DeviceId)> {
    let (computer, other) = (nth(play, "workstation", 3)?, first(play, role)?);
    play.label(&[Party::Device(computer)], &[Party::Device(other)]);
    Some((computer, other))
}

pub(super) fn default_credential(play: &mut Play) {
    let Some((computer, printer)) = computer_and(play, "printer") else { return };
    basic(play, computer, printer, "admin:admin", true);
}

pub(super) fn http(play: &mut Play) {
    let Some((computer, printer)) = computer_and(play, "printer") else { return };
    for round in 0..60 {
        play.after(round * 3, move |play| {
            let guess = GUESSES[round as usize % GUESSES.len()];
            basic(play, computer, printer, &format!("admin:{guess}{round}"), false);
        });
    }
}

pub(super) fn ssh(play: &mut Play) {
    let Some(server) = first(play, "engine") else { return };
    let Some(computer) = nth(play, "workstation", 3) else { return };
    play.label(&[Party::Device(computer)], &[Party::Device(server)]);
    let banner = play.says(server, "ssh-server");
    for round in 0..40 {
        play.after(round * 4, move |play| {
            let mut line = play.connect(Party::Device(computer), Party::Device(server), 22, "ssh", false);
            line.with(play, |scene, tcp| ssh::session(scene, tcp, "SSH-2.0-libssh2_1.11.0", banner, 3));
            line.close(play);
        });
    }
}

pub(super) fn telnet(play: &mut Play) {
    let Some((computer, device)) = computer_and(play, "serial").or_else(|| computer_and(play, "snmp-agent")) else { return };
    for round in 0..20 {
        play.after(round * 9, move |play| {
            let guess = GUESSES[round as usize % GUESSES.len()];
            let mut line = play.connect(Party::Device(computer), Party::Device(device), 23, "telnet", false);
            line.with(play, |scene, tcp| {
                telnet::login(scene, tcp, "Device console", "admin", guess, "Login incorrect\r\nlogin: ")
            });
            line.close(play);
        });
    }
}

pub(super) fn snmp(play: &mut Play) {
    let Some((computer, switch)) = computer_and(play, "snmp-agent") else { return };
    for round in 0..80_u32 {
        play.after(i64::from(round), move |play| {
            let community = format!("{}{round}", GUESSES[round as usize % GUESSES.len()]);
            play.ask(Party::Device(computer), Party::Device(switch), 161, "snmp", &snmp::get(&community, round), None);
        });
    }
}

/// A sign-in over SSH from outside, for a visit.
pub(super) fn from_outside(play: &mut Play, engineer: Party, device: DeviceId) {
    let mut line = play.connect(engineer, Party::Device(device), 22, "ssh", false);
    line.with(play, |scene, tcp| ssh::session(scene, tcp, "SSH-2.0-PuTTY_Release_0.80", "SSH-2.0-OpenSSH_7.4", 60));
    line.close(play);
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_of_the_standard() {
        // RFC 4648 §10.
        for (text, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(super::base64(text), coded);
        }
    }
}
