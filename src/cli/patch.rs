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
use crate::snapshot::Snapshot;
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
    for conflict in &advice.conflicts {
        output::note(conflict);
    }
    let (old, path) = target(arguments, recorded.then_some(&snapshot))?;
    let sysctls: Vec<&SysctlStep> = advice.host_sysctls(&facts).collect();
    for step in advice.sysctls().filter(|step| !sysctls.contains(step)) {
        let SysctlStep {
            netns, key, value, ..
        } = step;
        output::note(&format!(
            "not in the diff: {key} = {value} of namespace {netns}, which this host's files do not reach"
        ));
    }
    let changes: Vec<Change> = sysctls
        .iter()
        .map(|step| Change {
            key: step.key.clone(),
            value: step.value.clone(),
            reasons: step.reasons.clone(),
        })
        .collect();
    let new = edit(old.as_deref(), &changes).map_err(anyhow::Error::new)?;
    let relative = path.strip_prefix("/").unwrap_or(&path);
    let relative = relative
        .to_str()
        .ok_or_else(|| anyhow!("{} is not UTF-8", path.display()))?;
    let change = diff::unified(relative, old.as_deref(), &new);
    if change.is_empty() {
        output::note(&nothing(&advice, &sysctls, &path));
        return Ok(Outcome::Clean);
    }
    let root = arguments
        .root
        .as_deref()
        .unwrap_or(Path::new("/"))
        .display()
        .to_string();
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
    let root = arguments.root.as_deref().unwrap_or(Path::new("/"));
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
