//! The names of backlint's own files in /etc/sysctl.d. A name decides when a file is applied, and a
//! file that has another's name hides it.

use crate::snapshot::FileText;
use crate::sysctl_conf::boot::{ETC_DROP_INS, is_drop_in};

/// The file of backlint's own, unless another must come after it.
pub const DROP_IN: &str = "/etc/sysctl.d/99-backlint.conf";

/// How the name of every such file ends.
const END: &str = "backlint.conf";
/// Names to try in their order, each behind the one before.
const NAMES: [&str; 5] = [
    "99-backlint.conf",
    "99-zz-backlint.conf",
    "zz-backlint.conf",
    "zzz-backlint.conf",
    "zzzz-backlint.conf",
];

/// Paths of own files to try: the usual one, those that are there, and others, each sorted behind
/// more.
pub(super) fn all(files: &[FileText]) -> Vec<String> {
    let mut names = vec![NAMES[0].to_owned()];
    let mut there: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix(ETC_DROP_INS)?.strip_prefix('/'))
        .filter(|name| name.ends_with(END) && !name.starts_with('.'))
        .collect();
    there.sort_unstable();
    names.extend(there.into_iter().map(str::to_owned));
    names.extend(NAMES.map(str::to_owned));
    names.extend(behind_all(files));
    let mut paths: Vec<String> = Vec::new();
    for name in names {
        let path = format!("{ETC_DROP_INS}/{name}");
        if !hides(files, &path, &name) && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Whether a file of this path would hide another, or be hidden by it.
fn hides(files: &[FileText], path: &str, name: &str) -> bool {
    let mut others = files.iter().filter(|file| file.path != path);
    others.any(|other| is_drop_in(&other.path) && file_name(&other.path) == name)
        // One that is a link is somebody else's.
        || files.iter().any(|file| file.path == path && file.link.is_some())
}

/// A name behind all that are there: `_` sorts behind the dot of an ending.
fn behind_all(files: &[FileText]) -> Option<String> {
    let drop_ins = files.iter().filter(|file| is_drop_in(&file.path));
    let names = drop_ins.map(|file| file_name(&file.path));
    let last = names.filter(|name| name.ends_with(".conf")).max()?;
    Some(format!("{}_{END}", last.strip_suffix(".conf")?))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
