//! What a full queue does to clients, by kernel, what BSD did otherwise, and what is to be minded.

use super::Asked;
use crate::kernel::limits::{COOKIES_FOR_ALL, Inputs, LimitedBy, Limits, MEASURED};
use crate::kernel::syn_queue::FullTest;
use crate::kernel::version::Version;

/// What a client sees in one situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The situation.
    pub(crate) when: &'static str,
    /// What is seen.
    pub(crate) sees: &'static str,
}

/// Where a full accept queue came to drop every SYN (commit 5ea8ea2cb7f1).
const SYN_DROPPED: Version = Version::new(4, 10);
/// Where the first retransmissions of a SYN came to be a second apart (`tcp_syn_linear_timeouts`).
const LINEAR: Version = Version::new(6, 5);

/// What clients see when each queue is full.
pub(crate) fn clients(inputs: &Inputs, limits: &Limits) -> Vec<Seen> {
    let seen = |when, sees| Seen { when, sees };
    let accept = match (inputs.kernel < SYN_DROPPED, inputs.kernel < LINEAR) {
        (true, _) => {
            "connect() still succeeds while at most one young request waits, but the server ignores \
             the final ACK and the data: the first answer comes late, or a reset (tcp_abort_on_overflow=1), \
             or a timeout; with more young requests the SYN is dropped without an answer, sent again \
             after 1, 3, 7, 15, 31, 63 s, and connect() ends with ETIMEDOUT after 127 s"
        }
        (false, true) => {
            "the SYN is dropped without an answer, whatever tcp_abort_on_overflow and tcp_syncookies \
             are; it is sent again after 1, 3, 7, 15, 31, 63 s, so connect() takes whole seconds, and \
             ends with ETIMEDOUT after 127 s"
        }
        (false, false) => {
            "the SYN is dropped without an answer, whatever tcp_abort_on_overflow and tcp_syncookies \
             are; a client of Linux 6.5 or later sends it again after 1, 2, 3, 4, 5, 7, 11, 19, 35, \
             67 s, so connect() takes whole seconds, and ends with ETIMEDOUT after 131 s"
        }
    };
    let syn = match limits.syn.limited_by {
        LimitedBy::Syncookies => {
            "never full: every SYN is answered with a cookie, which carries window scaling and selective \
             acknowledgements only together with TCP timestamps"
        }
        _ if inputs.syncookies == 0 && limits.syn.capacity == 0 => {
            "always: the SYN is dropped without an answer and sent again, as above, until connect() ends \
             with ETIMEDOUT"
        }
        _ if inputs.syncookies == 0 => {
            "the SYN is dropped without an answer and sent again, as above, until earlier requests \
             end or expire, which takes 63 s with tcp_synack_retries 5"
        }
        _ => {
            "nothing: the SYN is answered with a cookie, which carries window scaling and selective \
             acknowledgements only together with TCP timestamps"
        }
    };
    vec![
        seen("accept queue full, TCP", accept),
        seen("SYN queue full, TCP", syn),
        seen(
            "unix socket full",
            "connect() waits until accept(), or until SO_SNDTIMEO ends it with EAGAIN; a client that \
             does not block gets EAGAIN at once; no counter counts it, and there is no SYN queue",
        ),
    ]
}

/// What was different on BSD, with the number that it would come to.
pub(crate) fn bsd(limits: &Limits) -> String {
    let backlog = limits.accept.max;
    let both = backlog.saturating_mul(3) / 2 + 1;
    format!(
        "BSD had one queue for both states: connections that wait for accept() and unfinished handshakes \
         together, 3 * backlog / 2 and one more, which is {both} for a backlog of {backlog}. So unfinished \
         handshakes took the places of finished ones; on Linux each has a queue of its own"
    )
}

