//! Datagrams as they come, and what Linux lost of them because nobody read them in time.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;

use super::LOOK;
use super::queue::Shared;

/// The largest datagram.
const MAX_DATAGRAM: usize = 64 * 1024;

/// Gives `take` each datagram with its sender, and nothing when none came for a while, until the end is wished for. False when `take`
/// wants no more before.
pub(super) fn receive(socket: &UdpSocket, shared: &Shared, mut take: impl FnMut(Option<(&[u8], IpAddr)>) -> bool) -> bool {
    let _ = socket.set_read_timeout(Some(LOOK));
    let mut buffer = vec![0; MAX_DATAGRAM];
    while !shared.stops() {
        let goes_on = match socket.recv_from(&mut buffer) {
            Ok((length, from)) => take(Some((buffer.get(..length).unwrap_or_default(), from.ip().to_canonical()))),
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(_) => take(None),
        };
        if !goes_on {
            return false;
        }
    }
    true
}

/// Counts what the system lost of a socket's datagrams.
pub(super) fn count_lost(socket: &UdpSocket, shared: &Shared) {
    if let Ok(address) = socket.local_addr() {
        shared.kernel_dropped.fetch_add(dropped_by_kernel(address), Ordering::Relaxed);
    }
}

/// Datagrams dropped by the socket bound to an address, as `/proc/net/udp` has it (proc(5)); 0 where that is not known.
fn dropped_by_kernel(address: SocketAddr) -> u64 {
    let table = if address.is_ipv4() { "/proc/self/net/udp" } else { "/proc/self/net/udp6" };
    std::fs::read_to_string(table).map_or(0, |text| text.lines().filter_map(|line| dropped(line, address.port())).sum())
}

/// The last column of the line of a port: `sl local_address …  drops`.
fn dropped(line: &str, port: u16) -> Option<u64> {
    let mut words = line.split_whitespace();
    let (_, local) = words.nth(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(local, 16).is_ok_and(|local| local == port);
    words.next_back()?.parse().ok().filter(|_| is_it)
}

#[cfg(test)]
mod tests {
    use super::dropped;

    #[test]
    fn the_last_column_counts() {
        let line = "  812: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 17";
        assert_eq!(dropped(line, 514), Some(17));
        assert_eq!(dropped(line, 515), None);
        assert_eq!(dropped("   sl  local_address rem_address", 514), None);
    }
}
