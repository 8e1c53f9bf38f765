//! Tomcat: `acceptCount` of each connector in server.xml, and the shutdown port.
//!
//! Follows Catalina (catalina.base, `-config FILE`), Digester (`${name}` and `${name:-default}` from
//! system properties, which conf/catalina.properties adds to), AbstractEndpoint.setAcceptCount (below 1
//! the default stays) and StandardServer.await (the shutdown port has a backlog of 1).

use std::collections::BTreeMap;
use std::net::IpAddr;

use roxmltree::Node;

use super::lines::Lines;
use super::{Context, Place, Reading, Setting, xml};
use crate::services::endpoint::Endpoint;
use crate::services::host::join;
use crate::snapshot::Source;

/// How often a value may name a further one.
const DEEPEST_VALUE: usize = 8;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let mut properties = properties(context.arguments);
    let base = ["catalina.base", "catalina.home"]
        .iter()
        .find_map(|name| properties.get(*name));
    let Some(base) = base.map(|base| context.path(base)) else {
        return Reading::default();
    };
    let conf = join(&base, "conf/catalina.properties");
    let written = context.files.read(&conf).unwrap_or_default();
    for (key, value) in property_file(&written) {
        // The command line's come later and stay.
        properties.entry(key).or_insert(value);
    }
    let path = join(
        &base,
        &config(context.arguments).unwrap_or("conf/server.xml".to_owned()),
    );
    let Some(text) = context.files.read(&path) else {
        return Reading::default();
    };
    let document = match xml::parse(&text) {
        Ok(document) => document,
        Err(error) => {
            context
                .files
                .fault(&path, format!("it cannot be parsed: {error}"));
            return Reading::default();
        }
    };
    let lines = Lines::of(&text);
    let mut settings = Vec::new();
    let mut faults = Vec::new();
    let server = Element::new(document.root_element(), &properties);
    let offset = server.number("portOffset").ok().flatten().unwrap_or(0);
    match server.shutdown(offset) {
        Ok(found) => settings.extend(found),
        Err(()) => faults.push(server.node),
    }
    let connectors = server
        .node
        .descendants()
        .filter(|node| node.has_tag_name("Connector"));
    for node in connectors {
        let line = lines.line(node.range().start);
        let place = Place::Line(path.clone(), line);
        match Element::new(node, &properties).connector(offset, context, &place) {
            Ok(found) => settings.extend(found),
            Err(()) => faults.push(node),
        }
    }
    for node in faults {
        let line = lines.line(node.range().start);
        let why = format!("line {line} has a value that is not known here");
        context.files.fault(&path, why);
    }
    Reading {
        settings,
        complete: !context.files.has_faults(),
    }
}

