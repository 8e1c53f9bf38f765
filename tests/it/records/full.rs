//! A record that has every field there is. The schema says which these are, so one that is added later
//! and not put in here fails a test.

use std::collections::BTreeSet;

use backlint::snapshot::{Snapshot, file, schema};
use serde_json::Value;

/// Every field, each with something private where it can have that.
pub(super) const TEXT: &str = r##"
schema: backlint/snapshot/v1
written_by: backlint 0.1.0
host: {name: web1, kernel: 6.1.0-18-amd64, os: {id: debian, version: "12"}}
image: {name: "registry.shop.example/shop/front:3.1", platform: linux/arm64, entrypoint: [/srv/shop/start], command: [nginx, -g, daemon off;], exposed: [80/tcp], boots: true}
namespaces:
  - name: pod/shop/web-5d9c7b6f4-x2x7z
    workload: pod/shop/web
    id: 4026532008
    rootless: true
    pid: 4711
    named: blue
    unit: web.service
    nested: true
    containers:
      - name: pod/shop/web-5d9c7b6f4-x2x7z/front
        runtime: docker
        id: 4f0c5b3a12344f0c5b3a12344f0c5b3a12344f0c5b3a12344f0c5b3a12344f0c
        image: registry.shop.example/shop/front:3.1
        pod: {namespace: shop, name: web-5d9c7b6f4-x2x7z, uid: 0a1b2c3d-0001-4002-8003-000000000004, container: front}
        compose: {project: shop, service: front}
        unit: front.service
        quadlet: true
        user: 1000
        handle: front-1
    sysctls: {net.core.somaxconn: 128, kernel.domainname: shop.example}
    absent: [net.ipv4.tcp_tw_recycle]
    counters: {TcpExt.ListenOverflows: 3}
    listeners:
      - protocol: tcp
        address: "10.1.2.3:80"
        accept_queue: {len: 1, max: 128}
        syn_queue: {len: 2}
        drops: 3
        inode: 4
        uid: 33
        owners: [{pid: 5, comm: nginx, exe: /home/ann/nginx, fd: 6, program: app.py, runtime: go, libc: musl}]
        owners_complete: false
        cgroup: /system.slice/web.service
        unit: web.service
        container: pod/shop/web-5d9c7b6f4-x2x7z/front
        presumed: true
        service: nginx
        version: "1.18"
        configuration: read
        requested: {backlog: 511, source: config, where: "/srv/shop/nginx.conf:12", applied: false}
files:
  - {path: /etc/sysctl.d/60-shop.conf, text: "# the shop\nnet.core.somaxconn = 511\n", link: /srv/shop.conf, unread: permission denied, irregular: true}
boot:
  loader: procps
  found: {/sbin/init: /lib/systemd/systemd}
  packages: {procps: "2:4.0.2-3"}
  cmdline: [sysctl.net.core.somaxconn=1]
  writers: [{path: /etc/rc.local, line: 3, text: "sysctl -w net.core.somaxconn=2"}]
gaps: [{netns: pod/shop/web-5d9c7b6f4-x2x7z, what: /srv/shop, why: permission denied, blinds: everything}]
"##;

pub(super) fn record() -> Snapshot {
    file::parse("full.yaml", TEXT).unwrap_or_else(|fault| panic!("{fault}"))
}

/// Every field that the schema has, as the type and the name of it.
fn of_schema(schema: &Value) -> BTreeSet<String> {
    let types = schema["$defs"].as_object().unwrap();
    let fields = |name: &str, kind: &Value| -> Vec<String> {
        let properties = kind["properties"].as_object();
        properties
            .into_iter()
            .flatten()
            .map(|(field, _)| format!("{name}.{field}"))
            .collect()
    };
    let nested = types.iter().flat_map(|(name, kind)| fields(name, kind));
    nested.chain(fields("Snapshot", schema)).collect()
}

/// The type that a field's schema refers to.
fn referred<'a>(schema: &'a Value, node: &'a Value) -> Option<&'a str> {
    let direct = node.get("$ref").and_then(Value::as_str);
    let among = || {
        node["anyOf"]
            .as_array()?
            .iter()
            .find_map(|it| it.get("$ref")?.as_str())
    };
    let items = || {
        node.get("items")
            .and_then(|items| items.get("$ref")?.as_str())
    };
    let name = direct
        .or_else(among)
        .or_else(items)?
        .strip_prefix("#/$defs/")?;
    schema["$defs"][name].get("properties").map(|_| name)
}

/// Every field of a record, in the same words.
fn of_record(schema: &Value, name: &str, node: &Value, found: &mut BTreeSet<String>) {
    let kind = match name {
        "Snapshot" => schema,
        name => &schema["$defs"][name],
    };
    for (field, value) in node.as_object().into_iter().flatten() {
        found.insert(format!("{name}.{field}"));
        if let Some(below) = referred(schema, &kind["properties"][field]) {
            let all = value
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![value.clone()]);
            all.iter()
                .for_each(|value| of_record(schema, below, value, found));
        }
    }
}

#[test]
fn the_full_record_has_every_field_of_the_schema() {
    let schema: Value = serde_json::from_str(&schema::text().unwrap()).unwrap();
    let mut found = BTreeSet::new();
    of_record(
        &schema,
        "Snapshot",
        &serde_json::to_value(record()).unwrap(),
        &mut found,
    );
    let missing: Vec<String> = of_schema(&schema).difference(&found).cloned().collect();
    assert!(missing.is_empty(), "full.rs has no {missing:?}");
    assert!(found.len() > 60, "{}", found.len());
}
