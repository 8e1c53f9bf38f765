//! What is known of a service, for people: its page (`backlint explain`) and the table of all
//! services (`rules/services/README.md`).

pub mod page;
pub mod reference;

use crate::services::Service;
use crate::services::service::{Class, Configured, Default, OneOrMore, Signs, Sockets, Step};

/// What a default comes to, in words.
fn asks(default: &Default) -> String {
    let number = default
        .backlog
        .map(|number| number.to_string())
        .unwrap_or_default();
    let words = match default.class {
        Class::Fixed => format!("{number}, compiled in"),
        Class::Configurable => format!("{number} unless it is configured"),
        Class::Derived => "a number derived from another setting".to_owned(),
        Class::ReadsSomaxconn => "net.core.somaxconn, which it reads at start".to_owned(),
        Class::Maximum => "as much as there is: -1 or INT_MAX".to_owned(),
        Class::Constant => {
            "SOMAXCONN of its C library: 4096 since glibc 2.31, 128 before and with musl".to_owned()
        }
    };
    let versions = default.versions.as_ref();
    let versions = versions.map(|versions| format!("version {versions}"));
    let sockets = default.sockets.map(|sockets| match sockets {
        Sockets::Tcp => "TCP".to_owned(),
        Sockets::Unix => "unix sockets".to_owned(),
    });
    let when: Vec<String> = versions.into_iter().chain(sockets).collect();
    if when.is_empty() {
        words
    } else {
        format!("{}: {words}", when.join(", "))
    }
}

/// The line to write, with a number that an operator might choose.
fn example(service: &Service) -> Option<String> {
    let example = service.setting.example.as_ref()?;
    Some(example.replace("{}", "4096"))
}

/// What makes a change take effect.
fn applies(service: &Service) -> Vec<String> {
    let applies = &service.applies;
    let setting = applies
        .setting
        .map(|step| format!("{step} after the setting was changed"));
    let raised = "after net.core.somaxconn alone was raised";
    let sysctl = match (applies.setting, applies.sysctl) {
        (Some(setting), sysctl) if setting == sysctl => {
            return vec![format!(
                "{sysctl}, after the setting was changed and {raised}"
            )];
        }
        (_, step) => format!("{step} {raised}"),
    };
    setting.into_iter().chain([sysctl]).collect()
}

/// Ways to read the configured value, in words.
fn configured(service: &Service) -> Vec<String> {
    let one = |way: &Configured| match way {
        Configured::Option(names) => {
            format!("the option {} of its command line", names.join(" or "))
        }
        Configured::Variable { name, option } if option.is_empty() => {
            format!("the environment variable {name}")
        }
        Configured::Variable { name, option } => {
            format!("{} in the environment variable {name}", option.join(" or "))
        }
        Configured::File(file) => {
            let keys = file.key.0.join(" or ");
            let named = (!file.option.0.is_empty() || file.argument.is_some())
                .then(|| "the file that its command line names".to_owned());
            let places: Vec<String> = named.into_iter().chain(file.at.0.clone()).collect();
            format!("`{keys}` in {}", places.join(", "))
        }
        Configured::Reader(_) => "its command line and configuration files".to_owned(),
    };
    service.configured.iter().map(one).collect()
}

/// Signs of a service, in words.
fn signs(signs: &Signs) -> String {
    let texts = |texts: &OneOrMore, before: &str, behind: &str| {
        (!texts.0.is_empty()).then(|| format!("{before}{}{behind}", texts.0.join(", ")))
    };
    let runtime = signs
        .runtime
        .map(|runtime| format!("an executable made by {}", runtime.name()));
    let all = [
        texts(&signs.name, "process or executable ", ""),
        texts(&signs.exe, "executable ", ""),
        texts(&signs.comm, "process ", ""),
        texts(&signs.program, "", ", run by an interpreter"),
        texts(&signs.argument, "with the argument ", ""),
        texts(&signs.unit, "systemd unit ", ""),
        runtime,
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What the step after a change is, for a table's cell.
fn step(step: Option<Step>) -> &'static str {
    step.map_or("-", Step::words)
}
