//! The socket tables below /proc/thread-self/net, for hosts that refuse sock_diag. They have no
//! maximum of the accept queue, no drop counter, no device and no cookie.
//!
//! Follows proc_net(5), `get_tcp4_sock` (net/ipv4/tcp_ipv4.c), `get_tcp6_sock` and `unix_seq_show`
//! (net/unix/af_unix.c). The `procfs` crate reads the lines, one by one: given the whole table it
//! would lose it over one line that it does not know. Lines are streamed, and those of established
//! connections are passed over before anything is parsed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use procfs::net::{TcpNetEntries, TcpNetEntry, UnixNetEntries, UnixNetEntry};
use procfs::{FromBufRead, FromBufReadSI};

use super::row::{Family, Local, Requests, Row};
use super::{sctp, unix};
use crate::snapshot::{Listener, Protocol, address};

/// `__SO_ACCEPTCON` of include/linux/net.h, in the `Flags` column.
const ACCEPTCON: u32 = 1 << 16;
/// `SS_CONNECTING` of include/uapi/linux/net.h, in the `St` column.
const CONNECTING: &[u8] = b"02";

/// What a table held.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Its listeners.
    pub(super) rows: Vec<Row>,
    /// Its connections in SYN_RECV.
    pub(super) requests: Requests,
    /// Lines that nobody understood.
    pub(super) odd: u32,
}

/// Reads a family's table of the calling thread's network namespace; `proc` is where procfs is.
///
/// # Errors
///
/// Those of opening and reading the file; ENOENT where the kernel has no such family.
pub(super) fn read(proc: &Path, family: Family) -> io::Result<Table> {
    let path = proc.join("thread-self/net").join(family.file());
    parse(
        BufReader::with_capacity(64 * 1024, File::open(path)?),
        family,
    )
}

/// Whether the calling thread's namespace never received a TCP segment, so that no connection can wait
/// there half-open: `InSegs` of /proc/thread-self/net/snmp, which counts both families
/// (net/ipv4/tcp_ipv4.c, `tcp_v4_rcv`).
pub(super) fn no_segment_came_in(proc: &Path) -> bool {
    std::fs::read_to_string(proc.join("thread-self/net/snmp"))
        .is_ok_and(|text| tcp_segments(&text) == Some(0))
}

/// `InSegs` among the two lines of TCP: the names, then the numbers.
fn tcp_segments(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let names = lines.next()?.split_whitespace();
    let numbers = lines.next()?.split_whitespace();
    let (_, number) = names.zip(numbers).find(|(name, _)| *name == "InSegs")?;
    number.parse().ok()
}

fn parse(mut lines: impl BufRead, family: Family) -> io::Result<Table> {
    let mut table = Table::default();
    let mut waiting = Waiting::new();
    let mut line = Vec::new();
    // The first line names the columns.
    lines.read_until(b'\n', &mut line)?;
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let understood = match family {
            Family::Unix => unix_line(text, &mut table.rows, &mut waiting),
            Family::Inet | Family::Inet6 => tcp_line(text, family, &mut table),
            Family::Sctp => sctp::line(text).map(|row| table.rows.extend(row)),
            Family::Vsock => None,
        };
        table.odd += u32::from(understood.is_none());
    }
    if family == Family::Unix {
        queue_lengths(&mut table.rows, &waiting);
    }
    Ok(table)
}

