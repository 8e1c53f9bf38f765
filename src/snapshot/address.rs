//! Addresses of listeners as text: the one spelling that records, outputs and fingerprints share.
//!
//! `0.0.0.0:443`, `[::]:443`, `127.0.0.53%lo:53` (bound to a device), `10.0.0.1,10.0.0.2:3868` (SCTP
//! bound to several), `/run/x.sock`, `@abstract`, `*:1024` (vsock: context and port).

use std::net::IpAddr;
use std::str::FromStr;

use super::Protocol;

/// Spells an internet address; `device` is the name of the interface the socket is bound to.
pub fn internet(ip: IpAddr, device: Option<&str>, port: u16) -> String {
    several(&[ip], device, port)
}

/// Spells the addresses of one SCTP socket, in the order of the kernel: `10.0.0.1,[fe80::1]:3868`.
pub fn several(ips: &[IpAddr], device: Option<&str>, port: u16) -> String {
    let host = |ip: &IpAddr| match (ip, device) {
        (IpAddr::V4(ip), None) => format!("{ip}"),
        (IpAddr::V4(ip), Some(device)) => format!("{ip}%{device}"),
        (IpAddr::V6(ip), None) => format!("[{ip}]"),
        (IpAddr::V6(ip), Some(device)) => format!("[{ip}%{device}]"),
    };
    let hosts: Vec<String> = ips.iter().map(host).collect();
    format!("{}:{port}", hosts.join(","))
}

/// Spells a vsock address as `ss` does: `*` is any context (`VMADDR_CID_ANY`) or port.
pub fn vsock(context: u32, port: u32) -> String {
    let number = |number: u32| match number {
        u32::MAX => "*".to_owned(),
        number => number.to_string(),
    };
    format!("{}:{}", number(context), number(port))
}

/// Spells the bytes of `sun_path`: a leading NUL (abstract) becomes `@`, the NUL that ends a path
/// goes. Bytes that are not UTF-8 become `\xNN`, and then a backslash is doubled.
pub fn unix(name: &[u8]) -> String {
    let (prefix, name) = match name {
        [0, rest @ ..] => ("@", rest),
        [path @ .., 0] => ("", path),
        path => ("", path),
    };
    let mut out = String::with_capacity(prefix.len() + name.len());
    out.push_str(prefix);
    if let Ok(text) = std::str::from_utf8(name) {
        out.push_str(text);
    } else {
        for chunk in name.utf8_chunks() {
            out.push_str(&chunk.valid().replace('\\', "\\\\"));
            for byte in chunk.invalid() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
        }
    }
    out
}

/// The port of an internet address; `None` for the other families.
pub fn port(protocol: Protocol, address: &str) -> Option<u16> {
    match protocol {
        Protocol::Tcp | Protocol::Mptcp | Protocol::Sctp | Protocol::SctpSeqpacket => {
            behind_colon(address)
        }
        Protocol::Unix | Protocol::UnixSeqpacket | Protocol::Vsock => None,
    }
}

/// The port by which listeners are sorted: that of a vsock address too, which has 32 bits.
pub fn sort_port(protocol: Protocol, address: &str) -> Option<u32> {
    match protocol {
        Protocol::Vsock => behind_colon(address),
        _ => port(protocol, address).map(u32::from),
    }
}

fn behind_colon<T: FromStr>(address: &str) -> Option<T> {
    let (_, port) = address.rsplit_once(':')?;
    port.parse().ok()
}

/// The address without port and device, where it is an internet address: of several the first.
pub fn ip(protocol: Protocol, address: &str) -> Option<IpAddr> {
    ips(protocol, address)?.first().copied()
}

/// All addresses without port and device, where it is an internet address.
fn ips(protocol: Protocol, address: &str) -> Option<Vec<IpAddr>> {
    port(protocol, address)?;
    let (hosts, _) = address.rsplit_once(':')?;
    let one = |host: &str| {
        let inside = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let ip: IpAddr = inside.unwrap_or(host).split('%').next()?.parse().ok()?;
        // Without brackets nobody can tell where an IPv6 address ends, and it would be another name.
        (ip.is_ipv6() == inside.is_some()).then_some(ip)
    };
    if !protocol.is_sctp() {
        return Some(vec![one(hosts)?]);
    }
    hosts.split(',').map(one).collect()
}

