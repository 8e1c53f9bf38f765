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

/// What a target writes for a record of tests/targets.
fn of_record(target: Target, record: &str) -> String {
    let namespaces = record.split_once("namespaces:\n").unwrap().1;
    fix(target, namespaces).unwrap()
}

#[test]
fn replicas_get_all_that_one_of_them_needs() {
    let record = include_str!("../../../tests/targets/replicas.yaml");
    let pods = of_record(Target::Kubernetes, record);
    let set = pods.split_once("name: \"redis\"").unwrap().1;
    assert!(set.contains("value: \"2048\""), "{pods}");
    assert!(set.contains("net.ipv4.tcp_syncookies"), "{pods}");
    assert!(!pods.contains("value: \"511\""), "{pods}");
    assert!(
        pods.contains("for all of pod/shop/redis: net.core.somaxconn = 2048"),
        "{pods}"
    );
    let services = of_record(Target::Compose, record);
    let set = "\"net.core.somaxconn\": \"2048\"\n      \"net.ipv4.tcp_syncookies\": \"1\"\n";
    assert!(services.ends_with(set), "{services}");
    // Two namespaces of one unit, and of one Quadlet file.
    let one = |name: &str, more: &str, set: &str| {
        format!(
            "  - {{name: {name}, {more}, sysctls: {{{set}}}, listeners: [{{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {{max: 128}}, requested: {{backlog: BACKLOG, source: config}}, owners: [{{comm: x}}]}}]}}\n"
        )
    };
    let two = |more: &str| {
        let first = one("a", more, "net.core.somaxconn: 128").replace("BACKLOG", "2048");
        let second = one(
            "b",
            more,
            "net.core.somaxconn: 128, net.ipv4.tcp_syncookies: 0",
        );
        format!("{first}{}", second.replace("BACKLOG", "511"))
    };
    let both = |text: &str| {
        assert!(text.contains("net.core.somaxconn=2048\n"), "{text}");
        assert!(text.contains("net.ipv4.tcp_syncookies=1\n"), "{text}");
        assert!(!text.contains("somaxconn=511"), "{text}");
    };
    both(&fix(Target::Systemd, &two("unit: x.service")).unwrap());
    let quadlet = "containers: [{name: podman/x, runtime: podman, unit: x.service, quadlet: true}]";
    both(&fix(Target::Quadlet, &two(quadlet)).unwrap());
}

#[test]
fn a_cronjobs_template_is_in_its_job_and_a_guess_is_said() {
    let pod = |name: &str| {
        REDIS.replace(
            "runtime: docker",
            &format!("runtime: containerd, pod: {{namespace: shop, name: {name}}}"),
        )
    };
    let cron = fix(Target::Kubernetes, &pod("backup-29986456-x7k2p")).unwrap();
    let path = "kind: CronJob\nmetadata:\n  name: \"backup\"\n  namespace: \"shop\"\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          securityContext:\n";
    assert!(cron.contains(path), "{cron}");
    let job = fix(Target::Kubernetes, &pod("migrate-x7k2p")).unwrap();
    assert!(
        job.contains("kind: DaemonSet\nmetadata:\n  name: \"migrate\""),
        "{job}"
    );
    let check = "#          kubectl -n shop get pod migrate-x7k2p -o jsonpath=";
    assert!(
        job.contains(check) && job.contains("a Job's template cannot be changed"),
        "{job}"
    );
    let word = fix(Target::Kubernetes, &pod("csi-rbdplgn-x7k2p")).unwrap();
    assert!(word.contains("name: \"csi-rbdplgn\""), "{word}");
}

#[test]
fn what_is_left_out_is_told_where_nothing_else_is() {
    let odd = REDIS.replace("name: docker/cache,", "name: \"docker/a b\",");
    for target in [
        Target::Docker,
        Target::Podman,
        Target::Compose,
        Target::Quadlet,
    ] {
        let text = fix(target, &odd).unwrap();
        assert!(text.contains("left out: a b; no name of a"), "{text}");
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    }
    let unit = "  - {name: x, unit: \"../x.service\", sysctls: {net.core.somaxconn: 128}, listeners: [{protocol: tcp, address: \"0.0.0.0:80\", accept_queue: {max: 128}, owners: [{comm: nginx}]}]}\n";
    let text = fix(Target::Systemd, unit).unwrap();
    assert!(text.contains("left out: ../x.service; no plain"), "{text}");
    let pod = REDIS.replace(
        "runtime: docker",
        "runtime: containerd, pod: {name: \"A b\"}",
    );
    let text = fix(Target::Kubernetes, &pod).unwrap();
    assert!(text.contains("left out: A b; no name"), "{text}");
}