/// The words of a line.
pub(super) fn columns(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// Reads one line of `tcp` or `tcp6`; `None` when it is not understood.
fn tcp_line(line: &[u8], family: Family, table: &mut Table) -> Option<()> {
    match columns(line).nth(3)? {
        b"0A" => {
            let entry = tcp_entry(line)?;
            table.rows.push(tcp_row(&entry, family));
        }
        b"03" => {
            let local = tcp_local(&tcp_entry(line)?, family);
            *table.requests.entry(local).or_default() += 1;
        }
        _ => {}
    }
    Some(())
}

fn tcp_entry(line: &[u8]) -> Option<TcpNetEntry> {
    let table = [b"\n", line].concat();
    let entries = TcpNetEntries::from_buf_read(table.as_slice(), procfs::current_system_info());
    entries.ok()?.0.into_iter().next()
}

fn tcp_local(entry: &TcpNetEntry, family: Family) -> Local {
    Local {
        family,
        ip: entry.local_address.ip(),
        port: entry.local_address.port(),
        device: None,
    }
}

fn tcp_row(entry: &TcpNetEntry, family: Family) -> Row {
    let local = tcp_local(entry, family);
    let address = address::internet(local.ip, None, local.port);
    let mut listener = Listener::new(Protocol::Tcp, address);
    listener.accept_queue.len = Some(entry.rx_queue);
    listener.inode = Some(entry.inode).filter(|inode| *inode != 0);
    listener.uid = Some(entry.uid);
    Row {
        local: Some(local),
        v6_only: false,
        cgroup_id: None,
        listener,
    }
}

/// Connections that wait for accept(2), by the address of their listener: each is a line of its
/// own, in state CONNECTING, without an inode.
type Waiting = BTreeMap<String, u32>;

/// Reads one line of `unix`; `None` when it is not understood.
fn unix_line(line: &[u8], rows: &mut Vec<Row>, waiting: &mut Waiting) -> Option<()> {
    let flags = columns(line).nth(3)?;
    let state = columns(line).nth(5)?;
    let flags = u32::from_str_radix(std::str::from_utf8(flags).ok()?, 16).ok()?;
    if flags & ACCEPTCON == 0 && state != CONNECTING {
        return Some(());
    }
    let (numbers, name) = split_name(line)?;
    let entry = unix_entry(numbers)?;
    // The kernel writes `@` for NUL, which is also how abstract names are spelled here.
    let name = address::unix(name);
    if flags & ACCEPTCON == 0 {
        if entry.inode == 0 {
            *waiting.entry(name).or_default() += 1;
        }
        return Some(());
    }
    let mut listener = Listener::new(unix::protocol(i32::from(entry.socket_type))?, name);
    listener.inode = Some(entry.inode).filter(|inode| *inode != 0);
    rows.push(Row {
        local: None,
        v6_only: false,
        cgroup_id: None,
        listener,
    });
    Some(())
}

/// Splits a line behind its seven columns of numbers: a name may hold blanks, and any byte.
fn split_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    for _ in 0..7 {
        at += line.get(at..)?.iter().position(|byte| *byte != b' ')?;
        let rest = line.get(at..)?;
        at += rest
            .iter()
            .position(|byte| *byte == b' ')
            .unwrap_or(rest.len());
    }
    let (numbers, name) = line.split_at_checked(at)?;
    Some((numbers, name.strip_prefix(b" ").unwrap_or(name)))
}

fn unix_entry(numbers: &[u8]) -> Option<UnixNetEntry> {
    let table = [b"\n", numbers].concat();
    let entries = UnixNetEntries::from_buf_read(table.as_slice());
    entries.ok()?.0.into_iter().next()
}

