//! Configuration files that are traps: backlint reads the files of processes that may not be
//! trusted, as root, and must neither hang, nor grow, nor leave the process's root, nor believe them.
//!
//! A real nginx is started; then its configuration is replaced.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::netns::in_netns;
use crate::support::peak::peak;
use crate::support::program::{run, scrubbed};
use crate::support::sandbox::die_with_parent;
use crate::support::{servers, ss, wait};

/// Whatever the files are, one look takes no longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// And needs no more than this over the same look without them, in KiB.
const MORE_MEMORY: u64 = 16 * 1024;
/// What nginx asked for when it started.
const ASKED: u64 = 200;

const LIST: [&str; 3] = ["list", "--format", "json"];

/// The row of nginx and all gaps, as backlint sees them now, in time.
fn look(what: &str) -> (Value, Vec<Value>) {
    let start = Instant::now();
    let list = run(LIST).ended(0).json();
    let took = start.elapsed();
    assert!(took < PATIENCE, "{what}: {took:?}");
    let rows = list["listeners"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{what}: {list:#}");
    assert_eq!(rows[0]["service"], "nginx", "{what}: {list:#}");
    let gaps = list["gaps"].as_array().unwrap().clone();
    (rows[0].clone(), gaps)
}

/// Insists that nothing is claimed of the request, and that a gap names this file.
fn is_unknown(what: &str, path: &Path) {
    let (row, gaps) = look(what);
    let number = &row["requested"]["backlog"];
    let guess = row["confidence"] == "possible";
    assert!(guess || number == ASKED, "{what}: {row:#}");
    let path = path.to_str().unwrap();
    assert!(
        gaps.iter()
            .any(|gap| gap["what"].as_str().unwrap().contains(path)),
        "{what}: {gaps:#?}"
    );
}

/// Removes a file of any kind.
fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

/// A trap: its name, and how it is laid where the configuration was.
type Trap = (&'static str, fn(&Path));

const TRAPS: [Trap; 12] = [
    ("a file that includes itself again and again", |path| {
        let line = format!("include {};\n", path.display());
        fs::write(path, line.repeat(10_000)).unwrap();
    }),
    ("files that include all of each other", |path| {
        let folder = path.with_file_name("all");
        fs::create_dir_all(&folder).unwrap();
        let line = format!("include {}/*;\n", folder.display());
        for n in 0..100 {
            fs::write(folder.join(n.to_string()), &line).unwrap();
        }
        fs::write(path, line).unwrap();
    }),
    ("a megabyte of includes of nothing", |path| {
        fs::write(path, "include x;\n".repeat(90_000)).unwrap();
    }),
    ("all ports again and again", |path| {
        fs::write(path, "listen 9000-65535 backlog=9;\n".repeat(40_000)).unwrap();
    }),
    ("a file of 1 GiB", |path| {
        fs::File::create(path).unwrap().set_len(1 << 30).unwrap();
    }),
    ("a FIFO", |path| {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("binary garbage", |path| {
        let byte = |n: u32| n.wrapping_mul(2_654_435_761).to_le_bytes()[3];
        let bytes: Vec<u8> = (0..1 << 20).map(byte).collect();
        fs::write(path, bytes).unwrap();
    }),
    ("a device without end", |path| {
        symlink("/dev/zero", path).unwrap()
    }),
    ("a terminal", |path| symlink("/dev/tty", path).unwrap()),
    ("a link to itself", |path| symlink(path, path).unwrap()),
    ("a file that is read by waiting", |path| {
        symlink("/proc/kmsg", path).unwrap()
    }),
];

/// Files that say nothing of listeners, and are only long.
const LONG: [Trap; 2] = [
    ("a megabyte of the shortest directives", |path| {
        fs::write(path, "a;".repeat(1 << 19)).unwrap()
    }),
    ("a megabyte of braces", |path| {
        fs::write(path, "{".repeat(1 << 20)).unwrap()
    }),
];

/// Insists that one more look needs no more memory than is allowed.
fn is_small(what: &str, usual: u64) {
    let peak = peak(&LIST);
    assert!(
        peak < usual + MORE_MEMORY,
        "{what}: {peak} KiB after {usual} KiB"
    );
}

#[test]
fn no_file_in_the_place_of_a_configuration_hangs_or_fools() {
    in_netns(|netns| {
        let home = tempfile::tempdir().unwrap();
        let recipe = servers::nginx_that(home.path(), 1, &format!(" backlog={ASKED}"));
        let _nginx = recipe.start(netns, home.path());
        let conf = home.path().join("nginx.conf");
        let (row, gaps) = look("its own file");
        assert_eq!(row["requested"]["backlog"], ASKED, "{row:#}");
        assert_eq!(row["confidence"], "certain", "{row:#}");
        assert!(gaps.is_empty(), "{gaps:#?}");
        let usual = peak(&LIST);
        for (what, lay) in TRAPS {
            remove(&conf);
            lay(&conf);
            is_unknown(what, home.path());
            is_small(what, usual);
        }
        for (what, lay) in LONG {
            remove(&conf);
            lay(&conf);
            look(what);
            is_small(what, usual);
        }
    });
}

/// nginx with a root directory of its own, which has the host's programs and procfs.
struct Caged {
    child: Child,
    root: PathBuf,
}

impl Caged {
    fn start(home: &Path) -> Self {
        let root = home.join("root");
        for folder in [
            "usr",
            "etc/nginx",
            "dev",
            "proc",
            "tmp",
            "run",
            "var/log/nginx",
            "var/lib/nginx",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for name in ["lib", "lib64", "lib32", "bin", "sbin"] {
            if let Ok(target) = fs::read_link(Path::new("/").join(name)) {
                symlink(target, root.join(name)).unwrap();
            }
        }
        for name in ["etc/passwd", "etc/group", "etc/ld.so.cache"] {
            fs::copy(Path::new("/").join(name), root.join(name)).unwrap();
        }
        fs::write(root.join("dev/null"), "").unwrap();
        fs::write(root.join("etc/nginx/nginx.conf"), conf(ASKED)).unwrap();
        let script = "mount --rbind /usr \"$1/usr\" && mount --rbind /proc \"$1/proc\" && \
                      mount --bind /dev/null \"$1/dev/null\" && cd / && \
                      exec chroot \"$1\" nginx -c /etc/nginx/nginx.conf";
        let log = fs::File::create(home.join("log")).unwrap();
        let mut command = scrubbed("unshare");
        command
            .args(["--mount", "sh", "-c", script, "sh"])
            .arg(&root)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = die_with_parent(&mut command, Signal::KILL).spawn().unwrap();
        let caged = Self { child, root };
        let said = || fs::read_to_string(home.join("log")).unwrap_or_default();
        let up = wait::within(Duration::from_secs(20), || {
            ss::ports().contains(&8080).then_some(())
        });
        assert!(up.is_some(), "nginx in its root: {}", said());
        caged
    }

    /// Puts a link in the place of its configuration.
    fn link(&self, target: &Path) {
        let conf = self.root.join("etc/nginx/nginx.conf");
        remove(&conf);
        symlink(target, conf).unwrap();
    }
}

impl Drop for Caged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A configuration that asks for this.
fn conf(backlog: u64) -> String {
    format!(
        "daemon off;\nmaster_process off;\nuser root;\nerror_log stderr;\npid /tmp/pid;\nevents {{}}\n\
         http {{\n  access_log off;\n  server {{ listen 0.0.0.0:8080 backlog={backlog}; }}\n}}\n"
    )
}

#[test]
fn no_link_leads_out_of_the_root_of_a_process() {
    in_netns(|_| {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("outside.conf");
        fs::write(&outside, conf(77)).unwrap();
        let caged = Caged::start(home.path());
        let (row, gaps) = look("its own file");
        assert_eq!(row["requested"]["backlog"], ASKED, "{row:#}");
        assert!(gaps.is_empty(), "{gaps:#?}");

        let up = PathBuf::from("../".repeat(40));
        let relative = outside.strip_prefix("/").unwrap();
        let through_proc = Path::new("/proc/self/root").join(relative);
        let of_another = Path::new("/proc").join(std::process::id().to_string());
        for target in [
            outside.clone(),
            up.join(relative),
            through_proc,
            of_another.join("root").join(relative),
            of_another.join("cwd").join(&up).join(relative),
        ] {
            caged.link(&target);
            let what = target.display().to_string();
            is_unknown(&what, Path::new("/etc/nginx/nginx.conf"));
            assert_ne!(look(&what).0["requested"]["backlog"], 77, "{what}");
        }

        // A directory on the way, and a path with dots, from inside of a file.
        let nginx = caged.root.join("etc/nginx");
        remove(&nginx.join("nginx.conf"));
        symlink(home.path(), nginx.join("away")).unwrap();
        let dots = up.join(relative);
        let text = format!("include away/*.conf;\ninclude {};\n", dots.display());
        fs::write(nginx.join("nginx.conf"), text).unwrap();
        is_unknown("includes", Path::new("/etc/nginx/nginx.conf"));
        let (row, _) = look("includes");
        assert_ne!(row["requested"]["backlog"], 77, "{row:#}");
    });
}

#[test]
fn a_link_inside_of_the_root_of_a_process_is_followed() {
    in_netns(|_| {
        let home = tempfile::tempdir().unwrap();
        let caged = Caged::start(home.path());
        fs::write(caged.root.join("etc/real.conf"), conf(ASKED)).unwrap();
        for target in [
            "/etc/real.conf",
            "../real.conf",
            "../../../../../etc/real.conf",
        ] {
            caged.link(Path::new(target));
            let (row, gaps) = look(target);
            assert_eq!(row["requested"]["backlog"], ASKED, "{target}: {row:#}");
            assert!(gaps.is_empty(), "{target}: {gaps:#?}");
        }
    });
}
