//! A container image as something to look at: its files and how it is started become a record, of the kind
//! that a host's is. Nothing of it runs, so the listeners are those that would be there, and their queues
//! what the kernel would give.

mod files;
mod listeners;
mod processes;

use std::collections::BTreeSet;

use anyhow::anyhow;

use self::files::Files;
use self::processes::Processes;
use super::args::Image as Options;
use super::input::{self, Failure};
use super::output;
use crate::assess;
use crate::collect::boot::{self, Depth};
use crate::collect::host;
use crate::image::{self, Config, Tree};
use crate::kernel::sysctls::{self, Scope};
use crate::kernel::version::Version;
use crate::services::Catalogue;
use crate::services::inspect::inspect;
use crate::snapshot::{
    Configuration, Gap, Host, IMAGE_NETNS, Image, Namespace, SCHEMA, Snapshot, SysctlValue,
};

/// The sysctl that the audit is about.
const SOMAXCONN: &str = "net.core.somaxconn";

/// The record of an image; `keys` are the sysctls that rules read.
pub(super) fn record(
    options: &Options,
    keys: &BTreeSet<String>,
    catalogue: &Catalogue,
) -> Result<Snapshot, Failure> {
    let Some(path) = &options.image else {
        return Err(anyhow!("no --image was given").into());
    };
    let (node, note) = node(options)?;
    let sysctls = sysctls(options, &node, keys)?;
    let mut image = image::open(path, options.platform.as_ref()).map_err(anyhow::Error::new)?;
    // Not before what cannot be read at all.
    note.iter().for_each(|note| output::note(note));
    let config = image.config().cloned();
    let name = image.name().to_owned();
    let namespace = Namespace {
        sysctls,
        ..Namespace::new(IMAGE_NETNS)
    };
    let begun = Snapshot {
        schema: SCHEMA.to_owned(),
        host: Host {
            kernel: Some(node),
            ..Host::default()
        },
        image: Some(described(name, config.as_ref())),
        namespaces: vec![namespace],
        ..Snapshot::default()
    };
    let made = image.ask(|tree| complete(begun.clone(), config.as_ref(), tree, catalogue));
    let mut snapshot = made.map_err(anyhow::Error::new)?;
    snapshot.gaps.extend(image.gaps());
    assess::predict(&mut snapshot, catalogue);
    Ok(snapshot)
}

/// The release of the kernel that containers will run on, and what there is to say about it.
fn node(options: &Options) -> Result<(String, Option<String>), Failure> {
    if let Some(kernel) = options.kernel {
        return Ok((kernel.to_string(), None));
    }
    let Some(path) = &options.node else {
        let kernel = Version::MEASURED;
        let start = sysctls::somaxconn_default(kernel);
        let note = options.somaxconn.is_none().then(|| format!(
            "as on Linux {kernel}, which starts a network namespace with somaxconn {start}: --kernel, --somaxconn or --node say on what the image will run"
        ));
        return Ok((kernel.to_string(), note));
    };
    let (name, node) = input::snapshot(path)?;
    let own = node.namespaces.iter().find(|netns| netns.is_host());
    let own = own.and_then(|netns| netns.sysctl_int(SOMAXCONN));
    let release = node.host.kernel.filter(|it| it.parse::<Version>().is_ok());
    let Some(release) = release else {
        let why = "the record does not tell the node's kernel: give --kernel in place of --node";
        return Err(anyhow!("{name}: {why}").into());
    };
    let start = release.parse().ok().map(sysctls::somaxconn_default);
    let note = match (own, start, options.somaxconn) {
        (Some(own), Some(start), None) if own != start => Some(format!(
            "the node's own somaxconn {own} reaches no new network namespace, which starts with {start}: with hostNetwork, give --somaxconn {own} too"
        )),
        _ => None,
    };
    Ok((release, note))
}

