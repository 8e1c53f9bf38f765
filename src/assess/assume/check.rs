//! Whether something can be assumed at all: a slip in a key or a name would change nothing, and the
//! verdicts that follow would be taken for an answer.

use std::collections::BTreeSet;

use super::{Assumption, Assumptions, SOMAXCONN, has, is_machines};
use crate::kernel::sysctls::{self, ACCEPT_PATH, Kind};
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
    /// A value of the wrong kind or out of range.
    #[error("{value} is not a value of {key}: {why}")]
    Value {
        /// Dotted.
        key: String,
        /// What was given.
        value: String,
        /// What it has to be.
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
    let of_network = key.starts_with("net.") && sysctls::scope(key, None).is_some();
    let slip = sysctls::slip(key);
    let known = sysctls::find(key).is_some() || recorded || judged.contains(key) || of_network;
    if !known {
        let all = ACCEPT_PATH.iter().map(|sysctl| sysctl.key);
        return Err(Fault::NoSysctl {
            key: key.to_owned(),
            near: slip.or_else(|| nearest(key, all)),
        });
    }
    let kernels = seen.iter().map(|seen| kernel(seen));
    let why = kernels
        .filter_map(|kernel| refusal(key, &it.value, kernel))
        .next();
    why.map_or(Ok(()), |why| {
        Err(Fault::Value {
            key: key.to_owned(),
            value: it.value.clone(),
            why,
        })
    })
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

/// Why a sysctl cannot have a value. `None`: it can, as far as is known.
pub(super) fn refusal(key: &str, value: &str, kernel: Option<Version>) -> Option<String> {
    if sysctls::find(key)?.kind != Kind::Int {
        return None;
    }
    let Ok(number) = value.parse::<i64>() else {
        return Some("it is a whole number".to_owned());
    };
    let largest = sysctls::somaxconn_largest(kernel);
    let fits = key != SOMAXCONN || (0..=largest).contains(&number);
    (!fits).then(|| format!("it is a number from 0 to {largest}"))
}
