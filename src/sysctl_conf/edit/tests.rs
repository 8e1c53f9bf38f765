//! What an edit does to a file, case by case.

use super::*;

fn change(key: &str, value: &str, reasons: &[&str]) -> Change {
    Change {
        key: key.to_owned(),
        value: value.to_owned(),
        reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
    }
}

fn somaxconn(value: &str) -> Change {
    change("net.core.somaxconn", value, &["nginx asks for 65535"])
}

fn edited(text: &str, changes: &[Change]) -> String {
    let once = edit(Some(text.as_bytes()), changes).unwrap();
    assert_eq!(edit(Some(&once), changes).unwrap(), once, "not idempotent");
    String::from_utf8(once).unwrap()
}

#[test]
fn the_last_assignment_is_edited_in_place() {
    assert_eq!(
        edited(
            "net.core.somaxconn = 1\n \t-net/core/somaxconn=128  # web \r\nvm.x = 1\n",
            &[somaxconn("65535")]
        ),
        "net.core.somaxconn = 1\n \t# backlint: nginx asks for 65535\r\n \
         \t-net/core/somaxconn=65535  # web \r\nvm.x = 1\n"
    );
}

#[test]
fn a_wanted_value_is_left_alone() {
    for text in [
        "net.core.somaxconn=65535",
        "  net.core.somaxconn  =\t65535 # since 2019\r\n",
        "# backlint: another reason\nnet.core.somaxconn = 65535\n",
    ] {
        assert_eq!(edited(text, &[somaxconn("65535")]), text);
    }
    let text = "net.ipv4.tcp_rmem = 4096\t131072   6291456\n";
    let wanted = change("net.ipv4.tcp_rmem", " 4096 131072 6291456 ", &["r"]);
    assert_eq!(edited(text, &[wanted]), text);
}

#[test]
fn an_edit_replaces_the_reasons_of_the_edit_before() {
    let first = edited("net.core.somaxconn = 128\n", &[somaxconn("511")]);
    assert_eq!(
        edited(
            &first,
            &[change("net.core.somaxconn", "1024", &["one", "two"])]
        ),
        "# backlint: one\n# backlint: two\nnet.core.somaxconn = 1024\n"
    );
    assert_eq!(
        edited(&first, &[change("net.core.somaxconn", "1024", &[])]),
        "net.core.somaxconn = 1024\n"
    );
}

#[test]
fn a_missing_key_goes_into_a_block_at_the_end() {
    let changes = [
        somaxconn("4096"),
        change("net.ipv4.conf.eth0/1.rp_filter", "1", &[]),
    ];
    let block = format!(
        "{HEADER}\n# backlint: nginx asks for 65535\nnet.core.somaxconn = 4096\n\
         net.ipv4.conf.eth0/1.rp_filter = 1\n"
    );
    assert_eq!(edited("a.b = 1\n", &changes), format!("a.b = 1\n\n{block}"));
    assert_eq!(edited("a.b = 1", &changes), format!("a.b = 1\n\n{block}"));
    assert_eq!(
        edited("a.b = 1\n\n", &changes),
        format!("a.b = 1\n\n{block}")
    );
    assert_eq!(edited("", &changes), block);
    assert_eq!(edit(None, &changes).unwrap(), block.as_bytes());
    assert_eq!(
        edited("a.b = 1\r\nc.d = 2", &changes),
        format!("a.b = 1\r\nc.d = 2\r\n\r\n{}", block.replace('\n', "\r\n"))
    );
}

#[test]
fn a_second_run_adds_to_the_block() {
    let first = edited("a.b = 1\n", &[somaxconn("4096")]);
    let more = format!("{first}\n# mine\nc.d = 2\n");
    let second = edited(&more, &[change("net.x", "1", &["r"]), somaxconn("8192")]);
    assert_eq!(
        second,
        format!(
            "a.b = 1\n\n{HEADER}\n# backlint: nginx asks for 65535\nnet.core.somaxconn = 8192\n\
             # backlint: r\nnet.x = 1\n\n# mine\nc.d = 2\n"
        )
    );
}

#[test]
fn the_header_of_the_block_is_no_reason() {
    let first = edited("", &[change("net.x", "1", &[])]);
    assert_eq!(
        edited(&first, &[change("net.x", "2", &["r"])]),
        format!("{HEADER}\n# backlint: r\nnet.x = 2\n")
    );
}

#[test]
fn an_exclusion_below_would_undo_the_assignment() {
    assert_eq!(
        edited(
            "net.core.somaxconn = 128\n\n  -net.core.somaxconn",
            &[somaxconn("4096")]
        ),
        "net.core.somaxconn = 128\n\n  -net.core.somaxconn\n  \
         # backlint: nginx asks for 65535\n  net.core.somaxconn = 4096\n"
    );
}