#[test]
fn containers_of_users_units_pods_and_shared_networks_are_told_apart() {
    let record = include_str!("../../../tests/targets/rootless.yaml");
    let text = of_record(Target::Podman, record);
    let has = |line: &str| assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    has("podman run --detach --name cache --sysctl net.core.somaxconn=511 redis:7");
    has(
        "sudo -H -u '#1000' env -C / XDG_RUNTIME_DIR=/run/user/1000 podman run --detach --name cache --sysctl net.core.somaxconn=511 redis:7",
    );
    has(
        "podman pod create --sysctl net.core.somaxconn=511 --name \"${POD:?the pod of 0123456789ab-infra}\"",
    );
    has("# verify   podman exec front cat /proc/sys/net/core/somaxconn");
    has("#          --sysctl net.core.somaxconn=511");
    assert!(
        text.contains("api.service makes api, and undoes what"),
        "{text}"
    );
    assert!(!text.contains("--name api "), "{text}");
    assert!(text.contains("# user     user 1000 runs podman"), "{text}");
    let text = of_record(Target::Docker, record);
    assert!(
        text.contains("listens again when container front is made anew too"),
        "{text}"
    );
    assert!(
        text.contains("# anew     front: in the network of vpn"),
        "{text}"
    );
    assert!(!text.contains("kind-worker"), "{text}");
    let text = of_record(Target::Quadlet, record);
    assert!(
        text.contains("+++ b/users/1000/web.container.d/50-backlint.conf"),
        "{text}"
    );
    let infra = "image: \"localhost/podman-pause:4.3.1-0\"";
    let made = record.replace(
        infra,
        &format!("{infra}, unit: front-pod.service, quadlet: true"),
    );
    let text = of_record(Target::Quadlet, &made);
    let pod = "+++ b/front.pod.d/50-backlint.conf\n@@ -0,0 +1,2 @@\n+[Pod]\n+PodmanArgs=--sysctl net.core.somaxconn=511\n";
    assert!(text.contains(pod), "{text}");
}

#[test]
fn what_only_its_maker_can_make_is_left_out() {
    let infra = REDIS.replace("docker/cache,", "podman/0123456789ab-infra,");
    let infra = infra.replace("runtime: docker", "runtime: podman");
    for target in [Target::Docker, Target::Compose] {
        let text = fix(target, &infra).unwrap();
        assert!(
            text.contains("left out: 0123456789ab-infra; it keeps a pod"),
            "{text}"
        );
    }
    // A namespace inside is nobody's to create here, whatever the target.
    let nested = REDIS.replace(
        "- name: docker/cache",
        "- name: docker/cache/7\n    nested: true",
    );
    for target in [
        Target::Docker,
        Target::Podman,
        Target::Compose,
        Target::Quadlet,
        Target::Kubernetes,
    ] {
        let text = fix(target, &nested).unwrap();
        assert!(
            text.contains("inside container cache: whatever makes the"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    }
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
        Target::Docker => &["docker run --detach --name ", "sudo -H -u '#1000' env "],
        Target::Podman => &[
            "podman run --detach --name ",
            "podman pod create --sysctl net.",
            "sudo -H -u '#1000' env ",
        ],
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
            "  jobTemplate:",
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
            "+[Pod]",
            "+PodmanArgs=--sysctl net.",
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
    fn no_name_begins_a_line(name in "[a-z\\n\\r\\x00-\\x1f #'\"{}$`;:%\\-/.@+=\u{85}\u{2028}]{1,12}|\\PC{1,8}|[a-z]{1,5}", which in 0..8usize) {
        let json = |text: &str| serde_json::to_string(text).unwrap();
        let quoted = json(&name);
        let container = [
            format!("name: {}, runtime: docker, image: {quoted}", json(&format!("docker/{name}"))),
            format!("name: docker/x, runtime: docker, compose: {{project: {quoted}, service: {quoted}}}"),
            format!("name: podman/x, runtime: podman, quadlet: true, unit: {}", json(&format!("{name}.service"))),
            format!("name: pod/x, runtime: containerd, image: {quoted}, pod: {{namespace: {quoted}, name: {quoted}, container: {quoted}}}"),
            format!("name: {}, runtime: podman", json(&format!("podman/{name}"))),
            format!("name: {}, runtime: podman, user: 1000, image: {quoted}", json(&format!("podman/{name}"))),
            format!("name: {}, runtime: podman, image: \"localhost/podman-pause:5\", quadlet: true, unit: {}", json(&format!("podman/{name}")), json(&format!("{name}-pod.service"))),
            format!("name: pod/x/y, runtime: containerd, pod: {{namespace: x, name: {}}}", json(&format!("{name}-x7k2p"))),
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
