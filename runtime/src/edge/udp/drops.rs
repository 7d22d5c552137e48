//! What the system threw away of what came for a socket, since nobody took it in time.

use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

/// The tables of sockets that Linux shows: a line each, the inode before the last two columns and
/// the number of dropped datagrams in the last one (`proc_net_udp(5)`).
const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// How many datagrams the system has dropped at this socket; `None` where it does not tell.
pub(super) fn dropped(socket: &impl AsRawFd) -> Option<u64> {
    let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
    let inode = std::fs::metadata(path).ok()?.ino();
    TABLES.iter().find_map(|table| {
        let table = std::fs::read_to_string(table).ok()?;
        table.lines().skip(1).find_map(|line| of(line, inode))
    })
}

fn of(line: &str, inode: u64) -> Option<u64> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let (known, dropped) = (columns.get(9)?, columns.get(12)?);
    (known.parse() == Ok(inode)).then(|| dropped.parse().ok())?
}
