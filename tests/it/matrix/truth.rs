//! The truth about a listener, found without backlint: what strace(1) saw it ask listen(2) for, and
//! what follows from that.

use std::collections::BTreeMap;

use super::entry::Asks;

/// What each socket asked for last, by inode.
///
/// `strace -y` names a descriptor's file: `12 listen(3<socket:[4711]>, 511) = 0`. Sockets that were
/// inherited, duplicated or passed on are so the same socket. With `-f` a call that another thread
/// interrupts is two lines, of which the first has the arguments.
pub(crate) fn asked(trace: &str) -> BTreeMap<u64, i64> {
    let mut asked = BTreeMap::new();
    for line in trace.lines() {
        if let Some((inode, backlog)) = call(line) {
            asked.insert(inode, backlog);
        }
    }
    asked
}

fn call(line: &str) -> Option<(u64, i64)> {
    let (_, arguments) = line.split_once(" listen(")?;
    let (socket, rest) = arguments.split_once("]>, ")?;
    let (_, inode) = socket.split_once("<socket:[")?;
    let (backlog, ended) = rest.split_once([')', ' '])?;
    let failed = ended.contains("= -1");
    (!failed).then_some(())?;
    Some((inode.parse().ok()?, backlog.parse().ok()?))
}

/// What must be said of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) limited_by: &'static str,
    /// `None`: as much as there is.
    pub(super) requested: Option<i64>,
}

/// A default of this or more is meant for no cap: "as much as there is".
const LARGE_DEFAULT: i64 = 65_534;

/// The verdict that follows from a request under a cap. `default`: nothing was configured.
pub(super) fn verdict(asks: Asks, asked: i64, default: bool, somaxconn: u32) -> Verdict {
    // The kernel compares without sign: -1 is more than any cap.
    let everything = asked < 0 || asked == i64::from(i32::MAX);
    if everything || asks == Asks::Somaxconn {
        return Verdict {
            limited_by: "follows-somaxconn",
            requested: None,
        };
    }
    if default && asked >= LARGE_DEFAULT {
        return Verdict {
            limited_by: "follows-somaxconn",
            requested: Some(asked),
        };
    }
    let truncated = asked > i64::from(somaxconn);
    Verdict {
        limited_by: if truncated {
            "somaxconn"
        } else {
            "application"
        },
        requested: Some(asked),
    }
}

#[test]
fn a_trace_tells_what_each_socket_asked_for_last() {
    let trace = "8     listen(3<socket:[10]>, 10)   = 0\n\
                 8     listen(4<socket:[11]>, -1)   = 0\n\
                 9     listen(3<socket:[10]>, 511 <unfinished ...>\n\
                 8     +++ exited with 0 +++\n\
                 9     <... listen resumed>)             = 0\n\
                 9     listen(5<socket:[12]>, 7) = -1 EADDRINUSE (Address already in use)\n";
    assert_eq!(asked(trace), BTreeMap::from([(10, 511), (11, -1)]));
}

#[test]
fn a_verdict_follows_from_request_and_cap() {
    let limit = |asks, asked, cap| verdict(asks, asked, false, cap).limited_by;
    assert_eq!(limit(Asks::For(511), 511, 128), "somaxconn");
    assert_eq!(limit(Asks::For(511), 511, 511), "application");
    assert_eq!(limit(Asks::For(-1), -1, 4096), "follows-somaxconn");
    assert_eq!(limit(Asks::Somaxconn, 4096, 4096), "follows-somaxconn");
}
