//! Addresses of listeners as text: the one spelling that records, outputs and fingerprints share.
//!
//! `0.0.0.0:443`, `[::]:443`, `127.0.0.53%lo:53` (bound to a device), `/run/x.sock`, `@abstract`.

use std::net::IpAddr;

use super::Protocol;

/// Spells an internet address; `device` is the name of the interface the socket is bound to.
pub fn internet(ip: IpAddr, device: Option<&str>, port: u16) -> String {
    match (ip, device) {
        (IpAddr::V4(ip), None) => format!("{ip}:{port}"),
        (IpAddr::V4(ip), Some(device)) => format!("{ip}%{device}:{port}"),
        (IpAddr::V6(ip), None) => format!("[{ip}]:{port}"),
        (IpAddr::V6(ip), Some(device)) => format!("[{ip}%{device}]:{port}"),
    }
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
        Protocol::Tcp | Protocol::Mptcp | Protocol::Sctp => address
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok()),
        Protocol::Unix | Protocol::UnixSeqpacket | Protocol::Vsock => None,
    }
}

/// The address without port and device, where it is an internet address.
pub fn ip(protocol: Protocol, address: &str) -> Option<IpAddr> {
    port(protocol, address)?;
    let (host, _) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.split('%').next()?.parse().ok()
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
    }
}
