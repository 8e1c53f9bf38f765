//! LXC, Incus, LXD and systemd-nspawn: containers that have names instead of ids, and a folder or a
//! file of that name.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::Found;
use super::files::Files;
use crate::containers::host::Host;
use crate::snapshot::Engine;

/// The folders of containers: incus, internal/server/sys/os.go, `VarDir`; LXD's package and snap;
/// lxc, configure's `DEFAULT_LXC_PATH`.
const FOLDERS: [(&str, Engine); 4] = [
    ("/var/lib/incus/containers", Engine::Incus),
    ("/var/lib/lxd/containers", Engine::Incus),
    ("/var/snap/lxd/common/lxd/containers", Engine::Incus),
    ("/var/lib/lxc", Engine::Lxc),
];

/// The containers of each folder, listed when the first one is asked for.
#[derive(Default)]
pub(super) struct Lists(OnceLock<Vec<(BTreeSet<String>, Engine)>>);

impl Lists {
    pub(super) fn read(&self, found: &mut Found, host: &dyn Host) {
        let lists = self.0.get_or_init(|| {
            let list = |(folder, engine): (&str, Engine)| {
                (host.list(folder).into_iter().collect(), engine)
            };
            FOLDERS.map(list).into()
        });
        let Some(id) = found.id.clone() else {
            return;
        };
        // lxc, src/lxc/cgroups/cgroup.h, `CGROUP_CREATE_RETRY`: where the group of that name was
        // still there, `-1` is appended, and so on.
        let base = id.rsplit_once('-').filter(|(_, number)| {
            number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        let names = [Some(id.as_str()), base.map(|(base, _)| base)];
        let known = names.into_iter().flatten().find_map(|name| {
            let mut lists = lists.iter();
            let (_, engine) = lists.find(|(names, _)| names.contains(name))?;
            Some((name.to_owned(), *engine))
        });
        if let Some((name, engine)) = known {
            found.known = true;
            found.engine = engine;
            found.id = Some(name);
        }
        found.name.clone_from(&found.id);
    }
}

/// systemd-machined's file of a machine, which says who runs it: src/machine/machine.c,
/// `machine_save`, and for the service's name src/nspawn/nspawn.c, `arg_container_service_name`,
/// which docs/ENVIRONMENT.md still calls `nspawn` as it was.
pub(super) fn nspawn(found: &mut Found, files: &Files) {
    found.name = found.id.clone().or(found.name.take());
    // A name that has become one of a file: `plain` has no slash.
    let file = found
        .id
        .as_ref()
        .map(|id| format!("/run/systemd/machines/{id}"));
    let text = file.and_then(|file| files.text(&file)).unwrap_or_default();
    let mut lines = text.lines();
    found.known = lines.any(|line| matches!(line, "SERVICE=systemd-nspawn" | "SERVICE=nspawn"));
}
