//! Bare SYNs from addresses that nobody has: requests that stay half open.
//!
//! 198.51.100.0/24 (documentation, RFC 5737) is routed to the loopback interface, where the SYN-ACK
//! to an address that is not local is discarded. No answer, no RST, no retransmission.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::netns::Netns;

/// Where SYNs are sent from.
pub(crate) struct Strangers {
    socket: Socket,
    sent: u16,
}

const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

impl Strangers {
    pub(crate) fn new(netns: &Netns) -> Self {
        netns.ip("route add 198.51.100.0/24 dev lo");
        // IPPROTO_RAW: the packet comes with its IP header, raw(7).
        let raw = Some(Protocol::from(libc::IPPROTO_RAW));
        let socket =
            Socket::new(Domain::IPV4, Type::RAW, raw).expect("CAP_NET_RAW in the namespace");
        Self { socket, sent: 0 }
    }

    /// Sends SYNs to a port of 127.0.0.1, each from another port.
    pub(crate) fn send(&mut self, port: u16, syns: u16) {
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into();
        for _ in 0..syns {
            self.sent += 1;
            let packet = syn(20_000 + self.sent, port);
            assert_eq!(self.socket.send_to(&packet, &to).unwrap(), packet.len());
        }
    }
}

/// An IPv4 packet with a TCP header that has only SYN set.
fn syn(from: u16, to: u16) -> Vec<u8> {
    let mut tcp = Vec::new();
    tcp.extend(from.to_be_bytes());
    tcp.extend(to.to_be_bytes());
    tcp.extend([0, 0, 0, 1, 0, 0, 0, 0]);
    // Five words of header, SYN, window 64240, no checksum yet, no urgent data.
    tcp.extend([5 << 4, 2, 0xfa, 0xf0, 0, 0, 0, 0]);
    let server = Ipv4Addr::LOCALHOST.octets();
    let pseudo = [&CLIENT.octets()[..], &server, &[0, 6, 0, 20], &tcp].concat();
    tcp[16..18].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    // The kernel fills in the checksum of the IP header.
    let ip = [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0];
    [&ip[..], &CLIENT.octets(), &server, &tcp].concat()
}

fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
