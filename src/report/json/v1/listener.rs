//! A listener in version 1.

use serde::Serialize;

use crate::assess::{ListenerFacts, NetnsFacts};
use crate::snapshot;

#[derive(Serialize)]
pub(super) struct Listener<'a> {
    netns: Netns<'a>,
    protocol: &'static str,
    address: &'a str,
    accept_queue: AcceptQueue,
    syn_queue: SynQueue,
    drops: Option<u32>,
    inode: Option<u64>,
    uid: Option<u32>,
    owners: Vec<Owner<'a>>,
    owners_complete: bool,
    cgroup: Option<&'a str>,
    unit: Option<&'a str>,
    container: Option<&'a str>,
    presumed: bool,
    service: Option<&'a str>,
    requested: Option<Requested<'a>>,
    limited_by: Option<&'static str>,
    confidence: Option<&'static str>,
}

impl<'a> Listener<'a> {
    pub(super) fn new(netns: &'a NetnsFacts<'a>, facts: &'a ListenerFacts<'a>) -> Self {
        let listener = facts.listener;
        Self {
            netns: Netns {
                id: netns.namespace.id,
                name: &netns.namespace.name,
            },
            protocol: listener.protocol.name(),
            address: &listener.address,
            accept_queue: AcceptQueue {
                len: listener.accept_queue.len,
                max: listener.accept_queue.max,
                capacity: facts.capacity(),
            },
            syn_queue: SynQueue {
                len: listener.syn_queue.len,
            },
            drops: listener.drops,
            inode: listener.inode,
            uid: listener.uid,
            owners: listener.owners.iter().map(Owner::new).collect(),
            owners_complete: listener.owners_complete,
            cgroup: listener.cgroup.as_deref(),
            unit: listener.unit.as_deref(),
            container: listener.container.as_deref(),
            presumed: listener.presumed,
            service: facts.service_name(),
            requested: facts.requested.as_ref().map(|requested| Requested {
                backlog: requested.backlog,
                source: requested.source.name(),
                place: requested.place.as_deref(),
                applied: requested.applied,
            }),
            limited_by: facts.limited_by.map(|limit| limit.name()),
            confidence: facts.limited_by.map(|_| facts.confidence.name()),
        }
    }
}

#[derive(Serialize)]
struct Netns<'a> {
    id: Option<u64>,
    name: &'a str,
}

#[derive(Serialize)]
struct AcceptQueue {
    len: Option<u32>,
    max: Option<u32>,
    capacity: Option<u64>,
}

#[derive(Serialize)]
struct SynQueue {
    len: Option<u32>,
}

#[derive(Serialize)]
struct Owner<'a> {
    pid: Option<u32>,
    comm: Option<&'a str>,
    exe: Option<&'a str>,
    fd: Option<u32>,
}

impl<'a> Owner<'a> {
    pub(super) fn new(owner: &'a snapshot::Owner) -> Self {
        Self {
            pid: owner.pid,
            comm: owner.comm.as_deref(),
            exe: owner.exe.as_deref(),
            fd: owner.fd,
        }
    }
}

#[derive(Serialize)]
struct Requested<'a> {
    backlog: Option<i64>,
    source: &'static str,
    #[serde(rename = "where")]
    place: Option<&'a str>,
    applied: bool,
}
