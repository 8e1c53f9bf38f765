//! Addresses of HAProxy's `bind`, after `str2sa_range` in src/tools.c.

use crate::services::endpoint::Endpoint;

/// Bytes of an abstract name, which HAProxy fills up (`abns@`).
const ABSTRACT_NAME: usize = 107;

/// The sockets of one address, several for a range of ports or where one name has several
/// spellings. `None`: it listens where the text does not say (`fd@3`).
///
/// A path is bound as `PATH.PID.tmp` and then renamed, and the kernel keeps the first name, which
/// `Endpoint` knows.
pub(super) fn endpoints(text: &str, prefix: &str) -> Option<Vec<Endpoint>> {
    let text = text.strip_prefix("stream+").unwrap_or(text);
    let (family, address) = match text.split_once('@') {
        Some((family, address)) => (family, address),
        None if text.starts_with('/') => ("unix", text),
        None => ("", text),
    };
    match family {
        "" | "tcp" | "mptcp" => Some(internet(address, None)),
        "ipv4" | "tcp4" | "mptcp4" => Some(internet(address, Some("0.0.0.0"))),
        "ipv6" | "tcp6" | "mptcp6" => Some(internet(address, Some("[::]"))),
        "unix" | "uxst" => Some(vec![Endpoint::Path(format!("{prefix}{address}"))]),
        "abns" => {
            // /proc/net/unix has an @ for each NUL.
            let filled = ['\0', '@'].map(|fill| {
                let rest = ABSTRACT_NAME.saturating_sub(address.len());
                let rest: String = std::iter::repeat_n(fill, rest).collect();
                Endpoint::Path(format!("@{address}{rest}"))
            });
            Some(filled.into())
        }
        "abnsz" => Some(vec![Endpoint::Path(format!("@{address}"))]),
        "fd" => None,
        // What is left is no listener of the kernel's: udp, quic, sockpair, rhttp.
        _ => Some(Vec::new()),
    }
}

/// `host:port` and `host:first-last`; no host is all addresses, of IPv4 unless the text says so.
fn internet(address: &str, all: Option<&str>) -> Vec<Endpoint> {
    let Some((host, ports)) = address.rsplit_once(':') else {
        return Vec::new();
    };
    let host = match host {
        "" | "*" => all.unwrap_or("0.0.0.0"),
        host => host,
    };
    let ip = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok();
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last)
            .map(|port| Endpoint::Port(ip, port))
            .collect(),
        _ => Vec::new(),
    }
}
