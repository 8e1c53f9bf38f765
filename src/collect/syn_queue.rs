//! Which connections in SYN_RECV wait for which listener.
//!
//! A request names no listener, only its own local end, so the kernel's search for a listener
//! (`__inet_lookup_listener` and `compute_score`, net/ipv4/inet_hashtables.c) is done again: the
//! exact address before the wildcard, then the family of the connection before a dual-stack socket,
//! then a socket bound to the connection's interface.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::inet;
use super::netlink::{Diag, Request};
use super::row::{Family, Local, Requests, Row};
use crate::snapshot::Gap;

/// Reads the requests of one family through sock_diag.
///
/// # Errors
///
/// Those of [`Diag::dump`].
pub(super) fn read(diag: &mut Diag, family: Family) -> io::Result<Requests> {
    count(diag, &inet::requests(family))
}

/// Reads the requests of both families, which takes the kernel no longer than those of one.
///
/// # Errors
///
/// Those of [`Diag::dump`]: not every kernel can.
pub(super) fn read_all(diag: &mut Diag) -> io::Result<Requests> {
    count(diag, &inet::BothFamilies::REQUESTS)
}

fn count(diag: &mut Diag, request: &impl Request) -> io::Result<Requests> {
    let mut requests = Requests::new();
    diag.dump(request, |payload| {
        inet::parse_request(payload)
            .map(|local| *requests.entry(local).or_default() += 1)
            .is_some()
    })?;
    Ok(requests)
}

/// Sets the length of every TCP listener's SYN queue. `known` says whether the table of a family
/// was read; the queues of the others stay unknown.
///
/// Sockets that share one address with SO_REUSEPORT have a queue each, and the kernel picks one by
/// a hash that is not told: their lengths stay unknown while any request waits there, which the gap
/// says. With no request at all, each is empty.
pub(super) fn attribute(
    rows: &mut [Row],
    requests: &Requests,
    known: impl Fn(Family) -> bool,
) -> Option<Gap> {
    let mut by_port: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter_mut().enumerate() {
        if let Some(local) = row.local {
            row.listener.syn_queue.len = known(local.family).then_some(0);
            by_port.entry(local.port).or_default().push(index);
        }
    }
    let mut shared = 0;
    for (request, count) in requests {
        let candidates = by_port.get(&request.port).map_or(&[][..], Vec::as_slice);
        let best = best(rows, candidates, request);
        shared += if best.len() > 1 { *count } else { 0 };
        for index in &best {
            if let Some(row) = rows.get_mut(*index) {
                let sum = row
                    .listener
                    .syn_queue
                    .len
                    .map(|len| len.saturating_add(*count));
                row.listener.syn_queue.len = sum.filter(|_| best.len() == 1);
            }
        }
    }
    (shared > 0).then(|| {
        Gap::new(
            "SYN queues",
            format!("{shared} requests wait at addresses that several listeners share, and the kernel does not say for which"),
            "the SYN queue of each of these listeners",
        )
    })
}

/// The candidates with the highest rank.
fn best(rows: &[Row], candidates: &[usize], request: &Local) -> Vec<usize> {
    let mut best = Vec::new();
    let mut highest = None;
    for index in candidates {
        let rank = rows.get(*index).and_then(|row| rank(row, request));
        if rank.is_none() || rank < highest {
            continue;
        }
        if rank > highest {
            best.clear();
            highest = rank;
        }
        best.push(*index);
    }
    best
}

/// How well a listener fits a request of its port: exact address, same family, same interface.
/// `None`: not at all.
fn rank(row: &Row, request: &Local) -> Option<(bool, bool, bool)> {
    let listener = row.local?;
    let ip = request.ip.to_canonical();
    let exact = listener.ip.to_canonical() == ip;
    let any = match listener.ip {
        IpAddr::V4(any) => any == Ipv4Addr::UNSPECIFIED && ip.is_ipv4(),
        IpAddr::V6(any) => any == Ipv6Addr::UNSPECIFIED && !(ip.is_ipv4() && row.v6_only),
    };
    let bound = match (listener.device, request.device) {
        (Some(0) | None, _) | (_, None) => false,
        (Some(device), Some(arrived)) if device == arrived => true,
        _ => return None,
    };
    (exact || any).then_some((exact, listener.family == request.family, bound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Listener, Protocol};

    fn local(family: Family, ip: &str, device: u32) -> Local {
        Local {
            family,
            ip: ip.parse().unwrap(),
            port: 80,
            device: Some(device),
        }
    }

    fn row(local: Local) -> Row {
        Row {
            local: Some(local),
            v6_only: false,
            cgroup_id: None,
            listener: Listener::new(Protocol::Tcp, ""),
        }
    }

    fn lengths(rows: &mut [Row], requests: &[(Local, u32)]) -> (Vec<Option<u32>>, Option<Gap>) {
        let requests = requests.iter().copied().collect();
        let gap = attribute(rows, &requests, |_| true);
        (
            rows.iter().map(|row| row.listener.syn_queue.len).collect(),
            gap,
        )
    }

    #[test]
    fn the_most_specific_listener_gets_the_request() {
        let mut rows = [
            row(local(Family::Inet, "0.0.0.0", 0)),
            row(local(Family::Inet, "127.0.0.1", 0)),
            row(local(Family::Inet6, "::", 0)),
            row(local(Family::Inet, "0.0.0.0", 3)),
        ];
        let (len, gap) = lengths(
            &mut rows,
            &[
                (local(Family::Inet, "127.0.0.1", 0), 1),
                (local(Family::Inet, "10.0.0.1", 0), 2),
                (local(Family::Inet6, "::ffff:10.0.0.1", 0), 4),
                (local(Family::Inet6, "fe80::1", 2), 8),
                (local(Family::Inet, "10.0.0.1", 3), 16),
            ],
        );
        assert_eq!(len, [Some(2), Some(1), Some(12), Some(16)]);
        assert_eq!(gap, None);
    }

    #[test]
    fn a_dual_stack_listener_alone_gets_both_families() {
        let mut rows = [row(local(Family::Inet6, "::", 0))];
        let requests = [
            (local(Family::Inet, "127.0.0.1", 0), 1),
            (local(Family::Inet6, "::ffff:127.0.0.1", 0), 2),
        ];
        assert_eq!(lengths(&mut rows, &requests).0, [Some(3)]);
        rows[0].v6_only = true;
        assert_eq!(lengths(&mut rows, &requests).0, [Some(0)]);
    }

    #[test]
    fn siblings_stay_unknown_while_a_request_waits() {
        let mut rows = [local(Family::Inet, "0.0.0.0", 0); 2].map(row);
        assert_eq!(lengths(&mut rows, &[]), (vec![Some(0), Some(0)], None));
        let requests = [
            (local(Family::Inet, "127.0.0.1", 0), 1),
            (local(Family::Inet, "127.0.0.2", 0), 1),
        ];
        let (len, gap) = lengths(&mut rows, &requests);
        assert_eq!(len, [None, None]);
        assert!(gap.unwrap().why.starts_with("2 requests"));
    }

    #[test]
    fn a_table_that_was_not_read_leaves_its_family_unknown() {
        let mut rows = [
            row(local(Family::Inet, "0.0.0.0", 0)),
            row(local(Family::Inet6, "::1", 0)),
        ];
        attribute(&mut rows, &Requests::new(), |family| family == Family::Inet);
        assert_eq!(rows[0].listener.syn_queue.len, Some(0));
        assert_eq!(rows[1].listener.syn_queue.len, None);
    }
}
