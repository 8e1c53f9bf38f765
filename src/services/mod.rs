//! What well-known programs pass to listen(2) when nothing is configured, how that is changed, and
//! what makes a change take effect. Owners in, facts out; reads no file.
//!
//! Every number has its source beside it. A program that is not here has no default: saying
//! nothing is better than a guess.

mod table;

use crate::snapshot::{Owner, Runtime};

/// What a program asks for when nothing is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// This number.
    Number(u32),
    /// As much as the kernel gives: -1, INT_MAX, or the value of somaxconn read at start.
    All,
    /// It depends on settings that are not known here.
    Unknown,
}

/// A well-known program.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// What it asks for by default.
    pub ask: Ask,
    /// Numbers that other versions or builds of it ask for. A queue of exactly this size is taken
    /// for that build's and not for a stale one.
    pub other_builds: &'static [u32],
    /// Whether it calls `listen(fd, 0)` on purpose at times.
    pub zero_is_deliberate: bool,
    /// The setting that decides its backlog, filled in with `{}` for the number.
    pub setting: &'static str,
    /// What it takes for a change of that setting, or of somaxconn, to have effect: "a restart".
    pub applies: &'static str,
}

/// A service and what decides its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identified<'a> {
    /// The service's name in findings.
    pub name: &'a str,
    /// The program that serves the socket.
    pub service: &'static Service,
    /// The program that called listen(2): differs under socket activation, where systemd did.
    pub asker: &'static Service,
}

/// Finds the service behind a listener from the processes that hold it.
///
/// systemd holds the sockets of its .socket units together with the service it started: the
/// service is then the other process, and the request was systemd's.
pub fn identify(owners: &[Owner]) -> Option<Identified<'_>> {
    let systemd = owners.iter().any(is_systemd);
    let worker = owners
        .iter()
        .filter(|owner| !is_systemd(owner))
        .find_map(recognise);
    match (worker, systemd) {
        (Some((name, service)), false) => Some(Identified {
            name,
            service,
            asker: service,
        }),
        (Some((name, service)), true) => Some(Identified {
            name,
            service,
            asker: &table::SYSTEMD,
        }),
        (None, true) => {
            // The worker is a program that is not in the table: its own name is the best there is.
            let name = speaker(owners).and_then(|owner| owner.comm.as_deref());
            let name = name.unwrap_or("systemd");
            Some(Identified {
                name,
                service: &table::SYSTEMD,
                asker: &table::SYSTEMD,
            })
        }
        (None, false) => None,
    }
}

/// The process to name when people speak of a listener: not the supervisor that passed it on.
pub fn speaker(owners: &[Owner]) -> Option<&Owner> {
    owners
        .iter()
        .find(|owner| !is_systemd(owner))
        .or_else(|| owners.first())
}

fn is_systemd(owner: &Owner) -> bool {
    owner.comm.as_deref() == Some("systemd") || (owner.pid == Some(1) && owner.comm.is_none())
}

/// The service's name and what is known of it.
fn recognise(owner: &Owner) -> Option<(&str, &'static Service)> {
    let exe = owner.exe.as_deref().map(|path| {
        // The kernel marks the file of a running program that was replaced.
        let path = path.strip_suffix(" (deleted)").unwrap_or(path);
        path.rsplit('/').next().unwrap_or(path)
    });
    let comm = owner.comm.as_deref();
    for name in [comm, exe].into_iter().flatten() {
        if let Some(entry) = table::SERVICES
            .iter()
            .find(|entry| entry.names.contains(&name))
        {
            return Some((entry.display_name(name), &entry.service));
        }
        if let Some(service) = table::php_fpm(name) {
            return Some(("php-fpm", service));
        }
    }
    let name = comm.or(exe)?;
    (owner.runtime == Some(Runtime::Go)).then_some((name, &table::GO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(pid: u32, comm: &str, exe: Option<&str>) -> Owner {
        Owner {
            pid: Some(pid),
            comm: Some(comm.to_owned()),
            exe: exe.map(str::to_owned),
            ..Owner::default()
        }
    }

    #[test]
    fn programs_are_recognised_by_comm_and_by_executable() {
        let name = |owner: Owner| identify(&[owner]).map(|found| found.name.to_owned());
        assert_eq!(name(owner(2, "nginx", None)).as_deref(), Some("nginx"));
        let replaced = owner(2, "worker", Some("/usr/sbin/nginx (deleted)"));
        assert_eq!(name(replaced).as_deref(), Some("nginx"));
        let debian = owner(2, "redis-server", Some("/usr/bin/redis-check-rdb"));
        assert_eq!(name(debian).as_deref(), Some("redis"));
        assert_eq!(name(owner(2, "kubelet", None)).as_deref(), Some("kubelet"));
        assert_eq!(name(owner(2, "nginx-exporter", None)), None);
    }

    #[test]
    fn a_socket_that_systemd_passed_on_is_the_workers_but_systemds_request() {
        let owners = [owner(1, "systemd", None), owner(70, "sshd", None)];
        let found = identify(&owners).unwrap();
        assert_eq!((found.name, found.asker.ask), ("sshd", Ask::All));
    }

    #[test]
    fn a_go_program_without_a_name_of_its_own_is_known_by_its_runtime() {
        let mut owner = owner(9, "acme-api", None);
        assert_eq!(identify(std::slice::from_ref(&owner)), None);
        owner.runtime = Some(Runtime::Go);
        assert_eq!(identify(&[owner]).unwrap().service.ask, Ask::All);
    }

    #[test]
    fn php_fpm_asks_by_version() {
        let ask = |comm: &str| identify(&[owner(2, comm, None)]).unwrap().service.ask;
        assert_eq!(ask("php-fpm8.2"), Ask::All);
        assert_eq!(ask("php-fpm7.4"), Ask::Number(511));
        assert_eq!(ask("php-fpm"), Ask::Unknown);
    }
}
