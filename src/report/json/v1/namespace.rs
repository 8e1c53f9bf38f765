//! A network namespace in version 1: whose it is, and its sysctls.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::assess::NetnsFacts;
use crate::report::place;
use crate::snapshot::{self, SysctlValue};

#[derive(Serialize)]
pub(super) struct Namespace<'a> {
    id: Option<u64>,
    name: &'a str,
    workload: &'a str,
    rootless: Option<bool>,
    unit: Option<&'a str>,
    containers: Vec<Container<'a>>,
    sysctls: BTreeMap<&'a str, Scalar<'a>>,
    listeners: usize,
}

impl<'a> Namespace<'a> {
    pub(super) fn new(netns: &'a NetnsFacts<'a>) -> Self {
        let this = netns.namespace;
        // Those that every audit reads, whatever was recorded.
        let sysctls = place::sysctls().filter_map(|key| Some((key, this.sysctls.get(key)?)));
        Self {
            id: this.id,
            name: &this.name,
            workload: this.stable_name(),
            rootless: this.rootless,
            unit: this.unit.as_deref(),
            containers: this.containers.iter().map(Container::new).collect(),
            sysctls: sysctls
                .map(|(key, value)| (key, Scalar::new(value)))
                .collect(),
            listeners: netns.listeners.len(),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Scalar<'a> {
    Int(i64),
    Text(&'a str),
}

impl<'a> Scalar<'a> {
    fn new(value: &'a SysctlValue) -> Self {
        match value {
            SysctlValue::Int(value) => Self::Int(*value),
            SysctlValue::Text(value) => Self::Text(value),
        }
    }
}

#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    runtime: &'static str,
    id: Option<&'a str>,
    image: Option<&'a str>,
    pod: Option<Pod<'a>>,
    compose: Option<Compose<'a>>,
    unit: Option<&'a str>,
}

impl<'a> Container<'a> {
    fn new(container: &'a snapshot::Container) -> Self {
        Self {
            name: &container.name,
            runtime: container.runtime.name(),
            id: container.id.as_deref(),
            image: container.image.as_deref(),
            pod: container.pod.as_ref().map(|pod| Pod {
                namespace: pod.namespace.as_deref(),
                name: pod.name.as_deref(),
                uid: pod.uid.as_deref(),
                container: pod.container.as_deref(),
            }),
            compose: container.compose.as_ref().map(|compose| Compose {
                project: &compose.project,
                service: &compose.service,
            }),
            unit: container.unit.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Pod<'a> {
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    uid: Option<&'a str>,
    container: Option<&'a str>,
}

#[derive(Serialize)]
struct Compose<'a> {
    project: &'a str,
    service: &'a str,
}
