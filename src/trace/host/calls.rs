//! The calls of a host trace: who made each, and which socket it was for. A call is over when it is seen
//! here, so its process may be gone, or may have another socket at the number: then the socket stays
//! unknown, and `record` finds it among what listens at the end, if anybody can.

use std::collections::BTreeMap;

use super::event::{Done, Place};
use super::tracefs::Folder;
use crate::collect::processes::Processes;
use crate::trace::call::{Call, Outcome, Socket};
use crate::trace::held::Held;
use crate::trace::socket::Here;

/// Calls and sockets that are remembered.
const MOST: usize = 100_000;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) count: u64,
    /// The last call of each socket that listened, by its inode, and how many there were.
    pub(super) by_inode: BTreeMap<u64, (Call, u32)>,
    /// Calls of which the socket is not known, with the place where one began to listen.
    pub(super) loose: Vec<(Call, Option<Place>)>,
    /// Places where something listens without a call, with who did it.
    pub(super) uncalled: Vec<(Option<String>, Place)>,
    pub(super) forgotten: u64,
}

impl Calls {
    /// Takes note of a call; how many there were for its socket before.
    fn saw(&mut self, call: &Call, place: Option<&Place>) -> u32 {
        self.count += 1;
        if call.outcome != Outcome::Listens {
            return 0;
        }
        let inode = call.socket.as_ref().map_or(0, |socket| socket.inode);
        let is_known = inode != 0 && self.by_inode.contains_key(&inode);
        if !is_known && self.by_inode.len() + self.loose.len() >= MOST {
            self.forgotten += 1;
            return 0;
        }
        if inode == 0 {
            self.loose.push((call.clone(), place.cloned()));
            return 0;
        }
        let known = self
            .by_inode
            .entry(inode)
            .or_insert_with(|| (call.clone(), 0));
        known.0 = call.clone();
        known.1 += 1;
        known.1 - 1
    }
}

/// Looks at who calls.
pub(super) struct Looker {
    processes: Processes,
    here: Here,
    /// For the names of processes that are gone.
    root: Folder,
    /// Those that were found since [`Looker::refresh`].
    names: BTreeMap<u32, Option<String>>,
}

impl Looker {
    pub(super) fn new(processes: Processes, root: Folder) -> Self {
        Self {
            processes,
            here: Here::new(),
            root,
            names: BTreeMap::new(),
        }
    }

    /// Forgets what may have changed: pids are given again.
    pub(super) fn refresh(&mut self) {
        self.names.clear();
    }

    /// A call with all that can still be found out.
    pub(super) fn call(&mut self, done: &Done, calls: &mut Calls) -> Call {
        let thread = done.thread;
        let pid = self.processes.of_thread(thread);
        let socket = pid.and_then(|pid| self.socket(pid, done));
        let place = done.place.as_ref();
        let comm = pid.and_then(|pid| self.processes.comm(pid));
        let mut call = Call {
            pid: pid.unwrap_or(thread),
            thread,
            comm: comm.or_else(|| self.name(thread)),
            exe: pid.and_then(|pid| self.processes.executable(pid)),
            fd: done.fd,
            backlog: done.backlog,
            socket: socket.or_else(|| place.map(of_place)),
            outcome: match done.worked {
                true => Outcome::Listens,
                false => Outcome::Failed,
            },
            before: 0,
        };
        call.before = calls.saw(&call, place);
        call
    }

    /// Takes note of a socket that listens without a call.
    pub(super) fn uncalled(&mut self, thread: u32, place: Place, calls: &mut Calls) {
        if calls.uncalled.len() < MOST {
            let comm = self.processes.comm(thread).or_else(|| self.name(thread));
            calls.uncalled.push((comm, place));
        }
    }

    /// The socket that a call was for. `None`: nobody can tell any more.
    fn socket(&mut self, pid: u32, done: &Done) -> Option<Socket> {
        let held = Held::take(&self.processes, &self.here, (pid, done.thread), done.fd);
        let mut held = held.ok()?;
        let listens = held.listens(&mut self.here);
        let socket = held.named();
        if !done.worked {
            return Some(socket.clone());
        }
        let place = done.place.as_ref().zip(socket.protocol);
        let is_there = place.map(|(place, protocol)| {
            let name = socket.address.as_deref().unwrap_or_default();
            (place.fits(protocol, name), place.port != 0)
        });
        let cap = (!socket.elsewhere).then(somaxconn).flatten();
        let both = cap.zip(socket.max);
        let fits = both.is_none_or(|(cap, max)| given(done.backlog, cap) == max);
        let is_its = listens && is_there.is_none_or(|(there, _)| there);
        match (is_its, fits, is_there) {
            (true, true, _) => Some(socket.clone()),
            // It is this one, and was called for again by now.
            (true, false, Some((true, true))) => Some(Socket {
                max: None,
                ..socket.clone()
            }),
            _ => None,
        }
    }

    /// `comm` of a thread that is gone, as the kernel remembers it for its own output.
    fn name(&mut self, thread: u32) -> Option<String> {
        let root = &self.root;
        let name = self.names.entry(thread);
        name.or_insert_with(|| remembered(root, thread)).clone()
    }
}

fn remembered(root: &Folder, thread: u32) -> Option<String> {
    let names = root.read("saved_cmdlines").ok()?;
    let mut names = names.lines().filter_map(|line| line.split_once(' '));
    let pid = thread.to_string();
    let name = names.find(|(known, _)| *known == pid)?.1;
    (name != "<...>").then(|| name.to_owned())
}

/// What the kernel gives who asks for `backlog` (`__sys_listen`, net/socket.c).
pub(super) fn given(backlog: i32, cap: u32) -> u32 {
    backlog.cast_unsigned().min(cap)
}

fn somaxconn() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok()?;
    text.trim().parse().ok()
}

/// A socket of which only the place is known.
fn of_place(place: &Place) -> Socket {
    Socket {
        protocol: Some(place.protocol),
        address: place.address(),
        ..Socket::of_inode(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::call::tests::call;

    #[test]
    fn of_several_calls_for_a_socket_the_last_counts() {
        let mut calls = Calls::default();
        assert_eq!(calls.saw(&call(9, "0.0.0.0:80", 5), None), 0);
        assert_eq!(calls.saw(&call(9, "0.0.0.0:80", 6), None), 1);
        assert_eq!(calls.by_inode[&9].0.backlog, 6);
        assert_eq!(calls.saw(&call(0, "0.0.0.0:81", 7), None), 0);
        let mut failed = call(3, "0.0.0.0:82", 8);
        failed.outcome = Outcome::Failed;
        calls.saw(&failed, None);
        assert_eq!(
            (calls.loose.len(), calls.by_inode.len(), calls.count),
            (1, 1, 4)
        );
    }

    #[test]
    fn a_negative_backlog_is_as_much_as_there_is() {
        assert_eq!(
            (given(-1, 4096), given(5, 4096), given(0, 128)),
            (4096, 5, 0)
        );
    }
}
