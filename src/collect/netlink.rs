//! The sock_diag socket: one request out, the rows of its dump in. Knows framing and errors, not
//! what a row means (`inet`, `unix`).
//!
//! Follows netlink(7), sock_diag(7) and net/netlink/af_netlink.c (`netlink_dump`). The kernel sizes
//! the pieces of a dump by the largest buffer that this socket was read with before, 32 KiB at
//! most, so one socket serves all dumps and is always read with the full buffer.

use std::io;
use std::time::Duration;

use netlink_packet_core::{
    Emitable, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP,
    NLMSG_OVERRUN, NetlinkBuffer, NetlinkHeader,
};
use netlink_packet_sock_diag::constants::SOCK_DIAG_BY_FAMILY;
use netlink_packet_sock_diag::inet::InetRequest;
use netlink_packet_sock_diag::unix::UnixRequest;
use netlink_sys::{Socket, protocols::NETLINK_SOCK_DIAG};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// Bytes of the receive buffer: twice what the kernel puts into one piece.
const BUFFER: usize = 64 * 1024;

/// How long the kernel may take over one piece of a dump, before the dump counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request, and the type of the messages that carry it and its rows.
pub(super) trait Request: Emitable {
    /// The type.
    const KIND: u16 = SOCK_DIAG_BY_FAMILY;
}

impl Request for InetRequest {}
impl Request for UnixRequest {}

/// What a dump was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dump {
    /// Pieces that held rows. The kernel's locks are released between two pieces.
    pub(super) pieces: u32,
    /// Rows that nobody understood.
    pub(super) odd: u32,
}

