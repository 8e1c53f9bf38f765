//! Virtual machine socket rows of sock_diag: bytes in, a listener without its queue out.
//!
//! Follows include/uapi/linux/vm_sockets_diag.h and net/vmw_vsock/diag.c, since Linux 4.15. The
//! messages have no queue and no attributes. NOTE: though every namespace reaches the same addresses,
//! the dump is of the sockets that were made in this network namespace (`net_eq` in
//! `vsock_diag_dump`), so that no listener is seen from two. Where vsock is loaded the request may
//! load vsock_diag too (`sock_load_diag_module`, net/core/sock.c), as it may for the other families.

use netlink_packet_core::Emitable;
use netlink_packet_sock_diag::constants::TCP_LISTEN;

use super::netlink::Request;
use super::row::{Place, Raw};
use crate::snapshot::Protocol;

/// `AF_VSOCK`.
const FAMILY: u8 = 40;
/// Bytes of `struct vsock_diag_msg`.
const MESSAGE: usize = 32;

/// Asks for every listener: a `struct vsock_diag_req`.
pub(super) struct Listeners;

impl Request for Listeners {}

impl Emitable for Listeners {
    fn buffer_len(&self) -> usize {
        24
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer.fill(0);
        if let Some(family) = buffer.first_mut() {
            *family = FAMILY;
        }
        if let Some(states) = buffer.get_mut(4..8) {
            states.copy_from_slice(&(1u32 << TCP_LISTEN).to_ne_bytes());
        }
    }
}

/// Reads a row in LISTEN; `None` for any other.
pub(super) fn parse_listener(payload: &[u8]) -> Option<Raw> {
    let message: &[u8; MESSAGE] = payload.first_chunk()?;
    let (words, _) = message.as_chunks::<4>();
    let [head, context, port, _, _, inode, low, high] = words else {
        return None;
    };
    let [FAMILY, _, TCP_LISTEN, _] = head else {
        return None;
    };
    let [a, b, c, d] = *low;
    let [e, f, g, h] = *high;
    Some(Raw {
        cookie: u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        protocol: Protocol::Vsock,
        place: Place::Vsock(u32::from_ne_bytes(*context), u32::from_ne_bytes(*port)),
        queue: None,
        drops: None,
        inode: u32::from_ne_bytes(*inode),
        uid: None,
        v6_only: false,
        cgroup_id: None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::inet::Devices;
    use super::*;

    /// A `struct vsock_diag_msg` as `sk_diag_fill` fills it: inode 1234, cookie 9.
    pub(in crate::collect) fn message(state: u8, context: u32, port: u32) -> Vec<u8> {
        let mut bytes = vec![
            40,    // vdiag_family: AF_VSOCK
            1,     // vdiag_type: SOCK_STREAM
            state, // vdiag_state: sk_state
            0,     // vdiag_shutdown
        ];
        bytes.extend(context.to_ne_bytes()); // vdiag_src_cid
        bytes.extend(port.to_ne_bytes()); // vdiag_src_port
        bytes.extend(u32::MAX.to_ne_bytes()); // vdiag_dst_cid: VMADDR_CID_ANY
        bytes.extend(u32::MAX.to_ne_bytes()); // vdiag_dst_port: VMADDR_PORT_ANY
        bytes.extend(1234u32.to_ne_bytes()); // vdiag_ino
        bytes.extend([9, 0, 0, 0]); // vdiag_cookie[0]
        bytes.extend([0, 0, 0, 0]); // vdiag_cookie[1]
        assert_eq!(bytes.len(), MESSAGE);
        bytes
    }

    #[test]
    fn a_listener_is_read_without_a_queue() {
        for (context, address) in [(u32::MAX, "*:1024"), (3, "3:1024")] {
            let raw = parse_listener(&message(TCP_LISTEN, context, 1024)).unwrap();
            assert_eq!(raw.cookie.to_ne_bytes(), [9, 0, 0, 0, 0, 0, 0, 0]);
            let row = raw.spell(&mut Devices::default());
            assert_eq!((row.local, row.cgroup_id), (None, None));
            let listener = row.listener;
            assert_eq!(listener.protocol, Protocol::Vsock);
            assert_eq!(listener.address, address);
            let queue = listener.accept_queue;
            assert_eq!((queue.len, queue.max), (None, None));
            assert_eq!((listener.drops, listener.uid), (None, None));
            assert_eq!(listener.inode, Some(1234));
        }
    }

    #[test]
    fn the_request_asks_for_listeners() {
        let mut bytes = [0xff; 24];
        Listeners.emit(&mut bytes);
        let mut wanted = [0; 24];
        wanted[0] = 40; // sdiag_family
        wanted[4..8].copy_from_slice(&0x400u32.to_ne_bytes()); // vdiag_states: TCPF_LISTEN
        assert_eq!(bytes, wanted);
    }

    #[test]
    fn other_rows_are_refused() {
        let established = message(1, 3, 1024);
        assert!(parse_listener(&established).is_none());
        let mut other = message(TCP_LISTEN, 3, 1024);
        other[0] = 2;
        assert!(parse_listener(&other).is_none());
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let bytes = message(TCP_LISTEN, 3, 1024);
        for cut in 0..bytes.len() {
            assert!(parse_listener(&bytes[..cut]).is_none());
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut hostile = bytes.clone();
                hostile[at] = value;
                let _ = parse_listener(&hostile).map(|raw| raw.spell(&mut Devices::default()));
            }
        }
    }
}
