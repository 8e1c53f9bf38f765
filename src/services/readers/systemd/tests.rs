//! Units, drop-ins, masks, templates, and the command lines of services.

use super::*;
use crate::services::readers::tests::Fake;

fn read(fake: &Fake) -> (Vec<String>, bool) {
    fake.settings(|context| sockets(&mut context.files), &[], None)
}

fn settings(files: &[(&str, &str)]) -> Vec<String> {
    read(&Fake::new(files)).0
}

#[test]
fn debians_units_leave_the_default_alone() {
    let mut fake = Fake::debian("systemd");
    assert_eq!(read(&fake), (vec![], true));
    let drop_in = "/etc/systemd/system/docker.socket.d/backlog.conf".to_owned();
    fake.files
        .insert(drop_in.clone(), "[Socket]\nBacklog=4096\n".to_owned());
    assert_eq!(
        read(&fake).0,
        [format!("/run/docker.sock = 4096 at {drop_in}:2")]
    );
    let drop_in = "/etc/systemd/system/systemd-.socket.d/backlog.conf".to_owned();
    fake.files
        .insert(drop_in.clone(), "[Socket]\nBacklog=7\n".to_owned());
    let expected = format!("/run/systemd/journal/stdout = 7 at {drop_in}:2");
    assert!(read(&fake).0.contains(&expected), "{:?}", read(&fake));
}

#[test]
fn a_drop_in_decides_and_a_better_directory_hides() {
    let found = settings(&[
        (
            "/usr/lib/systemd/system/ssh.socket",
            "[Socket]\nListenStream=22\nBacklog=128\n",
        ),
        (
            "/usr/lib/systemd/system/a.socket",
            "[Socket]\nListenStream=%t/a\nBacklog=1\n",
        ),
        (
            "/etc/systemd/system/a.socket",
            "[Socket]\nListenStream=%t/b\n\nBacklog = \\\n# x\n 2\n",
        ),
        (
            "/etc/systemd/system/ssh.socket.d/backlog.conf",
            "# more\n[Socket]\nBacklog=4096\n",
        ),
        (
            "/lib/systemd/system/none.socket",
            "[Socket]\nListenStream=1\n",
        ),
    ]);
    let expected = [
        "/run/b = 2 at /etc/systemd/system/a.socket:4",
        "[::]:22 = 4096 at /etc/systemd/system/ssh.socket.d/backlog.conf:3",
        "0.0.0.0:22 = 4096 at /etc/systemd/system/ssh.socket.d/backlog.conf:3",
    ];
    assert_eq!(found, expected);
}

#[test]
fn drop_ins_of_prefixes_and_of_the_type_count_by_name() {
    let unit = (
        "/lib/systemd/system/a-b-c.socket",
        "[Socket]\nListenStream=@x\nBacklog=1",
    );
    let of = |path: &'static str, number: u32| (path, number);
    let found = |drop_ins: &[(&str, u32)]| {
        let texts: Vec<(String, String)> = drop_ins
            .iter()
            .map(|(path, number)| {
                (
                    format!("{path}.conf"),
                    format!("[Socket]\nBacklog={number}"),
                )
            })
            .collect();
        let mut files = vec![unit];
        files.extend(
            texts
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        );
        settings(&files)[0].split(" at ").next().unwrap().to_owned()
    };
    let (etc, lib) = (
        "/etc/systemd/system/socket.d/z",
        "/lib/systemd/system/a-.socket.d/a",
    );
    assert_eq!(found(&[of(etc, 5)]), "@x = 5");
    assert_eq!(found(&[of(lib, 6)]), "@x = 6");
    assert_eq!(
        found(&[of(etc, 5), of(lib, 6)]),
        "@x = 5",
        "z comes behind a"
    );
    let same = [
        of("/lib/systemd/system/a-b-c.socket.d/x", 7),
        of("/lib/systemd/system/a-b-.socket.d/x", 8),
        of("/lib/systemd/system/socket.d/x", 9),
    ];
    assert_eq!(found(&same), "@x = 7", "the longest name hides the others");
    let same = [
        of("/lib/systemd/system/a-b-c.socket.d/x", 7),
        of("/etc/systemd/system/socket.d/x", 9),
    ];
    assert_eq!(
        found(&same),
        "@x = 9",
        "the better directory hides the others"
    );
}

#[test]
fn a_mask_hides_the_unit_of_another_directory() {
    let files = [
        (
            "/lib/systemd/system/a.socket",
            "[Socket]\nListenStream=@a\nBacklog=1",
        ),
        ("/etc/systemd/system/a.socket", ""),
    ];
    assert_eq!(settings(&files), [""; 0]);
}

