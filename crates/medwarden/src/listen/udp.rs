//! What Linux lost of datagrams because nobody read them in time.

use std::net::SocketAddr;

/// Datagrams dropped by the socket bound to an address, as `/proc/net/udp` has it (proc(5)); 0 where that is not known.
pub(super) fn dropped_by_kernel(address: SocketAddr) -> u64 {
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
