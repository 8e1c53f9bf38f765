//! Whole hosts: recorded trees below tests/containers, and made-up ones in memory.

mod fake;
mod hostile;
mod nested;
mod patterns;
mod podman;
mod recorded;
mod units;

use std::collections::BTreeMap;

use super::identify;
use crate::snapshot::{Listener, Namespace, Owner, Protocol, SCHEMA, Snapshot};

/// The namespace that a host starts with, as in the recorded trees.
const HOST: u64 = 4_026_531_840;

/// A record as the collector makes it of a host with these processes, and its members: pid, name
/// and network namespace.
fn collected(processes: &[(u32, String, u64)]) -> (Snapshot, Vec<Vec<u32>>) {
    let mut by_netns: BTreeMap<u64, Vec<&(u32, String, u64)>> = BTreeMap::new();
    for process in processes {
        by_netns.entry(process.2).or_default().push(process);
    }
    let mut namespaces = Vec::new();
    let mut members = Vec::new();
    for (id, processes) in by_netns {
        let (pid, comm, _) = processes[0];
        let mut netns = Namespace::new(match id {
            HOST => "host".to_owned(),
            _ => format!("process/{comm}/{pid}"),
        });
        netns.workload = (id != HOST).then(|| format!("process/{comm}"));
        netns.id = Some(id);
        for (pid, comm, _) in &processes {
            let mut listener = Listener::new(Protocol::Tcp, format!("0.0.0.0:{pid}"));
            listener.owners = vec![Owner {
                pid: Some(*pid),
                comm: Some(comm.clone()),
                ..Owner::default()
            }];
            netns.listeners.push(listener);
        }
        namespaces.push(netns);
        members.push(processes.iter().map(|(pid, _, _)| *pid).collect());
    }
    let snapshot = Snapshot {
        schema: SCHEMA.to_owned(),
        namespaces,
        ..Snapshot::default()
    };
    (snapshot, members)
}

/// One line a namespace: inode, name, workload, unit, containers; and one a listener in one.
fn told(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for netns in &snapshot.namespaces {
        let containers: Vec<&str> = netns
            .containers
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        text += &format!(
            "{} {} ({}) {} [{}]\n",
            netns.id.unwrap_or_default() % 10_000,
            netns.name,
            netns.workload.as_deref().unwrap_or("-"),
            netns.unit.as_deref().unwrap_or("-"),
            containers.join(", "),
        );
        for listener in &netns.listeners {
            if let Some(container) = &listener.container {
                let port = listener.address.rsplit(':').next().unwrap();
                text += &format!("  {port}: {container}\n");
            }
        }
    }
    text
}
