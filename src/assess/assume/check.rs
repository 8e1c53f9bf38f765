//! Whether something can be assumed at all: a slip in a key or a name would change nothing, and the
//! verdicts that follow would be taken for an answer.

use std::collections::BTreeSet;

use super::{Assumption, Assumptions, exists, has, is_machines};
use crate::kernel::sysctls::{self, Existence};
use crate::kernel::version::Version;
use crate::snapshot::Snapshot;
use crate::text::name::some;
use crate::text::nearest::nearest;

/// Names that an error lists.
const SHOWN: usize = 20;

/// Why something cannot be assumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Two values for one sysctl.
    #[error("{key} of {whose} is to be {first} and {second}: give it one value")]
    Twice {
        /// Dotted.
        key: String,
        /// The namespace, or that it is every one.
        whose: String,
        /// The first value.
        first: String,
        /// The other.
        second: String,
    },
    /// No namespace of this name.
    #[error("no network namespace is named {name}; there are: {known}")]
    NoNamespace {
        /// What was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// No sysctl of this name.
    #[error("{key} is no sysctl that is known, and none of this name was read{}", hint(*.near))]
    NoSysctl {
        /// Dotted.
        key: String,
        /// The one that is meant, maybe.
        near: Option<&'static str>,
    },
    /// A sysctl that these kernels do not have.
    #[error("there is no {key} here: {why}")]
    NotHere {
        /// Dotted.
        key: String,
        /// Since when, or until when, a kernel has it.
        why: String,
    },
    /// A value of the wrong kind or out of range.
    #[error("{value} cannot be assumed for {key}: {why}")]
    Value {
        /// Dotted.
        key: String,
        /// What was given.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// The machine's, not a namespace's.
    #[error("{key} has one value on the whole machine, not one in {netns}: leave `{netns}:` out")]
    Machine {
        /// Dotted.
        key: String,
        /// The namespace that was given.
        netns: String,
    },
    /// Nothing that was looked at has it.
    #[error("{key} is the machine's, and no namespace that was looked at shows it")]
    Nowhere {
        /// Dotted.
        key: String,
    },
    /// What the next boot sets is not recorded.
    #[error(
        "what the next boot sets is not recorded: a record by `backlint snapshot` has `files`, those of sysctl.d(5)"
    )]
    NoFiles,
    /// Nothing of an image boots.
    #[error("a container does not boot: --after-reboot is about a machine, and this is an image")]
    NoBoot,
}

fn hint(near: Option<&'static str>) -> String {
    near.map_or(String::new(), |near| format!(" (did you mean {near}?)"))
}

/// The first thing that cannot be assumed of any of these records, or not of one of them.
pub(super) fn all(
    assumptions: &Assumptions,
    seen: &[&Snapshot],
    judged: &BTreeSet<String>,
) -> Result<(), Fault> {
    if assumptions.after_reboot && seen.iter().any(|seen| seen.image.is_some()) {
        return Err(Fault::NoBoot);
    }
    once(&assumptions.sysctls)?;
    for it in &assumptions.sysctls {
        key(it, seen, judged)?;
        place(it, seen)?;
    }
    if assumptions.after_reboot && seen.iter().any(|seen| seen.files.is_none()) {
        return Err(Fault::NoFiles);
    }
    Ok(())
}

fn once(sysctls: &[Assumption]) -> Result<(), Fault> {
    for (n, it) in sysctls.iter().enumerate() {
        let same = |other: &&Assumption| other.key == it.key && other.netns == it.netns;
        let other = sysctls.iter().take(n).find(same);
        if let Some(first) = other.filter(|first| first.value != it.value) {
            return Err(Fault::Twice {
                key: it.key.clone(),
                whose: it.netns.clone().unwrap_or("every namespace".to_owned()),
                first: first.value.clone(),
                second: it.value.clone(),
            });
        }
    }
    Ok(())
}

fn key(it: &Assumption, seen: &[&Snapshot], judged: &BTreeSet<String>) -> Result<(), Fault> {
    let key = it.key.as_str();
    let mut namespaces = seen.iter().flat_map(|seen| &seen.namespaces);
    let recorded = namespaces.any(|namespace| namespace.sysctls.contains_key(key));
    if recorded {
        return value(it, seen);
    }
    if sysctls::find(key).is_none() && !judged.contains(key) {
        let near = match sysctls::existence(key, None) {
            Existence::Misspelt { nearest } => Some(nearest),
            _ => {
                let all = sysctls::all().map(|sysctl| sysctl.key);
                nearest(key, all.filter(|key| !key.contains('*')))
            }
        };
        let key = key.to_owned();
        return Err(Fault::NoSysctl { key, near });
    }
    let somewhere = seen.iter().any(|seen| exists(key, kernel(seen)));
    let mut kernels = seen.iter().map(|seen| kernel(seen));
    let why = kernels.find_map(|kernel| sysctls::existence(key, kernel).words());
    match why.filter(|_| !somewhere) {
        Some(why) => Err(Fault::NotHere {
            key: key.to_owned(),
            why,
        }),
        None => value(it, seen),
    }
}

/// Whether every kernel takes the value.
fn value(it: &Assumption, seen: &[&Snapshot]) -> Result<(), Fault> {
    let Assumption { key, value, .. } = it;
    for kernel in seen.iter().map(|seen| kernel(seen)) {
        if let Err(fault) = sysctls::check_value(key, value, kernel) {
            return Err(Fault::Value {
                key: key.clone(),
                value: value.clone(),
                why: fault.to_string(),
            });
        }
    }
    Ok(())
}

fn place(it: &Assumption, seen: &[&Snapshot]) -> Result<(), Fault> {
    let every = || {
        let pairs = seen.iter().map(|seen| (kernel(seen), &seen.namespaces));
        pairs.flat_map(|(kernel, all)| all.iter().map(move |namespace| (kernel, namespace)))
    };
    let mut about = every()
        .filter(|(_, namespace)| it.is_about(namespace))
        .peekable();
    if about.peek().is_none() {
        let names: BTreeSet<&str> = every().map(|(_, it)| it.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        return Err(Fault::NoNamespace {
            name: it.netns.clone().unwrap_or_default(),
            known: some(&names, SHOWN),
        });
    }
    for (kernel, namespace) in about {
        if let Some(netns) = &it.netns
            && is_machines(&it.key, kernel)
            && !namespace.is_host()
        {
            return Err(Fault::Machine {
                key: it.key.clone(),
                netns: netns.clone(),
            });
        }
    }
    if !every().any(|(kernel, namespace)| has(namespace, &it.key, kernel)) {
        return Err(Fault::Nowhere {
            key: it.key.clone(),
        });
    }
    Ok(())
}

fn kernel(seen: &Snapshot) -> Option<Version> {
    seen.host.kernel.as_deref()?.parse().ok()
}
