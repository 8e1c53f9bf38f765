//! What the hosts look like on which backlint and ss are compared, and what the comparison aims at.

use super::measure::Tool;

/// What a descriptor is that is not a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filler {
    /// One end of an established TCP connection over loopback; the other end is the next one.
    Tcp,
    /// One end of a pair of unix sockets.
    Unix,
    /// /dev/null.
    Null,
    /// /dev/null and pairs of unix sockets in turn.
    Mixed,
}

impl Filler {
    const ALL: [(&'static str, Self); 4] = [
        ("tcp", Self::Tcp),
        ("unix", Self::Unix),
        ("null", Self::Null),
        ("mixed", Self::Mixed),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, filler)| *filler)
    }
}

/// Where in a process's descriptor table its listeners are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// From descriptor 3 on, as in a server that opens its listeners first.
    Low,
    /// At the end of the table.
    End,
    /// Anywhere.
    Random,
}

impl Place {
    const ALL: [(&'static str, Self); 3] = [
        ("low", Self::Low),
        ("end", Self::End),
        ("random", Self::Random),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, place)| *place)
    }
}

/// Processes of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// How many.
    pub(crate) processes: u32,
    /// Listeners of all of them together, spread evenly.
    pub(crate) listeners: u32,
    /// Descriptors of each, the standard three and the listeners among them.
    pub(crate) descriptors: u32,
    pub(crate) filler: Filler,
    pub(crate) place: Place,
    /// Whether they are well-known services with configuration files, in turn.
    pub(crate) services: bool,
    /// Whether each process has a network namespace of its own.
    pub(crate) apart: bool,
}

impl Group {
    const fn new(processes: u32, listeners: u32, descriptors: u32) -> Self {
        Self {
            processes,
            listeners,
            descriptors,
            filler: Filler::Mixed,
            place: Place::Low,
            services: false,
            apart: false,
        }
    }

    const fn apart(self) -> Self {
        Self {
            apart: true,
            ..self
        }
    }

    const fn filled(self, filler: Filler) -> Self {
        Self { filler, ..self }
    }

    const fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    const fn of_services(self) -> Self {
        Self {
            services: true,
            ..self
        }
    }
}

/// A host, and how often to measure there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) groups: &'static [Group],
    pub(crate) rounds: usize,
    /// What it is compared with.
    pub(crate) rival: Tool,
    /// How many times as long as this tool ss is to take, at least.
    pub(crate) targets: &'static [(Tool, f64)],
}

impl Scenario {
    /// The scenario of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    pub(crate) fn listeners(&self) -> u32 {
        self.groups.iter().map(|group| group.listeners).sum()
    }

    pub(crate) fn processes(&self) -> u32 {
        self.groups.iter().map(|group| group.processes).sum()
    }

    pub(crate) fn descriptors(&self) -> u32 {
        let each = self.groups.iter();
        each.map(|group| group.processes * group.descriptors).sum()
    }
}

/// Clients, shells, agents: processes without a listener.
const OTHERS: [Group; 3] = [
    Group::new(100, 0, 6).filled(Filler::Null),
    Group::new(60, 0, 20),
    Group::new(25, 0, 60),
];
const MANY: Group = Group::new(2000, 10_000, 40);
/// A container each: one process with five listeners.
const CONTAINERS: Group = Group::new(500, 2500, 12);
const CONNECTIONS: Group = Group::new(16, 200, 18_900).filled(Filler::Tcp);

/// ss takes at least as long as an audit.
const NO_SLOWER: &[(Tool, f64)] = &[(Tool::Audit, 1.0)];
const FOUR_TIMES: &[(Tool, f64)] = &[(Tool::Audit, 4.0)];
const FIFTY_TIMES: &[(Tool, f64)] = &[(Tool::Audit, 50.0)];

/// All scenarios.
pub(crate) const ALL: [Scenario; 14] = [
    Scenario {
        name: "ordinary",
        about: "an ordinary host",
        groups: &[Group::new(15, 30, 30), OTHERS[0], OTHERS[1], OTHERS[2]],
        rounds: 41,
        rival: Tool::Ss,
        targets: NO_SLOWER,
    },
    Scenario {
        name: "one-server",
        about: "an ordinary host with one server of 5,000 listeners",
        groups: &[Group::new(1, 5000, 5100), OTHERS[0], OTHERS[1], OTHERS[2]],
        rounds: 15,
        rival: Tool::Ss,
        targets: &[],
    },
    Scenario {
        name: "many",
        about: "listeners in each of many processes, at descriptors 3 to 7",
        groups: &[MANY],
        rounds: 9,
        rival: Tool::Ss,
        targets: FOUR_TIMES,
    },
    Scenario {
        name: "many-end",
        about: "listeners in each of many processes, at descriptors 35 to 39",
        groups: &[MANY.at(Place::End)],
        rounds: 9,
        rival: Tool::Ss,
        targets: FOUR_TIMES,
    },
    Scenario {
        name: "many-random",
        about: "listeners in each of many processes, at any descriptor",
        groups: &[MANY.at(Place::Random)],
        rounds: 9,
        rival: Tool::Ss,
        targets: FOUR_TIMES,
    },
    Scenario {
        name: "services",
        about: "listeners of 50 services, whose configuration is read",
        groups: &[
            Group::new(50, 10_000, 240).of_services(),
            OTHERS[0],
            OTHERS[1],
        ],
        rounds: 15,
        rival: Tool::Ss,
        targets: NO_SLOWER,
    },
    Scenario {
        name: "no-services",
        about: "the same under names that nobody knows",
        groups: &[Group::new(50, 10_000, 240), OTHERS[0], OTHERS[1]],
        rounds: 15,
        rival: Tool::Ss,
        targets: NO_SLOWER,
    },
    Scenario {
        name: "namespaces",
        about: "processes with a network namespace each",
        groups: &[CONTAINERS.apart()],
        rounds: 5,
        rival: Tool::SsInEach,
        targets: FIFTY_TIMES,
    },
    Scenario {
        name: "one-namespace",
        about: "the same processes in one network namespace",
        groups: &[CONTAINERS],
        rounds: 15,
        rival: Tool::Ss,
        targets: NO_SLOWER,
    },
    Scenario {
        name: "connections",
        about: "servers with many established TCP connections",
        groups: &[CONNECTIONS],
        rounds: 9,
        rival: Tool::Ss,
        targets: FIFTY_TIMES,
    },
    Scenario {
        name: "connections-unix",
        about: "servers with many unix connections",
        groups: &[CONNECTIONS.filled(Filler::Unix)],
        rounds: 9,
        rival: Tool::Ss,
        targets: FIFTY_TIMES,
    },
    Scenario {
        name: "connections-null",
        about: "servers with many open files",
        groups: &[CONNECTIONS.filled(Filler::Null)],
        rounds: 9,
        rival: Tool::Ss,
        targets: FIFTY_TIMES,
    },
    Scenario {
        name: "connections-end",
        about: "servers that listen after they connected: the worst case of the search",
        groups: &[CONNECTIONS.at(Place::End)],
        rounds: 7,
        rival: Tool::Ss,
        targets: &[],
    },
    Scenario {
        name: "connections-random",
        about: "servers that listen anywhere among their established TCP connections",
        groups: &[CONNECTIONS.at(Place::Random)],
        rounds: 7,
        rival: Tool::Ss,
        targets: &[],
    },
];
