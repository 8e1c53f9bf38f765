//! Sysctls, where one is due: a key of a map, what a line of a file sets, a part of the kernel's command
//! line. In any other text a word is a sysctl only if a kernel has exactly that one.

use super::Redactor;
use super::lists::{COMPONENTS, OPTIONS};
use super::names::Kind;

/// The directories of /proc/sys.
const ROOTS: [&str; 11] = [
    "abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm", "xen",
];

impl Redactor<'_> {
    /// A key, dotted or with slashes. One that a kernel has stays, and so does a slip in one, for that is
    /// what a finding is about; of any other the parts stay that everybody knows.
    pub(super) fn key(&mut self, key: &str) -> String {
        if let Some(known) = self.keys.get(key) {
            return known.clone();
        }
        let shown = self.fresh_key(key);
        self.keys.insert(key.to_owned(), shown.clone());
        shown
    }

    fn fresh_key(&mut self, key: &str) -> String {
        if OPTIONS.has(key) {
            return key.to_owned();
        }
        let (dotted, joint) = dotted(key);
        if self.public.is_sysctl(&dotted) || self.public.is_slip(&dotted) {
            return self.known_key(key, joint);
        }
        let mut parts = key.split(joint);
        let root = parts.next().unwrap_or_default();
        let within = |c: char| c.is_ascii_alphanumeric() || "_-./*:@".contains(c);
        if !ROOTS.contains(&root) || parts.next().is_none() || !key.chars().all(within) {
            return self.text(Kind::Name, key);
        }
        let parts = of_device(key, joint);
        let shown = parts.into_iter().map(|part| match part {
            Part::Device(device) => self.device(device),
            Part::Other(part) => self.component(part),
        });
        shown
            .collect::<Vec<_>>()
            .join(joint.encode_utf8(&mut [0; 4]))
    }

    /// A sysctl that stands in some text. `None`: it is not exactly one that a kernel has.
    pub(super) fn exact_key(&mut self, word: &str) -> Option<String> {
        let (dotted, joint) = dotted(word);
        // A word without a joint is a sysctl nowhere.
        let known = word.contains(joint) && self.public.is_sysctl(&dotted);
        known.then(|| self.known_key(word, joint))
    }

    /// Names of network interfaces are private in a known key too.
    fn known_key(&mut self, key: &str, joint: char) -> String {
        let parts = of_device(key, joint);
        let shown = parts.into_iter().map(|part| match part {
            Part::Device(device) => self.device(device),
            Part::Other(part) => part.to_owned(),
        });
        shown
            .collect::<Vec<_>>()
            .join(joint.encode_utf8(&mut [0; 4]))
    }

    /// A device, which may be a pattern of devices.
    fn device(&mut self, device: &str) -> String {
        self.around_stars(device, Self::interface)
    }

    /// A component of a key that no kernel is known to have.
    fn component(&mut self, part: &str) -> String {
        self.around_stars(part, |it, word| {
            match COMPONENTS.has(word) || it.public.is_component(word) {
                true => word.to_owned(),
                false => it.word(Kind::Name, word),
            }
        })
    }

    fn around_stars(&mut self, text: &str, of: impl Fn(&mut Self, &str) -> String) -> String {
        let pieces = text.split('*').map(|piece| match piece {
            "" => String::new(),
            piece => of(self, piece),
        });
        pieces.collect::<Vec<_>>().join("*")
    }
}

/// A part of a key.
enum Part<'a> {
    /// The name of a network interface.
    Device(&'a str),
    Other(&'a str),
}

/// The parts of a key; a device with the joint in its name is one.
fn of_device(key: &str, joint: char) -> Vec<Part<'_>> {
    let parts: Vec<&str> = key.split(joint).collect();
    let [
        "net",
        "ipv4" | "ipv6" | "mpls",
        "conf" | "neigh",
        first,
        ..,
        last,
    ] = parts.as_slice()
    else {
        return parts.into_iter().map(Part::Other).collect();
    };
    // As slices of the key, from the first byte of the device to the joint before the last part.
    let before: usize = parts.iter().take(3).map(|part| part.len() + 1).sum();
    let behind = key.len() - last.len() - 1;
    let device = key.get(before..behind).unwrap_or(first);
    let start = parts.iter().take(3).map(|part| Part::Other(part));
    let end = [Part::Device(device), Part::Other(last)];
    start.chain(end).collect()
}

/// A key in dots, and what joins its parts: the first of both decides (sysctl.d(5)).
fn dotted(key: &str) -> (String, char) {
    match key.find(['.', '/']).and_then(|at| key[at..].chars().next()) {
        Some('/') => {
            let swapped = key.chars().map(|c| match c {
                '/' => '.',
                '.' => '/',
                c => c,
            });
            (swapped.collect(), '/')
        }
        _ => (key.to_owned(), '.'),
    }
}