/// What a network namespace starts with on this kernel, of the sysctls that rules read.
fn sysctls(
    options: &Options,
    release: &str,
    keys: &BTreeSet<String>,
) -> Result<std::collections::BTreeMap<String, SysctlValue>, Failure> {
    let kernel: Option<Version> = release.parse().ok();
    let recorded = sysctls::recorded().map(|sysctl| sysctl.key.to_owned());
    let keys: BTreeSet<String> = keys.iter().cloned().chain(recorded).collect();
    let mut values = std::collections::BTreeMap::new();
    for key in keys {
        let of_container = sysctls::scope(&key, kernel) == Some(Scope::Namespace);
        let there = sysctls::existence(&key, kernel).words().is_none();
        if let Some(value) = sysctls::default_value(&key, kernel).filter(|_| of_container && there)
        {
            values.insert(key, SysctlValue::parse(&value));
        }
    }
    if let Some(number) = options.somaxconn {
        let text = number.to_string();
        sysctls::check_value(SOMAXCONN, &text, kernel)
            .map_err(|fault| anyhow!("--somaxconn {number}: {fault}"))?;
        values.insert(SOMAXCONN.to_owned(), SysctlValue::Int(number.into()));
    }
    Ok(values)
}

/// How it is started, for the record.
fn described(name: String, config: Option<&Config>) -> Image {
    let Some(config) = config else {
        return Image {
            name: Some(name),
            ..Image::default()
        };
    };
    let both = config.os.as_ref().zip(config.architecture.as_ref());
    let exposed = config.exposed.iter();
    Image {
        name: Some(name),
        platform: both.map(|(os, architecture)| format!("{os}/{architecture}")),
        entrypoint: config.entrypoint.clone(),
        command: config.command.clone(),
        exposed: exposed
            .map(|it| format!("{}/{}", it.port, it.protocol.name()))
            .collect(),
        boots: false,
    }
}

/// Everything that the image's files tell.
fn complete(
    mut snapshot: Snapshot,
    config: Option<&Config>,
    tree: &dyn Tree,
    catalogue: &Catalogue,
) -> Snapshot {
    let files = Files(tree);
    snapshot.host.os = host::os_of(|path| files.bytes_of(path));
    let mut gaps = Vec::new();
    let (texts, found) = boot::read_below(&files, Depth::Files, &mut gaps);
    snapshot.files = Some(texts);
    snapshot.boot = Some(found);
    let processes = Processes::new(config, &files, catalogue);
    if let Some(image) = &mut snapshot.image {
        image.boots = processes.boots();
    }
    let exposed = config.map_or(&[][..], |config| &config.exposed);
    let (found, unsaid) = listeners::all(&processes, exposed, catalogue);
    snapshot.namespaces[0].listeners = found;
    gaps.extend(unsaid);
    inspect(&mut snapshot, &processes, catalogue);
    gaps.extend(processes.gaps());
    snapshot.gaps.extend(gaps);
    settle(&mut snapshot, &processes);
    snapshot
}

/// Says what is not sure, and takes out the numbers of processes, which nobody can look up.
fn settle(snapshot: &mut Snapshot, processes: &Processes<'_>) {
    for listener in snapshot
        .namespaces
        .iter_mut()
        .flat_map(|it| &mut it.listeners)
    {
        let mut pids = listener.owners.iter().filter_map(|owner| owner.pid);
        let prepared = pids.any(|pid| processes.is_prepared(pid));
        // What runs before it may write its configuration.
        if prepared && listener.configuration.is_some() {
            listener.configuration = Some(Configuration::Hidden);
            let place = listener
                .requested
                .as_ref()
                .and_then(|it| it.place.as_deref());
            listener.presumed |= place.is_some_and(|place| place.starts_with('/'));
        }
    }
    let rivals = listeners::settle_rivals(&mut snapshot.namespaces[0].listeners);
    snapshot.gaps.extend(rivals);
    for listener in &mut snapshot.namespaces[0].listeners {
        for owner in &mut listener.owners {
            owner.pid = None;
        }
    }
    let sorted = &mut snapshot.namespaces[0].listeners;
    sorted.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    let all: BTreeSet<Gap> = snapshot.gaps.drain(..).collect();
    snapshot.gaps.extend(all);
}

#[cfg(test)]
mod tests;
