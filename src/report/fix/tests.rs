//! What each target is about, and that nothing of a host begins a line of its own.

use proptest::prelude::*;

use super::*;
use crate::advise::advise;
use crate::rules::engine::judge;
use crate::rules::load;
use crate::services::Catalogue;
use crate::snapshot::file;

fn fix(target: Target, namespaces: &str) -> Option<String> {
    let text =
        format!("schema: backlint/snapshot/v1\nhost: {{kernel: 6.1.0}}\nnamespaces:\n{namespaces}");
    let snapshot = file::parse("test", &text).unwrap_or_else(|fault| panic!("{fault}"));
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let advice = advise(&judge(&rules, &facts).findings, &facts);
    write(target, &advice, &facts)
}

const HOST: &str = r#"  - name: host
    sysctls: {net.core.somaxconn: 128}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:80", accept_queue: {max: 128}, unit: nginx.service, owners: [{comm: nginx}]}
"#;

const REDIS: &str = r#"  - name: docker/cache
    containers: [{name: docker/cache, runtime: docker, image: "redis:7"}]
    sysctls: {net.core.somaxconn: 128}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:6379", accept_queue: {max: 128}, container: docker/cache, owners: [{comm: redis-server}]}
"#;

#[test]
fn a_container_has_its_own_flags_and_the_hosts_values_stay_out() {
    let both = format!("{HOST}{REDIS}");
    let docker = fix(Target::Docker, &both).unwrap();
    assert!(
        docker.ends_with(
            "docker run --detach --name cache --sysctl net.core.somaxconn=511 redis:7\n"
        ),
        "{docker}"
    );
    assert!(!docker.contains("nginx"), "{docker}");
    let ansible = fix(Target::Ansible, &both).unwrap();
    assert!(
        ansible.contains("restart nginx.service") && !ansible.contains("redis"),
        "{ansible}"
    );
}

#[test]
fn without_a_fitting_container_other_values_are_given_and_that_is_said() {
    let podman = fix(Target::Podman, REDIS).unwrap();
    assert!(
        podman.contains("nothing in this record is made by podman"),
        "{podman}"
    );
    let docker = fix(Target::Docker, HOST).unwrap();
    assert!(
        docker.contains("no container is in this record"),
        "{docker}"
    );
    assert!(
        docker.contains("docker run --detach --name nginx --sysctl"),
        "{docker}"
    );
    assert_eq!(fix(Target::Docker, "  - {name: host}\n"), None);
}

#[test]
fn a_socket_unit_gets_a_drop_in() {
    let socket = r#"  - name: host
    sysctls: {net.core.somaxconn: 1024}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:7", accept_queue: {max: 4096}, unit: echo.service, owners: [{comm: systemd, pid: 1}, {comm: echod, pid: 9}],
         requested: {backlog: 4096, source: config, where: "/etc/systemd/system/echo.socket:5"}}
      - {protocol: tcp, address: "0.0.0.0:8", accept_queue: {max: 1024}, unit: talk.service, owners: [{comm: systemd, pid: 1}, {comm: talkd, pid: 8}],
         requested: {backlog: 2048, source: config, where: "/etc/systemd/system/talk.socket.d/x.conf:5"}}
"#;
    let text = fix(Target::Systemd, socket).unwrap();
    assert!(
        text.contains("+++ b/etc/systemd/system/talk.socket.d/50-backlint.conf"),
        "{text}"
    );
    assert!(text.contains("+Backlog=2048\n"), "{text}");
    assert!(
        text.contains("systemctl stop talk.service; systemctl restart talk.socket"),
        "{text}"
    );
}

#[test]
fn each_compose_project_is_a_document() {
    let projects = ["a", "b"].map(|project| {
        REDIS
            .replace("docker/cache", &format!("docker/{project}-cache-1"))
            .replace(
                "runtime: docker",
                &format!("runtime: docker, compose: {{project: {project}, service: cache}}"),
            )
    });
    let text = fix(Target::Compose, &projects.concat()).unwrap();
    assert!(
        text.contains("each document here is of another project"),
        "{text}"
    );
    assert_eq!(text.matches("services:\n  \"cache\":").count(), 2, "{text}");
    assert_eq!(text.matches("\n---\n# project  b\n").count(), 1, "{text}");
}

