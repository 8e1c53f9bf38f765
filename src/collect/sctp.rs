//! SCTP rows of sock_diag and lines of /proc/net/sctp/eps: bytes in, a listener out.
//!
//! Follows net/sctp/diag.c (`inet_sctp_diag_fill`, since Linux 4.7), include/uapi/linux/sctp.h and
//! net/sctp/proc.c (`sctp_eps_seq_show`). NOTE: a request for listeners gets every endpoint that the
//! kernel has hashed, whatever its state (`sctp_ep_dump`). The kernel keeps a backlog for sockets in
//! one-to-many style too, but nothing waits there: their queue stays unknown.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::Parseable;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_SCTP, TCP_LISTEN};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags,
};

use super::inet::{self, Attributes, HEADER, attributes};
use super::proc_net::columns;
use super::row::{Endpoint, Place, Raw, Row};
use crate::snapshot::{Listener, Protocol, address};

/// `INET_DIAG_INFO`: a `struct sctp_info` here.
const INFO: u16 = 2;
/// `INET_DIAG_LOCALS`: a `struct sockaddr_storage` for each address.
const LOCALS: u16 = 12;
/// Bytes of `struct sockaddr_storage`.
const STORAGE: usize = 128;
/// Where `sctpi_s_type` is in `struct sctp_info`.
const STYLE: usize = 360;
/// `SCTP_SOCKET_TCP` (include/net/sctp/structs.h): one-to-one. The lesser ones are one-to-many.
const ONE_TO_ONE: u32 = 2;

/// The requests that list every endpoint: the kernel takes no family for both.
pub(super) fn listeners() -> [InetRequest; 2] {
    let request = |family, socket_id| InetRequest {
        family,
        protocol: IPPROTO_SCTP,
        extensions: ExtensionFlags::SKMEMINFO | ExtensionFlags::INFO,
        states: StateFlags::LISTEN,
        socket_id,
    };
    [
        request(AF_INET, SocketId::new_v4()),
        request(AF_INET6, SocketId::new_v6()),
    ]
}

/// Whether this is a row of a socket in another state than LISTEN.
pub(super) fn is_idle(payload: &[u8]) -> bool {
    payload.len() >= HEADER && payload.get(1) != Some(&TCP_LISTEN)
}

/// Reads a row in LISTEN; `None` for any other.
pub(super) fn parse_listener(payload: &[u8]) -> Option<Raw> {
    let header = InetResponseHeader::parse(payload).ok()?;
    if header.state != TCP_LISTEN {
        return None;
    }
    let local = inet::local(&header)?;
    let rest = payload.get(HEADER..)?;
    let value = |kind: u16| attributes(rest).find(|attribute| attribute.kind() == kind);
    let mut ips = value(LOCALS).map_or_else(Vec::new, |locals| addresses(locals.value()));
    if ips.is_empty() {
        ips.push(local.ip);
    }
    let style = value(INFO).and_then(|info| {
        let word = info.value().get(STYLE..)?.first_chunk()?;
        Some(u32::from_ne_bytes(*word))
    });
    let protocol = protocol(style);
    let queue = (header.recv_queue, header.send_queue);
    let common = Attributes::parse(rest);
    Some(Raw {
        cookie: u64::from_ne_bytes(header.socket_id.cookie),
        protocol,
        place: Place::Sctp(Endpoint {
            ips,
            port: local.port,
            device: local.device.unwrap_or_default(),
        }),
        queue: Some(queue).filter(|_| protocol.tells_queue()),
        drops: common.drops,
        inode: header.inode,
        uid: Some(header.uid),
        v6_only: false,
        cgroup_id: common.cgroup_id,
    })
}

/// The protocol of a style. A row that does not tell its style tells a queue.
fn protocol(style: Option<u32>) -> Protocol {
    match style {
        Some(style) if style < ONE_TO_ONE => Protocol::SctpSeqpacket,
        _ => Protocol::Sctp,
    }
}

/// The addresses of `INET_DIAG_LOCALS`; none when one of them is not understood.
fn addresses(value: &[u8]) -> Vec<IpAddr> {
    let all: Option<Vec<IpAddr>> = value.chunks(STORAGE).map(storage).collect();
    all.unwrap_or_default()
}

/// The address of a `struct sockaddr_in` or `sockaddr_in6`.
fn storage(bytes: &[u8]) -> Option<IpAddr> {
    let family = u16::from_ne_bytes(*bytes.first_chunk()?);
    match u8::try_from(family).ok()? {
        AF_INET => Some(Ipv4Addr::from(*bytes.get(4..)?.first_chunk::<4>()?).into()),
        AF_INET6 => Some(Ipv6Addr::from(*bytes.get(8..)?.first_chunk::<16>()?).into()),
        _ => None,
    }
}

