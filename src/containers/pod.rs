//! The workload that a Kubernetes pod is an instance of, by the pod's name alone: what its
//! controller appended is taken off, and nothing that does not fit.

/// The characters of random suffixes: Kubernetes, apimachinery/pkg/util/rand/rand.go, `alphanums`.
const ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";
/// What `SafeEncodeString` of the same file makes of the ten decimal digits.
const DIGITS: &str = "456789bcdf";
/// Letters of a random suffix: apiserver/pkg/storage/names/generate.go, `randomLength`.
const RANDOM: usize = 5;

/// The stable name of a pod's workload, which may be the pod's own.
pub(super) fn workload(pod: &str) -> &str {
    if let Some(set) = stripped(pod, 1..=4, |c| c.is_ascii_digit()) {
        // StatefulSet: NAME-ORDINAL (pkg/controller/statefulset/stateful_set_utils.go).
        return set;
    }
    let Some(owner) = stripped(pod, RANDOM..=RANDOM, |c| ALPHABET.contains(c)) else {
        return pod;
    };
    // Deployment: NAME-HASH, where the hash is a number of 32 bits in decimal digits, encoded
    // (pkg/controller/controller_utils.go, `ComputeHash`). A word such as `dns` is none, and one of
    // less than six digits has a chance of 1 in 40,000.
    if let Some(deployment) = stripped(owner, 6..=10, |c| DIGITS.contains(c)) {
        return deployment;
    }
    // CronJob: NAME-MINUTES since 1970 (pkg/controller/cronjob/cronjob_controllerv2.go).
    stripped(owner, 8..=8, |c| c.is_ascii_digit()).unwrap_or(owner)
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
    use super::workload;

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
