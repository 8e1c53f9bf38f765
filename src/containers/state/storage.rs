//! Podman: the store of containers and the bundle, both of containers/storage. Labels are only in
//! its database, so Compose projects that Podman runs are not known.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use super::files::Files;
use super::{Found, label, oci, places};
use crate::containers::trace::{Trace, image, is_hex, plain};

/// containers/storage, types/options.go: the store of root, with the drivers that root has, and what
/// it has in memory in its transient mode.
const ROOTS: [&str; 4] = [
    "/var/lib/containers/storage/overlay-containers",
    "/var/lib/containers/storage/vfs-containers",
    "/var/lib/containers/storage/btrfs-containers",
    "/run/containers/storage/overlay-containers",
];
/// containers/storage, containers.go, `containerLocations`: those that `podman run --rm` made are in
/// a file of their own.
const FILES: [&str; 2] = ["containers.json", "volatile-containers.json"];

#[derive(Deserialize)]
struct Entry {
    id: String,
    names: Option<Vec<String>>,
    /// JSON in JSON: podman, libpod/storage.go, `RuntimeContainerMetadata`.
    metadata: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "image-name")]
    image: Option<String>,
}

/// Name and image by id.
type Store = BTreeMap<String, (Option<String>, Option<String>)>;

/// The stores that were read, by directory.
#[derive(Default)]
pub(super) struct Storages(Mutex<BTreeMap<String, Arc<Store>>>);

impl Storages {
    pub(super) fn read(&self, found: &mut Found, trace: &Trace, files: &Files) {
        let places = places(trace, &ROOTS);
        for place in &places {
            let Some((store, id)) = place.rsplit_once('/') else {
                continue;
            };
            if let Some((name, image)) = self.store(store, files).get(id) {
                found.known = true;
                found.name = name.clone().or(found.name.take());
                found.image.clone_from(image);
                break;
            }
        }
        let bundles: Vec<String> = places
            .iter()
            .map(|place| format!("{place}/userdata"))
            .collect();
        let needed = !found.known || trace.delegated;
        let bundle = needed.then(|| oci::annotations(&bundles, files)).flatten();
        if let Some(annotations) = bundle {
            // podman, pkg/annotations: `ContainerManagerLibpod`.
            found.known |= label(&annotations, "io.container.manager") == Some("libpod");
        }
        found.sandbox = found.name.as_deref().is_some_and(is_infra);
    }

    fn store(&self, directory: &str, files: &Files) -> Arc<Store> {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(directory) {
            return Arc::clone(store);
        }
        let mut all = Store::new();
        for file in FILES {
            let entries = files.json(&format!("{directory}/{file}"));
            all.extend(parse(entries.unwrap_or_default()));
        }
        let store = Arc::new(all);
        stores.insert(directory.to_owned(), Arc::clone(&store));
        store
    }
}

/// Entries that are not what they should be are left out, and only those.
fn parse(entries: Vec<Value>) -> Store {
    let entries = entries.into_iter();
    let entries = entries.filter_map(|entry| serde_json::from_value::<Entry>(entry).ok());
    let of = |entry: Entry| {
        let name = entry.names.unwrap_or_default().into_iter().next();
        let metadata = entry.metadata.unwrap_or_default();
        let metadata: Option<Metadata> = serde_json::from_str(&metadata).ok();
        let of_image = metadata.and_then(|metadata| metadata.image);
        let name = name.as_deref().and_then(plain);
        (entry.id, (name, of_image.as_deref().and_then(image)))
    };
    entries.map(of).collect()
}

/// The container that keeps a pod's namespaces: Podman 4.3 and later name it after the first 12
/// digits of the pod's id (recorded, see tests/containers).
fn is_infra(name: &str) -> bool {
    let pod = name.strip_suffix("-infra");
    pod.is_some_and(|pod| pod.len() == 12 && is_hex(pod))
}
