//! `--assume` and `--after-reboot`: what the verdicts would be.

use std::collections::BTreeSet;

use clap::Args;

use super::input::Failure;
use crate::assess::{Assumed, Assumption, Assumptions, Facts};
use crate::collect::Wanted;
use crate::collect::boot::Depth;
use crate::services::Catalogue;
use crate::snapshot::Snapshot;
use crate::sysctl_conf::{is_glob, normalise_key};

/// What is taken for granted.
#[derive(Debug, Args)]
pub(super) struct Assume {
    /// Say what the verdicts would be if a sysctl had this value: in every namespace that is looked at,
    /// or with a namespace's name in front only there (`docker/web:net.core.somaxconn=4096`).
    /// net.core.somaxconn stands for listeners that listen again under it; repeatable
    #[arg(long, value_name = "[NETNS:]KEY=VALUE", value_parser = assumption)]
    assume: Vec<Assumption>,
    /// Say what the verdicts will be after the next boot if nothing else changes: the sysctls of the
    /// persistent files, empty queues, and services that listen again. --assume counts after that
    #[arg(long)]
    after_reboot: bool,
}

/// One `[NETNS:]KEY=VALUE`. A name may have colons, a key has none.
fn assumption(text: &str) -> Result<Assumption, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("it is not KEY=VALUE, such as net.core.somaxconn=4096")?;
    let (netns, key) = match name.rsplit_once(':') {
        Some((netns, key)) => (Some(netns.trim()), key),
        None => (None, name),
    };
    let (key, value) = (normalise_key(key.trim()), value.trim());
    if netns == Some("") {
        return Err("there is no name of a network namespace before the colon".to_owned());
    }
    let parts = key.contains('.') && key.split(['.', '/']).all(|part| !part.is_empty());
    if !parts || is_glob(&key) {
        return Err(format!("`{key}` is not the name of one sysctl"));
    }
    if value.is_empty() {
        return Err(format!("there is no value for {key}"));
    }
    Ok(Assumption {
        netns: netns.map(str::to_owned),
        key,
        value: value.to_owned(),
    })
}

impl Assume {
    /// The options as assumptions.
    pub(super) fn assumptions(&self) -> Assumptions {
        Assumptions {
            after_reboot: self.after_reboot,
            sysctls: self.assume.clone(),
        }
    }

    /// What has to be read of the host besides what is wanted.
    pub(super) fn wanted(&self, mut wanted: Wanted) -> Wanted {
        let keys = self.assume.iter().map(|it| it.key.clone());
        wanted.sysctls.extend(keys);
        if self.after_reboot && wanted.boot == Depth::Nothing {
            wanted.boot = Depth::Files;
        }
        wanted
    }
}

/// What is judged: what was seen, or what would be.
pub(super) struct Judged<'a> {
    seen: Vec<&'a Snapshot>,
    assumptions: &'a Assumptions,
    /// As many as were seen, or none where nothing is assumed.
    assumed: Vec<Snapshot>,
}

impl<'a> Judged<'a> {
    /// Applies the assumptions to what was seen; `judged` are the keys that rules read.
    pub(super) fn new(
        seen: Vec<&'a Snapshot>,
        assumptions: &'a Assumptions,
        judged: &BTreeSet<String>,
        catalogue: &Catalogue,
    ) -> Result<Self, Failure> {
        let assumed = if assumptions.is_empty() {
            Vec::new()
        } else {
            assumptions
                .check(&seen, judged)
                .map_err(|fault| anyhow::anyhow!("{fault}"))?;
            let all = seen.iter();
            all.map(|seen| assumptions.apply(seen, catalogue)).collect()
        };
        Ok(Self {
            seen,
            assumptions,
            assumed,
        })
    }

    /// The facts of each record that is judged.
    pub(super) fn facts<'b>(&'b self, catalogue: &'b Catalogue) -> impl Iterator<Item = Facts<'b>> {
        let what = self.assumptions;
        self.seen.iter().enumerate().map(move |(n, &seen)| {
            let assumed = self.assumed.get(n);
            assumed.map_or_else(
                || Facts::new(seen, catalogue),
                |snapshot| Facts::assuming(snapshot, Assumed { what, seen }, catalogue),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(Option<String>, String, String)> {
        let it = assumption(text).ok()?;
        Some((it.netns, it.key, it.value))
    }

    #[test]
    fn a_name_may_have_colons_and_a_value_anything() {
        let some = |netns: Option<&str>, key: &str, value: &str| {
            Some((netns.map(str::to_owned), key.to_owned(), value.to_owned()))
        };
        let key = "net.core.somaxconn";
        for (text, expected) in [
            ("net.core.somaxconn=4096", some(None, key, "4096")),
            ("net/core/somaxconn = 4096 ", some(None, key, "4096")),
            (
                "docker/web:net.core.somaxconn=1",
                some(Some("docker/web"), key, "1"),
            ),
            ("a:b:net/core/somaxconn=1", some(Some("a:b"), key, "1")),
            (
                "kernel.core_pattern=|/bin/x a:b=c",
                some(None, "kernel.core_pattern", "|/bin/x a:b=c"),
            ),
            ("net.core.somaxconn", None),
            ("net.core.somaxconn=", None),
            ("=4096", None),
            ("4096", None),
            (":net.core.somaxconn=1", None),
            ("web:=1", None),
            ("somaxconn=1", None),
            ("net.*.somaxconn=1", None),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }
}
