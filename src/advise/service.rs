//! What to change in a service, and what makes it call listen(2) again.

use crate::assess::{Facts, ListenerFacts};
use crate::rules::finding::Finding;
use crate::services;

/// Change a service's own backlog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStep {
    /// Name of the namespace.
    pub netns: String,
    /// Who it is: service, program or unit.
    pub who: String,
    /// The setting, filled in.
    pub setting: String,
    /// Addresses that it is about.
    pub addresses: Vec<String>,
    /// Why this number.
    pub why: String,
}

/// Make a service call listen(2) again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelistenStep {
    /// Name of the namespace.
    pub netns: String,
    /// Who it is: service, program or unit.
    pub who: String,
    /// systemd unit.
    pub unit: Option<String>,
    /// The command, or the step in words where no command is known.
    pub command: String,
    /// What applies the change in this service.
    pub why: String,
    /// Addresses that it is about.
    pub addresses: Vec<String>,
    /// The command that shows the new queue.
    pub verify: String,
}

impl ServiceStep {
    pub(super) fn of(finding: &Finding, facts: &Facts<'_>) -> Option<Self> {
        let (listener, netns) = listener(finding, facts)?;
        let somaxconn = listener.1;
        let facts = listener.0;
        let asked = facts.finite_request();
        let (number, why) = match asked {
            Some(asked) => {
                let number = enough(asked, somaxconn);
                let cap = somaxconn.map_or_else(String::new, |cap| {
                    format!("; net.core.somaxconn allows {cap}")
                });
                (number.to_string(), format!("it asks for {asked} now{cap}"))
            }
            None => (
                "N".to_owned(),
                "what it asks for now is not known".to_owned(),
            ),
        };
        let setting = match facts.service {
            Some(found) => found.asker.setting.replace("{}", &number),
            None => format!("the backlog that the program passes to listen(), to {number}"),
        };
        Some(Self {
            netns,
            who: who(facts),
            setting,
            addresses: vec![facts.listener.address.clone()],
            why,
        })
    }

    pub(super) fn absorb(&mut self, other: &Self) -> bool {
        let same =
            self.netns == other.netns && self.who == other.who && self.setting == other.setting;
        if same {
            extend(&mut self.addresses, &other.addresses);
        }
        same
    }
}

/// A backlog to try where `asked` overflowed: four times as much, as a power of two, and no more
/// than somaxconn gives. Larger than needed is a fault too: a long queue serves connections whose
/// clients have given up.
fn enough(asked: i64, somaxconn: Option<i64>) -> i64 {
    let wanted = u64::try_from(asked.max(1))
        .unwrap_or(1)
        .saturating_mul(4)
        .next_power_of_two();
    let wanted = i64::try_from(wanted)
        .unwrap_or(i64::MAX)
        .min(i64::from(i32::MAX));
    match somaxconn.filter(|cap| *cap > asked) {
        Some(cap) => wanted.min(cap),
        None => wanted,
    }
}

impl RelistenStep {
    pub(super) fn of(finding: &Finding, facts: &Facts<'_>) -> Option<Self> {
        let ((facts, _), netns) = listener(finding, facts)?;
        let who = who(facts);
        // A unit that is restarted must be the one that listens: a session's scope is not.
        let unit = facts
            .listener
            .unit
            .clone()
            .filter(|unit| unit.ends_with(".service"));
        let passed_on = facts
            .service
            .is_some_and(|found| !std::ptr::eq(found.asker, found.service));
        let command = match &unit {
            Some(unit) if !passed_on => format!("systemctl restart {unit}"),
            _ if passed_on => format!("systemctl restart the .socket unit of {who}"),
            _ => match services::speaker(&facts.listener.owners).and_then(|owner| owner.pid) {
                Some(pid) => format!("restart {who} (pid {pid})"),
                None => format!("restart {who}"),
            },
        };
        let applies = facts
            .service
            .map_or("a restart", |found| found.asker.applies);
        let address = facts.listener.address.clone();
        let verify = match crate::snapshot::address::port(facts.listener.protocol, &address) {
            Some(port) => format!("backlint list --port {port}"),
            None => format!("backlint list --protocol {}", facts.listener.protocol),
        };
        Some(Self {
            netns,
            unit,
            command,
            why: format!("a queue gets its size at listen(), so it takes {applies}"),
            addresses: vec![address],
            verify,
            who,
        })
    }

    pub(super) fn absorb(&mut self, other: &Self) -> bool {
        let same = self.netns == other.netns && self.command == other.command;
        if same {
            extend(&mut self.addresses, &other.addresses);
        }
        same
    }
}

fn extend(addresses: &mut Vec<String>, more: &[String]) {
    for address in more {
        if !addresses.contains(address) {
            addresses.push(address.clone());
        }
    }
}

/// The listener of a finding with its namespace's somaxconn, and the namespace's name.
fn listener<'a>(
    finding: &Finding,
    facts: &'a Facts<'a>,
) -> Option<((&'a ListenerFacts<'a>, Option<i64>), String)> {
    let netns = facts.namespaces.get(finding.about.netns_index)?;
    let listener = netns
        .listeners
        .get(finding.about.listener.as_ref()?.index)?;
    let somaxconn = netns.namespace.sysctl_int("net.core.somaxconn");
    Some(((listener, somaxconn), netns.namespace.name.clone()))
}

fn who(facts: &ListenerFacts<'_>) -> String {
    let owners = &facts.listener.owners;
    facts
        .service_name()
        .or_else(|| services::speaker(owners).and_then(|owner| owner.comm.as_deref()))
        .or(facts.listener.unit.as_deref())
        .unwrap_or("the program that listens")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::enough;

    #[test]
    fn the_proposed_backlog_stays_within_somaxconn_and_reason() {
        assert_eq!(enough(511, Some(4096)), 2048);
        assert_eq!(enough(511, Some(1024)), 1024);
        assert_eq!(enough(511, Some(511)), 2048);
        assert_eq!(enough(0, None), 4);
        assert_eq!(enough(i64::from(i32::MAX), None), i64::from(i32::MAX));
    }
}