#[test]
fn every_target_has_a_name_and_a_line() {
    let names: std::collections::BTreeSet<&str> = Target::ALL.map(Target::name).into();
    assert_eq!(names.len(), Target::ALL.len());
    assert!(Target::ALL.iter().all(|target| !target.about().is_empty()));
}

#[test]
fn strings_are_escaped_for_yaml_and_toml() {
    assert_eq!(
        text::quoted("a\"b\\c\nd\u{2028}\u{1f600}"),
        r#""a\"b\\c\u000ad\u2028\U0001f600""#
    );
    assert_eq!(text::shell("a b\n"), r#""a b\\n""#);
}

/// What a line of a text may begin with, by target: whatever else is a name that got out.
fn begins(target: Target) -> &'static [&'static str] {
    match target {
        Target::Docker => &["docker run --detach --name "],
        Target::Podman => &["podman run --detach --name "],
        Target::Compose => &["---", "services:", "  \"", "    sysctls:", "      \"net."],
        Target::Kubernetes => &[
            "---",
            "apiVersion: ",
            "kind: ",
            "metadata:",
            "  name: \"",
            "  namespace: \"",
            "spec:",
            "  template:",
            "    spec:",
            "  securityContext:",
            "      securityContext:",
            "    sysctls:",
            "        sysctls:",
            "      - name: \"net.",
            "          - name: \"net.",
            "        value: \"",
            "            value: \"",
            "  containers:",
            "    - name: \"",
            "      image: \"",
            "allowedUnsafeSysctls:",
            "  - \"net.",
        ],
        Target::Quadlet => &[
            "--- /dev/null",
            "+++ b/",
            "@@ ",
            "+[Container]",
            "+Sysctl=net.",
        ],
        Target::Systemd => &[
            "--- /dev/null",
            "+++ b/etc/systemd/system/",
            "@@ ",
            "+[Socket]",
            "+Backlog=",
            "+[Service]",
            "+ExecStartPre=+/sbin/sysctl -w net.",
        ],
        _ => &[],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_begins_a_line(name in "[a-z\\n\\r\\x00-\\x1f #'\"{}$`;:%\\-/.@+=\u{85}\u{2028}]{1,12}|\\PC{1,8}|[a-z]{1,5}", which in 0..5usize) {
        let json = |text: &str| serde_json::to_string(text).unwrap();
        let quoted = json(&name);
        let container = [
            format!("name: {}, runtime: docker, image: {quoted}", json(&format!("docker/{name}"))),
            format!("name: docker/x, runtime: docker, compose: {{project: {quoted}, service: {quoted}}}"),
            format!("name: podman/x, runtime: podman, unit: {}", json(&format!("{name}.service"))),
            format!("name: pod/x, runtime: containerd, image: {quoted}, pod: {{namespace: {quoted}, name: {quoted}, container: {quoted}}}"),
            format!("name: {}, runtime: podman", json(&format!("podman/{name}"))),
        ];
        let row = |unit: &str| format!("    listeners:\n      - {{protocol: unix, address: {}, accept_queue: {{max: 128}}, unit: {unit}, owners: [{{comm: {quoted}}}], requested: {{backlog: 511, source: config, where: {quoted}}}}}\n", json(&format!("/{name}")));
        let unit = json(&format!("{name}.service"));
        let record = format!(
            "  - name: one\n    containers: [{{{}}}]\n    sysctls: {{net.core.somaxconn: 128}}\n{}  - name: two\n    unit: {unit}\n    sysctls: {{net.core.somaxconn: 128}}\n{}",
            container[which], row("x.service"), row(&unit),
        );
        for target in Target::ALL {
            let text = fix(target, &record).unwrap_or_default();
            for line in text.split(['\n', '\r', '\u{85}', '\u{2028}']).filter(|line| !line.is_empty() && !line.starts_with('#')) {
                let known = begins(target);
                prop_assert!(known.is_empty() || known.iter().any(|begin| line.starts_with(begin)), "{}: {line:?} of {name:?}", target.name());
            }
        }
    }
}
