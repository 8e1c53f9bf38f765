//! The fields of a rule file, with what they mean: what the loader takes, what its diagnostics say, and
//! what the JSON Schema documents in editors.

use crate::text::fields::{Field, field};

/// The fields of a rule.
pub static RULE: [Field; 12] = [
    field(
        "id",
        true,
        "Unique identifier: capital letters of your own, then a number. BL is backlint's own prefix",
        "id: ACME101",
    ),
    field(
        "name",
        true,
        "Unique name: small letters, digits and hyphens",
        "name: somaxconn-policy",
    ),
    field(
        "title",
        true,
        "What the rule finds, in one line",
        "title: somaxconn is below our policy",
    ),
    field(
        "severity",
        true,
        "How bad a finding is: critical, high, medium, low or info",
        "severity: medium",
    ),
    field(
        "scope",
        true,
        "What the rule is evaluated for: once a host, once a network namespace (netns), once a listener, or once a sysctl of the machine's files (setting)",
        "scope: listener",
    ),
    field(
        "kernel",
        false,
        "Kernels that the rule is about: >=, >, <= or <, then major.minor. A kernel that is not known is taken for a current one",
        "kernel: \">=4.10\"",
    ),
    field(
        "when",
        true,
        "The condition, a CEL expression over the names that `backlint rules schema --format markdown` prints",
        "when: listener.accept_queue.max < 1024",
    ),
    field(
        "message",
        true,
        "The finding in one sentence; {expression} is filled in, {{ is a brace",
        "message: \"{listener.label} holds only {listener.accept_queue.max}\"",
    ),
    field(
        "why",
        true,
        "What happens to users, in two or three sentences",
        "why: A burst of connections overflows the queue.",
    ),
    field(
        "remediation",
        false,
        "The steps that put it right, in the order to take them",
        "remediation: [{sysctl: net.core.somaxconn, value: 4096}]",
    ),
    field(
        "does_not_help",
        false,
        "What people try and what does not help, each with why",
        "does_not_help: [\"raising the sysctl alone\"]",
    ),
    field(
        "references",
        false,
        "Where it can be read up: man:PAGE, kernel:FILE#SYMBOL, or a URL",
        "references: [\"man:listen(2)\"]",
    ),
];

/// The fields of a step of a remediation.
pub static REMEDY: [Field; 6] = [
    field(
        "sysctl",
        false,
        "Sets this sysctl in the finding's namespace; needs `value`. In a rule of the scope setting, `setting.key` is the sysctl that the finding is about",
        "sysctl: net.core.somaxconn",
    ),
    field(
        "value",
        false,
        "The sysctl's new value: a number, an expression, or one of the names advice.* alone. Of `service`, where it is there: the backlog that the service gets at least; without it, the one of advice.backlog",
        "value: 4096",
    ),
    field(
        "service",
        false,
        "Changes the service's own backlog, to `value` where that is given; the one value is `listener`",
        "service: listener",
    ),
    field(
        "relisten",
        false,
        "Makes the service call listen(2) again; the one value is `listener`",
        "relisten: listener",
    ),
    field(
        "edit",
        false,
        "A step in words, for what is changed by hand; {expression} is filled in",
        "edit: \"remove the line at {setting.where}\"",
    ),
    field(
        "when",
        false,
        "The step applies only where this condition holds",
        "when: netns.is_host",
    ),
];