/// Gives each listener the connections that wait under its address. Two listeners of one address
/// (a path that was unlinked and bound again) cannot be told apart: theirs stay unknown, unless
/// nothing waits.
fn queue_lengths(rows: &mut [Row], waiting: &Waiting) {
    let mut named: BTreeMap<String, u32> = BTreeMap::new();
    for row in rows.iter() {
        *named.entry(row.listener.address.clone()).or_default() += 1;
    }
    for row in rows {
        let address = &row.listener.address;
        let count = waiting.get(address).copied().unwrap_or_default();
        let alone = named.get(address) == Some(&1);
        row.listener.accept_queue.len = (alone || count == 0).then_some(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:07E8 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 109 1 0000000061926ddc 100 0 0 10 0
   1: 0100007F:07E8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 110 1 0000000061926ddc 100 0 0 10 0
   2: 0100007F:07E8 0100007F:9C41 03 00000000:00000000 01:00000000 00000000     0        0 0 1 0000000061926ddc
   3: 0100007F:07E8 0100007F:9C42 03 00000000:00000000 01:00000000 00000000     0        0 0 1 0000000061926ddc
   4: junk 0A
   5: XX00007F:07E8 0100007F:9C42 0A 00000000:00000000 01:00000000 00000000     0        0 0 1 0000000061926ddc
";

    const TCP6: &str = "header
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0016 0000000000000000FFFF00000100007F:9C40 03 00000000:00000000 00:00000000 00000000     0        0 0 1 0
";

    const UNIX: &[u8] = b"Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01  1585 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 02     0 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 02     0 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 03  1590 /run/a b.sock
0000000000000000: 00000002 00000000 00010000 0005 01  1586 @abs\xff
0000000000000000: 00000002 00000000 00010000 0001 01  1587
0000000000000000: 00000002 00000000 zz
";

    #[test]
    fn segments_are_read_by_name() {
        let text = "Ip: InReceives\nIp: 7\nTcp: RtoMin InSegs\nTcp: 200 9\n";
        assert_eq!(tcp_segments(text), Some(9));
        for odd in [
            "",
            "Tcp: InSegs\n",
            "Tcp: InSegs\nTcp: x\n",
            "Tcp: A\nTcp: 0\n",
        ] {
            assert_eq!(tcp_segments(odd), None);
        }
    }

    #[test]
    fn tcp_listeners_and_requests_are_read_and_odd_lines_counted() {
        let table = parse(TCP.as_bytes(), Family::Inet).unwrap();
        assert_eq!(table.odd, 2);
        assert_eq!(table.rows.len(), 1);
        let listener = &table.rows[0].listener;
        assert_eq!(listener.address, "0.0.0.0:2024");
        assert_eq!(listener.accept_queue.len, Some(3));
        assert_eq!(listener.accept_queue.max, None);
        assert_eq!((listener.inode, listener.uid), (Some(109), Some(33)));
        assert_eq!(table.requests.values().copied().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn ipv6_addresses_are_read() {
        let table = parse(TCP6.as_bytes(), Family::Inet6).unwrap();
        assert_eq!(table.rows[0].listener.address, "[::]:22");
        let (local, count) = table.requests.first_key_value().unwrap();
        assert_eq!(
            (local.ip.to_string().as_str(), *count),
            ("::ffff:127.0.0.1", 1)
        );
    }

    #[test]
    fn unix_listeners_are_known_by_their_flag() {
        let table = parse(UNIX, Family::Unix).unwrap();
        assert_eq!(table.odd, 1);
        let seen: Vec<_> = table
            .rows
            .iter()
            .map(|row| {
                let listener = &row.listener;
                (
                    listener.address.as_str(),
                    listener.protocol,
                    listener.accept_queue.len,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("/run/a b.sock", Protocol::Unix, Some(2)),
                ("@abs\\xff", Protocol::UnixSeqpacket, Some(0)),
                ("", Protocol::Unix, Some(0)),
            ]
        );
    }

    #[test]
    fn one_path_with_two_listeners_leaves_the_queue_unknown() {
        let mut text = UNIX.to_vec();
        text.extend_from_slice(
            b"0000000000000000: 00000002 00000000 00010000 0001 01  1600 /run/a b.sock\n",
        );
        let table = parse(text.as_slice(), Family::Unix).unwrap();
        assert_eq!(table.rows[0].listener.accept_queue.len, None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for (text, family) in [
            (TCP.as_bytes(), Family::Inet),
            (TCP6.as_bytes(), Family::Inet6),
            (UNIX, Family::Unix),
        ] {
            for cut in 0..text.len() {
                let _ = parse(&text[..cut], family);
            }
            for at in 0..text.len() {
                for value in [0, b' ', b'\n', b'Z', 0xff] {
                    let mut hostile = text.to_vec();
                    hostile[at] = value;
                    let _ = parse(hostile.as_slice(), family);
                }
            }
        }
    }
}