/// What the numbers do not say by themselves.
pub(crate) fn notes(asked: &Asked, limits: &Limits) -> Vec<String> {
    let mut notes = defaults(asked);
    let said = of_kernel(&asked.inputs)
        .into_iter()
        .chain(of_numbers(&asked.inputs, limits));
    let said = said.filter(|(applies, _)| *applies);
    notes.extend(said.map(|(_, words)| words.to_owned()));
    notes
}

/// What is to be minded on a kernel.
fn of_kernel(inputs: &Inputs) -> [(bool, &'static str); 6] {
    let kernel = inputs.kernel;
    let test = FullTest::of(kernel);
    [
        (
            kernel > MEASURED,
            "nothing newer than Linux 6.18 was measured: the rules of 6.18 are used",
        ),
        (
            kernel == Version::new(6, 13),
            "the SYN queue's test changed between 6.12 and 6.14, and 6.13 itself was not read: there it may hold one request more",
        ),
        (
            test == FullTest::AtBacklog,
            "the test of 6.14 (commit 3479c7549fb1) came to stable and distribution kernels too: the \
             SYN queue of such a kernel holds one request more, and only measuring tells",
        ),
        (
            kernel < SYN_DROPPED && kernel >= Version::new(4, 4),
            "the drop of SYNs at a full accept queue (4.10, commit 5ea8ea2cb7f1) came to some 4.4 and \
             4.9 kernels too",
        ),
        (
            test == FullTest::PowerOfTwo,
            "the table of the SYN queue keeps the size of the first listen(): a later listen() with \
             another backlog changes the accept queue alone",
        ),
        (
            inputs.syncookies == 2 && kernel < COOKIES_FOR_ALL,
            "tcp_syncookies 2 is as good as 1 before Linux 3.12",
        ),
    ]
}

/// What is to be minded with these numbers.
fn of_numbers(inputs: &Inputs, limits: &Limits) -> [(bool, &'static str); 6] {
    let no_request = limits.syn.capacity == 0;
    let off = inputs.syncookies == 0;
    [
        (
            limits.accept.max == 0 && inputs.backlog != 0 && inputs.somaxconn != 0,
            "the 16 bits that are stored are all 0: this somaxconn makes the queue of a large request \
             tiny",
        ),
        (
            inputs.backlog == 0,
            "listen(fd, 0) is legal: the accept queue holds one connection; on SCTP it ends listening",
        ),
        (
            no_request && off,
            "no TCP connection can be made: the SYN queue is always full, and no cookie is sent",
        ),
        (
            no_request && !off && !inputs.cookies_for_all(),
            "the SYN queue is always full: every connection is made by a SYN cookie",
        ),
        (
            limits.syn.limited_by == LimitedBy::MaxSynBacklog && off,
            "a client that the kernel remembers from earlier connections (ip tcp_metrics) is admitted \
             beyond three quarters of tcp_max_syn_backlog",
        ),
        (
            !off && FullTest::of(inputs.kernel) != FullTest::PowerOfTwo,
            "tcp_max_syn_backlog is not read: since Linux 4.4 it counts only while tcp_syncookies is 0",
        ),
    ]
}

fn defaults(asked: &Asked) -> Vec<String> {
    let inputs = &asked.inputs;
    let words = |name: &&str| match *name {
        "backlog" => format!("backlog {} (SOMAXCONN of glibc since 2.31)", inputs.backlog),
        "somaxconn" => format!(
            "somaxconn {} (the default of Linux {})",
            inputs.somaxconn, inputs.kernel
        ),
        "tcp_max_syn_backlog" => format!(
            "tcp_max_syn_backlog {} (the default of a machine with some 24 GiB)",
            inputs.max_syn_backlog
        ),
        "tcp_syncookies" => format!("tcp_syncookies {} (the default)", inputs.syncookies),
        _ => format!("Linux {} (the newest that was measured)", inputs.kernel),
    };
    let named: Vec<String> = asked.defaults.iter().map(words).collect();
    match named.is_empty() {
        true => Vec::new(),
        false => vec![format!("not given, and taken to be: {}", named.join(", "))],
    }
}
