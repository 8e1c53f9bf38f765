//! The name of a sysctl, as the files spell it. A key is a path below /proc/sys, and both loaders
//! read two spellings: when its first separator is `/`, slashes separate and dots are literal;
//! otherwise dots separate and a `/` stands for a literal dot (sysctl.d(5)). Follows
//! `sysctl_normalize` of systemd's `sysctl-util.c`; `slashdot` of procps' `sysctl.c` agrees.

/// The one spelling that backlint uses for a key: dots separate, `/` is a literal dot, no empty
/// components. Normalising twice changes nothing.
///
/// Only a key whose first component has a literal dot cannot be spelled so (the `/` would come
/// first); it keeps slashes, with one in front. No sysctl has such a name today.
pub fn normalise_key(key: &str) -> String {
    let slashed = key
        .find(['.', '/'])
        .is_some_and(|at| key[at..].starts_with('/'));
    let path = if slashed {
        key.to_owned()
    } else {
        swapped(key)
    };
    let path = path
        .split('/')
        .filter(|component| !matches!(*component, "" | "."))
        .collect::<Vec<_>>()
        .join("/");
    let separator = path.find(['.', '/']);
    if separator.is_some_and(|at| path[at..].starts_with('.')) {
        return format!("/{path}");
    }
    swapped(&path)
}

/// Whether both loaders take the key for a pattern over existing keys (`string_is_glob` in both).
pub fn is_glob(key: &str) -> bool {
    key.contains(['*', '?', '['])
}

/// A normalised key as a path below /proc/sys.
pub(super) fn path(key: &str) -> String {
    match key.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => swapped(key),
    }
}

/// Whether a normalised key climbs out of /proc/sys.
pub(super) fn climbs(key: &str) -> bool {
    path(key).split('/').any(|component| component == "..")
}

fn swapped(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{climbs, normalise_key};

    #[test]
    fn both_spellings_of_a_key_are_one_key() {
        for spelling in [
            "net.core.somaxconn",
            "net/core/somaxconn",
            "/net/core/somaxconn",
            "net//core/./somaxconn",
            "net..core.somaxconn",
        ] {
            assert_eq!(normalise_key(spelling), "net.core.somaxconn", "{spelling}");
        }
    }

    #[test]
    fn a_literal_dot_is_a_slash_in_the_dotted_spelling() {
        let dotted = "net.ipv4.conf.eth0/1.rp_filter";
        assert_eq!(normalise_key(dotted), dotted);
        assert_eq!(normalise_key("net/ipv4/conf/eth0.1/rp_filter"), dotted);
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for key in ["/a.b/c", "./net/x", "a.b/c", "", "/", ".", "x", "a/b.c.d/e"] {
            let once = normalise_key(key);
            assert_eq!(normalise_key(&once), once, "{key}");
        }
        assert_eq!(normalise_key("./net/x"), "/.net.x");
    }

    #[test]
    fn a_parent_component_climbs_out() {
        assert!(climbs(&normalise_key("net/../../etc/passwd")));
        assert!(climbs(&normalise_key("/../x")));
        assert!(!climbs(&normalise_key("net.ipv4.conf.a/b.rp_filter")));
    }
}
