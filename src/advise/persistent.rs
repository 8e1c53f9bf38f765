//! What a plan's sysctls come to in a file that already says something.

use super::SysctlStep;
use crate::sysctl_conf;
use crate::sysctl_conf::edit::Change;

/// The changes that a file needs.
#[derive(Debug, Default)]
pub struct Persistent {
    /// To be written.
    pub changes: Vec<Change>,
    /// Assignments that the file has already and that suffice: they only have to be loaded.
    pub already: Vec<String>,
}

/// Compares the steps with the text of the file (`None`: it does not exist). A number that was to be
/// raised and that the file has larger is left alone: the next boot must not bring less than before.
pub fn compare(sysctls: &[&SysctlStep], text: Option<&[u8]>) -> Persistent {
    let assignments = sysctl_conf::assignments(text.unwrap_or_default());
    let mut persistent = Persistent::default();
    for step in sysctls {
        // The last assignment of a key is the one that counts.
        let found = assignments.iter().rev().find(|found| found.key == step.key);
        let number = found.and_then(|found| std::str::from_utf8(found.setting).ok()?.parse().ok());
        if let Some(number) = number
            && suffices(step, number)
        {
            persistent.already.push(format!("{} = {number}", step.key));
            continue;
        }
        persistent.changes.push(Change {
            key: step.key.clone(),
            value: step.value.clone(),
            reasons: step.reasons.clone(),
        });
    }
    persistent
}

fn suffices(step: &SysctlStep, number: i64) -> bool {
    match step.raised() {
        Some(value) => number >= value,
        None => step.value.parse() == Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Home;

    fn step(from: Option<&str>, value: &str) -> SysctlStep {
        SysctlStep {
            netns: "host".to_owned(),
            at: vec![0],
            home: Home::Host,
            reached: true,
            key: "net.core.somaxconn".to_owned(),
            value: value.to_owned(),
            from: from.map(str::to_owned),
            reasons: Vec::new(),
        }
    }

    fn written(step: &SysctlStep, text: &str) -> bool {
        !compare(&[step], Some(text.as_bytes())).changes.is_empty()
    }

    #[test]
    fn a_raised_number_is_never_lowered_in_the_file() {
        let raised = step(Some("128"), "511");
        assert!(!written(&raised, "net.core.somaxconn = 8192\n"));
        assert!(!written(&raised, "net.core.somaxconn = 511 # web\n"));
        assert!(written(&raised, "net.core.somaxconn = 300\n"));
        assert!(written(
            &raised,
            "net.core.somaxconn = 8192\nnet/core/somaxconn = 128\n"
        ));
        assert!(written(&raised, ""));
        let lowered = step(Some("60"), "10");
        assert!(written(&lowered, "net.core.somaxconn = 60\n"));
    }
}
