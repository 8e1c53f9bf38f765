//! Options of `backlint trace`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Judging;
use crate::trace::Until;

/// The heading of these options in the help.
const TRACE: &str = "What is watched";

#[derive(Debug, Args)]
#[command(
    override_usage = "backlint trace [OPTIONS] -- <COMMAND>...\n       backlint trace --host [OPTIONS]"
)]
pub(in crate::cli) struct Trace {
    /// Run nothing, and watch all processes of this host instead, as root, until --for, --until-listening or
    /// Ctrl-C ends it
    #[arg(long, help_heading = TRACE, conflicts_with_all = ["command", "command_status", "new_netns"])]
    pub(in crate::cli) host: bool,
    /// End the command after this time: 500ms, 10s, 2m or 1h; SIGTERM first, SIGKILL five seconds later. With --host
    /// only the watching ends
    #[arg(long = "for", help_heading = TRACE, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) time: Option<Duration>,
    /// End it once so many sockets began to listen, or one at an address: `2`, `0.0.0.0:80`, `:80` for any
    /// address (`80` is eighty listeners), `/run/x.sock`, `@abstract`; repeatable, or with commas: then once all of them came true
    #[arg(long, help_heading = TRACE, value_name = "N|ADDRESS", value_delimiter = ',')]
    pub(in crate::cli) until_listening: Vec<Until>,
    /// Write what was seen to this file, to be judged again; JSON where it ends in .json, else YAML
    #[arg(short, long, help_heading = TRACE, value_name = "SNAPSHOT")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Put the requests that were seen into this record, and judge that; write it with -o, to the same file if you
    /// like. Requests that differ, and listeners that are new or another program's, are told
    #[arg(long, help_heading = TRACE, value_name = "SNAPSHOT")]
    pub(in crate::cli) merge: Option<PathBuf>,
    /// Exit with the status of the command instead of the audit's
    #[arg(long, help_heading = TRACE)]
    pub(in crate::cli) command_status: bool,
    /// Run the command in a network namespace of its own: only loopback, and the kernel's defaults
    #[arg(long, help_heading = TRACE)]
    pub(in crate::cli) new_netns: bool,
    /// Give a sysctl this value in the new network namespace before the command starts; repeatable
    #[arg(long, help_heading = TRACE, value_name = "KEY=VALUE", requires = "new_netns", conflicts_with = "host")]
    pub(in crate::cli) sysctl: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) judging: Judging,
    /// The command and its arguments
    #[arg(
        last = true,
        value_name = "COMMAND",
        required_unless_present_any = ["show_config", "host"]
    )]
    pub(in crate::cli) command: Vec<OsString>,
}

/// A whole number and its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(digits.len());
    let number: u64 = number
        .parse()
        .map_err(|_| "it is not a time, such as 10s".to_owned())?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" => return Err(format!("`{text}` has no unit: did you mean `{text}s`?")),
        _ => return Err(format!("`{unit}` is not a unit of time: ms, s, m or h")),
    };
    let milliseconds = number.checked_mul(milliseconds);
    let milliseconds = milliseconds.filter(|time| (1..=31_536_000_000).contains(time));
    let time = milliseconds.map(Duration::from_millis);
    time.ok_or_else(|| "it has to be more than nothing and less than a year".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let millis = |text| duration(text).map(|time| time.as_millis()).ok();
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("10s"), Some(10_000));
        assert_eq!(millis("2m"), Some(120_000));
        assert_eq!(millis("1h"), Some(3_600_000));
        for bad in [
            "",
            "s",
            "10",
            "10x",
            "-1s",
            "1.5s",
            "0s",
            "99999999999999h",
            "10 s",
        ] {
            assert_eq!(millis(bad), None, "{bad}");
        }
        assert!(duration("10").unwrap_err().contains("did you mean `10s`"));
    }
}
