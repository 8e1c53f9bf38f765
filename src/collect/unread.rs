//! Families whose listeners are not read yet, so that a host that has some is told.
//!
//! Follows `proto_seq_printf` (net/core/sock.c): one line a protocol, with the number of its sockets
//! in this network namespace in the third column.

use std::io::BufRead;
use std::path::Path;

use procfs::{FromBufRead, FromRead, ProcResult};

use crate::snapshot::Gap;

/// Names in /proc/net/protocols, and what people call them.
const FAMILIES: [(&str, &str); 3] = [
    ("SCTP", "SCTP"),
    ("SCTPv6", "SCTP over IPv6"),
    ("AF_VSOCK", "vsock"),
];

/// The families that have sockets, with their number.
struct Sockets(Vec<(&'static str, u64)>);

impl FromBufRead for Sockets {
    fn from_buf_read<R: BufRead>(reader: R) -> ProcResult<Self> {
        let mut found = Vec::new();
        for line in reader.take(64 * 1024).lines() {
            let line = line?;
            let mut columns = line.split_whitespace();
            let (name, count) = (columns.next(), columns.nth(1).and_then(|n| n.parse().ok()));
            let family = FAMILIES.iter().find(|(family, _)| Some(*family) == name);
            if let (Some((_, words)), Some(count)) = (family, count)
                && count > 0
            {
                found.push((*words, count));
            }
        }
        Ok(Self(found))
    }
}

/// Tells of each such family that has sockets in the calling thread's namespace. A file that cannot
/// be read tells nothing: that such sockets exist is not known then.
pub(super) fn tell(proc: &Path, gaps: &mut Vec<Gap>) {
    let Ok(Sockets(found)) = Sockets::from_file(proc.join("thread-self/net/protocols")) else {
        return;
    };
    for (family, count) in found {
        let why =
            format!("there are {count} sockets, and listeners of this family are not read yet");
        gaps.push(Gap::new(family, why, format!("every listener of {family}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_families_with_sockets_are_told() {
        let text = b"protocol  size sockets  memory press\n\
            SCTPv6    1520      0       0   no\n\
            SCTP      1384      2       0   no\n\
            TCP       2496      9     398   no\n";
        let Sockets(found) = Sockets::from_buf_read(&text[..]).unwrap();
        assert_eq!(found, [("SCTP", 2)]);
    }
}
