//! Reads namespaces one by one and searches the owners of all their listeners.

use std::io;
use std::os::fd::AsFd;
use std::thread;

use super::namespaces::{self, Namespaces, Netns};
use super::netlink::Diag;
use super::owners::{self, Owners};
use super::part::{self, Begun, Part};
use super::row::Family;
use super::{Sources, Wanted, holders};
use crate::cores;
use crate::snapshot::Gap;

/// The gap of a namespace that could not be looked at.
pub(super) fn closed(netns: &Netns, why: &str) -> Gap {
    let name = netns.record().name;
    Gap::new(
        format!("network namespace {name}"),
        why,
        "every listener in it",
    )
}

/// Reads namespaces and keeps what came of each.
pub(super) struct Look<'a> {
    pub(super) sources: &'a Sources,
    pub(super) wanted: &'a Wanted,
    pub(super) read: Vec<(Netns, Part)>,
    pub(super) refused: Vec<Gap>,
}

impl Look<'_> {
    /// Reads all of these, and searches the owners of their listeners; of namespaces too that
    /// descriptors hold open, where those are to be followed.
    pub(super) fn read(
        &mut self,
        all: &[Netns],
        begun: Option<Begun>,
        follow: bool,
    ) -> Option<io::Result<Owners>> {
        let (own, others): (Vec<&Netns>, Vec<&Netns>) = all.iter().partition(|netns| netns.own);
        self.enter(&others);
        let read = || begun.unwrap_or_else(|| Begun::read(self.sources, self.wanted));
        let begun = own.first().map(|netns| (*netns, read()));
        let mut inodes = holders::inodes(self.read.iter().map(|(_, part)| part));
        inodes.extend(begun.iter().flat_map(|(_, begun)| begun.inodes()));
        let sources = self.sources;
        let wanted = self.wanted;
        let search = || {
            let anything = follow || !inodes.is_empty();
            wanted.owners.then(|| match anything {
                true => owners::find(&sources.proc, &inodes),
                false => Ok(Owners::none()),
            })
        };
        let Some((netns, mut begun)) = begun else {
            return search();
        };
        let families = begun.families(wanted);
        let (answers, owners) = match families.is_empty() || !begun.many() {
            true => (begun.requests(&families), search()),
            false => beside(&families, search),
        };
        let mut part = begun.finish(wanted, answers);
        part.rootless = part::own_is_rootless(&sources.proc);
        self.read.push((netns.clone(), part));
        owners
    }

    /// Reads namespaces by threads of their own.
    fn enter(&mut self, others: &[&Netns]) {
        let (sources, wanted) = (self.sources, self.wanted);
        let parts = cores::map_from(2, others, |netns| {
            namespaces::inside(&sources.proc, netns, |file| {
                Part::inside(sources, wanted, file.as_fd())
            })
        });
        for (netns, part) in others.iter().zip(parts) {
            match part {
                Ok(part) => self.read.push(((*netns).clone(), part)),
                Err(error) => self
                    .refused
                    .push(closed(netns, &cannot_enter(netns, &error))),
            }
        }
    }

    /// Reads the namespaces that descriptors hold open, of those that the search for owners met.
    pub(super) fn follow(&mut self, known: &[Netns], owners: &mut Owners) {
        let held = Namespaces::held(self.sources, known, &owners.namespaces);
        let before = self.read.len();
        self.enter(&held.iter().collect::<Vec<_>>());
        let new = self.read.iter().skip(before);
        let inodes = holders::inodes(new.map(|(_, part)| part));
        if !inodes.is_empty()
            && let Ok(further) = owners::find(&self.sources.proc, &inodes)
        {
            owners.add(further);
        }
    }
}

fn cannot_enter(netns: &Netns, error: &io::Error) -> String {
    match error.kind() {
        // A mount that another one covers is listed all the same.
        io::ErrorKind::NotFound if netns.pids.is_empty() => {
            "nothing leads there any more: it ended, or another mount covers its file".to_owned()
        }
        io::ErrorKind::NotFound => "it ended while it was looked at".to_owned(),
        _ => format!("it cannot be entered: {error}"),
    }
}

/// Reads the requests of these families while something else is done.
pub(super) fn beside<T>(families: &[Family], search: impl FnOnce() -> T) -> (Vec<part::Answer>, T) {
    thread::scope(|scope| {
        let run = || part::requests(Diag::open().ok().as_mut(), families);
        let helper = thread::Builder::new().spawn_scoped(scope, run);
        let owners = search();
        let answers = match helper.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(answers)) => answers,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No thread was to be had.
            Err(_) => run(),
        };
        (answers, owners)
    })
}
