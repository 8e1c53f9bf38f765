//! Unix socket rows of sock_diag: bytes in, numbers and the name of a listener out.
//!
//! Follows include/uapi/linux/unix_diag.h and net/unix/diag.c. The name is kept raw: an abstract
//! name begins with NUL and may hold any byte.

use netlink_packet_core::Parseable;
use netlink_packet_sock_diag::constants::{AF_UNIX, TCP_LISTEN, UDIAG_SHOW_NAME, UDIAG_SHOW_RQLEN};
use netlink_packet_sock_diag::unix::{ShowFlags, StateFlags, UnixRequest, UnixResponseHeader};

use super::inet::attributes;
use super::row::{Place, Raw};
use crate::snapshot::Protocol;

/// Bytes of `struct unix_diag_msg`.
const HEADER: usize = 16;
/// `UDIAG_SHOW_UID`; since Linux 5.3.
const SHOW_UID: u32 = 0x40;
/// `UNIX_DIAG_NAME`.
const NAME: u16 = 0;
/// `UNIX_DIAG_RQLEN`: u32 waiting, u32 maximum.
const RQLEN: u16 = 4;
/// `UNIX_DIAG_UID`: u32.
const UID: u16 = 7;

/// Asks for every unix listener with name, queue and user.
pub(super) fn listeners() -> UnixRequest {
    UnixRequest {
        state_flags: StateFlags::LISTEN,
        inode: 0,
        show_flags: ShowFlags::from_bits_retain(UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN | SHOW_UID),
        cookie: [0xff; 8],
    }
}

/// Asks for the socket of this inode.
pub(super) fn one(inode: u32) -> UnixRequest {
    UnixRequest {
        inode,
        ..listeners()
    }
}

/// The protocol of a unix socket type (`SOCK_STREAM`, `SOCK_SEQPACKET`); others cannot listen.
pub(super) fn protocol(kind: i32) -> Option<Protocol> {
    match kind {
        libc::SOCK_STREAM => Some(Protocol::Unix),
        libc::SOCK_SEQPACKET => Some(Protocol::UnixSeqpacket),
        _ => None,
    }
}

/// Reads a row in LISTEN; `None` for any other. A listener that was never bound has no name.
pub(super) fn parse_listener(payload: &[u8]) -> Option<Raw> {
    let header = UnixResponseHeader::parse(payload).ok()?;
    if payload.first() != Some(&AF_UNIX) || header.state != TCP_LISTEN {
        return None;
    }
    let mut raw = Raw {
        cookie: u64::from_ne_bytes(header.cookie),
        protocol: protocol(i32::from(header.kind))?,
        place: Place::Unix(Box::default()),
        queue: None,
        drops: None,
        inode: header.inode,
        uid: None,
        v6_only: false,
        cgroup_id: None,
    };
    for attribute in attributes(payload.get(HEADER..)?) {
        let value = attribute.value();
        match attribute.kind() {
            NAME => raw.place = Place::Unix(value.into()),
            RQLEN => {
                if let Some((len, rest)) = value.split_first_chunk()
                    && let Some(max) = rest.first_chunk()
                {
                    raw.queue = Some((u32::from_ne_bytes(*len), u32::from_ne_bytes(*max)));
                }
            }
            UID => raw.uid = value.first_chunk().map(|uid| u32::from_ne_bytes(*uid)),
            _ => {}
        }
    }
    Some(raw)
}

#[cfg(test)]
mod tests {
    use super::super::inet::Devices;
    use super::super::row::Row;
    use super::*;
    use crate::collect::inet::tests::attribute;

    fn parse(bytes: &[u8]) -> Option<Row> {
        parse_listener(bytes).map(|raw| raw.spell(&mut Devices::default()))
    }

    fn header(kind: u8, state: u8) -> Vec<u8> {
        let mut bytes = vec![AF_UNIX, kind, state, 0];
        bytes.extend(1234u32.to_ne_bytes());
        bytes.extend(9u64.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_listener_is_read_with_name_queue_and_user() {
        let mut bytes = header(1, TCP_LISTEN);
        bytes.extend(attribute(NAME, b"/run/x.sock\0"));
        let queue: Vec<u8> = [2u32, 5]
            .iter()
            .flat_map(|word| word.to_ne_bytes())
            .collect();
        bytes.extend(attribute(RQLEN, &queue));
        bytes.extend(attribute(UID, &1000u32.to_ne_bytes()));
        let row = parse(&bytes).unwrap();
        assert_eq!(parse_listener(&bytes).unwrap().cookie, 9);
        let listener = row.listener;
        assert_eq!(listener.protocol, Protocol::Unix);
        assert_eq!(listener.address, "/run/x.sock");
        assert_eq!(listener.accept_queue.len, Some(2));
        assert_eq!(listener.accept_queue.max, Some(5));
        assert_eq!((listener.inode, listener.uid), (Some(1234), Some(1000)));
    }

    #[test]
    fn names_may_be_abstract_or_missing() {
        let mut bytes = header(5, TCP_LISTEN);
        let unnamed = parse(&bytes).unwrap().listener;
        assert_eq!(unnamed.protocol, Protocol::UnixSeqpacket);
        assert_eq!(
            (unnamed.address.as_str(), unnamed.accept_queue.max),
            ("", None)
        );
        bytes.extend(attribute(NAME, b"\0abs"));
        assert_eq!(parse(&bytes).unwrap().listener.address, "@abs");
    }

    #[test]
    fn other_rows_are_refused() {
        assert!(parse(&header(1, 1)).is_none());
        assert!(parse(&header(2, TCP_LISTEN)).is_none());
        for cut in 0..HEADER {
            assert!(parse(&header(1, TCP_LISTEN)[..cut]).is_none());
        }
    }
}
