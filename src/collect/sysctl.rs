//! Runtime values of sysctls, from below /proc/sys.
//!
//! Follows proc_sys(5) and, for keys, sysctl.d(5): dots separate the parts, and a part that has a
//! dot itself (a VLAN interface) is written with a slash, `net.ipv4.conf.eth0/1.rp_filter`. Values
//! below /proc/sys/net are those of the reading thread's network namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use procfs::{FromRead, ProcError, ProcResult};

use crate::snapshot::{Gap, SysctlValue};

/// The sysctl that every verdict needs.
const SOMAXCONN: &str = "net.core.somaxconn";

/// Most bytes of a value; the longest in use are lists of names.
const MOST: u64 = 8 * 1024;

/// A value as procfs reads it.
struct Value(SysctlValue);

impl FromRead for Value {
    fn from_read<R: Read>(reader: R) -> ProcResult<Self> {
        let mut bytes = Vec::new();
        reader.take(MOST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST {
            return Err(ProcError::Other(format!(
                "the value is longer than {MOST} bytes"
            )));
        }
        Ok(Self(SysctlValue::parse(&String::from_utf8_lossy(&bytes))))
    }
}

/// Reads the keys that exist. A key that this kernel or namespace does not have is absent.
pub(super) fn read(
    proc: &Path,
    keys: &BTreeSet<String>,
    gaps: &mut Vec<Gap>,
) -> BTreeMap<String, SysctlValue> {
    let mut values = BTreeMap::new();
    let root = proc.join("sys");
    for key in keys {
        let Some(path) = relative(key) else {
            gaps.push(Gap::new(key, "this is not the name of a sysctl", key));
            continue;
        };
        match Value::from_file(root.join(path)) {
            Ok(Value(value)) => {
                values.insert(key.clone(), value);
            }
            Err(ProcError::NotFound(_)) => {}
            // Some files may be written only, and a directory is a prefix of keys.
            Err(error) => gaps.push(Gap::new(key, why(&error), format!("the value of {key}"))),
        }
    }
    // NOTE: procfs mounted with subset=pid has no sys at all.
    if values.is_empty() && !keys.is_empty() && !root.is_dir() {
        gaps.push(Gap::new(
            "/proc/sys",
            "it is not there; procfs may be mounted with subset=pid",
            "every sysctl, and so the limit of every backlog",
        ));
    }
    // Every kernel has it, so where it is not there somebody hides it.
    if !values.contains_key(SOMAXCONN) && keys.contains(SOMAXCONN) && root.is_dir() {
        let known = gaps.iter().any(|gap| gap.what == SOMAXCONN);
        if !known {
            gaps.push(Gap::new(
                SOMAXCONN,
                "it is not there: hidden from rootless containers before Linux 6.4, or /proc/sys is masked",
                "what limits every backlog",
            ));
        }
    }
    values
}

/// What kept a value from being read, without the path: the gap has the key.
fn why(error: &ProcError) -> String {
    match error {
        ProcError::PermissionDenied(_) => "permission denied".to_owned(),
        ProcError::Io(error, _) => error.to_string(),
        other => other.to_string(),
    }
}

/// The path of a key below /proc/sys; `None` for what is no key.
fn relative(key: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in key.split('.') {
        let part = part.replace('/', ".");
        if matches!(part.as_str(), "" | "." | "..") || part.contains('\0') {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn a_slash_in_a_key_is_a_dot_of_the_name() {
        assert_eq!(
            relative("net.ipv4.conf.eth0/1.rp_filter"),
            Some(PathBuf::from("net/ipv4/conf/eth0.1/rp_filter"))
        );
    }

    #[test]
    fn keys_cannot_leave_the_tree() {
        for key in [
            "",
            ".",
            "..",
            "net..core",
            "//.etc",
            "net.//.x",
            "/.x",
            "a\0b",
            "/etc/passwd/",
        ] {
            let path = relative(key);
            let inside = path.is_none_or(|path| {
                path.components()
                    .all(|part| matches!(part, std::path::Component::Normal(_)))
            });
            assert!(inside, "{key}");
        }
        assert_eq!(relative("net.//.x"), None);
    }

    #[test]
    fn values_are_read_and_absent_keys_are_absent() {
        let proc = tempfile::tempdir().unwrap();
        let core = proc.path().join("sys/net/core");
        std::fs::create_dir_all(&core).unwrap();
        std::fs::write(core.join("somaxconn"), "4096\n").unwrap();
        std::fs::write(core.join("words"), "4096\t131072  6\n").unwrap();
        std::fs::write(core.join("long"), vec![b'x'; 9000]).unwrap();
        let mut gaps = Vec::new();
        let wanted = keys(&[
            "net.core.somaxconn",
            "net.core.words",
            "net.core.none",
            "net.core.long",
            "net.core",
        ]);
        let values = read(proc.path(), &wanted, &mut gaps);
        assert_eq!(
            values.into_iter().collect::<Vec<_>>(),
            [
                ("net.core.somaxconn".to_owned(), SysctlValue::Int(4096)),
                (
                    "net.core.words".to_owned(),
                    SysctlValue::Text("4096 131072 6".to_owned())
                ),
            ]
        );
        let named: Vec<_> = gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(named, ["net.core", "net.core.long"]);
    }

    #[test]
    fn no_tree_at_all_is_one_gap() {
        let proc = tempfile::tempdir().unwrap();
        let mut gaps = Vec::new();
        assert!(
            read(
                proc.path(),
                &keys(&["net.core.somaxconn", "vm.x"]),
                &mut gaps
            )
            .is_empty()
        );
        assert_eq!(gaps.len(), 1);
    }
}
