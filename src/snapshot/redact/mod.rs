//! A record without what is private: names of hosts, users, containers and programs of one's own, addresses,
//! ids, paths and words in files become placeholders, and what decides a verdict stays.
//!
//! Nothing is looked for: a word stays only if everybody knows it (a number, a program of the catalogue, a
//! sysctl, a directory that every system has), and every other word is replaced. Placeholders are numbered in the order of the record, and the same word becomes the same
//! placeholder wherever it stands, so that what was equal is equal, what was different is different,
//! and findings are the same. Every field of the record is named here, so that one that is added
//! later does not compile until somebody has decided about it.

mod address;
mod files;
mod key;
mod lists;
mod names;
mod path;
mod public;
mod text;

use std::collections::BTreeMap;
use std::ops::Range;

use super::{
    Boot, Compose, Container, FileText, Gap, Host, Image, Listener, Namespace, Os, Owner, Pod,
    Requested, Snapshot, SysctlValue, Writer,
};
use files::FileNames;
use lists::DISTRIBUTIONS;
use names::{Kind, Names};

/// What later stages know to be known to everybody.
pub trait Public {
    /// The part of a program's, unit's or service's name that may be anything, where the catalogue of
    /// services knows the rest: an empty range where it knows the whole name.
    fn program(&self, name: &str) -> Option<Range<usize>>;

    /// Whether a dotted name is exactly one of a kernel's sysctls.
    fn is_sysctl(&self, key: &str) -> bool;

    /// Whether a dotted name is a slip in one: a letter or two are wrong, or the directory.
    fn is_slip(&self, key: &str) -> bool;

    /// Whether a word is one whole component of some kernel's sysctl.
    fn is_component(&self, word: &str) -> bool;
}

/// The record without what is private.
#[must_use]
pub fn redact(snapshot: &Snapshot, public: &dyn Public) -> Snapshot {
    let mut redactor = Redactor {
        public,
        names: Names::default(),
        files: FileNames::default(),
        cores: BTreeMap::new(),
        keys: BTreeMap::new(),
    };
    redactor.snapshot(snapshot)
}

struct Redactor<'a> {
    public: &'a dyn Public,
    names: Names,
    files: FileNames,
    /// Words of texts that were shown before, and how: most of a large record are the same few.
    cores: BTreeMap<String, String>,
    /// As `cores`, of sysctls where one is due.
    keys: BTreeMap<String, String>,
}