/// Reads a line of `eps`: no row for an endpoint that does not listen, `None` when it is not
/// understood. It tells neither queue nor maximum.
pub(super) fn line(line: &[u8]) -> Option<Option<Row>> {
    let mut words = columns(line).map(std::str::from_utf8);
    // ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS
    let style: u32 = words.nth(2)?.ok()?.parse().ok()?;
    let state: u8 = words.next()?.ok()?.parse().ok()?;
    let port: u16 = words.nth(1)?.ok()?.parse().ok()?;
    let uid: u32 = words.next()?.ok()?.parse().ok()?;
    let inode: u64 = words.next()?.ok()?.parse().ok()?;
    if state != TCP_LISTEN {
        return Some(None);
    }
    let ips: Option<Vec<IpAddr>> = words.map(|word| word.ok()?.parse().ok()).collect();
    let ips = ips.filter(|ips| !ips.is_empty())?;
    let address = address::several(&ips, None, port);
    let mut listener = Listener::new(protocol(Some(style)), address);
    listener.inode = Some(inode).filter(|inode| *inode != 0);
    listener.uid = Some(uid);
    Some(Some(Row {
        local: None,
        v6_only: false,
        cgroup_id: None,
        listener,
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::inet::Devices;
    use super::super::inet::tests::attribute;
    use super::*;

    /// A `struct inet_diag_msg` of an IPv4 endpoint on 10.0.0.2:3868 as `inet_sctp_diag_fill` fills
    /// it: 3 associations wait of 128, inode 77, user 33.
    pub(in crate::collect) fn header(state: u8) -> Vec<u8> {
        let mut bytes = vec![
            2,     // idiag_family: AF_INET
            state, // idiag_state: sk_state, 10 is SCTP_SS_LISTENING
            0,     // idiag_timer
            0,     // idiag_retrans
            0x0f, 0x1c, // idiag_sport: 3868, big endian
            0, 0, // idiag_dport
            10, 0, 0, 2, // idiag_src[0]: sk_rcv_saddr, the address that was bound last
        ];
        bytes.extend([0; 12]); // idiag_src[1..4]
        bytes.extend([0; 16]); // idiag_dst
        bytes.extend(0u32.to_ne_bytes()); // idiag_if: sk_bound_dev_if
        bytes.extend([0x31, 0, 0, 0]); // idiag_cookie[0]
        bytes.extend([0, 0, 0, 0]); // idiag_cookie[1]
        bytes.extend(0u32.to_ne_bytes()); // idiag_expires
        bytes.extend(3u32.to_ne_bytes()); // idiag_rqueue: sk_ack_backlog
        bytes.extend(128u32.to_ne_bytes()); // idiag_wqueue: sk_max_ack_backlog
        bytes.extend(33u32.to_ne_bytes()); // idiag_uid
        bytes.extend(77u32.to_ne_bytes()); // idiag_inode
        assert_eq!(bytes.len(), HEADER);
        bytes
    }

    /// `INET_DIAG_SKMEMINFO` with these drops, `INET_DIAG_PAD`, `INET_DIAG_INFO` of this style
    /// (`sctp_get_sctp_info` of an endpoint), and `INET_DIAG_CGROUP_ID`.
    pub(in crate::collect) fn details(style: u32, drops: u32) -> Vec<u8> {
        let mut memory = vec![0; 4 * 8];
        memory.extend(drops.to_ne_bytes()); // SK_MEMINFO_DROPS
        let mut info = vec![0; STYLE];
        info.extend(style.to_ne_bytes()); // sctpi_s_type
        info.extend([0; 4]); // __reserved3
        assert_eq!(info.len(), 368);
        let mut bytes = attribute(8, &[0]); // INET_DIAG_SHUTDOWN
        bytes.extend(attribute(21, &5u64.to_ne_bytes())); // INET_DIAG_CGROUP_ID
        bytes.extend(attribute(7, &memory));
        bytes.extend(attribute(14, &[])); // nla_reserve_64bit
        bytes.extend(attribute(INFO, &info));
        bytes
    }

    /// `INET_DIAG_LOCALS` of 10.0.0.1 and fe80::1, as `inet_diag_msg_sctpladdrs_fill` copies
    /// `union sctp_addr` into storages.
    pub(in crate::collect) fn locals() -> Vec<u8> {
        let mut four = 2u16.to_ne_bytes().to_vec(); // sin_family
        four.extend(3868u16.to_be_bytes()); // sin_port
        four.extend([10, 0, 0, 1]); // sin_addr
        four.resize(STORAGE, 0);
        let mut six = 10u16.to_ne_bytes().to_vec(); // sin6_family
        six.extend(3868u16.to_be_bytes()); // sin6_port
        six.extend([0; 4]); // sin6_flowinfo
        six.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]); // sin6_addr
        six.resize(STORAGE, 0);
        attribute(LOCALS, &[four, six].concat())
    }

    fn parse(bytes: &[u8]) -> Option<Row> {
        parse_listener(bytes).map(|raw| raw.spell(&mut Devices::default()))
    }

    #[test]
    fn a_listener_is_read_with_its_queue_and_all_addresses() {
        let bytes = [header(TCP_LISTEN), details(ONE_TO_ONE, 9), locals()].concat();
        assert_eq!(parse_listener(&bytes).unwrap().cookie, 0x31);
        let row = parse(&bytes).unwrap();
        assert_eq!((row.local, row.cgroup_id), (None, Some(5)));
        let listener = row.listener;
        assert_eq!(listener.protocol, Protocol::Sctp);
        assert_eq!(listener.address, "10.0.0.1,[fe80::1]:3868");
        assert_eq!(listener.accept_queue.len, Some(3));
        assert_eq!(listener.accept_queue.max, Some(128));
        assert_eq!(listener.syn_queue.len, None);
        assert_eq!(listener.drops, Some(9));
        assert_eq!((listener.inode, listener.uid), (Some(77), Some(33)));
    }

    #[test]
    fn one_to_many_has_no_queue() {
        for style in [0, 1] {
            let bytes = [header(TCP_LISTEN), details(style, 0), locals()].concat();
            let listener = parse(&bytes).unwrap().listener;
            assert_eq!(listener.protocol, Protocol::SctpSeqpacket);
            let queue = listener.accept_queue;
            assert_eq!((queue.len, queue.max), (None, None));
        }
    }

    #[test]
    fn what_is_short_or_odd_leaves_the_rest() {
        let listener = parse(&header(TCP_LISTEN)).unwrap().listener;
        assert_eq!(listener.address, "10.0.0.2:3868");
        assert_eq!(listener.accept_queue.max, Some(128));
        let mut odd = locals();
        odd[4 + STORAGE] = 99;
        let bytes = [header(TCP_LISTEN), attribute(INFO, &[0; STYLE]), odd].concat();
        let listener = parse(&bytes).unwrap().listener;
        assert_eq!(listener.protocol, Protocol::Sctp);
        assert_eq!(listener.address, "10.0.0.2:3868");
    }

    #[test]
    fn endpoints_that_do_not_listen_are_no_odd_rows() {
        let closed = header(7);
        assert!(is_idle(&closed) && parse(&closed).is_none());
        assert!(!is_idle(&header(TCP_LISTEN)));
        assert!(!is_idle(&closed[..HEADER - 1]));
    }

    #[test]
    fn lines_of_eps_are_read() {
        let text =
            b"ffff8800d8f5e000 ffff8800d8f5a000 2   10  29   3868     33 11818 10.0.0.1 10.0.0.2 ";
        let listener = line(text).unwrap().unwrap().listener;
        assert_eq!(listener.protocol, Protocol::Sctp);
        assert_eq!(listener.address, "10.0.0.1,10.0.0.2:3868");
        assert_eq!((listener.inode, listener.uid), (Some(11818), Some(33)));
        let queue = listener.accept_queue;
        assert_eq!((queue.len, queue.max), (None, None));
        let any = b"       0        0 0   10  29   5000      0 11819 0000:0000:0000:0000:0000:0000:0000:0000 ";
        let listener = line(any).unwrap().unwrap().listener;
        assert_eq!(listener.protocol, Protocol::SctpSeqpacket);
        assert_eq!(listener.address, "[::]:5000");
        let closed = b"       0        0 2   7   29   5000      0 11819 0.0.0.0 ";
        assert!(line(closed).unwrap().is_none());
        for odd in [
            &b"0 0 2 10 29 5000 0 1"[..],
            b"0 0 2 10 29 5000 0 1 x ",
            b"",
        ] {
            assert!(line(odd).is_none());
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let bytes = [header(TCP_LISTEN), details(ONE_TO_ONE, 9), locals()].concat();
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]).is_some(), cut >= HEADER);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 3, 4, 0x7f, 0x80, 0xff] {
                let mut hostile = bytes.clone();
                hostile[at] = value;
                let _ = parse(&hostile);
            }
        }
        let text = b"0 0 2 10 29 3868 33 11818 10.0.0.1 ::1";
        for at in 0..text.len() {
            let _ = line(&text[..at]);
            for value in [0, b' ', b'9', b':', 0xff] {
                let mut hostile = text.to_vec();
                hostile[at] = value;
                let _ = line(&hostile);
            }
        }
    }
}