#[test]
fn addresses_are_read_in_every_form() {
    let found = settings(&[(
        "/etc/systemd/system/a.socket",
        "[Socket]\nListenStream=1\nListenDatagram=\nListenStream=127.0.0.1:80\n\
         ListenStream=[::1]:80\nListenSequentialPacket=/run/a\nListenStream=@%p\n\
         ListenStream=vsock:2:1\nListenDatagram=5\nListenStream=%H\nBacklog=0x10\nBacklog=many\n\
         [Install]\nBacklog=3",
    )]);
    let at = "= 16 at /etc/systemd/system/a.socket:11";
    let expected = ["127.0.0.1:80", "[::1]:80", "/run/a", "@a"];
    assert_eq!(found, expected.map(|on| format!("{on} {at}")));
}

#[test]
fn as_much_as_there_is_has_no_number() {
    for number in ["4294967295", "2147483647", "2147483648"] {
        let text = format!("[Socket]\nListenStream=@a\nBacklog={number}\n");
        let found = settings(&[("/etc/systemd/system/a.socket", &text)]);
        assert_eq!(found, ["@a = all at /etc/systemd/system/a.socket:3"]);
    }
}

#[test]
fn an_instance_has_its_templates_file_and_a_template_alone_is_unknown() {
    let text = "[Socket]\nListenStream=/run/%i-%I\nBacklog=5";
    let template = ("/lib/systemd/system/a@.socket", text);
    let wants = (
        "/etc/systemd/system/sockets.target.wants/a@x\\x2dy-z.socket",
        "",
    );
    assert_eq!(read(&Fake::new(&[template])), (vec![], false));
    let expected = "/run/x\\x2dy-z-x-y/z = 5 at /lib/systemd/system/a@.socket:3".to_owned();
    assert_eq!(read(&Fake::new(&[template, wants])).0, [expected]);
}

fn line(files: &[(&str, &str)], unit: &str) -> Option<Vec<String>> {
    command_line(&Fake::new(files), 1, unit)
}

#[test]
fn a_command_line_is_read_from_the_unit() {
    let files = [
        (
            "/lib/systemd/system/r@.service",
            "[Service]\nEnvironmentFile=-/etc/default/r\nExecStart=-/usr/bin/r /etc/%i.conf \\\n  $OPTIONS \"a b\"\n",
        ),
        ("/etc/default/r", "# x\nOPTIONS=\"--n 7\"\n"),
    ];
    let words = line(&files, "r@one.service").unwrap();
    assert_eq!(words, ["/usr/bin/r", "/etc/one.conf", "--n", "7", "a b"]);
    assert_eq!(line(&files, "x.service"), None);
}

#[test]
fn signs_variables_and_specifiers_are_those_of_systemd() {
    let of = |text: &str| {
        let text = format!("[Service]\n{text}");
        let files = [
            ("/lib/systemd/system/r.service", text.as_str()),
            ("/etc/e/1", "A = -a  -b \nB='x y' z\n"),
        ];
        line(&files, "r.service").unwrap().join("|")
    };
    assert_eq!(of("ExecStart=@/usr/bin/r name -x"), "/usr/bin/r|-x");
    assert_eq!(
        of("EnvironmentFile=/etc/e/*\nExecStart=r $A ${A} ${B}"),
        "r|-a|-b|-a  -b|x y z"
    );
    assert_eq!(
        of("Environment=A=1 \"B=2 3\"\nExecStart=r --a=${A} $B x$A $$B"),
        "r|--a=1|2|3|x$A|$B"
    );
    assert_eq!(
        of("Environment=A=1\nEnvironmentFile=/etc/e/1\nExecStart=r $A"),
        "r|-a|-b"
    );
    assert_eq!(of("Environment=A=1\nExecStart=:r $A"), "r|$A");
    assert_eq!(of("ExecStart=r $NONE %% %N %n"), "r|%|r|r.service");
    assert_eq!(of("ExecStart=a\nExecStart=\nExecStart=-+b ; c"), "b");
}

#[test]
fn no_text_makes_it_panic() {
    let texts = [
        "",
        "\\",
        "[",
        "[]",
        "=",
        "[Socket]\nListenStream",
        "[Socket]\nListenStream=%",
        "[Socket]\nBacklog=",
        "[Socket]\nListenStream=@\nBacklog=-1",
        "[Socket]\\\n",
        "[Service]\nExecStart=",
        "[Service]\nExecStart=@",
        "[Service]\nExecStart=$",
        "[Service]\nExecStart=${",
        "[Service]\nExecStart='",
        "[Service]\nExecStart=x %",
        "[Service]\nEnvironmentFile=-\nExecStart=a",
        "[Service]\nEnvironment='\nExecStart=a",
        "\u{fffd}",
    ];
    for text in texts {
        for unit in [
            "é.socket",
            "-.socket",
            "@.socket",
            "a@b@c.socket",
            "--.socket",
            ".socket",
            "socket",
        ] {
            let path = format!("/etc/systemd/system/{unit}");
            let files = [
                (path.as_str(), text),
                ("/etc/systemd/system/socket.d/a.conf", text),
            ];
            settings(&files);
            line(&files, unit);
        }
    }
    let name = Name::new("a@\\x2é\\xff\\x.socket");
    assert!(name.expand("%I").is_some());
}
