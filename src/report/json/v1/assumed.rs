//! What a report takes for granted, in version 1. It is null where the report is about what was seen.

use serde::Serialize;

use crate::assess;

#[derive(Serialize)]
pub(super) struct Assumed<'a> {
    after_reboot: bool,
    sysctls: Vec<Sysctl<'a>>,
}

/// A value; `netns` is null where it is that of every namespace.
#[derive(Serialize)]
struct Sysctl<'a> {
    netns: Option<&'a str>,
    key: &'a str,
    value: &'a str,
}

impl<'a> Assumed<'a> {
    pub(super) fn new(assumed: assess::Assumed<'a>) -> Self {
        let sysctls = assumed.what.sysctls.iter().map(|it| Sysctl {
            netns: it.netns.as_deref(),
            key: &it.key,
            value: &it.value,
        });
        Self {
            after_reboot: assumed.what.after_reboot,
            sysctls: sysctls.collect(),
        }
    }
}
