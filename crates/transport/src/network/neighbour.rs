//! Whose process is at the other end of a connection within this host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Cause;

/// Whether both ends of a connection are on this host.
pub fn is_here(peer: SocketAddr, ours: SocketAddr) -> bool {
    let (peer, ours) = (peer.ip().to_canonical(), ours.ip().to_canonical());
    // A host takes nothing from outside that says it comes from one of its own addresses.
    peer.is_loopback() || peer == ours
}

/// Makes sure that the process at the other end of a connection within this host belongs to this process's user.
///
/// Linux lists every connection with its user; whose end is not listed has closed it. An end that nobody has accepted yet has no user, so this
/// is asked after the other side has spoken. Elsewhere it is not known.
///
/// # Errors
///
/// [`Cause::ForeignUser`] or [`Cause::UnknownUser`].
pub fn check(peer: SocketAddr, ours: SocketAddr) -> Result<(), Cause> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut why = "it has closed the connection".to_owned();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        match std::fs::read_to_string(table) {
            Ok(lines) => {
                if let Some(uid) = find(&lines, peer, ours) {
                    let own = rustix::process::geteuid().as_raw();
                    let foreign = || Cause::ForeignUser { peer: peer.to_string(), uid };
                    return if uid == own { Ok(()) } else { Err(foreign()) };
                }
            }
            // A host without IPv6 has one table.
            Err(error) if table.ends_with('6') && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => why = format!("{table} can not be read: {error}"),
        }
    }
    Err(Cause::UnknownUser { peer: peer.to_string(), why })
}

/// The user of the socket that is at `from` and connected to `to`.
fn find(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let same = |field: &str, wanted: SocketAddr| {
        let found = address(field)?;
        Some(found.port() == wanted.port() && found.ip().to_canonical() == wanted.ip().to_canonical())
    };
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let here = same(fields.next()?, from)?;
        let there = same(fields.next()?, to)?;
        // State, queues, timer, retransmissions; then the user.
        if here && there { fields.nth(4)?.parse().ok() } else { None }
    })
}

/// Reads an address in the form of the table: groups of four bytes, each as a number of the host, in hexadecimal.
fn address(field: &str) -> Option<SocketAddr> {
    let (ip, port) = field.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let group = |at: usize| u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(group(0)?)),
        32 => {
            let groups = [group(0)?, group(1)?, group(2)?, group(3)?];
            let octets: [u8; 16] = groups.concat().try_into().ok()?;
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1
   2: 0000000000000000FFFF00000100007F:C350 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002  0 3
";

    #[test]
    #[cfg(target_endian = "little")]
    fn a_socket_is_found_by_both_its_ends() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(find(TABLE, at("127.0.0.1:8080"), at("127.0.0.1:50000")), Some(1001));
        assert_eq!(find(TABLE, at("127.0.0.1:50000"), at("127.0.0.1:8080")), Some(1002));
        assert_eq!(find(TABLE, at("127.0.0.1:50000"), at("127.0.0.1:8081")), None);
        assert_eq!(find("", at("127.0.0.1:50000"), at("127.0.0.1:8081")), None);
        assert_eq!(find("\n x", at("127.0.0.1:50000"), at("127.0.0.1:8081")), None);
    }

    #[test]
    fn a_connection_of_this_process_is_this_users() {
        for place in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(place) else { continue };
            let dialled = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, peer) = listener.accept().unwrap();
            assert_eq!(check(peer, accepted.local_addr().unwrap()), Ok(()));
            assert_eq!(check(dialled.peer_addr().unwrap(), dialled.local_addr().unwrap()), Ok(()));
            drop(accepted);
            let gone = SocketAddr::new(peer.ip(), 1);
            assert!(matches!(check(gone, dialled.local_addr().unwrap()), Err(Cause::UnknownUser { .. })));
        }
    }
}
