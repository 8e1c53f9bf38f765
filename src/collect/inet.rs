//! TCP rows of sock_diag: bytes in, numbers of a listener or a request out.
//!
//! Follows include/uapi/linux/inet_diag.h and net/ipv4/inet_diag.c. The fixed header is read by the
//! `netlink-packet-sock-diag` crate, the attributes here one by one, because the crate's own
//! response parser gives up the whole row over one attribute of another length than it knows.

use std::collections::BTreeMap;

use netlink_packet_core::{Emitable, NlaBuffer, NlasIterator, Parseable};
use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, INET_DIAG_SKMEMINFO, INET_DIAG_SKV6ONLY, IPPROTO_TCP, TCP_LISTEN,
    TCP_SYN_RECV,
};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags,
};
use rustix::net::{AddressFamily, SocketType, netdevice};

use super::netlink::Request;
use super::row::{Family, Local, Place, Raw};
use crate::snapshot::Protocol;

/// Bytes of `struct inet_diag_msg`.
pub(super) const HEADER: usize = 72;
/// `INET_DIAG_ULP_INFO`, nested; since Linux 5.4.
const ULP_INFO: u16 = 19;
/// `INET_ULP_INFO_NAME`, inside it.
const ULP_NAME: u16 = 1;
/// `INET_DIAG_CGROUP_ID`, u64; since Linux 5.8.
const CGROUP_ID: u16 = 21;
/// Index of `SK_MEMINFO_DROPS` in the u32s of `INET_DIAG_SKMEMINFO`; since Linux 4.7.
const DROPS: usize = 8;

/// What is asked of a listener: its drop counter. NOTE: the kernel names the upper layer protocol
/// only beside `INET_DIAG_INFO` (`inet_sk_diag_fill`), which is of no other use here.
const LISTENER: ExtensionFlags = ExtensionFlags::SKMEMINFO.union(ExtensionFlags::INFO);

/// Asks for every listener of a family.
pub(super) fn listeners(family: Family) -> InetRequest {
    request(family, StateFlags::LISTEN, LISTENER)
}

/// Asks for every connection of a family that is not yet established. NOTE: since Linux 4.4 the
/// kernel walks the table of all connections for this.
pub(super) fn requests(family: Family) -> InetRequest {
    request(family, StateFlags::SYN_RECV, ExtensionFlags::empty())
}

/// Asks for sockets of both families in one walk: in the format that came before sock_diag
/// (`struct inet_diag_req`), which the kernel takes as a request for any family
/// (`inet_diag_dump_compat`). It answers EOPNOTSUPP where it lacks that.
pub(super) struct BothFamilies {
    states: StateFlags,
    extensions: ExtensionFlags,
}

impl BothFamilies {
    /// Connections that are not yet established.
    pub(super) const REQUESTS: Self = Self {
        states: StateFlags::SYN_RECV,
        extensions: ExtensionFlags::empty(),
    };
    /// Listeners.
    pub(super) const LISTENERS: Self = Self {
        states: StateFlags::LISTEN,
        extensions: LISTENER,
    };
}

impl Request for BothFamilies {
    /// `TCPDIAG_GETSOCK`.
    const KIND: u16 = 18;
}

impl Emitable for BothFamilies {
    fn buffer_len(&self) -> usize {
        60
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer.fill(0);
        // `idiag_family`, `idiag_src_len`, `idiag_dst_len`, `idiag_ext`.
        if let Some(extensions) = buffer.get_mut(3) {
            *extensions = self.extensions.bits();
        }
        if let Some(states) = buffer.get_mut(52..56) {
            states.copy_from_slice(&self.states.bits().to_ne_bytes());
        }
    }
}

fn request(family: Family, states: StateFlags, extensions: ExtensionFlags) -> InetRequest {
    let (family, socket_id) = match family {
        Family::Inet6 => (AF_INET6, SocketId::new_v6()),
        _ => (AF_INET, SocketId::new_v4()),
    };
    InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions,
        states,
        socket_id,
    }
}

