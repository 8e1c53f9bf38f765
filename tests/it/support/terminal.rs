//! A terminal of its own for a command, made by script(1), which can be closed while the command runs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::processes::children;

pub(crate) struct Terminal {
    script: Child,
    out: BufReader<ChildStdout>,
}

impl Terminal {
    /// Runs a line of shell in it.
    pub(crate) fn run(command: &str) -> Self {
        let mut script = Command::new("script")
            .args(["-qec", command, "/dev/null"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(script.stdout.take().unwrap());
        Self { script, out }
    }

    /// Waits until this was printed.
    #[track_caller]
    pub(crate) fn prints(&mut self, words: &str) {
        let mut text = String::new();
        while !text.contains(words) {
            assert!(self.out.read_line(&mut text).unwrap() > 0, "{text}");
        }
    }

    /// The first process in it, its child, the child of that and so on.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let next = |pid: &u32| children(*pid).first().copied();
        std::iter::successors(Some(self.script.id()), next)
            .skip(1)
            .collect()
    }

    /// Closes it: nobody has its other end any more.
    pub(crate) fn close(self) {}
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}
