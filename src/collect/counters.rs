//! The kernel's counters of what happened at listeners, of the calling thread's network namespace.
//!
//! Follows `netstat_seq_show` (net/ipv4/proc.c): lines come in pairs, names and values. Columns
//! differ from version to version, so they are found by name, and one that is missing is absent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::Path;

use procfs::{FromBufRead, FromRead, ProcResult};

use crate::snapshot::Gap;

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
                if let Ok(value) = value.parse() {
                    out.0.insert(format!("TcpExt.{name}"), value);
                }
            }
        }
        Ok(out)
    }
}

/// Reads the wanted counters: events since the namespace was made. One that this kernel does not
/// have is absent.
pub(super) fn read(
    proc: &Path,
    wanted: &BTreeSet<String>,
    gaps: &mut Vec<Gap>,
) -> BTreeMap<String, u64> {
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    let why = match TcpExt::from_file(proc.join("thread-self/net/netstat")) {
        Ok(TcpExt(mut counters)) if !counters.is_empty() => {
            counters.retain(|name, _| wanted.contains(name));
            return counters;
        }
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
                ("TcpExt.Other".to_owned(), 2),
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
        let wanted = BTreeSet::from(["TcpExt.ListenOverflows".to_owned(), "TcpExt.No".to_owned()]);
        let counters = read(Path::new("/proc"), &wanted, &mut gaps);
        assert_eq!(
            counters.keys().collect::<Vec<_>>(),
            ["TcpExt.ListenOverflows"]
        );
        assert_eq!(gaps, []);
        assert!(read(Path::new("/nonexistent"), &wanted, &mut gaps).is_empty());
        assert_eq!(gaps.len(), 1);
    }
}