/// Reads a row in LISTEN; `None` for any other.
pub(super) fn parse_listener(payload: &[u8]) -> Option<Raw> {
    let header = InetResponseHeader::parse(payload).ok()?;
    if header.state != TCP_LISTEN {
        return None;
    }
    let local = local(&header)?;
    let attributes = Attributes::parse(payload.get(HEADER..)?);
    let protocol = match attributes.mptcp {
        true => Protocol::Mptcp,
        false => Protocol::Tcp,
    };
    Some(Raw {
        cookie: u64::from_ne_bytes(header.socket_id.cookie),
        protocol,
        place: Place::Internet(local),
        queue: Some((header.recv_queue, header.send_queue)),
        drops: attributes.drops,
        inode: header.inode,
        uid: Some(header.uid),
        v6_only: attributes.v6_only,
        cgroup_id: attributes.cgroup_id,
    })
}

/// Reads a row in SYN_RECV; `None` for any other. It names no listener, only its own local end.
pub(super) fn parse_request(payload: &[u8]) -> Option<Local> {
    let header = InetResponseHeader::parse(payload).ok()?;
    (header.state == TCP_SYN_RECV).then(|| local(&header))?
}

/// The local end of a row.
pub(super) fn local(header: &InetResponseHeader) -> Option<Local> {
    let family = match header.family {
        AF_INET => Family::Inet,
        AF_INET6 => Family::Inet6,
        _ => return None,
    };
    Some(Local {
        family,
        ip: header.socket_id.source_address,
        port: header.socket_id.source_port,
        device: Some(header.socket_id.interface_id),
    })
}

/// The attributes that are used. One that is absent, short or unknown leaves its fact unknown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// `sk_drops`.
    pub(super) drops: Option<u32>,
    mptcp: bool,
    /// Control group that the socket was made in.
    pub(super) cgroup_id: Option<u64>,
    v6_only: bool,
}

impl Attributes {
    /// Reads them.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut out = Self::default();
        for attribute in attributes(bytes) {
            let value = attribute.value();
            match attribute.kind() {
                INET_DIAG_SKMEMINFO => {
                    let word = value.get(4 * DROPS..).and_then(<[u8]>::first_chunk);
                    out.drops = word.map(|word| u32::from_ne_bytes(*word));
                }
                INET_DIAG_SKV6ONLY => out.v6_only = value.first().is_some_and(|flag| *flag != 0),
                ULP_INFO => {
                    out.mptcp = attributes(value).any(|inner| {
                        inner.kind() == ULP_NAME
                            && inner.value().split(|byte| *byte == 0).next() == Some(b"mptcp")
                    });
                }
                CGROUP_ID => {
                    out.cgroup_id = value.first_chunk().map(|id| u64::from_ne_bytes(*id));
                }
                _ => {}
            }
        }
        out
    }
}

/// The attributes up to the first that is malformed.
pub(super) fn attributes(bytes: &[u8]) -> impl Iterator<Item = NlaBuffer<&[u8]>> {
    NlasIterator::new(bytes).map_while(Result::ok)
}

/// Names of network interfaces, each asked for once.
#[derive(Default)]
pub(super) struct Devices(BTreeMap<u32, String>);

impl Devices {
    /// The name, or the number for an interface that is gone; `None` for 0, which is no interface.
    pub(super) fn name(&mut self, index: u32) -> Option<&str> {
        let name = (index != 0).then(|| self.0.entry(index).or_insert_with(|| device_name(index)));
        name.map(|name| name.as_str())
    }
}

