//! `backlint patch`.

use std::io::IsTerminal as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::args::Patch;
use super::input::Failure;
use super::{Run, input, output};
use crate::advise::{Advice, SysctlStep, advise, persistent};
use crate::assess::Facts;
use crate::collect::{Wanted, files};
use crate::report::patch::{self, Target};
use crate::report::{Outcome, diff};
use crate::rules::engine::judge;
use crate::snapshot::{FileText, HOST_NETNS, Snapshot};
use crate::sysctl_conf;
use crate::sysctl_conf::edit::{Change, edit};

pub(super) fn run(arguments: &Patch) -> Run {
    let rules = input::rules(&arguments.rules.rules)?;
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
    let (old, path) = target(arguments, &snapshot)?;
    let sysctls: Vec<&SysctlStep> = advice.host_sysctls().collect();
    let persistent = persistent::compare(&sysctls, old.as_deref());
    let new = edit(old.as_deref(), &persistent.changes).map_err(anyhow::Error::new)?;
    let relative = path.strip_prefix("/").unwrap_or(&path);
    let relative = relative
        .to_str()
        .ok_or_else(|| anyhow!("{} is not UTF-8", path.display()))?;
    let change = diff::unified(relative, old.as_deref(), &new);
    let (root, file) = (
        root(arguments).display().to_string(),
        path.display().to_string(),
    );
    let target = Target {
        root: &root,
        file: &file,
    };
    tell(&advice, arguments, &snapshot);
    if change.is_empty() {
        let blind = judgement.not_evaluated.len();
        output::note(&patch::nothing_to_change(
            &advice,
            &persistent.already,
            blind,
            target,
        ));
        return Ok(Outcome::Clean);
    }
    warn_of_others(
        arguments,
        &snapshot,
        &persistent.changes,
        &path,
        old.as_deref(),
    );
    let written: Vec<&SysctlStep> = sysctls
        .into_iter()
        .filter(|step| {
            persistent
                .changes
                .iter()
                .any(|change| change.key == step.key)
        })
        .collect();
    let header = patch::header(&advice, &written, target);
    print(&header, &change, &patch::next(&advice, target), arguments)
}

fn print(header: &str, change: &[u8], next: &str, arguments: &Patch) -> Run {
    let outcome = output::result(Outcome::Clean, |out| {
        out.write_all(header.as_bytes())?;
        out.write_all(change)
    })?;
    // In a pipe nobody reads the header.
    if !std::io::stdout().is_terminal() && arguments.snapshot.is_none() {
        output::note(next);
    }
    Ok(outcome)
}

/// Says what the diff does not say by itself.
fn tell(advice: &Advice, arguments: &Patch, snapshot: &Snapshot) {
    for note in &advice.notes {
        output::note(note);
    }
    for step in advice.sysctls().filter(|step| !step.first) {
        let SysctlStep {
            netns, key, value, ..
        } = step;
        output::note(&format!(
            "not in the diff: {key} = {value} of network namespace {netns}, which these files do not reach"
        ));
    }
    let elsewhere = snapshot
        .namespaces
        .first()
        .filter(|netns| netns.name != HOST_NETNS);
    if let Some(netns) = elsewhere.filter(|_| arguments.root.is_none()) {
        output::note(&format!(
            "these values are of network namespace {}, not of the host: the host's files do not reach it when it is made again; give it the values where it is made (docker run --sysctl)",
            netns.name
        ));
    }
}

fn root(arguments: &Patch) -> &Path {
    arguments.root.as_deref().unwrap_or(Path::new("/"))
}

/// The file to change as it is now (`None`: there is none), and its path inside the root.
fn target(arguments: &Patch, snapshot: &Snapshot) -> Result<(Option<Vec<u8>>, PathBuf), Failure> {
    let wanted = Path::new("/").join(&arguments.file);
    if wanted.components().any(|part| part == Component::ParentDir) {
        let why = "--file is a path below the root, without `..`";
        return Err(anyhow!("{}: {why}", arguments.file.display()).into());
    }
    if arguments.snapshot.is_some() && arguments.root.is_none() {
        let name = wanted.to_string_lossy();
        let files = snapshot.files.as_deref().unwrap_or_else(|| {
            let word = "the snapshot does not record the host's files: a diff would create";
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

/// Says which other files set the same keys, and when no file of that name is read at boot.
fn warn_of_others(
    arguments: &Patch,
    snapshot: &Snapshot,
    changes: &[Change],
    path: &Path,
    old: Option<&[u8]>,
) {
    let recorded = arguments.snapshot.is_some() && arguments.root.is_none();
    let mut gaps = Vec::new();
    let others = if recorded {
        snapshot.files.clone().unwrap_or_default()
    } else {
        files::sysctl_files(root(arguments), &mut gaps)
    };
    for gap in &gaps {
        output::note(&format!("gap: {gap}"));
    }
    let (same, others): (Vec<&FileText>, Vec<&FileText>) = others
        .iter()
        .partition(|other| is_target(other, arguments, path, old));
    for other in others {
        warn_of(other, changes, path);
    }
    let in_a_folder = |path: &Path| path.to_string_lossy().contains("/sysctl.d/");
    let linked = same.iter().any(|file| in_a_folder(Path::new(&file.path)));
    // A program of that size is longer than what is read, which says that it exists.
    let systemd = [
        "usr/lib/systemd/systemd-sysctl",
        "lib/systemd/systemd-sysctl",
    ]
    .iter()
    .any(|program| !matches!(files::read(root(arguments), Path::new(program)), Ok(None)));
    if !recorded && systemd && !linked && !in_a_folder(path) {
        output::note(&format!(
            "no file of a sysctl.d folder is {}, and systemd-sysctl reads only those at boot: use --file /etc/sysctl.d/99-backlint.conf",
            path.display()
        ));
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
        for found in assignments
            .iter()
            .filter(|found| found.key == change.key && found.setting != change.value.as_bytes())
        {
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
