//! Whether what the next boot sets is enough for a step of the plan.

use super::SysctlStep;
use crate::assess::settings::same;
use crate::kernel::sysctls;

/// Whether a value in a file serves the step. A number that was to be raised and that is larger there
/// does: the next boot must not bring less than before.
pub(super) fn suffices(step: &SysctlStep, value: &str) -> bool {
    match (step.raised(), sysctls::written(&step.key, value)) {
        (Some(wanted), Some(there)) => there >= wanted,
        (Some(_), None) => false,
        (None, _) => same(&step.key, value, &step.value),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::advise::Home;

    pub(in crate::advise) fn step(from: Option<&str>, value: &str) -> SysctlStep {
        SysctlStep {
            netns: "host".to_owned(),
            at: vec![0],
            home: Home::Host,
            reached: true,
            key: "net.core.somaxconn".to_owned(),
            value: value.to_owned(),
            from: from.map(str::to_owned),
            reasons: vec!["web asked for it".to_owned()],
        }
    }

    #[test]
    fn a_raised_number_is_never_lowered() {
        let raised = step(Some("128"), "511");
        assert!(suffices(&raised, "8192"));
        assert!(suffices(&raised, "511 # web"));
        assert!(suffices(&raised, "0xffff"));
        assert!(suffices(&raised, "65535 1"));
        assert!(!suffices(&raised, "511# web"));
        assert!(!suffices(&raised, "300"));
        assert!(!suffices(&raised, ""));
        assert!(!suffices(&step(Some("60"), "10"), "60"));
        assert!(suffices(&step(Some("60"), "10"), "10"));
        assert!(suffices(&step(Some("reno"), "bbr"), "bbr"));
    }
}
