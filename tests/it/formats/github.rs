//! Workflow commands, read by `act`, which has the runner's part.

use super::{HOSTILE, NGINX, Repository, act};

/// Prints what was written. act reads through a terminal and misses what is written right before the end.
const PRINT: &str = "      - run: cat out.txt; sleep 1\n";

#[test]
fn the_runner_understands_every_command() {
    let repository = Repository::new();
    let run = repository.judge(&["-f", "github=out.txt"]).ended(1);
    assert!(run.err.is_empty());
    let written = repository.read("out.txt");
    let ran = act::run(&repository, PRINT, &[]);
    assert_eq!(ran.status, 0, "{}", ran.said());
    let commands = ran.commands(&["error", "warning", "notice"]);
    let lines = written.lines().filter(|line| line.starts_with("::"));
    assert_eq!(commands.len(), lines.count(), "{}", ran.said());
    let (name, properties, message) = &commands[0];
    assert_eq!(name, "error");
    assert_eq!(properties["file"], "fix tures/web.yaml");
    assert_eq!(properties["line"], NGINX.to_string());
    assert_eq!(
        properties["title"],
        "BL101 The kernel silently truncated a listen() backlog"
    );
    let mut lines = message.lines();
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("nginx on 0.0.0.0:443 asked for 511"),
        "{message}"
    );
    assert!(
        lines.all(|line| line.starts_with("What to do: ")),
        "{message}"
    );
    // The runner ends the properties at the first `::` behind them, act at the last one of the line.
    let (_, _, hostile) = &commands[1];
    let (_, tail) = HOSTILE.rsplit_once("::").unwrap();
    assert_eq!(hostile.lines().next(), Some(tail));
    let raw = written.lines().nth(1).unwrap();
    assert!(
        raw.contains(&format!("::{}%0AWhat to do: ", HOSTILE.replace('%', "%25"))),
        "{raw}"
    );
    let (name, properties, message) = commands.last().unwrap();
    assert_eq!(name, "notice");
    assert_eq!(properties["title"], "Not evaluated, so not passed either");
    assert_eq!(message.lines().count(), 9, "{message}");
    // Nothing that a host chose became a command of its own.
    assert!(
        ran.commands(&["set-env", "set-output", "add-path"])
            .is_empty()
    );
}

#[test]
fn properties_of_a_file_with_an_odd_name_arrive_whole() {
    let repository = Repository::new();
    let name = "a,b:50%::c\nd.yaml";
    std::fs::write(repository.path(name), super::RECORD).unwrap();
    let more = ["--snapshot", name, "-f", "github=out.txt"];
    repository.judge(&more).ended(1);
    std::fs::remove_file(repository.path(name)).unwrap();
    let ran = act::run(&repository, PRINT, &[]);
    let files = ran.commands(&["error"]);
    let files = files.iter().map(|(_, properties, _)| &properties["file"]);
    assert!(
        files.clone().any(|file| file == name),
        "{:?}",
        files.collect::<Vec<_>>()
    );
}
