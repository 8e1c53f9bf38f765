//! The files that `backlint rules new` writes: a rule with comments, and its cases. As they are
//! written they load and pass, so that each later change tells by itself whether it was right.

use crate::rules::Scope;

/// The files of a new rule.
#[derive(Debug)]
pub struct Skeleton {
    /// `NAME.yaml`.
    pub rule: String,
    /// `NAME.cases.yaml`.
    pub cases: String,
}

/// The files of a rule of this id, name and scope.
pub fn of(id: &str, name: &str, scope: Scope) -> Skeleton {
    let (rule, cases) = match scope {
        Scope::Host => (
            include_str!("skeleton/host.yaml"),
            include_str!("skeleton/host.cases.yaml"),
        ),
        Scope::Netns => (
            include_str!("skeleton/netns.yaml"),
            include_str!("skeleton/netns.cases.yaml"),
        ),
        Scope::Setting => (
            include_str!("skeleton/setting.yaml"),
            include_str!("skeleton/setting.cases.yaml"),
        ),
        Scope::Listener => (
            include_str!("skeleton/listener.yaml"),
            include_str!("skeleton/listener.cases.yaml"),
        ),
    };
    let head = include_str!("skeleton/head.yaml");
    let cases_head = include_str!("skeleton/head.cases.yaml");
    let filled = |text: &str| text.replace("@ID@", id).replace("@NAME@", name);
    Skeleton {
        rule: filled(&format!("{head}{rule}")),
        cases: filled(&format!("{cases_head}{cases}")),
    }
}
