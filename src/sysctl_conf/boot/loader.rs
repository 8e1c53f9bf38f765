//! Which loader a machine runs at boot, and which files that loader reads, in which order.
//!
//! Follows `conf_files_list_strv` of systemd (src/basic/conf-files.c) over `CONF_PATHS("sysctl.d")`,
//! `PreloadSystem` of procps (src/sysctl.c, 3.3.17 to 4.0; before 3.3.17 /run came before /etc), and
//! the service `sysctl` of Alpine's OpenRC (main/openrc/sysctl.initd).

use crate::snapshot::{Boot, CONTAINER_TRACES, DROP_INS, FileText, Image, Loader, Os};

/// The file that sysctl(8) loads by default.
pub const SYSCTL_CONF: &str = "/etc/sysctl.conf";
/// The link through which systemd-sysctl reads it where a distribution ships one.
const LINK: &str = "/etc/sysctl.d/99-sysctl.conf";

/// The directory for an administrator's files.
pub const ETC_DROP_INS: &str = DROP_INS[0];

/// What loads the files on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The loader. `None`: nothing reads the files at boot.
    pub loader: Option<Loader>,
    /// How that is known, in words.
    pub how: String,
    /// Whether the files are those of a container, whose namespaces somebody else makes.
    pub in_container: bool,
    /// Whether procps is older than 3.3.17 (the directory /run comes first), older than 4 (no
    /// globs), or neither.
    pub(super) procps: Procps,
    /// Whether the first sysctl(8) on the path is procps': BusyBox' is a link to busybox.
    pub has_procps: bool,
    /// Whether OpenRC's service finds procps' sysctl in place of BusyBox'.
    pub(super) openrc_with_procps: bool,
    /// Whether /etc/sysctl.conf is taken for linked, as nobody recorded links.
    presumed_link: bool,
}

/// Generations of procps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Procps {
    /// Before 3.3.17: /run hides /etc.
    RunFirst,
    /// 3.3.17: /etc hides /run; no globs.
    Plain,
    /// 4.0: globs and exclusions.
    Globs,
}

impl Runs {
    /// What the traces of a boot tell; `None`: nobody looked for any.
    pub(super) fn of(boot: Option<&Boot>, os: Option<&Os>) -> Self {
        let Some(boot) = boot else {
            return Self::presumed(os);
        };
        let in_container = CONTAINER_TRACES
            .iter()
            .find(|path| boot.found.contains_key(**path));
        // systemd wrote it, so it runs inside, and its loader with it.
        let with_systemd = boot.found.contains_key(CONTAINER_TRACES[2]);
        let (loader, how) = match (boot.loader, in_container.filter(|_| !with_systemd)) {
            (Some(loader), _) => (Some(loader), "the record says so".to_owned()),
            (None, Some(path)) => (
                None,
                format!("{path} is there: nothing loads sysctl files in a container"),
            ),
            // A few files by themselves: a part of some system, and not a system without a loader.
            (None, None) if boot.found.is_empty() && os.is_none() => return Self::presumed(os),
            (None, None) => found(boot, os),
        };
        let has_procps = has_procps(boot);
        Self {
            loader,
            how,
            in_container: in_container.is_some(),
            procps: generation(boot),
            has_procps,
            openrc_with_procps: os.is_some_and(|os| os.id == "alpine") && has_procps,
            presumed_link: false,
        }
    }

    /// What reads the files in a container of an image: the loader of its init, where it starts one.
    pub(super) fn in_image(image: &Image, boot: Option<&Boot>, os: Option<&Os>) -> Self {
        let runs = Self::of(boot, os);
        let (loader, how) = match image.boots {
            true => (runs.loader, runs.how),
            false => {
                let how =
                    "the image starts no init that does: nothing loads sysctl files in a container";
                (None, how.to_owned())
            }
        };
        Self {
            loader,
            how,
            in_container: true,
            ..runs
        }
    }

    /// The distribution's usual loader.
    fn presumed(os: Option<&Os>) -> Self {
        let id = os.map_or("", |os| os.id.as_str());
        let release = os.and_then(|os| os.version.as_deref());
        let release = release.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        let loader = match id {
            "alpine" => Loader::Busybox,
            "devuan" | "gentoo" => Loader::Procps,
            _ => Loader::SystemdSysctl,
        };
        let without_link = id == "arch" || (id == "debian" && release >= Some(13));
        Self {
            loader: Some(loader),
            how: match os {
                Some(os) => format!("it is what {} usually runs", os.id),
                None => "it is what most distributions run".to_owned(),
            },
            in_container: false,
            procps: Procps::Globs,
            has_procps: false,
            openrc_with_procps: false,
            presumed_link: !without_link,
        }
    }
}