#[test]
fn an_empty_value_is_filled() {
    let filled = |text: &str| edited(text, &[change("net.x", "5", &[])]);
    assert_eq!(filled("net.x=\r\n"), "net.x=5\r\n");
    assert_eq!(filled("net.x ="), "net.x = 5");
    assert_eq!(filled("net.x = \n"), "net.x = 5\n");
    assert_eq!(filled("net.x =\r\r\n"), "net.x = 5\r\r\n");
    assert_eq!(filled("net.x=\r \n"), "net.x=5\r \n");
    assert_eq!(filled("net.x =# c\n"), "net.x = 5 # c\n");
    assert_eq!(filled("net.x = # c\n"), "net.x = 5 # c\n");
    let emptied = |text: &str| edited(text, &[change("net.x", "", &[])]);
    assert_eq!(emptied("net.x = 5\n"), "net.x = \n");
    assert_eq!(emptied(""), format!("{HEADER}\nnet.x =\n"));
}

#[test]
fn a_comment_that_touches_its_number_is_set_apart() {
    // The kernel refuses "128#web" as a number, and takes "128 #web".
    assert_eq!(
        edited("net.x = 128#web\n", &[change("net.x", "128", &[])]),
        "net.x = 128 #web\n"
    );
}

#[test]
fn a_comment_behind_a_text_gets_its_own_line() {
    // "reno # old" is what the loaders would hand to the kernel, which knows no such algorithm.
    let key = "net.ipv4.tcp_congestion_control";
    assert_eq!(
        edited(
            &format!("  {key} = reno # old\n"),
            &[change(key, "bbr", &["r"])]
        ),
        format!("  # old\n  # backlint: r\n  {key} = bbr\n")
    );
    assert_eq!(
        edited(&format!("{key} = bbr # ok\n"), &[change(key, "bbr", &[])]),
        format!("# ok\n{key} = bbr\n")
    );
}

#[test]
fn a_reason_stays_one_comment_line() {
    let evil = change(
        "net.x",
        "1",
        &["a\nkernel.modprobe = /tmp/x\r\u{2028}\x1b[2J", " \n"],
    );
    assert_eq!(
        edited("", &[evil]),
        format!(
            "{HEADER}\n# backlint: a\\nkernel.modprobe = /tmp/x\\r\\u{{2028}}\\u{{1b}}[2J\nnet.x = 1\n"
        )
    );
}

#[test]
fn a_line_that_the_loaders_read_differently_is_not_edited() {
    assert_eq!(
        edited("- net.x = 1\n", &[change("net.x", "2", &[])]),
        format!("- net.x = 1\n\n{HEADER}\nnet.x = 2\n")
    );
}

#[test]
fn what_cannot_be_written_is_refused() {
    for key in [
        "",
        " ",
        ".",
        "#a.b",
        ";a",
        "-a.b",
        "a=b",
        "a\nb",
        "a\0",
        "a b",
        "a/../../b",
    ] {
        let error = edit(None, &[change(key, "1", &[])]).unwrap_err();
        assert_eq!(error, EditError::Key(key.to_owned()));
    }
    for value in ["1\n2", "1\r2", "1\0", "\x1b[2J"] {
        let error = edit(None, &[change("a.b", value, &[])]).unwrap_err();
        assert!(matches!(error, EditError::Value { .. }), "{value:?}");
    }
}

#[test]
fn changes_of_one_key_are_merged_or_refused() {
    let (one, other) = (
        change("a.b", "1", &["r", "s"]),
        change("a/b", " 1", &["s", "t"]),
    );
    assert_eq!(
        edited("a.b=2\n", &[one.clone(), other]),
        "# backlint: r\n# backlint: s\n# backlint: t\na.b=1\n"
    );
    let error = edit(None, &[one, change("a/b", "2", &[])]).unwrap_err();
    assert_eq!(error.to_string(), "a.b cannot be both \"1\" and \"2\"");
}

#[test]
fn busybox_knows_no_dash() {
    let text = b"net.core.somaxconn = 64\n-net.core.somaxconn = 100\n";
    let change = Change {
        key: "net.core.somaxconn".to_owned(),
        value: "511".to_owned(),
        reasons: Vec::new(),
    };
    let edited = |loader| {
        let text = edit_for(loader, Some(text), std::slice::from_ref(&change)).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert_eq!(
        edited(Some(Loader::Busybox)),
        "net.core.somaxconn = 511\n-net.core.somaxconn = 100\n"
    );
    assert_eq!(
        edited(Some(Loader::Procps)),
        "net.core.somaxconn = 64\n-net.core.somaxconn = 511\n"
    );
}
