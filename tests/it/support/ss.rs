//! What ss(8) of iproute2 says, to compare with.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::program::finish;

/// A row of ss, in the words of backlint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) protocol: String,
    pub(crate) address: String,
    /// Recv-Q
    pub(crate) len: u64,
    /// Send-Q
    pub(crate) max: u64,
    /// `d` of skmem; ss has it for internet sockets only.
    pub(crate) drops: Option<u64>,
    /// Processes that hold it, each with its lowest descriptor.
    pub(crate) owners: BTreeMap<u64, u64>,
}

/// Runs ss with these options and returns its lines.
fn lines(options: &[&str]) -> Vec<String> {
    let run = finish(Command::new("ss").args(options)).ended(0);
    run.out.lines().map(str::to_owned).collect()
}

/// Ports of TCP listeners.
pub(crate) fn ports() -> BTreeSet<u16> {
    let port = |line: String| {
        let local = line.split_whitespace().nth(3)?.to_owned();
        local.rsplit_once(':')?.1.parse().ok()
    };
    lines(&["-Hltn"]).into_iter().filter_map(port).collect()
}

/// How many requests wait at a local port.
pub(crate) fn half_open(port: u16) -> usize {
    lines(&[
        "-Hnt",
        "state",
        "syn-recv",
        "sport",
        "=",
        &format!(":{port}"),
    ])
    .len()
}

/// Every listener, by inode. MPTCP listeners are in the table of TCP too; they count as MPTCP.
pub(crate) fn listeners() -> BTreeMap<u64, Row> {
    let internet = lines(&["-HltnpmieO"])
        .into_iter()
        .filter_map(|line| internet(&line));
    // ss counts unix sockets among them that have no peer: of datagrams, and streams that do not
    // listen yet.
    let unix = lines(&["-HlxpO"])
        .into_iter()
        .filter(|line| line.split_whitespace().nth(1) == Some("LISTEN"))
        .map(|line| unix(&line));
    let mut rows = BTreeMap::new();
    for (inode, row) in internet.chain(unix) {
        assert!(
            rows.insert(inode, row).is_none(),
            "ss lists inode {inode} twice"
        );
    }
    rows
}

/// `LISTEN 0 7 127.0.0.1%lo:80 0.0.0.0:* users:(("x",pid=1,fd=3)) ino:9 ... skmem:(r0,...,d0) ...`
///
/// `None`: it is being closed and has lost its inode, which ss does not print then.
fn internet(line: &str) -> Option<(u64, Row)> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let inode = columns.iter().find_map(|word| word.strip_prefix("ino:"))?;
    let memory = columns.iter().find_map(|word| word.strip_prefix("skmem:("));
    let drops = memory.and_then(|text| text.trim_end_matches(')').rsplit_once(",d"));
    let mptcp = columns.contains(&"tcp-ulp-mptcp");
    let row = Row {
        protocol: if mptcp { "mptcp" } else { "tcp" }.to_owned(),
        address: internet_address(columns[3]),
        len: columns[1].parse().unwrap(),
        max: columns[2].parse().unwrap(),
        drops: Some(drops.expect("skmem").1.parse().unwrap()),
        owners: owners(line),
    };
    Some((inode.parse().unwrap(), row))
}

/// ss writes `*:80` for a dual-stack socket and puts the device behind the bracket.
fn internet_address(text: &str) -> String {
    let (host, port) = text.rsplit_once(':').unwrap();
    match host {
        "*" => format!("[::]:{port}"),
        _ => match host.split_once("]%") {
            Some((ip, device)) => format!("{ip}%{device}]:{port}"),
            None => text.to_owned(),
        },
    }
}

/// `u_str LISTEN 0 7 /path 1234 * 0 users:(("x",pid=1,fd=3))`; a path may hold blanks.
fn unix(line: &str) -> (u64, Row) {
    let (left, _) = line.split_once(" * 0").expect("no peer");
    let (left, inode) = left.trim_end().rsplit_once(' ').unwrap();
    let mut rest = left;
    let mut column = || {
        let (word, after) = rest.split_once(' ').unwrap();
        rest = after.trim_start();
        word
    };
    let (kind, state, len, max) = (column(), column(), column(), column());
    assert_eq!(state, "LISTEN", "{line}");
    let row = Row {
        protocol: if kind == "u_seq" {
            "unix-seqpacket"
        } else {
            "unix"
        }
        .to_owned(),
        address: rest.trim_end().to_owned(),
        len: len.parse().unwrap(),
        max: max.parse().unwrap(),
        drops: None,
        owners: owners(line),
    };
    (inode.parse().unwrap(), row)
}

fn owners(line: &str) -> BTreeMap<u64, u64> {
    let mut owners = BTreeMap::new();
    for entry in line.split("pid=").skip(1) {
        let (pid, rest) = entry.split_once(",fd=").unwrap();
        let fd: u64 = rest.split(')').next().unwrap().parse().unwrap();
        let lowest = owners.entry(pid.parse().unwrap()).or_insert(fd);
        *lowest = fd.min(*lowest);
    }
    owners
}
