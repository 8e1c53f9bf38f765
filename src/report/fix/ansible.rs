//! A playbook: the module `ansible.posix.sysctl` writes the file and sets the value, and a handler
//! restarts each service when a value changed. Everything a template could see in it was checked
//! letter by letter, because Ansible takes `{{` in any string for an expression.

use std::collections::BTreeMap;

use super::Fix;
use super::text::{self, Text};
use crate::advise::place::DROP_IN;

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let steps = fix.steps();
    let key = steps.first()?.key.clone();
    let mut text = Text::head(fix);
    text.comment(
        "apply",
        "save this as backlint.yaml; with --check --diff it only shows what it would do:",
    );
    text.command("", "ansible-playbook -i INVENTORY backlint.yaml");
    text.comment(
        "",
        "it needs the collection ansible.posix: ansible-galaxy collection install ansible.posix",
    );
    text.comment(
        "verify",
        &format!("ansible all -i INVENTORY -a 'sysctl {key}'; on a host: backlint"),
    );
    text.relisten_by_step(fix);
    let handlers = handlers(fix);
    text.line("- name: \"Accept queues as long as the services ask for\"");
    text.line("  hosts: all");
    text.line("  become: true");
    text.line("  tasks:");
    for step in &steps {
        text.line(&format!(
            "    - name: {}",
            text::quoted(&format!("{} = {}", step.key, step.value))
        ));
        text.line("      ansible.posix.sysctl:");
        text.line(&format!("        name: {}", text::quoted(&step.key)));
        text.line(&format!("        value: {}", text::quoted(&step.value)));
        text.line(&format!("        sysctl_file: {DROP_IN}"));
        text.line("        sysctl_set: true");
        text.line("        reload: true");
        text.line("        state: present");
        if !handlers.is_empty() {
            text.line("      notify:");
        }
        for name in handlers.keys() {
            text.line(&format!("        - {}", text::quoted(name)));
        }
    }
    if !handlers.is_empty() {
        text.line("  handlers:");
    }
    for (name, (unit, state)) in &handlers {
        text.line(&format!("    - name: {}", text::quoted(name)));
        text.line("      ansible.builtin.systemd:");
        text.line(&format!("        name: {}", text::quoted(unit)));
        text.line(&format!("        state: {state}"));
    }
    Some(text.finish())
}

/// The handlers by name: unit and state, for the services of which the command is known. Commands are
/// made of plain names of units only.
fn handlers(fix: &Fix<'_>) -> BTreeMap<String, (String, &'static str)> {
    let mut handlers = BTreeMap::new();
    for step in fix.relistens() {
        let command = step
            .command
            .as_deref()
            .and_then(|command| command.strip_prefix("systemctl "));
        let Some((verb, unit)) = command.and_then(|command| command.split_once(' ')) else {
            continue;
        };
        let state = if verb == "reload" {
            "reloaded"
        } else {
            "restarted"
        };
        handlers.insert(format!("{verb} {unit}"), (unit.to_owned(), state));
    }
    handlers
}
