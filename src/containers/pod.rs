//! The workload that a Kubernetes pod is an instance of, by the pod's name alone: what its
//! controller appended is taken off, and nothing that does not fit.

use crate::snapshot::Namespace;

/// The characters of random suffixes: Kubernetes, apimachinery/pkg/util/rand/rand.go, `alphanums`.
const ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";
/// What `SafeEncodeString` of the same file makes of the ten decimal digits.
const DIGITS: &str = "456789bcdf";
/// Letters of a random suffix: apiserver/pkg/storage/names/generate.go, `randomLength`.
const RANDOM: usize = 5;

/// What makes a pod, as far as the pod's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Deployment, by way of a ReplicaSet.
    Deployment,
    /// A StatefulSet.
    StatefulSet,
    /// A CronJob, by way of a Job.
    CronJob,
    /// A DaemonSet or a Job, whose pods have the same names.
    DaemonSetOrJob,
    /// Nothing: the pod's name is its own.
    Pod,
}

/// What makes a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload<'a> {
    /// The Kubernetes namespace.
    pub namespace: Option<&'a str>,
    /// Its name, which may be the pod's own.
    pub name: &'a str,
    /// Its kind.
    pub kind: Kind,
}

impl<'a> Workload<'a> {
    /// What made the pod that a network namespace is for. `None`: it is no pod's, or the pod's name is
    /// not known.
    pub fn of(netns: &'a Namespace) -> Option<Self> {
        let mut pods = netns.containers.iter().filter_map(|one| one.pod.as_ref());
        let pod = pods.find(|pod| pod.name.is_some())?;
        let (name, kind) = made_by(pod.name.as_deref()?);
        Some(Self {
            namespace: pod.namespace.as_deref(),
            name,
            kind,
        })
    }
}

/// The stable name of a pod's workload, which may be the pod's own.
pub(super) fn workload(pod: &str) -> &str {
    made_by(pod).0
}

/// The name and kind of what made a pod of this name.
fn made_by(pod: &str) -> (&str, Kind) {
    if let Some(set) = stripped(pod, 1..=4, |c| c.is_ascii_digit()) {
        // StatefulSet: NAME-ORDINAL (pkg/controller/statefulset/stateful_set_utils.go).
        return (set, Kind::StatefulSet);
    }
    let Some(owner) = stripped(pod, RANDOM..=RANDOM, |c| ALPHABET.contains(c)) else {
        return (pod, Kind::Pod);
    };
    // Deployment: NAME-HASH, where the hash is a number of 32 bits in decimal digits, encoded
    // (pkg/controller/controller_utils.go, `ComputeHash`). A word such as `dns` is none, and one of
    // less than six digits has a chance of 1 in 40,000.
    if let Some(deployment) = stripped(owner, 6..=10, |c| DIGITS.contains(c)) {
        return (deployment, Kind::Deployment);
    }
    // CronJob: NAME-MINUTES since 1970 (pkg/controller/cronjob/cronjob_controllerv2.go). Until 2046
    // they begin with a digit that no hash has.
    match stripped(owner, 8..=8, |c| c.is_ascii_digit()) {
        Some(cron) => (cron, Kind::CronJob),
        None => (owner, Kind::DaemonSetOrJob),
    }
}

/// A name without its last part, if that is of these characters and so long.
fn stripped(
    name: &str,
    length: std::ops::RangeInclusive<usize>,
    allowed: impl Fn(char) -> bool,
) -> Option<&str> {
    let (rest, last) = name.rsplit_once('-')?;
    let fits = !rest.is_empty() && length.contains(&last.len()) && last.chars().all(allowed);
    fits.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Kind, made_by, workload};

    #[test]
    fn what_controllers_append_is_taken_off() {
        for (pod, name) in [
            ("web-5d9c7b6f4-x2x7z", "web"),
            ("api-gateway-7d8b49557f-kq5zs", "api-gateway"),
            ("web-0", "web"),
            ("kafka-broker-12", "kafka-broker"),
            ("node-exporter-x2x7z", "node-exporter"),
            ("backup-28374650-x7k2p", "backup"),
        ] {
            assert_eq!(workload(pod), name, "{pod}");
        }
    }

    #[test]
    fn the_name_tells_the_kind_where_it_can() {
        for (pod, name, kind) in [
            ("my-web-6b8d9c7f54-4bdkz", "my-web", Kind::Deployment),
            ("redis-0", "redis", Kind::StatefulSet),
            ("backup-29910456-x7k2p", "backup", Kind::CronJob),
            // 2, 4, 5, 6, 8 and 9 are letters of random suffixes too.
            ("backup-29986456-x7k2p", "backup", Kind::CronJob),
            ("migrate-x7k2p", "migrate", Kind::DaemonSetOrJob),
            // A word of letters that random suffixes have is no hash.
            ("csi-rbdplgn-x7k2p", "csi-rbdplgn", Kind::DaemonSetOrJob),
            ("web-server", "web-server", Kind::Pod),
        ] {
            assert_eq!(made_by(pod), (name, kind), "{pod}");
        }
    }

    #[test]
    fn what_does_not_fit_stays() {
        for (pod, name) in [
            ("redis", "redis"),
            ("node-local-dns-x2x7z", "node-local-dns"),
            ("mysql-debug", "mysql-debug"),
            ("kube-apiserver-node1", "kube-apiserver-node1"),
            ("web-aeiou", "web-aeiou"),
            ("job-0-x7k2p", "job-0"),
            ("-0", "-0"),
            ("", ""),
        ] {
            assert_eq!(workload(pod), name, "{pod}");
        }
    }
}
