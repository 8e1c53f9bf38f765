//! The fields of a cases file, with what they mean: what is read, what its diagnostics say, and what the
//! JSON Schema documents in editors.

use crate::text::fields::{Field, field};

/// The fields of the file.
pub static CASES: [Field; 2] = [
    field(
        "rule",
        true,
        "Id of the rule: the one in NAME.yaml beside NAME.cases.yaml, or a built-in one",
        "rule: ACME101",
    ),
    field(
        "cases",
        true,
        "The cases: one that fires and one that is silent at least",
        "cases: [{name: it fits, expect: silent, snapshot: {namespaces: [{name: host}]}}]",
    ),
];

/// The fields of a case.
pub static CASE: [Field; 10] = [
    field(
        "name",
        true,
        "What the case is about, in words; unique in the file",
        "name: nginx asked for more than it got",
    ),
    field(
        "expect",
        true,
        "What the rule does: fires, silent, not-evaluated (a fact that it needs is missing), or not-asked (it is about the persistent configuration, and the snapshot has no `files`)",
        "expect: fires",
    ),
    field(
        "count",
        false,
        "How many findings there are, with `expect: fires`",
        "count: 1",
    ),
    field(
        "message",
        false,
        "What a finding says, word for word; the fields below are about that finding, or about the first",
        "message: \"nginx on 0.0.0.0:443 asked for 511 and got 128\"",
    ),
    field(
        "severity",
        false,
        "How bad the finding is: critical, high, medium, low or info",
        "severity: high",
    ),
    field(
        "confidence",
        false,
        "How sure the finding is: certain, likely or possible",
        "confidence: certain",
    ),
    field(
        "remediation",
        false,
        "What is to be done about the finding, in order; the value of a sysctl is the number, also where the rule says advice.*",
        "remediation: [{sysctl: net.core.somaxconn, value: 511}, {relisten: listener}]",
    ),
    field(
        "missing",
        false,
        "The names without which the rule cannot be evaluated, with `expect: not-evaluated`",
        "missing: [listener.accept_queue.max]",
    ),
    field(
        "snapshot",
        false,
        "The record, or a part of one; its schema line is understood",
        "snapshot: {namespaces: [{sysctls: {net.core.somaxconn: 128}}]}",
    ),
    field(
        "fixture",
        false,
        "The record as a file of its own, relative to the cases file; instead of `snapshot`",
        "fixture: fixtures/web.yaml",
    ),
];

/// The fields of a step of an expected remediation.
pub static STEP: [Field; 5] = [
    field(
        "sysctl",
        false,
        "The sysctl that is set; needs `value`",
        "sysctl: net.core.somaxconn",
    ),
    field(
        "value",
        false,
        "The value that it gets; of `service`, the backlog, which is compared where it is given",
        "value: 511",
    ),
    field(
        "service",
        false,
        "The service's own backlog is changed, to `value` where that is given; the one value is `listener`",
        "service: listener",
    ),
    field(
        "relisten",
        false,
        "The service listens again; the one value is `listener`",
        "relisten: listener",
    ),
    field(
        "edit",
        false,
        "A step in words, as it is told",
        "edit: \"remove the line at /etc/sysctl.conf:3\"",
    ),
];