/// systemd's loader.
const SYSTEMD_SYSCTL: [&str; 2] = [
    "/usr/lib/systemd/systemd-sysctl",
    "/lib/systemd/systemd-sysctl",
];
/// Its unit, where an administrator may mask it.
const SYSTEMD_UNIT: &str = "/etc/systemd/system/systemd-sysctl.service";
const INIT: [&str; 2] = ["/sbin/init", "/usr/sbin/init"];
/// OpenRC's service, in the runlevels that may have it.
const OPENRC: [&str; 3] = [
    "/etc/runlevels/boot/sysctl",
    "/etc/runlevels/sysinit/sysctl",
    "/etc/runlevels/default/sysctl",
];
/// The script of Void's runit, which calls `sysctl --system`.
const VOID: &str = "/etc/runit/core-services/08-sysctl.sh";
/// What only NixOS has, whose programs are elsewhere.
const NIXOS: &str = "/etc/NIXOS";
/// procps' script for System V's init.
const SYSV: &str = "/etc/init.d/procps";
const SYSCTL: [&str; 2] = ["/sbin/sysctl", "/usr/sbin/sysctl"];
const OPENRC_PROGRAM: [&str; 2] = ["/sbin/openrc", "/usr/sbin/openrc"];

/// The loader that the traces lead to, and how.
fn found(boot: &Boot, os: Option<&Os>) -> (Option<Loader>, String) {
    let is = |path: &&&str| boot.found.contains_key(**path);
    let leads = |path: &str, to: &str| {
        let target = boot.found.get(path).and_then(Option::as_deref);
        target.is_some_and(|target| target.ends_with(to))
    };
    let systemd = SYSTEMD_SYSCTL.iter().find(is);
    let init_is = |name: &str| INIT.iter().any(|path| leads(path, name));
    let no_init = !INIT.iter().any(|path| boot.found.contains_key(*path));
    if let Some(program) = systemd.filter(|_| init_is("/systemd") || no_init) {
        if leads(SYSTEMD_UNIT, "/dev/null") {
            return (None, format!("{SYSTEMD_UNIT} is masked"));
        }
        return (Some(Loader::SystemdSysctl), format!("{program} is there"));
    }
    let openrc = OPENRC_PROGRAM.iter().find(is);
    if let Some(service) = OPENRC.iter().find(is) {
        let alpine = os.is_some_and(|os| os.id == "alpine");
        let loader = if alpine {
            Loader::Busybox
        } else {
            Loader::Procps
        };
        return (Some(loader), format!("OpenRC starts {service}"));
    }
    if let Some(program) = openrc {
        let why = "is there, and no runlevel has the service sysctl: rc-update add sysctl boot";
        return (None, format!("{program} {why}"));
    }
    if boot.found.contains_key(SYSV) {
        return (Some(Loader::Procps), format!("{SYSV} is there"));
    }
    if let Some(program) = systemd {
        return (Some(Loader::SystemdSysctl), format!("{program} is there"));
    }
    if boot.found.contains_key(VOID) {
        return (Some(Loader::Procps), format!("{VOID} is there"));
    }
    if boot.found.contains_key(NIXOS) {
        let how = format!("{NIXOS} is there, and NixOS runs systemd");
        return (Some(Loader::SystemdSysctl), how);
    }
    (None, "no program that loads them was found".to_owned())
}

/// Whether the first sysctl(8) on OpenRC's path is procps': BusyBox' is a link to busybox.
fn has_procps(boot: &Boot) -> bool {
    let sysctl = SYSCTL.iter().find_map(|path| boot.found.get(*path));
    sysctl.is_some_and(|target| {
        target
            .as_deref()
            .is_none_or(|target| !target.ends_with("/busybox"))
    })
}

/// The generation of procps, a current one where its package is not known.
fn generation(boot: &Boot) -> Procps {
    let package = ["procps", "procps-ng"];
    let version = package.iter().find_map(|name| boot.packages.get(*name));
    let version = version.map(|version| version.split_once(':').map_or(&**version, |it| it.1));
    let older = |than: &str| {
        version.is_some_and(|version| {
            version_compare::compare_to(version, than, version_compare::Cmp::Lt).unwrap_or(false)
        })
    };
    match () {
        () if older("3.3.17") => Procps::RunFirst,
        () if older("4") => Procps::Plain,
        () => Procps::Globs,
    }
}

/// What a loader does with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It reads it.
    Read,
    /// The file of this index has its name, and comes first.
    Masked(usize),
    /// It does not read it, for this reason.
    Dead(String),
}

/// The files by index in the order in which a loader reads them, one more than once if it does so,
/// and what it does with each.
pub(super) fn order(
    loader: Option<Loader>,
    files: &[FileText],
    runs: &Runs,
) -> (Vec<usize>, Vec<Fate>) {
    let mut fates: Vec<Fate> = files
        .iter()
        .map(|file| unread(loader, &file.path, runs))
        .collect();
    let order = match loader {
        None => Vec::new(),
        Some(Loader::SystemdSysctl) => {
            let mut order = by_name(files, &DROP_INS, &mut fates, true);
            presume_link(files, runs, &mut order, &mut fates);
            order
        }
        Some(Loader::Procps) => {
            let mut directories = DROP_INS;
            if runs.procps == Procps::RunFirst {
                directories.swap(0, 1);
            }
            let mut order = by_name(files, &directories, &mut fates, false);
            order.extend(file(files, SYSCTL_CONF));
            order
        }
        Some(Loader::Busybox) => openrc(files, &mut fates),
    };
    for &index in &order {
        if let Some(fate) = fates.get_mut(index) {
            *fate = Fate::Read;
        }
    }
    (order, fates)
}

