//! What decides whether a run fails: chosen rules, waivers, baselines, and the configuration, all
//! through the program.

mod baselines;
mod config;
mod rules;
mod trust;
mod waiver_files;
mod waivers;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::program::{Run, backlint, finish};

/// Two truncated queues; nobody looked at counters and files.
const TRUNCATED: &str = "schema: backlint/snapshot/v1
namespaces:
  - sysctls: {net.core.somaxconn: 128}
    listeners:
      - {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {len: 0, max: 128},
         requested: {backlog: 511, source: config}, owners: [{comm: nginx}]}
      - {protocol: tcp, address: \"[::]:443\", accept_queue: {len: 0, max: 128},
         requested: {backlog: 511, source: config}, owners: [{comm: nginx}]}
";

/// The same fault in a second listener more.
const ONE_MORE: &str =
    "      - {protocol: unix, address: \"/run/grün *.sock\", accept_queue: {len: 0, max: 128},
         requested: {backlog: 511, source: config}}
";

/// Two pods of one workload, and a stranger.
const PODS: &str = "schema: backlint/snapshot/v1
namespaces:
  - {name: host, sysctls: {net.core.somaxconn: 128}}
  - {name: web-1, workload: pod/shop/web, sysctls: {net.core.somaxconn: 128}, listeners: [&web
      {protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 128}, requested: {backlog: 511, source: config}}]}
  - {name: web-2, workload: pod/shop/web, sysctls: {net.core.somaxconn: 128}, listeners: [*web]}
  - {name: docker/other, sysctls: {net.core.somaxconn: 128}, listeners: [*web]}
";

/// A folder of files for one test, where backlint runs.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("web.yaml", TRUNCATED);
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs backlint in the folder, with the words of a command line.
    fn run(&self, words: &str) -> Run {
        self.run_in(".", words)
    }

    /// Runs backlint in a folder of the folder.
    fn run_in(&self, folder: &str, words: &str) -> Run {
        let words = shlex::split(words).unwrap();
        let folder = self.path().join(folder);
        finish(backlint().args(words).current_dir(folder))
    }

    /// The report on a record.
    fn report(&self, record: &str, words: &str) -> Value {
        self.run(&format!("--snapshot {record} --format json {words}"))
            .json()
    }
}

/// The ids of the rules of a report's findings, or of what is waived.
fn ids<'a>(report: &'a Value, list: &str) -> Vec<&'a str> {
    let list = report[list].as_array().unwrap().iter();
    list.map(|finding| finding["rule"].as_str().unwrap())
        .collect()
}

/// Insists on one message, nothing on standard output, and status 2.
#[track_caller]
fn refused(run: Run, words: &[&str]) {
    let run = run.ended(2);
    assert_eq!(run.out, "", "{run:#?}");
    let starts = |line: &&str| line.starts_with("error") || line.starts_with("backlint:");
    assert_eq!(run.err.lines().filter(starts).count(), 1, "{run:#?}");
    for word in words {
        assert!(run.err.contains(word), "no {word:?}: {run:#?}");
    }
}
