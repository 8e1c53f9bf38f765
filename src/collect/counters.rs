//! The kernel's counters of what happened at listeners, of the calling thread's network namespace.
//!
//! Follows `netstat_seq_show` (net/ipv4/proc.c): lines come in pairs, names and values. Columns
//! differ from version to version, so they are found by name, and one that is missing is absent.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use procfs::{FromBufRead, FromRead, ProcResult};

use crate::snapshot::Gap;

/// The counters of the line `TcpExt` that concern listeners.
const NAMES: [&str; 14] = [
    "EmbryonicRsts",
    "ListenDrops",
    "ListenOverflows",
    "SyncookiesFailed",
    "SyncookiesRecv",
    "SyncookiesSent",
    "TCPBacklogDrop",
    "TCPDeferAcceptDrop",
    "TCPFastOpenListenOverflow",
    "TCPMigrateReqFailure",
    "TCPMigrateReqSuccess",
    "TCPReqQFullDoCookies",
    "TCPReqQFullDrop",
    "TCPTimeWaitOverflow",
];

/// Most bytes of the file; it has about six thousand.
const MOST: u64 = 256 * 1024;

/// `TcpExt`, by names such as `TcpExt.ListenOverflows`.
#[derive(Debug, Default, PartialEq, Eq)]
struct TcpExt(BTreeMap<String, u64>);

impl FromBufRead for TcpExt {
    fn from_buf_read<R: BufRead>(reader: R) -> ProcResult<Self> {
        let mut out = Self::default();
        let mut names: Option<String> = None;
        for line in reader.take(MOST).lines() {
            let line = line?;
            let Some(columns) = line.strip_prefix("TcpExt:") else {
                continue;
            };
            let Some(names) = names.take() else {
                names = Some(columns.to_owned());
                continue;
            };
            for (name, value) in names.split_whitespace().zip(columns.split_whitespace()) {
                if let Ok(value) = value.parse()
                    && NAMES.contains(&name)
                {
                    out.0.insert(format!("TcpExt.{name}"), value);
                }
            }
        }
        Ok(out)
    }
}

/// Reads the counters: events since the namespace was made.
pub(super) fn read(proc: &Path, gaps: &mut Vec<Gap>) -> BTreeMap<String, u64> {
    let why = match TcpExt::from_file(proc.join("thread-self/net/netstat")) {
        Ok(TcpExt(counters)) if !counters.is_empty() => return counters,
        Ok(_) => "it has no counters of TCP".to_owned(),
        Err(error) => error.to_string(),
    };
    gaps.push(Gap::new(
        "/proc/net/netstat",
        why,
        "whether listeners overflowed",
    ));
    BTreeMap::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(String, u64)> {
        TcpExt::from_read(text.as_bytes())
            .unwrap()
            .0
            .into_iter()
            .collect()
    }

    #[test]
    fn counters_are_found_by_name() {
        let text = "TcpExt: SyncookiesSent Other ListenDrops\nTcpExt: 1 2 18446744073709551615\n\
                    IpExt: ListenDrops\nIpExt: 5\n";
        assert_eq!(
            parse(text),
            [
                ("TcpExt.ListenDrops".to_owned(), u64::MAX),
                ("TcpExt.SyncookiesSent".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn odd_text_gives_what_can_be_read() {
        assert_eq!(parse(""), []);
        assert_eq!(parse("TcpExt: ListenDrops"), []);
        assert_eq!(parse("TcpExt: ListenDrops\nTcpExt: x"), []);
        assert_eq!(
            parse("TcpExt: ListenDrops ListenOverflows\nTcpExt: 3").len(),
            1
        );
    }

    #[test]
    fn this_host_has_all_the_old_ones() {
        let mut gaps = Vec::new();
        let counters = read(Path::new("/proc"), &mut gaps);
        assert!(counters.contains_key("TcpExt.ListenOverflows"));
        assert_eq!(gaps, []);
        assert!(read(Path::new("/nonexistent"), &mut gaps).is_empty());
        assert_eq!(gaps.len(), 1);
    }
}
