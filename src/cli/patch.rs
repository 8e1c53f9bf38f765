//! `backlint patch`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::args::Patch;
use super::input::Failure;
use super::{Run, input, output};
use crate::advise::{Advice, SysctlStep, advise};
use crate::assess::Facts;
use crate::collect::{Wanted, files};
use crate::report::patch::Target;
use crate::report::{Outcome, diff, patch};
use crate::rules::engine::judge;
use crate::snapshot::{FileText, Snapshot};
use crate::sysctl_conf;
use crate::sysctl_conf::edit::{Change, edit};

pub(super) fn run(arguments: &Patch) -> Run {
    let rules = input::rules(&arguments.rules.rules)?;
    let recorded = arguments.snapshot.is_some();
    let snapshot = match &arguments.snapshot {
        Some(path) => input::snapshot(path)?.1,
        None => input::host(&Wanted {
            sysctls: rules.sysctls(),
            owners: true,
            syn_queues: false,
            files: false,
        })?,
    };
    let facts = Facts::new(&snapshot);
    let judgement = judge(&rules, &facts);
    let advice = advise(&judgement.findings, &facts);
    let (old, path) = target(arguments, recorded.then_some(&snapshot))?;
    let sysctls: Vec<&SysctlStep> = advice.host_sysctls(&facts).collect();
    tell(&advice, &sysctls);
    let changes: Vec<Change> = sysctls
        .iter()
        .map(|step| Change {
            key: step.key.clone(),
            value: step.value.clone(),
            reasons: step.reasons.clone(),
        })
        .collect();
    let new = edit(old.as_deref(), &changes).map_err(anyhow::Error::new)?;
    if !changes.is_empty() {
        warn_of_others(arguments, &snapshot, &changes, &path, old.as_deref());
    }
    let relative = path.strip_prefix("/").unwrap_or(&path);
    let relative = relative
        .to_str()
        .ok_or_else(|| anyhow!("{} is not UTF-8", path.display()))?;
    let change = diff::unified(relative, old.as_deref(), &new);
    if change.is_empty() {
        output::note(&nothing(&advice, &sysctls, &path));
        return Ok(Outcome::Clean);
    }
    let root = root(arguments).display().to_string();
    let target = Target {
        root: &root,
        file: &path.display().to_string(),
    };
    let header = patch::header(&advice, &sysctls, target);
    output::result(Outcome::Clean, |out| {
        out.write_all(header.as_bytes())?;
        out.write_all(&change)
    })
}

/// Says what the diff does not say by itself.
fn tell(advice: &Advice, sysctls: &[&SysctlStep]) {
    for conflict in &advice.conflicts {
        output::note(conflict);
    }
    for step in advice.sysctls().filter(|step| !sysctls.contains(step)) {
        let SysctlStep {
            netns, key, value, ..
        } = step;
        output::note(&format!(
            "not in the diff: {key} = {value} of namespace {netns}, which this host's files do not reach"
        ));
    }
}

fn root(arguments: &Patch) -> &Path {
    arguments.root.as_deref().unwrap_or(Path::new("/"))
}

/// Says which other files set the same keys.
fn warn_of_others(
    arguments: &Patch,
    snapshot: &Snapshot,
    changes: &[Change],
    path: &Path,
    old: Option<&[u8]>,
) {
    let others = match &arguments.snapshot {
        Some(_) if arguments.root.is_none() => snapshot.files.clone().unwrap_or_default(),
        _ => files::sysctl_files(root(arguments), &mut Vec::new()),
    };
    for other in others
        .iter()
        .filter(|other| !is_target(other, arguments, path, old))
    {
        warn_of(other, changes, path);
    }
}

/// Whether a file is the one that changes, perhaps by another name: on Debian 12
/// /etc/sysctl.d/99-sysctl.conf is a link to it. A snapshot does not record links, only texts.
fn is_target(other: &FileText, arguments: &Patch, path: &Path, old: Option<&[u8]>) -> bool {
    let other_path = Path::new(&other.path);
    if arguments.snapshot.is_some() && arguments.root.is_none() {
        return other_path == path || old == Some(other.text.as_bytes());
    }
    let found = files::read(root(arguments), other_path).ok().flatten();
    other_path == path || found.is_some_and(|file| file.real_path == path)
}

/// Says when another file sets a key of the change to another value: which of them wins is decided
/// by what loads them at boot.
fn warn_of(other: &FileText, changes: &[Change], path: &Path) {
    let assignments = sysctl_conf::assignments(other.text.as_bytes());
    for change in changes {
        let conflicting = assignments
            .iter()
            .filter(|found| found.key == change.key && found.setting != change.value.as_bytes());
        for found in conflicting {
            output::note(&format!(
                "{}:{} sets {} too, and may win over {} at the next boot; --file {0} changes it there",
                other.path,
                found.line,
                change.key,
                path.display()
            ));
        }
    }
}

/// The file to change as it is now (`None`: there is none), and its path inside the root.
fn target(
    arguments: &Patch,
    recorded: Option<&Snapshot>,
) -> Result<(Option<Vec<u8>>, PathBuf), Failure> {
    let wanted = Path::new("/").join(&arguments.file);
    if let (Some(snapshot), None) = (recorded, &arguments.root) {
        let name = wanted.to_string_lossy();
        let files = snapshot.files.as_deref().unwrap_or_else(|| {
            let word = "the snapshot does not record the host's files: the diff creates";
            output::note(&format!(
                "{word} {name}; with --root it is made against a real one"
            ));
            &[]
        });
        let text = files
            .iter()
            .find(|file| file.path == name)
            .map(|file| &file.text);
        return Ok((text.map(|text| text.clone().into_bytes()), wanted));
    }
    let root = root(arguments);
    let file = files::read(root, &wanted).with_context(|| {
        format!(
            "{} below {} cannot be changed",
            wanted.display(),
            root.display()
        )
    })?;
    Ok(match file {
        Some(file) => (Some(file.bytes), file.real_path),
        None => (None, wanted),
    })
}

fn nothing(advice: &Advice, sysctls: &[&SysctlStep], path: &Path) -> String {
    if sysctls.is_empty() {
        return patch::nothing_to_change(advice);
    }
    let load = format!(
        "{0} has these values already: load them with `sysctl -p {0}`",
        path.display()
    );
    let again: Vec<&str> = advice
        .relistens()
        .map(|step| step.command.as_str())
        .collect();
    if again.is_empty() {
        load
    } else {
        format!("{load}, then {}", again.join("; "))
    }
}
