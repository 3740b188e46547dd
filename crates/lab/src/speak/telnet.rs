//! Telnet (RFC 854): option negotiation and a log-in, typed a character at a time.

use crate::{Direction, Scene, Tcp};

/// A log-in, with the prompts and the greeting of the device.
pub fn login(scene: &mut Scene, tcp: &mut Tcp, greeting: &str, account: &str, secret: &str, after: &str) {
    // WILL echo, WILL suppress go-ahead; DO both.
    tcp.send(scene, Direction::ToClient, &[255, 251, 1, 255, 251, 3]);
    tcp.send(scene, Direction::ToServer, &[255, 253, 1, 255, 253, 3]);
    tcp.send(scene, Direction::ToClient, format!("{greeting}\r\nlogin: ").as_bytes());
    for letter in account.bytes() {
        scene.wait_ms(90);
        tcp.exchange(scene, &[letter], &[letter]);
    }
    tcp.exchange(scene, b"\r\n", b"\r\nPassword: ");
    for letter in secret.bytes() {
        scene.wait_ms(90);
        tcp.send(scene, Direction::ToServer, &[letter]);
    }
    tcp.exchange(scene, b"\r\n", format!("\r\n{after}").as_bytes());
}
