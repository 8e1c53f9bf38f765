//! `--merge`: what a trace saw goes into a record that exists, and nothing of that is lost.

use std::fs;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::folder;
use super::watching::Watching;
use crate::support::program::{backlint, finish, scrubbed};

const RECORD: &str = "schema: backlint/snapshot/v1\nhost: {kernel: 6.1.0}\nnamespaces:\n- name: web\n  \
    sysctls: {net.core.somaxconn: 128}\n  listeners:\n  - protocol: tcp\n    address: 127.0.0.1:7654\n    \
    accept_queue: {len: 3, max: 128}\n    owners: [{comm: python3}]\n  \
    - {protocol: tcp, address: '0.0.0.0:22', accept_queue: {max: 128}, owners: [{comm: sshd}]}\n";

const SERVER: &str = "import socket, time\ndef listen(port, backlog):\n    s = socket.socket()\n    \
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n    s.bind(('127.0.0.1', port))\n    \
    s.listen(backlog)\n    return s\n";

#[test]
fn a_command_teaches_a_record_what_it_asks_for() {
    let folder = folder();
    let file = folder.path().join("web.yaml");
    fs::write(&file, RECORD).unwrap();
    let code = format!("{SERVER}one, two = listen(7654, 511), listen(7655, 5)\ntime.sleep(60)\n");
    let mut program = backlint();
    program
        .args([
            "trace",
            "--no-config",
            "--new-netns",
            "--until-listening",
            "2",
            "--for",
            "15s",
        ])
        .args([
            "--merge",
            "web.yaml",
            "-o",
            "web.yaml",
            "-f",
            "json",
            "--fail-on",
            "never",
        ])
        .args(["--", "/usr/bin/python3", "-c", &code])
        .current_dir(folder.path());
    let run = finish(&mut program).ended(0);
    for said in [
        "web.yaml: 127.0.0.1:7654 in self: asked for 511\n",
        "its queue's maximum is 511 now and 128 in the file, which stays\n",
        "127.0.0.1:7655 in self: it was not in the file, and is added\n",
    ] {
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
    assert_eq!(run.json()["source"], "web.yaml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("backlog: 511") && text.contains("source: trace"),
        "{text}"
    );
    holds_both(&file, &text);
}

/// What the file had and what the trace saw.
fn holds_both(file: &std::path::Path, text: &str) {
    // All that it had is there, and it is judged with certainty now.
    let mut again = backlint();
    again.args([
        "--no-config",
        "--fail-on",
        "never",
        "-f",
        "json",
        "--snapshot",
    ]);
    let report = finish(again.arg(file)).ended(0).json();
    let listeners = report["listeners"].as_array().unwrap();
    let addresses: Vec<&str> = listeners
        .iter()
        .map(|it| it["address"].as_str().unwrap())
        .collect();
    assert_eq!(
        addresses,
        ["127.0.0.1:7654", "0.0.0.0:22", "127.0.0.1:7655"],
        "{text}"
    );
    assert!(text.contains("len: 3") && text.contains("sshd"), "{text}");
    let merged = listeners
        .iter()
        .find(|it| it["address"] == "127.0.0.1:7654")
        .unwrap();
    assert_eq!(merged["requested"]["source"], "trace", "{merged:#}");
}

#[test]
fn a_trace_of_the_host_teaches_a_record_even_of_what_is_gone() {
    let folder = folder();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let mut own = backlint();
    own.args([
        "snapshot",
        "--no-config",
        "--netns",
        "self",
        "--format",
        "json",
    ]);
    let own = finish(&mut own).ended(0).json();
    let name = own["namespaces"][0]["name"].as_str().unwrap();
    let mut record = json!({
        "schema": "backlint/snapshot/v1",
        "namespaces": [{"name": name, "listeners": [
            {"protocol": "tcp", "address": address.to_string(), "owners": [{"comm": "python3"}]},
            {"protocol": "tcp", "address": "192.0.2.1:1", "owners": [{"comm": "other"}]},
        ]}],
    });
    let file = folder.path().join("web.json");
    fs::write(&file, record.to_string()).unwrap();
    let mut watching = Watching::start(&["--merge", file.to_str().unwrap()]);
    let code = format!(
        "{SERVER}one = listen({}, 321)\ntime.sleep(60)\n",
        address.port()
    );
    let mut server = scrubbed("/usr/bin/python3");
    server.args(["-c", &code]).stdin(Stdio::null());
    let mut server = server.spawn().unwrap();
    // It was looked at by then, however busy the machine is.
    watching.line("asked for 321");
    server.kill().unwrap();
    server.wait().unwrap();
    let (status, said, merged) = watching.end(Signal::INT);
    assert_eq!(status, 0);
    assert!(
        said.contains(&format!("{address}: asked for 321\n")),
        "{said}"
    );
    let all = merged["namespaces"][0]["listeners"].as_array().unwrap();
    let of =
        |name: &str| -> Vec<&Value> { all.iter().filter(|it| it["address"] == name).collect() };
    let [learnt] = of(&address.to_string())[..] else {
        panic!("{merged:#}");
    };
    assert_eq!(
        learnt["requested"],
        json!({"backlog": 321, "source": "trace"})
    );
    assert_eq!(of("192.0.2.1:1").len(), 1);
    // The file itself is not touched without -o.
    let text = fs::read_to_string(&file).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept, record.take());
}

#[test]
fn a_record_that_cannot_be_understood_is_told_before_anything_is_run() {
    let folder = folder();
    let mark = folder.path().join("mark");
    fs::write(
        folder.path().join("bad.yaml"),
        "schema: backlint/snapshot/v1\nnamespaces: 7\n",
    )
    .unwrap();
    for (name, part) in [
        ("bad.yaml", "bad.yaml"),
        ("none.yaml", "backlint snapshot -o none.yaml"),
    ] {
        let mut program = backlint();
        program
            .args(["trace", "--no-config", "--merge", name, "--", "touch"])
            .arg(&mark)
            .current_dir(folder.path());
        let run = finish(&mut program).ended(2);
        assert!(run.err.contains(part) && run.out.is_empty(), "{run:#?}");
    }
    assert!(!mark.exists());
}
