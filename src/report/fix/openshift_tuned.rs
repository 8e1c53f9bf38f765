//! A `Tuned` resource for OpenShift's Node Tuning Operator (manifests/20-tuned.crd.yaml of
//! openshift/cluster-node-tuning-operator). The profile includes openshift-node, so nothing of the
//! default is lost, and its priority stands between those that the operator gives to
//! openshift-control-plane (30) and openshift-node (40; assets/tuned/default-cr-tuned.yaml).

use super::Fix;
use super::text::{self, Text};

const NAMESPACE: &str = "openshift-cluster-node-tuning-operator";

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let steps = fix.steps();
    let first = steps.first()?;
    let mut text = Text::head(fix);
    text.comment(
        "apply",
        "save this as backlint.yaml; oc apply -f backlint.yaml",
    );
    text.command(
        "verify",
        &format!("oc -n {NAMESPACE} get profiles.tuned.openshift.io"),
    );
    text.command(
        "",
        &format!("oc debug node/NODE -- chroot /host sysctl {}", first.key),
    );
    text.relisten_by_step(fix);
    text.comment("note", "it reaches the nodes' own network namespace: node services and pods with hostNetwork: true. Other pods have namespaces of their own (--for kubernetes)");
    text.comment("note", "a profile of your own with a smaller priority number wins over this one; include it here then");
    for line in [
        "apiVersion: tuned.openshift.io/v1",
        "kind: Tuned",
        "metadata:",
        "  name: backlint",
        &format!("  namespace: {NAMESPACE}"),
        "spec:",
        "  profile:",
        "    - name: backlint",
        "      data: |",
        "        [main]",
        "        summary=Accept queues as long as the services ask for",
        "        include=openshift-node",
        "        [sysctl]",
    ] {
        text.line(line);
    }
    for step in &steps {
        // TuneD takes a comma for the end of an item of a list.
        let odd = step.value.contains([' ', ',']);
        let value = if odd {
            text::quoted(&step.value)
        } else {
            step.value.clone()
        };
        text.line(&format!("        {}={value}", step.key));
    }
    for line in [
        "  recommend:",
        "    - profile: backlint",
        "      priority: 35",
        "      match:",
        "        - label: node-role.kubernetes.io/worker",
    ] {
        text.line(line);
    }
    Some(text.finish())
}