/// System properties of a command line; the last one counts.
fn properties(arguments: &[String]) -> BTreeMap<String, String> {
    let pairs = arguments.iter().filter_map(|word| {
        let (name, value) = word.strip_prefix("-D")?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// The pairs of a file of properties, as far as connectors need them.
fn property_file(text: &str) -> impl Iterator<Item = (String, String)> {
    let lines = text.lines().map(str::trim_start);
    lines.filter_map(|line| {
        let (key, value) = line.split_once(['=', ':'])?;
        let plain = !line.starts_with(['#', '!']) && !line.ends_with('\\');
        plain.then(|| (key.trim().to_owned(), value.trim().to_owned()))
    })
}

/// The file of `-config`.
fn config(arguments: &[String]) -> Option<String> {
    let at = arguments.iter().position(|word| word == "-config")?;
    arguments.get(at + 1).cloned()
}

/// An element whose attributes may name system properties.
struct Element<'a> {
    node: Node<'a, 'a>,
    properties: &'a BTreeMap<String, String>,
}

impl<'a> Element<'a> {
    fn new(node: Node<'a, 'a>, properties: &'a BTreeMap<String, String>) -> Self {
        Self { node, properties }
    }

    /// An attribute. `Err`: a property in it is not known.
    fn text(&self, name: &str) -> Result<Option<String>, ()> {
        let Some(text) = self.node.attribute(name) else {
            return Ok(None);
        };
        let mut text = text.to_owned();
        for _ in 0..DEEPEST_VALUE {
            let Some((before, rest)) = text.split_once("${") else {
                return Ok(Some(text));
            };
            let (name, behind) = rest.split_once('}').ok_or(())?;
            let (name, default) = match name.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (name, None),
            };
            let value = self.properties.get(name).map(String::as_str).or(default);
            text = format!("{before}{}{behind}", value.ok_or(())?);
        }
        Err(())
    }

    fn number(&self, name: &str) -> Result<Option<i64>, ()> {
        let text = self.text(name)?;
        text.map(|text| text.trim().parse().map_err(|_| ()))
            .transpose()
    }

    /// The socket that waits for the word that shuts Tomcat down.
    fn shutdown(&self, offset: i64) -> Result<Vec<Setting>, ()> {
        let port = self.number("port")?.unwrap_or(8005);
        let address = self
            .text("address")?
            .unwrap_or_else(|| "localhost".to_owned());
        let Ok(port) = u16::try_from(port.saturating_add(offset)) else {
            return Ok(Vec::new());
        };
        if self.number("port")? == Some(-1) {
            return Ok(Vec::new());
        }
        let setting = |on| Setting {
            on,
            backlog: Some(1),
            source: Source::Default,
            place: Place::Words("Tomcat's shutdown port always asks for 1".to_owned()),
        };
        Ok(endpoints(Some(&address), port)
            .into_iter()
            .map(setting)
            .collect())
    }

    /// What a connector asks for, if it says a number.
    fn connector(
        &self,
        offset: i64,
        context: &Context<'_>,
        place: &Place,
    ) -> Result<Vec<Setting>, ()> {
        let number = self.number("acceptCount")?;
        let Some(number) = number.filter(|number| *number > 0) else {
            return Ok(Vec::new());
        };
        let setting = |on| Setting::configured(on, number, place.clone());
        if let Some(path) = self.text("unixDomainSocketPath")? {
            return Ok(vec![setting(Endpoint::Path(context.path(&path)))]);
        }
        // -1 is no connector, and 0 any free port.
        let port = self.number("port")?.filter(|port| *port > 0);
        let Some(port) = port.and_then(|port| u16::try_from(port.saturating_add(offset)).ok())
        else {
            return Ok(Vec::new());
        };
        let address = self.text("address")?;
        Ok(endpoints(address.as_deref(), port)
            .into_iter()
            .map(setting)
            .collect())
    }
}

/// Where Java listens: an address of IPv4 is a socket of IPv6 unless it prefers IPv4.
fn endpoints(address: Option<&str>, port: u16) -> Vec<Endpoint> {
    let ip = address.and_then(|address| address.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    match ip {
        Some(IpAddr::V4(ip)) if !ip.is_unspecified() => {
            [IpAddr::V4(ip), IpAddr::V6(ip.to_ipv6_mapped())]
                .map(|ip| Endpoint::Port(Some(ip), port))
                .into()
        }
        Some(ip) if !ip.is_unspecified() => vec![Endpoint::Port(Some(ip), port)],
        _ => vec![Endpoint::Port(None, port)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    const LINE: [&str; 4] = [
        "java",
        "-Dcatalina.base=/var/lib/tomcat10",
        "-Dport=8443",
        "org.apache.catalina.startup.Bootstrap",
    ];
    /// As Tomcat 10.1.60 under strace, where the shutdown port is on.
    const SHUTDOWN: &str = "*:8005 = 1 at Tomcat's shutdown port always asks for 1 (default)";

    fn asked(xml: &str, more: &[&str]) -> (Vec<String>, bool) {
        let fake = Fake::new(&[
            ("/var/lib/tomcat10/conf/server.xml", xml),
            (
                "/var/lib/tomcat10/conf/catalina.properties",
                "# x=1\nqueue=33\n",
            ),
        ]);
        fake.settings(read, &[&LINE[..], more].concat(), None)
    }

    fn found(found: &[&str], complete: bool) -> (Vec<String>, bool) {
        (
            found.iter().map(|text| (*text).to_owned()).collect(),
            complete,
        )
    }

    #[test]
    fn debians_file_has_a_shutdown_port_at_most() {
        let mut fake = Fake::debian("tomcat10");
        let text = fake
            .files
            .remove("/usr/share/tomcat10/etc/server.xml")
            .unwrap();
        fake.files
            .insert("/var/lib/tomcat10/conf/server.xml".to_owned(), text);
        // Debian turns the shutdown port off.
        assert_eq!(fake.settings(read, &LINE, None), found(&[], true));
    }

    #[test]
    fn each_connector_has_its_number() {
        let xml = "<Server port='8005' shutdown='SHUTDOWN'>\n\
            <Connector port='8080' acceptCount='1000'/>\n\
            <Connector port='8081'/>\n\
            <Connector port='${port}' address='127.0.0.1'\n acceptCount='${queue}'/>\n\
            <Connector port='8082' address='::1' acceptCount='${x:-7}'/>\n\
            <Connector port='-1' acceptCount='7'/>\n\
            <Connector port='8083' acceptCount='0'/>\n\
            <Connector unixDomainSocketPath='/run/t' acceptCount='9'/>\n\
            <!-- <Connector port='8084' acceptCount='9'/> --></Server>";
        let at = "/var/lib/tomcat10/conf/server.xml";
        let expected = [
            SHUTDOWN.to_owned(),
            format!("*:8080 = 1000 at {at}:2"),
            format!("127.0.0.1:8443 = 33 at {at}:4"),
            format!("[::ffff:127.0.0.1]:8443 = 33 at {at}:4"),
            format!("[::1]:8082 = 7 at {at}:6"),
            format!("/run/t = 9 at {at}:9"),
        ];
        assert_eq!(asked(xml, &[]), (expected.into(), true));
    }

    #[test]
    fn ports_may_be_shifted_and_the_shutdown_port_be_off() {
        let xml =
            "<Server port='8005' portOffset='100'><Connector port='80' acceptCount='2'/></Server>";
        assert_eq!(
            asked(xml, &[]).0,
            [
                SHUTDOWN.replace("8005", "8105"),
                "*:180 = 2 at /var/lib/tomcat10/conf/server.xml:1".to_owned()
            ]
        );
        assert_eq!(
            asked("<Server port='-1' portOffset='100'/>", &[]),
            found(&[], true)
        );
        assert_eq!(asked("<Server/>", &[]), found(&[SHUTDOWN], true));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let xml = "<Server port='-1'><Connector port='80' acceptCount='${y}'/></Server>";
        assert_eq!(asked(xml, &[]), found(&[], false));
        assert_eq!(asked(xml, &["-Dy=4"]).0.len(), 1);
        assert_eq!(asked(xml, &["-Dy=${y}"]), found(&[], false));
        assert_eq!(asked("<Server", &[]), found(&[], false));
        assert_eq!(
            asked("<!DOCTYPE x [<!ENTITY a SYSTEM '/etc/a'>]><Server/>", &[]),
            found(&[], false)
        );
        assert_eq!(
            asked("<Server/>", &["-config", "/gone.xml"]),
            found(&[], false)
        );
        let fake = Fake::new(&[]);
        assert_eq!(
            fake.settings(read, &["java", "-jar", "x.jar"], None),
            found(&[], false)
        );
    }

    #[test]
    fn long_texts_are_no_trap() {
        let many = |text: &str| text.repeat((1 << 18) / text.len());
        let connectors = many("<Connector port='1' acceptCount='1'/>\n");
        asked(&format!("<Server>{connectors}</Server>"), &[]);
        asked(
            &format!(
                "<Server>{}</Server>",
                many("<Connector acceptCount='${a}'/>")
            ),
            &[],
        );
        asked(&many("<Server>"), &[]);
        asked("<Server port='${a}'/>", &[&format!("-Da={}", many("${a}"))]);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for xml in [
            "",
            "<",
            "<a/>",
            "<Server port=''/>",
            "<Server port='99999999999999999999'/>",
            "<Server port='${'/>",
            "<Server port='9223372036854775807' portOffset='9'/>",
            "<Server><Connector acceptCount='1'/></Server>",
            "<Server><Connector port='é' acceptCount='1'/></Server>",
        ] {
            asked(xml, &["-D", "-D=", "-config"]);
        }
    }
}