fn device_name(index: u32) -> String {
    rustix::net::socket(AddressFamily::UNIX, SocketType::DGRAM, None)
        .and_then(|socket| netdevice::index_to_name(socket, index))
        .unwrap_or_else(|_| index.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::row::Row;
    use super::*;

    /// An inet_diag_msg of a listener on 127.0.0.1:8080: 3 waiting of 128, inode 77, uid 33.
    pub(in crate::collect) fn header(state: u8) -> Vec<u8> {
        let mut bytes = vec![AF_INET, state, 0, 0];
        bytes.extend(8080u16.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend([127, 0, 0, 1]);
        bytes.extend([0; 12 + 16]);
        bytes.extend(0u32.to_ne_bytes());
        bytes.extend(0x0102_0304_0506_0708u64.to_ne_bytes());
        for word in [0u32, 3, 128, 33, 77] {
            bytes.extend(word.to_ne_bytes());
        }
        assert_eq!(bytes.len(), HEADER);
        bytes
    }

    pub(in crate::collect) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn memory(words: u32) -> Vec<u8> {
        let value: Vec<u8> = (0..words).flat_map(u32::to_ne_bytes).collect();
        attribute(INET_DIAG_SKMEMINFO, &value)
    }

    fn parse(bytes: &[u8]) -> Option<Row> {
        parse_listener(bytes).map(|raw| raw.spell(&mut Devices::default()))
    }

    #[test]
    fn a_listener_is_read_with_its_queue() {
        let mut bytes = header(TCP_LISTEN);
        bytes.extend(memory(9));
        bytes.extend(attribute(CGROUP_ID, &5u64.to_ne_bytes()));
        let row = parse(&bytes).unwrap();
        let cookie = parse_listener(&bytes).unwrap().cookie;
        assert_eq!(cookie, 0x0102_0304_0506_0708);
        assert_eq!(row.cgroup_id, Some(5));
        let listener = row.listener;
        assert_eq!(listener.protocol, Protocol::Tcp);
        assert_eq!(listener.address, "127.0.0.1:8080");
        assert_eq!(listener.accept_queue.len, Some(3));
        assert_eq!(listener.accept_queue.max, Some(128));
        assert_eq!(listener.drops, Some(8));
        assert_eq!((listener.inode, listener.uid), (Some(77), Some(33)));
    }

    #[test]
    fn eight_words_of_memory_info_leave_the_drops_unknown() {
        // Linux before 4.7 sends 32 bytes.
        let mut bytes = header(TCP_LISTEN);
        bytes.extend(memory(8));
        bytes.extend(attribute(CGROUP_ID, &5u64.to_ne_bytes()));
        let row = parse(&bytes).unwrap();
        assert_eq!(row.listener.drops, None);
        assert_eq!(row.cgroup_id, Some(5));
    }

    #[test]
    fn mptcp_is_known_by_its_upper_layer_protocol() {
        for (name, protocol) in [
            (&b"mptcp\0"[..], Protocol::Mptcp),
            (b"mptcp", Protocol::Mptcp),
            (b"tls\0", Protocol::Tcp),
        ] {
            let mut bytes = header(TCP_LISTEN);
            bytes.extend(attribute(ULP_INFO | 0x8000, &attribute(ULP_NAME, name)));
            assert_eq!(parse(&bytes).unwrap().listener.protocol, protocol);
        }
    }

    #[test]
    fn other_states_are_not_listeners() {
        assert!(parse(&header(1)).is_none());
        assert!(parse_request(&header(TCP_LISTEN)).is_none());
        assert_eq!(parse_request(&header(TCP_SYN_RECV)).unwrap().port, 8080);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut bytes = header(TCP_LISTEN);
        bytes.extend(memory(9));
        bytes.extend(attribute(ULP_INFO, &attribute(ULP_NAME, b"mptcp\0")));
        for cut in 0..bytes.len() {
            let row = parse(&bytes[..cut]);
            assert_eq!(row.is_some(), cut >= HEADER);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 3, 4, 0x7f, 0x80, 0xff] {
                let mut hostile = bytes.clone();
                hostile[at] = value;
                let _ = parse(&hostile);
            }
        }
    }
}