/// An open sock_diag socket of the calling thread's network namespace.
pub(super) struct Diag {
    socket: Socket,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Diag {
    /// Opens the socket.
    ///
    /// # Errors
    ///
    /// EPROTONOSUPPORT where there is no sock_diag (gVisor, WSL1), EPERM or EACCES under a
    /// security policy.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            socket: open_socket()?,
            buffer: Vec::with_capacity(BUFFER),
            sequence: 0,
        })
    }

    /// Sends a dump request and hands the payload of each row to `row`, which says whether it
    /// understood it.
    ///
    /// # Errors
    ///
    /// The error number that the kernel answers with (ENOENT: no such family here), EAGAIN after
    /// five silent seconds, or `InvalidData` for an answer that is not netlink. Rows may have been
    /// handed over before.
    pub(super) fn dump<R: Request>(
        &mut self,
        request: &R,
        row: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<Dump> {
        self.ask(request, NLM_F_DUMP, row)
    }

    /// As [`Self::dump`], for a request about one socket, which the kernel finds without a walk.
    ///
    /// # Errors
    ///
    /// ENOENT where there is no such socket in this namespace, and those of a dump.
    pub(super) fn one<R: Request>(
        &mut self,
        request: &R,
        row: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        // The acknowledgement ends the answer, as the last message of a dump does.
        self.ask(request, NLM_F_ACK, row).map(drop)
    }

    fn ask<R: Request>(
        &mut self,
        request: &R,
        flags: u16,
        mut row: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<Dump> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = message(request, self.sequence, flags);
        self.socket.send(&request, 0)?;
        let mut dump = Dump::default();
        loop {
            match self.piece(R::KIND, &mut dump, &mut row) {
                Ok(Progress::More) => {}
                Ok(Progress::Done) => return Ok(dump),
                Err(error) => {
                    // NOTE: a dump that was left in the middle makes the next request on the same
                    // socket fail with EBUSY (`__netlink_dump_start`), so this one is given up.
                    self.socket = open_socket()?;
                    return Err(error);
                }
            }
        }
    }

    fn piece(
        &mut self,
        kind: u16,
        dump: &mut Dump,
        row: &mut impl FnMut(&[u8]) -> bool,
    ) -> io::Result<Progress> {
        self.buffer.clear();
        let length = loop {
            match self.socket.recv(&mut self.buffer, libc::MSG_TRUNC) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if length > self.buffer.len() {
            return Err(invalid("a message was longer than the buffer"));
        }
        walk(&self.buffer, (kind, self.sequence), dump, row)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

/// Reads the messages of one piece, whose rows have this type. Those of another sequence are
/// skipped: they are the rest of an earlier dump.
fn walk(
    mut rest: &[u8],
    (rows_kind, sequence): (u16, u32),
    dump: &mut Dump,
    row: &mut impl FnMut(&[u8]) -> bool,
) -> io::Result<Progress> {
    if rest.is_empty() {
        return Err(invalid("an empty message"));
    }
    let mut rows = false;
    while !rest.is_empty() {
        let message =
            NetlinkBuffer::new_checked(rest).map_err(|error| invalid(error.to_string()))?;
        if message.sequence_number() == sequence {
            match message.message_type() {
                NLMSG_NOOP => {}
                NLMSG_OVERRUN => return Err(invalid("the kernel lost data")),
                kind @ (NLMSG_DONE | NLMSG_ERROR) => {
                    dump.pieces += u32::from(rows);
                    return end(kind, message.payload()).map(|()| Progress::Done);
                }
                kind if kind == rows_kind => {
                    rows = true;
                    dump.odd += u32::from(!row(message.payload()));
                }
                _ => dump.odd += 1,
            }
        }
        // NLMSG_ALIGN
        let next = (message.length() as usize).next_multiple_of(4);
        rest = rest.get(next..).unwrap_or_default();
    }
    dump.pieces += u32::from(rows);
    Ok(Progress::More)
}

/// The message that ends a dump: both kinds begin with zero or a negative error number.
fn end(kind: u16, payload: &[u8]) -> io::Result<()> {
    match payload
        .first_chunk()
        .map(|bytes| i32::from_ne_bytes(*bytes))
    {
        Some(code) if code < 0 => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        Some(_) => Ok(()),
        // Old kernels end a dump without a code; an error without one is no answer at all.
        None if kind == NLMSG_DONE => Ok(()),
        None => Err(invalid("an error message without a code")),
    }
}

fn message<R: Request>(request: &R, sequence: u32, flags: u16) -> Vec<u8> {
    let mut bytes = vec![0; HEADER + request.buffer_len()];
    let mut header = NetlinkHeader::default();
    header.length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    header.message_type = R::KIND;
    header.flags = NLM_F_REQUEST | flags;
    header.sequence_number = sequence;
    let (head, body) = bytes.split_at_mut(HEADER);
    header.emit(head);
    request.emit(body);
    bytes
}

fn open_socket() -> io::Result<Socket> {
    let socket = Socket::new(NETLINK_SOCK_DIAG)?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut header = NetlinkHeader::default();
        header.length = (HEADER + payload.len()) as u32;
        header.message_type = kind;
        header.sequence_number = sequence;
        let mut bytes = vec![0; HEADER];
        header.emit(&mut bytes);
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn run(bytes: &[u8]) -> (io::Result<Progress>, Dump, Vec<Vec<u8>>) {
        let mut dump = Dump::default();
        let mut seen = Vec::new();
        let result = walk(
            bytes,
            (SOCK_DIAG_BY_FAMILY, 7),
            &mut dump,
            &mut |payload: &[u8]| {
                seen.push(payload.to_vec());
                payload != b"odd"
            },
        );
        (result, dump, seen)
    }

    #[test]
    fn rows_are_handed_over_and_odd_ones_counted() {
        let mut bytes = frame(SOCK_DIAG_BY_FAMILY, 7, b"row");
        bytes.extend(frame(SOCK_DIAG_BY_FAMILY, 7, b"odd"));
        bytes.extend(frame(SOCK_DIAG_BY_FAMILY, 6, b"stale"));
        let (result, dump, seen) = run(&bytes);
        assert_eq!(result.unwrap(), Progress::More);
        assert_eq!(dump, Dump { pieces: 1, odd: 1 });
        assert_eq!(seen, [b"row".to_vec(), b"odd".to_vec()]);
    }

    #[test]
    fn the_end_carries_an_error_number() {
        let done = frame(NLMSG_DONE, 7, &0i32.to_ne_bytes());
        assert_eq!(run(&done).0.unwrap(), Progress::Done);
        for kind in [NLMSG_DONE, NLMSG_ERROR] {
            let (result, ..) = run(&frame(kind, 7, &(-libc::ENOENT).to_ne_bytes()));
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ENOENT));
        }
        assert!(run(&frame(NLMSG_ERROR, 7, &[])).0.is_err());
        assert!(
            run(&frame(NLMSG_ERROR, 7, &i32::MIN.to_ne_bytes()))
                .0
                .is_err()
        );
    }

    #[test]
    fn a_dump_of_vsock_is_replayed() {
        use super::super::vsock;
        let mut bytes = Vec::new();
        for (state, context, port) in [(10, u32::MAX, 1024), (10, 3, 22), (1, 3, 23)] {
            let row = vsock::tests::message(state, context, port);
            bytes.extend(frame(SOCK_DIAG_BY_FAMILY, 7, &row));
        }
        bytes.extend(frame(NLMSG_DONE, 7, &0i32.to_ne_bytes()));
        let (mut dump, mut rows) = (Dump::default(), 0);
        let mut take = |bytes: &[u8]| {
            let row = vsock::parse_listener(bytes);
            rows += u32::from(row.is_some());
            row.is_some()
        };
        let end = walk(&bytes, (SOCK_DIAG_BY_FAMILY, 7), &mut dump, &mut take).unwrap();
        assert_eq!((end, rows), (Progress::Done, 2));
        assert_eq!(dump, Dump { pieces: 1, odd: 1 });
    }

    #[test]
    fn a_dump_of_sctp_is_replayed() {
        use super::super::sctp;
        let mut bytes = Vec::new();
        for (state, style) in [(10, 2), (10, 0), (7, 2)] {
            let row = [
                sctp::tests::header(state),
                sctp::tests::details(style, 0),
                sctp::tests::locals(),
            ];
            bytes.extend(frame(SOCK_DIAG_BY_FAMILY, 7, &row.concat()));
        }
        let (mut dump, mut queues) = (Dump::default(), Vec::new());
        let mut take = |bytes: &[u8]| {
            let row = sctp::parse_listener(bytes);
            queues.extend(row.as_ref().map(|row| row.queue));
            row.is_some() || sctp::is_idle(bytes)
        };
        let end = walk(&bytes, (SOCK_DIAG_BY_FAMILY, 7), &mut dump, &mut take).unwrap();
        assert_eq!(end, Progress::More);
        assert_eq!(queues, [Some((3, 128)), None]);
        assert_eq!(dump, Dump { pieces: 1, odd: 0 });
    }

    #[test]
    fn no_bytes_make_it_panic_or_loop() {
        let mut bytes = frame(SOCK_DIAG_BY_FAMILY, 7, b"some payload");
        bytes.extend(frame(NLMSG_DONE, 7, &0i32.to_ne_bytes()));
        for cut in 0..bytes.len() {
            let _ = run(&bytes[..cut]);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 15, 16, 0x7f, 0xff] {
                let mut hostile = bytes.clone();
                hostile[at] = value;
                let _ = run(&hostile);
            }
        }
    }
}
