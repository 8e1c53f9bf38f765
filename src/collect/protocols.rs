//! Which families beyond TCP and unix may have listeners, so that the others cost no request.
//!
//! Follows `proto_seq_printf` (net/core/sock.c): one line a protocol that the kernel knows, with the
//! number of its sockets in this network namespace in the third column. NOTE: the
//! number of vsock stays 0 whatever listens (seen on Linux 6.18; a family has to count its sockets
//! itself, by `sock_prot_inuse_add`), so that its line says only that there may be some.

use std::io::BufRead;
use std::path::Path;

use procfs::{FromBufRead, FromRead, ProcResult};

use super::row::Family;

/// The families that may have listeners, with the number of their sockets where it is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Protocols(pub(super) Vec<(Family, Option<u64>)>);

impl FromBufRead for Protocols {
    fn from_buf_read<R: BufRead>(reader: R) -> ProcResult<Self> {
        let mut sctp: u64 = 0;
        let mut vsock = false;
        for line in reader.take(64 * 1024).lines() {
            let line = line?;
            let mut columns = line.split_whitespace();
            let name = columns.next();
            let count: Option<u64> = columns.nth(1).and_then(|count| count.parse().ok());
            match name {
                Some("SCTP" | "SCTPv6") => sctp = sctp.saturating_add(count.unwrap_or_default()),
                Some("AF_VSOCK") => vsock = true,
                _ => {}
            }
        }
        let sctp = (sctp > 0).then_some((Family::Sctp, Some(sctp)));
        let vsock = vsock.then_some((Family::Vsock, None));
        Ok(Self(sctp.into_iter().chain(vsock).collect()))
    }
}

/// Reads those of the calling thread's namespace. Where the file cannot be read, any may have some.
pub(super) fn read(proc: &Path) -> Vec<(Family, Option<u64>)> {
    match Protocols::from_file(proc.join("thread-self/net/protocols")) {
        Ok(Protocols(found)) => found,
        Err(_) => vec![(Family::Sctp, None), (Family::Vsock, None)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Family, Option<u64>)> {
        Protocols::from_buf_read(text.as_bytes()).unwrap().0
    }

    #[test]
    fn sockets_are_counted_but_for_vsock() {
        let text = "protocol  size sockets  memory press\n\
            AF_VSOCK  1240      0      -1   NI\n\
            SCTPv6    1520      3       0   no\n\
            SCTP      1384      2       0   no\n\
            TCP       2496      9     398   no\n";
        assert_eq!(read(text), [(Family::Sctp, Some(5)), (Family::Vsock, None)]);
    }

    #[test]
    fn a_family_without_sockets_is_not_read() {
        let text =
            "protocol  size sockets\nSCTPv6 1520 0 0 no\nSCTP 1384 0 0 no\nTCP 2496 9 398 no\n";
        assert_eq!(read(text), []);
        assert_eq!(read("SCTP\nodd line\n\n"), []);
    }
}
