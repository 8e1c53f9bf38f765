//! A trace of a container: what one text about a process says of the container that it is in, and
//! the forms that ids and names must have before they are believed or become part of a path.

use crate::snapshot::Engine;

/// Characters of a name that is shown: a name of DNS, the longest that Kubernetes allows.
const LONGEST_NAME: usize = 253;
/// Characters of an image that is shown.
const LONGEST_IMAGE: usize = 512;
/// Digits of an id that stand for a container without a known name, as runtimes show it.
const SHORT: usize = 12;

/// What one text says of a container. Compared as a whole: equal traces are one container.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trace {
    /// The runtime. `None`: the text does not tell.
    pub(super) engine: Option<Engine>,
    /// 64 hexadecimal digits, or the name of a container of LXC, Incus or systemd-nspawn.
    pub(super) id: Option<String>,
    /// The name that the runtime was given, or the one in a pod.
    pub(super) name: Option<String>,
    /// UID of the Kubernetes pod, with dashes.
    pub(super) pod: Option<String>,
    /// Namespace of containerd, such as `k8s.io`.
    pub(super) namespace: Option<String>,
    /// Where the runtime keeps what it knows of the container, as the text has it.
    pub(super) directory: Option<String>,
    /// The system's own systemd unit that the control group is in.
    pub(super) unit: Option<String>,
    /// The unit of a user's own manager that the control group is in.
    pub(super) users_unit: Option<String>,
    /// The user below whose slice the control group is, where that is not root.
    pub(super) user: Option<u32>,
    /// Whether somebody else than root may have made the control group: it is below a user's or a
    /// service's own. Its id is then no key to what the host's runtimes know.
    pub(super) delegated: bool,
    /// Whether it counts only when the runtime's own state confirms it.
    pub(super) tentative: bool,
}

/// Whether a text is the id of a container: exactly 64 hexadecimal digits, in lower case. Docker,
/// containerd's CRI plugin, CRI-O and libpod all make ids of 32 random bytes.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

/// Whether a text has hexadecimal digits only, in lower case.
pub(super) fn is_hex(text: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    !text.is_empty() && text.bytes().all(digit)
}

/// The UID of a pod with dashes. Static pods have the hash of their manifest, without dashes
/// (kubelet, pkg/kubelet/config/common.go, `applyDefaults`).
pub(super) fn pod_uid(text: &str) -> Option<String> {
    if text.len() == 32 && is_hex(text) {
        return Some(text.to_owned());
    }
    // Slices have underscores, because a dash separates levels (kubelet,
    // pkg/kubelet/cm/cgroup_manager_linux.go, `escapeSystemdCgroupName`).
    let uid = text.replace('_', "-");
    let groups: Vec<&str> = uid.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    let fits = lengths.eq([8, 4, 4, 4, 12]) && groups.iter().all(|group| is_hex(group));
    fits.then_some(uid)
}

/// A name as runtimes and Kubernetes allow them, so that it is safe in a path, a list and a line.
/// `None`: anything else, from whoever wrote it.
pub(super) fn plain(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let fits = text.len() <= LONGEST_NAME
        && text.chars().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    fits.then(|| text.to_owned())
}

/// An image as it was asked for. `None`: no image is written like that.
pub(super) fn image(text: &str) -> Option<String> {
    let fits = !text.is_empty()
        && text.len() <= LONGEST_IMAGE
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// The beginning of an id, for people; a name stays whole.
pub(super) fn short(id: &str) -> &str {
    match id.get(..SHORT) {
        Some(short) if is_id(id) => short,
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_ids_become_part_of_a_path() {
        let id = "0123456789abcdef".repeat(4);
        assert!(is_id(&id));
        assert_eq!(short(&id), "0123456789ab");
        for odd in [
            "",
            "0123456789ab",
            &id.to_uppercase(),
            &format!("{id}0"),
            &format!("../{}", id.split_at(3).1),
        ] {
            assert!(!is_id(odd), "{odd}");
        }
        assert_eq!(short("../../etc"), "../../etc");
    }

    #[test]
    fn uids_of_pods_come_with_underscores_and_without_dashes() {
        let uid = "0f3f1a52-9c1f-4a7e-8d57-3f2b1d6a9c11";
        assert_eq!(pod_uid(uid).as_deref(), Some(uid));
        assert_eq!(pod_uid(&uid.replace('-', "_")).as_deref(), Some(uid));
        let hash = uid.replace('-', "");
        assert_eq!(pod_uid(&hash).as_deref(), Some(hash.as_str()));
        assert_eq!(pod_uid("0f3f1a52-9c1f-4a7e-8d57"), None);
        assert_eq!(pod_uid("../../../../etc/passwd-4a7e-8d57-3f2b"), None);
    }

    #[test]
    fn names_with_anything_odd_are_no_names() {
        assert_eq!(plain("web_1.prod-a").as_deref(), Some("web_1.prod-a"));
        for odd in ["", "-rf", "..", "a/b", "a\u{1b}[2J", "a b", "ä"] {
            assert_eq!(plain(odd), None, "{odd}");
        }
        assert_eq!(plain(&"a".repeat(254)), None);
        assert_eq!(
            image("docker.io/library/nginx:1@sha256:0").as_deref(),
            Some("docker.io/library/nginx:1@sha256:0")
        );
        assert_eq!(image("a\nb"), None);
    }
}
