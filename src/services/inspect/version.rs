//! The version of a running program: from its name, its environment, a path or the package database.

use crate::services::host::{Files, Host};
use crate::services::recognise::in_name;
use crate::services::service::{Service, VersionSource};
use crate::snapshot::Owner;

/// The version of the service that process `pid` is. Nothing is read for a service whose default
/// is the same in all versions.
pub(super) fn of(service: &Service, host: &dyn Host, pid: u32, owner: &Owner) -> Option<String> {
    service.version.iter().find_map(|source| match source {
        VersionSource::Name(pattern) => in_name(pattern, owner),
        VersionSource::Variable(name) => host.variable(pid, name),
        VersionSource::Path(pattern) => in_path(pattern, host, pid),
        VersionSource::Package(name) => host.package(pid, name),
    })
}

/// What the last `*` of a pattern stands for in the first path that it matches.
fn in_path(pattern: &str, host: &dyn Host, pid: u32) -> Option<String> {
    let path = Files::new(host, pid).glob(pattern).into_iter().next()?;
    let (before, behind) = pattern.rsplit_once('*')?;
    let before = before.rsplit('*').next()?;
    let rest = path.strip_suffix(behind)?;
    let at = rest.rfind(before)?;
    rest.get(at + before.len()..).map(str::to_owned)
}
