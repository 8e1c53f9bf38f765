//! Where a setting applies: an address as configuration files spell it, matched to listeners.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::snapshot::{Listener, address};

/// Where a setting applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Everywhere.
    Any,
    /// A port, on this address or (`None`) on one that is not known.
    Port(Option<IpAddr>, u16),
    /// A port on the addresses of the host itself: `localhost`.
    Loopback(u16),
    /// A port on the address of a name that only the program can resolve.
    Named(u16),
    /// A unix socket: its path, or `@` and its name.
    Path(String),
}

impl Endpoint {
    /// A port on all addresses of IPv4.
    pub const fn port_v4(port: u16) -> Self {
        Self::Port(Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port)
    }

    /// A port on all addresses of IPv6.
    pub const fn port_v6(port: u16) -> Self {
        Self::Port(Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)), port)
    }

    /// Reads `80`, `*:80`, `:80`, `127.0.0.1:80`, `[::1]:80`, `localhost:80`, `unix:/run/x`, `/run/x`
    /// or `@x`; `port` is that of an address without one. `None`: it is none of these.
    pub fn parse(text: &str, port: Option<u16>) -> Option<Self> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            return Some(Self::Path(path.to_owned()));
        }
        if text.starts_with(['/', '@']) {
            return Some(Self::Path(text.to_owned()));
        }
        if let Ok(number) = text.parse() {
            return Some(Self::Port(None, number));
        }
        if let Ok(ip) = text
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
        {
            return Some(Self::Port(Some(ip), port?));
        }
        let (host, number) = match text.rsplit_once(':') {
            Some((host, number)) => (host, number.parse().ok()?),
            None => (text, port?),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.split('%').next().unwrap_or(host);
        match host {
            "" | "*" => Some(Self::Port(None, number)),
            "localhost" => Some(Self::Loopback(number)),
            host => Some(match host.parse() {
                Ok(ip) => Self::Port(Some(ip), number),
                Err(_) => Self::Named(number),
            }),
        }
    }

    /// How well this fits a listener, more is better. `None`: not at all.
    pub fn fits(&self, listener: &Listener) -> Option<u8> {
        let (protocol, text) = (listener.protocol, listener.address.as_str());
        match self {
            Self::Any => Some(0),
            Self::Port(ip, port) => {
                if address::port(protocol, text)? != *port {
                    return None;
                }
                match ip {
                    None => Some(1),
                    Some(ip) => (address::ip(protocol, text) == Some(*ip)).then_some(3),
                }
            }
            // Nobody knows; see `Lookup::is_named`.
            Self::Named(_) => None,
            Self::Loopback(port) => {
                let same = address::port(protocol, text) == Some(*port);
                let own = address::ip(protocol, text).is_some_and(|ip| ip.is_loopback());
                (same && own).then_some(2)
            }
            Self::Path(path) => {
                let same = protocol.is_unix() && canonical(text) == canonical(path);
                same.then_some(3)
            }
        }
    }
}

/// One spelling of a path: /var/run is a link to /run. Names that are no paths stay as they are.
pub(super) fn canonical(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let path = super::host::normal(bound(path));
    match path.strip_prefix("/var/run/") {
        Some(rest) => format!("/run/{rest}"),
        None => path,
    }
}

/// HAProxy binds `PATH.PID.tmp` and renames the file, which the kernel does not notice.
fn bound(path: &str) -> &str {
    let rest = path
        .strip_suffix(".tmp")
        .and_then(|rest| rest.rsplit_once('.'));
    match rest {
        Some((name, pid)) if !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) => {
            name
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Protocol;

    fn fits(text: &str, protocol: Protocol, address: &str) -> Option<u8> {
        Endpoint::parse(text, Some(80))
            .unwrap()
            .fits(&Listener::new(protocol, address))
    }

    #[test]
    fn the_more_an_address_says_the_better_it_fits() {
        assert_eq!(fits("80", Protocol::Tcp, "0.0.0.0:80"), Some(1));
        assert_eq!(fits("*:80", Protocol::Tcp, "[::]:80"), Some(1));
        assert_eq!(fits("127.0.0.1", Protocol::Tcp, "127.0.0.1:80"), Some(3));
        assert_eq!(fits("127.0.0.1:81", Protocol::Tcp, "127.0.0.1:80"), None);
        assert_eq!(fits("0.0.0.0:80", Protocol::Tcp, "[::]:80"), None);
        assert_eq!(fits("[::1]:80", Protocol::Tcp, "[::1]:80"), Some(3));
        assert_eq!(fits("localhost:80", Protocol::Tcp, "127.0.0.1:80"), Some(2));
        assert_eq!(fits("localhost:80", Protocol::Tcp, "10.0.0.1:80"), None);
        assert_eq!(fits("web.example:80", Protocol::Tcp, "10.0.0.1:80"), None);
        assert_eq!(
            fits("[fe80::1%eth0]:80", Protocol::Tcp, "[fe80::1%eth0]:80"),
            Some(3)
        );
    }

    #[test]
    fn paths_are_the_same_through_var_run() {
        assert_eq!(fits("unix:/var/run/a", Protocol::Unix, "/run/a"), Some(3));
        assert_eq!(fits("/run/a", Protocol::Unix, "/run/a.17.tmp"), Some(3));
        assert_eq!(fits("/run/b", Protocol::Unix, "/run/a"), None);
        assert_eq!(fits("@a", Protocol::Unix, "@a"), Some(3));
        assert_eq!(fits("/run/80", Protocol::Tcp, "0.0.0.0:80"), None);
    }
}