/// Why a file is not read, if nothing else is found about it.
fn unread(loader: Option<Loader>, path: &str, runs: &Runs) -> Fate {
    let name = name(path);
    Fate::Dead(match loader {
        _ if !is_drop_in(path) && path != SYSCTL_CONF => "no loader reads it".to_owned(),
        None => runs.how.clone(),
        Some(_) if path != SYSCTL_CONF && !name.ends_with(".conf") => {
            "its name does not end in .conf, so no loader reads it".to_owned()
        }
        Some(Loader::SystemdSysctl) if path == SYSCTL_CONF => {
            "systemd-sysctl does not read it, and no link in a sysctl.d directory leads to it"
                .to_owned()
        }
        Some(loader) if name.starts_with('.') => {
            format!("its name begins with a dot, so {loader} passes it over")
        }
        Some(Loader::Busybox) => "OpenRC's service sysctl does not read this directory".to_owned(),
        Some(loader) => format!("{loader} does not read it"),
    })
}

/// Whether a path is in a directory of sysctl.d(5).
pub fn is_drop_in(path: &str) -> bool {
    DROP_INS.contains(&directory(path))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn file(files: &[FileText], path: &str) -> Option<usize> {
    files.iter().position(|file| file.path == path)
}

/// Drop-ins of one directory with a name that loaders take, in the order of their names.
fn drop_ins<'a>(files: &'a [FileText], of: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut found: Vec<usize> = (0..files.len())
        .filter(|&n| directory(&files[n].path) == of && name(&files[n].path).ends_with(".conf"))
        .collect();
    found.sort_by(|&a, &b| name(&files[a].path).cmp(name(&files[b].path)));
    found.into_iter()
}

/// All directories' drop-ins together by name; of one name, that of the first directory.
fn by_name(
    files: &[FileText],
    directories: &[&str],
    fates: &mut [Fate],
    skip_hidden: bool,
) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    for directory in directories {
        for index in drop_ins(files, directory) {
            let own = name(&files[index].path);
            if skip_hidden && own.starts_with('.') {
                continue;
            }
            match order.iter().find(|&&known| name(&files[known].path) == own) {
                Some(&first) => fates[index] = Fate::Masked(first),
                None => order.push(index),
            }
        }
    }
    order.sort_by(|&a, &b| name(&files[a].path).cmp(name(&files[b].path)));
    order
}

/// Puts /etc/sysctl.conf where its link would stand, where links were not recorded.
fn presume_link(files: &[FileText], runs: &Runs, order: &mut Vec<usize>, fates: &mut [Fate]) {
    let Some(conf) = file(files, SYSCTL_CONF).filter(|_| runs.presumed_link) else {
        return;
    };
    if order.iter().any(|&n| name(&files[n].path) == name(LINK)) {
        return;
    }
    let at = order.partition_point(|&n| name(&files[n].path) < name(LINK));
    order.insert(at, conf);
    fates[conf] = Fate::Read;
}

/// The files as Alpine's service takes them: directory by directory. Only a regular file hides one
/// of its name, and /lib is read besides /usr/lib even where it is the same.
fn openrc(files: &[FileText], fates: &mut [Fate]) -> Vec<usize> {
    let regular = |index: &usize| {
        let file = &files[*index];
        !file.irregular && file.link.as_deref() != Some("/dev/null")
    };
    let hides = |by: &[&str], index: usize| {
        by.iter().find_map(|directory| {
            let path = format!("{directory}/{}", name(&files[index].path));
            file(files, &path).filter(|n| regular(n))
        })
    };
    let mut order = Vec::new();
    let passes: [(&str, &[&str]); 3] = [
        ("/lib/sysctl.d", &["/etc/sysctl.d", "/run/sysctl.d"]),
        ("/usr/lib/sysctl.d", &["/etc/sysctl.d", "/run/sysctl.d"]),
        ("/etc/sysctl.d", &["/run/sysctl.d"]),
    ];
    let visible = |index: &usize| !name(&files[*index].path).starts_with('.');
    for (directory, by) in passes {
        for index in drop_ins(files, directory).filter(visible).filter(regular) {
            match hides(by, index) {
                Some(first) => fates[index] = Fate::Masked(first),
                None => order.push(index),
            }
        }
    }
    order.extend(file(files, SYSCTL_CONF).filter(regular));
    order.extend(
        drop_ins(files, "/run/sysctl.d")
            .filter(visible)
            .filter(regular),
    );
    order
}
