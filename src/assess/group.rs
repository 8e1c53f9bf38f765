//! Sockets that listen on one address together (SO_REUSEPORT): each has a queue of its own, and the
//! kernel chooses by a hash, so one may be full while another idles. Unix paths are left out: two
//! listeners of one path are those of two mount namespaces, or an older one that was taken over.

use std::collections::{BTreeMap, HashMap};

use crate::snapshot::{AcceptQueue, Listener, Protocol};

/// What a listener has in common with those that share its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Sockets of the address, this one included.
    pub size: usize,
    /// Those with at most a quarter of their places taken. `None`: a queue of one was not read.
    pub quiet: Option<usize>,
    /// The largest maximum of their accept queues. `None`: one was not read.
    pub longest: Option<u32>,
    /// Whether this one has the largest share of its places taken; the first of equals.
    pub is_fullest: bool,
    /// Whether this one has the smallest maximum; the first of equals.
    pub is_shortest: bool,
}

impl Group {
    /// A socket that has its address for itself.
    pub(super) fn alone(queue: AcceptQueue) -> Self {
        Self {
            size: 1,
            quiet: is_quiet(queue).map(usize::from),
            longest: queue.max,
            is_fullest: true,
            is_shortest: true,
        }
    }
}

/// The group of each listener, in their order. One pass over the listeners, and one over the groups.
pub(super) fn of(listeners: &[Listener]) -> Vec<Group> {
    let mut groups: Vec<Group> = listeners
        .iter()
        .map(|listener| Group::alone(listener.accept_queue))
        .collect();
    // The first of an address, by which later ones find it; and the members, by their first.
    let mut first: HashMap<(Protocol, &str), usize> = HashMap::with_capacity(listeners.len());
    let mut shared: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (n, listener) in listeners.iter().enumerate() {
        if !is_of_internet(listener.protocol) {
            continue;
        }
        let one = *first
            .entry((listener.protocol, &listener.address))
            .or_insert(n);
        if one != n {
            shared.entry(one).or_insert_with(|| vec![one]).push(n);
        }
    }
    for members in shared.values() {
        fill(&mut groups, members, listeners);
    }
    groups
}

fn is_of_internet(protocol: Protocol) -> bool {
    protocol.is_tcp() || protocol == Protocol::Sctp
}

fn fill(groups: &mut [Group], members: &[usize], listeners: &[Listener]) {
    let queue = |n: usize| listeners[n].accept_queue;
    let quiet: Option<Vec<bool>> = members.iter().map(|&n| is_quiet(queue(n))).collect();
    let maxima: Option<Vec<u32>> = members.iter().map(|&n| queue(n).max).collect();
    // `min_by_key` takes the first of equals.
    let fullest = members
        .iter()
        .min_by_key(|&&n| std::cmp::Reverse(share(queue(n))));
    let shortest = members.iter().min_by_key(|&&n| queue(n).max);
    for n in members {
        groups[*n] = Group {
            size: members.len(),
            quiet: quiet
                .as_ref()
                .map(|all| all.iter().filter(|it| **it).count()),
            longest: maxima.as_ref().and_then(|all| all.iter().max().copied()),
            is_fullest: fullest == Some(n),
            is_shortest: shortest == Some(n),
        };
    }
}

/// Places taken, in thousandths.
fn share(queue: AcceptQueue) -> Option<u64> {
    let places = u64::from(queue.max?) + 1;
    Some(u64::from(queue.len?) * 1000 / places)
}

fn is_quiet(queue: AcceptQueue) -> Option<bool> {
    Some(share(queue)? <= 250)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(address: &str, len: u32, max: u32) -> Listener {
        let mut listener = Listener::new(Protocol::Tcp, address);
        listener.accept_queue = AcceptQueue {
            len: Some(len),
            max: Some(max),
        };
        listener
    }

    #[test]
    fn siblings_are_told_from_their_neighbours() {
        let listeners = [
            listener("0.0.0.0:80", 0, 511),
            listener("0.0.0.0:81", 0, 7),
            listener("0.0.0.0:80", 512, 511),
            listener("0.0.0.0:80", 3, 128),
        ];
        let groups = of(&listeners);
        let sizes: Vec<usize> = groups.iter().map(|group| group.size).collect();
        assert_eq!(sizes, [3, 1, 3, 3]);
        assert_eq!(groups[0].quiet, Some(2));
        assert_eq!(groups[0].longest, Some(511));
        let fullest: Vec<bool> = groups.iter().map(|group| group.is_fullest).collect();
        assert_eq!(fullest, [false, true, true, false]);
        let shortest: Vec<bool> = groups.iter().map(|group| group.is_shortest).collect();
        assert_eq!(shortest, [false, true, false, true]);
    }

    #[test]
    fn one_of_equals_speaks_for_all() {
        let listeners = vec![listener("[::]:443", 0, 511); 4];
        let groups = of(&listeners);
        assert_eq!(groups.iter().filter(|group| group.is_fullest).count(), 1);
        assert!(groups[0].is_shortest);
    }

    #[test]
    fn a_queue_that_was_not_read_leaves_the_group_unknown() {
        let mut hidden = listener("0.0.0.0:80", 0, 511);
        hidden.accept_queue.max = None;
        let groups = of(&[listener("0.0.0.0:80", 0, 511), hidden]);
        assert_eq!((groups[0].quiet, groups[0].longest), (None, None));
        assert_eq!(groups[0].size, 2);
    }

    #[test]
    fn two_listeners_of_one_path_are_no_group() {
        let one = Listener::new(Protocol::Unix, "/run/app.sock");
        let groups = of(&[one.clone(), one]);
        assert_eq!(groups[0].size, 1);
    }
}
