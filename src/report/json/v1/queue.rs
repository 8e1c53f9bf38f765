//! `backlint/queue/v1`.

use serde::Serialize;

use crate::kernel::limits::{Inputs, Limit, Limits, Queue as Which, Step};
use crate::report::explain::queue::{Asked, Era, words};

/// The limits of a listener's queues, in version 1.
#[derive(Serialize)]
pub struct Queue {
    schema: &'static str,
    inputs: Numbers,
    accept_queue: Limited,
    syn_queue: Limited,
    steps: Vec<OneStep>,
    eras: Vec<OneEra>,
    clients: Vec<Client>,
    notes: Vec<String>,
}

impl Queue {
    /// The answer in version 1.
    pub fn new(asked: &Asked) -> Self {
        let limits = asked.inputs.limits();
        Self {
            schema: "backlint/queue/v1",
            inputs: Numbers::new(asked),
            accept_queue: Limited::new(&limits.accept),
            syn_queue: Limited::new(&limits.syn),
            steps: limits.steps.iter().map(OneStep::new).collect(),
            eras: asked.eras().iter().map(OneEra::new).collect(),
            clients: words::clients(&asked.inputs, &limits)
                .into_iter()
                .map(|seen| Client {
                    when: seen.when,
                    sees: seen.sees,
                })
                .collect(),
            notes: words::notes(asked, &limits),
        }
    }
}

#[derive(Serialize)]
struct Numbers {
    backlog: i32,
    somaxconn: i64,
    tcp_max_syn_backlog: i64,
    tcp_syncookies: i64,
    kernel: String,
    defaults: Vec<&'static str>,
}

impl Numbers {
    fn new(asked: &Asked) -> Self {
        let Inputs {
            backlog,
            somaxconn,
            max_syn_backlog,
            syncookies,
            kernel,
        } = asked.inputs;
        Self {
            backlog,
            somaxconn,
            tcp_max_syn_backlog: max_syn_backlog,
            tcp_syncookies: syncookies,
            kernel: kernel.to_string(),
            defaults: asked.defaults.clone(),
        }
    }
}

#[derive(Serialize)]
struct Limited {
    max: u64,
    capacity: u64,
    limited_by: &'static str,
}

impl Limited {
    fn new(limit: &Limit) -> Self {
        Self {
            max: limit.max,
            capacity: limit.capacity,
            limited_by: limit.limited_by.name(),
        }
    }
}

#[derive(Serialize)]
struct OneStep {
    queue: &'static str,
    what: &'static str,
    formula: String,
    result: u64,
    source: &'static str,
}

impl OneStep {
    fn new(step: &Step) -> Self {
        Self {
            queue: match step.queue {
                Which::Accept => "accept_queue",
                Which::Syn => "syn_queue",
            },
            what: step.what,
            formula: step.formula.clone(),
            result: step.result,
            source: step.source,
        }
    }
}

#[derive(Serialize)]
struct OneEra {
    kernels: &'static str,
    asked: bool,
    accept_queue: Limited,
    syn_queue: Limited,
}

impl OneEra {
    fn new(era: &Era) -> Self {
        let Limits { accept, syn, .. } = &era.limits;
        Self {
            kernels: era.kernels,
            asked: era.asked,
            accept_queue: Limited::new(accept),
            syn_queue: Limited::new(syn),
        }
    }
}

#[derive(Serialize)]
struct Client {
    when: &'static str,
    sees: &'static str,
}