/// Whether an internet address can be reached from its own machine alone: 127.0.0.0/8, ::1, and the
/// former as ::ffff:127.0.0.0/104. `None`: it is none.
pub fn is_loopback(protocol: Protocol, address: &str) -> Option<bool> {
    let all = ips(protocol, address)?;
    Some(all.iter().all(|ip| ip.to_canonical().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_addresses_as_the_design_says() {
        assert_eq!(
            internet("0.0.0.0".parse().unwrap(), None, 443),
            "0.0.0.0:443"
        );
        assert_eq!(internet("::".parse().unwrap(), None, 443), "[::]:443");
        assert_eq!(
            internet("127.0.0.53".parse().unwrap(), Some("lo"), 53),
            "127.0.0.53%lo:53"
        );
        assert_eq!(
            internet("fe80::1".parse().unwrap(), Some("eth0"), 22),
            "[fe80::1%eth0]:22"
        );
    }

    #[test]
    fn unix_names_keep_every_byte() {
        assert_eq!(unix(b"/run/x.sock\0"), "/run/x.sock");
        assert_eq!(unix(b"/run/x.sock"), "/run/x.sock");
        assert_eq!(unix(b"\0abstract"), "@abstract");
        assert_eq!(unix(b"\0a\0b"), "@a\0b");
        assert_eq!(unix(b"/run/a\\\xff"), "/run/a\\\\\\xff");
    }

    #[test]
    fn port_and_ip_are_read_back() {
        assert_eq!(port(Protocol::Tcp, "[fe80::1%eth0]:22"), Some(22));
        assert_eq!(
            ip(Protocol::Tcp, "[fe80::1%eth0]:22"),
            "fe80::1".parse().ok()
        );
        assert_eq!(
            ip(Protocol::Tcp, "127.0.0.53%lo:53"),
            "127.0.0.53".parse().ok()
        );
        assert_eq!(port(Protocol::Unix, "/run/x:22"), None);
        assert_eq!(ip(Protocol::Tcp, ":::22"), None);
        assert_eq!(ip(Protocol::Tcp, "[127.0.0.1]:22"), None);
    }

    #[test]
    fn a_loopback_is_told_in_every_spelling() {
        let is = |protocol, address| is_loopback(protocol, address);
        for address in [
            "127.0.0.1:80",
            "127.0.0.53%lo:53",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
            "[::ffff:127.9.9.9]:80",
        ] {
            assert_eq!(is(Protocol::Tcp, address), Some(true), "{address}");
        }
        for address in [
            "0.0.0.0:80",
            "[::]:80",
            "[::2]:80",
            "128.0.0.1:80",
            "[::ffff:10.0.0.1]:80",
            "[::127.0.0.1]:80",
            "[fe80::1%eth0]:22",
        ] {
            assert_eq!(is(Protocol::Tcp, address), Some(false), "{address}");
        }
        assert_eq!(is(Protocol::Sctp, "127.0.0.1,[::1]:3868"), Some(true));
        assert_eq!(is(Protocol::Sctp, "127.0.0.1,10.0.0.1:3868"), Some(false));
        assert_eq!(is(Protocol::Unix, "/run/x.sock"), None);
        assert_eq!(is(Protocol::Vsock, "*:1024"), None);
    }

    #[test]
    fn sctp_may_have_several_addresses() {
        let ips = ["10.0.0.1", "fe80::1"].map(|ip| ip.parse().unwrap());
        assert_eq!(several(&ips, None, 3868), "10.0.0.1,[fe80::1]:3868");
        let both = several(&ips, Some("eth0"), 3868);
        assert_eq!(both, "10.0.0.1%eth0,[fe80::1%eth0]:3868");
        assert_eq!(port(Protocol::Sctp, &both), Some(3868));
        assert_eq!(ip(Protocol::SctpSeqpacket, &both), Some(ips[0]));
        assert_eq!(ip(Protocol::Sctp, "10.0.0.1,x:3868"), None);
        assert_eq!(ip(Protocol::Tcp, "10.0.0.1,10.0.0.2:80"), None);
    }

    #[test]
    fn vsock_addresses_are_those_of_ss() {
        assert_eq!(vsock(u32::MAX, 1024), "*:1024");
        assert_eq!(vsock(3, 4_000_000_000), "3:4000000000");
        assert_eq!(vsock(2, u32::MAX), "2:*");
        assert_eq!(port(Protocol::Vsock, "*:1024"), None);
        let sorts = sort_port(Protocol::Vsock, "3:4000000000");
        assert_eq!(sorts, Some(4_000_000_000));
        assert_eq!(sort_port(Protocol::Tcp, "[::]:22"), Some(22));
    }
}
