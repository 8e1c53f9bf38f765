//! What the matrix knows of a server: how to configure and start it, which listeners it then has,
//! and what backlint has to say of them.

use super::{CAPS, HOME};

/// One server in one configuration.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The name that backlint has to give it, where it can know it.
    pub(super) service: &'static str,
    /// Whether backlint can know it. Otherwise the name of the process has to do.
    pub(super) known: bool,
    /// Debian's package that has the program.
    pub(super) package: &'static str,
    /// Its configuration in a few words.
    pub(super) configuration: &'static str,
    /// Files to write below [`HOME`].
    pub(super) files: Vec<(&'static str, String)>,
    /// Commands to run before it starts.
    pub(super) prepare: Vec<&'static str>,
    /// The command that starts it.
    pub(super) start: Vec<String>,
    /// Variables of its environment.
    pub(super) environment: Vec<(&'static str, String)>,
    /// The values of somaxconn it is tried with.
    pub(super) caps: Vec<u32>,
    /// The listeners it must have. It may have more, which are judged with less ceremony.
    pub(super) expected: Vec<Expected>,
}

/// A listener that the server must have.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// As backlint spells it; a `*` at the end stands for anything.
    pub(super) address: &'static str,
    pub(super) asks: Asks,
    /// How sure backlint must be.
    pub(super) least: Sure,
    pub(super) place: Place,
}

/// What a server is believed to ask listen(2) for; what it really asks for is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// A number that does not depend on somaxconn.
    For(i64),
    /// It reads somaxconn and asks for exactly that.
    Somaxconn,
    /// A number that depends on the machine.
    Something,
}

/// How sure backlint is, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    Not,
    Possible,
    Likely,
    Certain,
}

/// Where backlint has to find the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the line of this file that holds this text.
    Line(&'static str, &'static str),
    /// On the command line.
    CommandLine,
    /// It is not checked.
    Anywhere,
}

impl Sure {
    pub(super) fn from_name(name: Option<&str>) -> Self {
        match name {
            Some("certain") => Self::Certain,
            Some("likely") => Self::Likely,
            Some("possible") => Self::Possible,
            _ => Self::Not,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::Not => "-",
        }
    }
}

/// A listener of which backlint may know nothing, but nothing wrong.
pub(super) fn on(address: &'static str, asks: Asks) -> Expected {
    Expected {
        address,
        asks,
        least: Sure::Not,
        place: Place::Anywhere,
    }
}

impl Expected {
    /// Nothing is configured, and backlint must be at least this sure of the default.
    pub(super) fn by_default(self, least: Sure) -> Self {
        Self { least, ..self }
    }

    /// It is configured in a file, on the line that holds this text.
    pub(super) fn at(self, file: &'static str, text: &'static str) -> Self {
        Self {
            least: Sure::Certain,
            place: Place::Line(file, text),
            ..self
        }
    }

    /// It is configured on the command line.
    pub(super) fn on_command_line(self) -> Self {
        Self {
            least: Sure::Certain,
            place: Place::CommandLine,
            ..self
        }
    }

    /// Whether a listener with this address is meant.
    pub(super) fn fits(&self, address: &str) -> bool {
        match self.address.strip_suffix('*') {
            Some(start) => address.starts_with(start),
            None => address == self.address,
        }
    }
}

impl Entry {
    /// A server of a package, started by this command (`@` stands for [`HOME`]).
    pub(super) fn new(
        service: &'static str,
        package: &'static str,
        configuration: &'static str,
        start: &str,
    ) -> Self {
        Self {
            service,
            known: true,
            package,
            configuration,
            files: Vec::new(),
            prepare: Vec::new(),
            start: words(start),
            environment: Vec::new(),
            caps: CAPS.to_vec(),
            expected: Vec::new(),
        }
    }

    /// With a file below [`HOME`], which `@` stands for in its text.
    pub(super) fn file(mut self, path: &'static str, text: &str) -> Self {
        self.files.push((path, at_home(text)));
        self
    }

    /// With a command to run before.
    pub(super) fn after(mut self, command: &'static str) -> Self {
        self.prepare.push(command);
        self
    }

    /// With further arguments.
    pub(super) fn with(mut self, arguments: &str) -> Self {
        self.start.extend(words(arguments));
        self
    }

    /// With a listener that must be there.
    pub(super) fn listens(mut self, expected: Expected) -> Self {
        self.expected.push(expected);
        self
    }

    /// With a variable of its environment.
    pub(super) fn in_environment(mut self, name: &'static str, value: String) -> Self {
        self.environment.push((name, value));
        self
    }

    /// The name that backlint has to give it.
    pub(super) fn name(&self) -> &str {
        let (_, file) = self.start[0]
            .rsplit_once('/')
            .unwrap_or(("", &self.start[0]));
        // The kernel cuts the name of a process (TASK_COMM_LEN).
        if self.known {
            self.service
        } else {
            &file[..file.len().min(15)]
        }
    }

    /// A program that no catalogue has.
    pub(super) fn unknown(mut self) -> Self {
        self.known = false;
        self
    }

    /// For these values of somaxconn alone.
    pub(super) fn only_under(mut self, caps: &[u32]) -> Self {
        self.caps = caps.to_vec();
        self
    }
}

/// The words of a command, as a shell reads them.
pub(super) fn words(command: &str) -> Vec<String> {
    shlex::split(&at_home(command)).expect("a command")
}

/// A text in which `@` was replaced by [`HOME`].
pub(super) fn at_home(text: &str) -> String {
    text.replace('@', HOME)
}
