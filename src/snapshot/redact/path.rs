//! Paths: of files, executables, unix sockets and control groups; and the names that are written like
//! paths, those of namespaces and containers.

use super::Redactor;
use super::lists::REGISTRIES;
use super::names::Kind;
use super::public;
use crate::snapshot::TRACES;

/// What the kernel puts behind the path of a running executable whose file is gone.
const DELETED: &str = " (deleted)";

impl Redactor<'_> {
    /// A path; `last` is what its last part is. Nothing stays for where it stands: below /usr too there are
    /// directories and programs of somebody's own.
    pub(super) fn path(&mut self, last: Kind, path: &str) -> String {
        if let Some(key) = path.strip_prefix("/proc/sys/") {
            return format!("/proc/sys/{}", self.key(key));
        }
        if let Some(renamed) = self.files.renamed(path) {
            return renamed;
        }
        let parts: Vec<&str> = path.split('/').collect();
        let mut shown: Vec<String> = Vec::with_capacity(parts.len());
        for (n, part) in parts.iter().enumerate() {
            let kind = match n + 1 == parts.len() {
                true => last,
                false => Kind::Name,
            };
            let before = n.checked_sub(1).and_then(|n| parts.get(n));
            shown.push(match before {
                Some(&"home") if n == 2 => self.word(Kind::User, part),
                _ => self.word(kind, part),
            });
        }
        shown.join("/")
    }

    pub(super) fn exe(&mut self, exe: &str) -> String {
        match exe.strip_suffix(DELETED) {
            Some(path) => self.path(Kind::Program, path) + DELETED,
            None => self.path(Kind::Program, exe),
        }
    }

    /// A path that tells what runs at boot.
    pub(super) fn trace(&mut self, trace: &str) -> String {
        match TRACES.contains(&trace) {
            true => trace.to_owned(),
            false => self.path(Kind::Name, trace),
        }
    }

    /// The name of a namespace, of a workload or of a container: `host`, `docker/web`,
    /// `pod/shop/web-0/nginx`, `process/redis-server/4711`, `nginx.service`, `podman/web~1000`.
    pub(super) fn instance(&mut self, name: &str) -> String {
        let (head, rest) = match name.split_once('/') {
            Some((head, rest)) => (head, rest),
            None if name.contains('.') => return self.unit(name),
            None => return self.word(Kind::Netns, name),
        };
        let kinds = match head {
            "pod" => [Kind::Namespace, Kind::Pod, Kind::Container],
            "process" => [Kind::Program; 3],
            _ => [Kind::Container; 3],
        };
        let mut shown = self.word(Kind::Netns, head);
        for (n, part) in rest.split('/').enumerate() {
            let kind = kinds[n.min(2)];
            let (part, user) = match part.rsplit_once('~') {
                Some((part, user)) if user.bytes().all(|b| b.is_ascii_digit()) => {
                    (part, Some(user))
                }
                _ => (part, None),
            };
            shown = format!("{shown}/{}", self.word(kind, part));
            if let Some(user) = user {
                shown = format!("{shown}~{user}");
            }
        }
        shown
    }

    /// A unit: `nginx.service`, `worker@2.service`, `docker-ID.scope`.
    pub(super) fn unit(&mut self, unit: &str) -> String {
        self.word(Kind::Unit, unit)
    }

    /// An image: `registry.example.com/shop/api:3.1@sha256:ID`.
    pub(super) fn image(&mut self, image: &str) -> String {
        let (named, digest) = match image.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (image, None),
        };
        let (path, tag) = match named.rsplit_once(':') {
            // A colon before a slash is that of a port.
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (named, None),
        };
        let parts: Vec<&str> = path.split('/').collect();
        let mut shown = Vec::with_capacity(parts.len());
        for (n, part) in parts.iter().enumerate() {
            let registry = n == 0 && parts.len() > 1 && part.contains(['.', ':']);
            shown.push(match registry && !REGISTRIES.has(part) {
                true => self.names.of(Kind::Host, part),
                false if registry => (*part).to_owned(),
                false => self.word(Kind::Image, part),
            });
        }
        let mut image = shown.join("/");
        if let Some(tag) = tag {
            image = format!("{image}:{}", self.tag(tag));
        }
        if let Some(digest) = digest {
            image = format!("{image}@{}", self.names.of(Kind::Tag, digest));
        }
        image
    }

    fn tag(&mut self, tag: &str) -> String {
        match public::is_version(tag) {
            true => tag.to_owned(),
            false => self.word(Kind::Tag, tag),
        }
    }
}