impl Redactor<'_> {
    fn snapshot(&mut self, snapshot: &Snapshot) -> Snapshot {
        let Snapshot {
            schema,
            written_by,
            host,
            image,
            namespaces,
            files,
            boot,
            gaps,
        } = snapshot;
        self.files = FileNames::of(files.as_deref().unwrap_or_default());
        Snapshot {
            schema: schema.clone(),
            written_by: written_by.as_deref().map(|it| self.text(Kind::Word, it)),
            host: self.host(host),
            image: image.as_ref().map(|it| self.of_image(it)),
            namespaces: namespaces.iter().map(|it| self.namespace(it)).collect(),
            files: files
                .as_ref()
                .map(|all| all.iter().map(|it| self.file(it)).collect()),
            boot: boot.as_ref().map(|it| self.boot(it)),
            gaps: gaps.iter().map(|it| self.gap(it)).collect(),
        }
    }

    fn host(&mut self, host: &Host) -> Host {
        let Host { name, kernel, os } = host;
        Host {
            name: name.as_deref().map(|it| self.host_name(it)),
            kernel: kernel.as_deref().map(|it| self.version(it)),
            os: os.as_ref().map(|Os { id, version }| Os {
                id: match DISTRIBUTIONS.has(id) {
                    true => id.clone(),
                    false => self.names.of(Kind::Os, id),
                },
                version: version.as_deref().map(|it| self.version(it)),
            }),
        }
    }

    fn of_image(&mut self, image: &Image) -> Image {
        let Image {
            name,
            platform,
            entrypoint,
            command,
            exposed,
            boots,
        } = image;
        let mut words = |all: &[String]| -> Vec<String> {
            all.iter().map(|it| self.text(Kind::Word, it)).collect()
        };
        let (entrypoint, command, exposed) = (words(entrypoint), words(command), words(exposed));
        Image {
            name: name.as_deref().map(|it| self.image(it)),
            platform: platform.as_deref().map(|it| self.text(Kind::Word, it)),
            entrypoint,
            command,
            exposed,
            boots: *boots,
        }
    }

    fn namespace(&mut self, namespace: &Namespace) -> Namespace {
        let Namespace {
            name,
            workload,
            id,
            rootless,
            pid,
            named,
            unit,
            nested,
            containers,
            sysctls,
            absent,
            counters,
            listeners,
        } = namespace;
        Namespace {
            name: self.instance(name),
            workload: workload.as_deref().map(|it| self.instance(it)),
            id: *id,
            rootless: *rootless,
            pid: *pid,
            named: named.as_deref().map(|it| self.word(Kind::Netns, it)),
            unit: unit.as_deref().map(|it| self.unit(it)),
            nested: *nested,
            containers: containers.iter().map(|it| self.container(it)).collect(),
            sysctls: sysctls
                .iter()
                .map(|(key, value)| (self.key(key), self.sysctl_value(value)))
                .collect(),
            absent: absent.iter().map(|key| self.key(key)).collect(),
            counters: counters
                .iter()
                .map(|(name, number)| (self.counter(name), *number))
                .collect(),
            listeners: listeners.iter().map(|it| self.listener(it)).collect(),
        }
    }

    fn container(&mut self, container: &Container) -> Container {
        let Container {
            name,
            runtime,
            id,
            image,
            pod,
            compose,
            unit,
            quadlet,
            user,
            handle,
        } = container;
        Container {
            name: self.instance(name),
            runtime: *runtime,
            id: id.as_deref().map(|it| self.word(Kind::Container, it)),
            image: image.as_deref().map(|it| self.image(it)),
            pod: pod.as_ref().map(|it| self.pod(it)),
            compose: compose
                .as_ref()
                .map(|Compose { project, service }| Compose {
                    project: self.word(Kind::Project, project),
                    service: self.word(Kind::Service, service),
                }),
            unit: unit.as_deref().map(|it| self.unit(it)),
            quadlet: *quadlet,
            user: *user,
            handle: handle.as_deref().map(|it| self.word(Kind::Container, it)),
        }
    }

    fn pod(&mut self, pod: &Pod) -> Pod {
        let Pod {
            namespace,
            name,
            uid,
            container,
        } = pod;
        Pod {
            namespace: namespace
                .as_deref()
                .map(|it| self.word(Kind::Namespace, it)),
            name: name.as_deref().map(|it| self.word(Kind::Pod, it)),
            uid: uid.as_deref().map(|it| self.word(Kind::PodUid, it)),
            container: container
                .as_deref()
                .map(|it| self.word(Kind::Container, it)),
        }
    }

    fn listener(&mut self, listener: &Listener) -> Listener {
        let Listener {
            protocol,
            address,
            accept_queue,
            syn_queue,
            drops,
            inode,
            uid,
            owners,
            owners_complete,
            cgroup,
            unit,
            container,
            presumed,
            service,
            version,
            configuration,
            requested,
        } = listener;
        Listener {
            protocol: *protocol,
            address: self.address(*protocol, address),
            accept_queue: *accept_queue,
            syn_queue: *syn_queue,
            drops: *drops,
            inode: *inode,
            uid: *uid,
            owners: owners.iter().map(|it| self.owner(it)).collect(),
            owners_complete: *owners_complete,
            cgroup: cgroup.as_deref().map(|it| self.path(Kind::Name, it)),
            unit: unit.as_deref().map(|it| self.unit(it)),
            container: container.as_deref().map(|it| self.instance(it)),
            presumed: *presumed,
            service: service.as_deref().map(|it| self.word(Kind::Program, it)),
            version: version.as_deref().map(|it| self.version(it)),
            configuration: *configuration,
            requested: requested.as_ref().map(|it| self.requested(it)),
        }
    }

    fn owner(&mut self, owner: &Owner) -> Owner {
        let Owner {
            pid,
            comm,
            exe,
            fd,
            program,
            runtime,
            libc,
        } = owner;
        Owner {
            pid: *pid,
            comm: comm.as_deref().map(|it| self.word(Kind::Program, it)),
            exe: exe.as_deref().map(|it| self.exe(it)),
            fd: *fd,
            program: program.as_deref().map(|it| self.word(Kind::Program, it)),
            runtime: *runtime,
            libc: *libc,
        }
    }

    fn requested(&mut self, requested: &Requested) -> Requested {
        let Requested {
            backlog,
            source,
            place,
            applied,
        } = requested;
        Requested {
            backlog: *backlog,
            source: *source,
            place: place.as_deref().map(|it| self.text(Kind::Word, it)),
            applied: *applied,
        }
    }

    fn file(&mut self, file: &FileText) -> FileText {
        let FileText {
            path,
            text,
            link,
            unread,
            irregular,
        } = file;
        FileText {
            path: self.path(Kind::Name, path),
            text: self.configuration(path, text),
            link: link.as_deref().map(|it| self.path(Kind::Name, it)),
            unread: unread.as_deref().map(|it| self.text(Kind::Word, it)),
            irregular: *irregular,
        }
    }

    fn boot(&mut self, boot: &Boot) -> Boot {
        let Boot {
            loader,
            found,
            packages,
            cmdline,
            writers,
        } = boot;
        let found: BTreeMap<String, Option<String>> = found
            .iter()
            .map(|(trace, link)| {
                let link = link.as_deref().map(|it| self.path(Kind::Name, it));
                (self.trace(trace), link)
            })
            .collect();
        Boot {
            loader: *loader,
            found,
            packages: packages
                .iter()
                .map(|(name, version)| (self.word(Kind::Name, name), self.version(version)))
                .collect(),
            cmdline: cmdline.iter().map(|it| self.cmdline(it)).collect(),
            writers: writers
                .iter()
                .map(|Writer { path, line, text }| Writer {
                    path: self.path(Kind::Name, path),
                    line: *line,
                    text: self.text(Kind::Word, text),
                })
                .collect(),
        }
    }

    fn gap(&mut self, gap: &Gap) -> Gap {
        let Gap {
            netns,
            what,
            why,
            blinds,
        } = gap;
        Gap {
            netns: netns.as_deref().map(|it| self.instance(it)),
            what: self.text(Kind::Word, what),
            why: self.text(Kind::Word, why),
            blinds: self.text(Kind::Word, blinds),
        }
    }

    fn sysctl_value(&mut self, value: &SysctlValue) -> SysctlValue {
        match value {
            SysctlValue::Int(number) => SysctlValue::Int(*number),
            SysctlValue::Text(text) => SysctlValue::Text(self.text(Kind::Value, text)),
        }
    }
}
