//! NTP (RFC 5905 §7.3).

use model::Timestamp;

use crate::{Host, Scene};

/// Seconds from 1900 to 1970.
const ERA: i64 = 2_208_988_800;

fn stamp(time: Timestamp) -> [u8; 8] {
    let nanos = time.nanos();
    let seconds = (nanos / 1_000_000_000 + ERA) as u32;
    let fraction = ((nanos % 1_000_000_000) as u64 * (1 << 32) / 1_000_000_000) as u32;
    let [a, b] = [seconds.to_be_bytes(), fraction.to_be_bytes()];
    [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]
}

/// A client asks a server; the client's clock is off by so many seconds.
pub fn ask(scene: &mut Scene, client: &Host, server: &Host, off_s: i64) {
    let port = scene.port();
    let sent = scene.now.plus_nanos(off_s * 1_000_000_000);
    let request = [&[0x23, 0, 6, 0xec][..], &[0; 36], &stamp(sent)].concat();
    scene.udp(client, port, server, 123, &request);
    let now = scene.now;
    let mut answer = vec![0x24, 2, 6, 0xec];
    answer.extend([0, 0, 4, 0, 0, 0, 6, 0]);
    answer.extend([192, 0, 2, 123]);
    answer.extend(stamp(now.plus_nanos(-30_000_000_000)));
    answer.extend(stamp(sent));
    answer.extend(stamp(now));
    answer.extend(stamp(now));
    scene.udp(server, 123, client, port, &answer);
}
