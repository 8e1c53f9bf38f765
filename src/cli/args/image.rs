//! Options of a container image as what is looked at.

use std::path::PathBuf;

use clap::Args;

use crate::cli::output;
use crate::image::Platform;
use crate::kernel::version::Version;

const HEADING: &str = "Container image";

/// A container image, and what it will run on.
#[derive(Debug, Args)]
pub(in crate::cli) struct Image {
    /// Look at this container image instead of the host, without running it: an archive of `podman save` or
    /// `docker save`, an OCI layout, or a folder that is a root file system
    #[arg(long, value_name = "PATH", help_heading = HEADING, conflicts_with_all = ["snapshot", "netns", "deep"])]
    pub(in crate::cli) image: Option<PathBuf>,
    /// Which image of several, such as linux/arm64 [default: that of this machine]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", help_heading = HEADING, requires = "image")]
    pub(in crate::cli) platform: Option<Platform>,
    /// Kernel that its containers will run on, such as 5.3; it decides what a new network namespace starts
    /// with [default: the newest that is known]
    #[arg(long, value_name = "VERSION", help_heading = HEADING, requires = "image", value_parser = kernel)]
    pub(in crate::cli) kernel: Option<Version>,
    /// net.core.somaxconn that its containers get: that of --sysctl, of a pod's securityContext, or with
    /// hostNetwork the node's own [default: what the kernel starts a network namespace with]
    #[arg(long, value_name = "N", help_heading = HEADING, requires = "image")]
    pub(in crate::cli) somaxconn: Option<u32>,
    /// Record of the node that will run it, made by `backlint snapshot`: for its kernel. Its own somaxconn
    /// reaches no new network namespace; for a pod with hostNetwork give --somaxconn too
    #[arg(long, value_name = "SNAPSHOT", help_heading = HEADING, requires = "image", conflicts_with = "kernel")]
    pub(in crate::cli) node: Option<PathBuf>,
}

/// A kernel's version: its first two numbers.
fn kernel(text: &str) -> Result<Version, &'static str> {
    let first = text.starts_with(|c: char| c.is_ascii_digit());
    let version = text.parse().ok().filter(|_| first);
    version.ok_or("it is not a version such as 5.15 or 6.1.0-18-amd64")
}

impl Image {
    /// Whether its options have an image to be about; `recorded`: a record is judged, which clap takes
    /// for enough.
    pub(in crate::cli) fn fits(&self, recorded: bool) -> Result<(), String> {
        let given = [
            ("--platform", self.platform.is_some()),
            ("--kernel", self.kernel.is_some()),
            ("--somaxconn", self.somaxconn.is_some()),
            ("--node", self.node.is_some()),
        ];
        match given.iter().find(|(_, given)| *given && recorded) {
            None => Ok(()),
            Some((option, _)) => Err(format!(
                "{option} says on what an image will run, and a record is of something that was looked at: give --image in place of --snapshot, or ask about another value with --assume net.core.somaxconn=N"
            )),
        }
    }

    /// The options as a shell takes them, each with a blank in front.
    pub(in crate::cli) fn words(&self) -> String {
        let paths = [("--image", &self.image), ("--node", &self.node)];
        let [image, node] = paths.map(|(option, path)| {
            path.as_ref()
                .map_or_else(String::new, |path| output::argument(option, path))
        });
        let option = |option: &str, value: Option<String>| {
            value.map_or_else(String::new, |value| format!(" {option} {value}"))
        };
        let platform = option(
            "--platform",
            self.platform.as_ref().map(ToString::to_string),
        );
        let kernel = option("--kernel", self.kernel.map(|it| it.to_string()));
        let somaxconn = option("--somaxconn", self.somaxconn.map(|it| it.to_string()));
        format!("{image}{platform}{kernel}{somaxconn}{node}")
    }
}
