//! Files of modprobe.d and the kernel command line.

use proptest::prelude::*;

use super::*;

fn config(text: &str) -> Config {
    let mut config = Config::default();
    config.take(text, Path::new("/x.conf"));
    config
}

#[test]
fn lines_say_what_modprobe_d_of_its_manual_says() {
    let config = config(
        "# options a b\n\n  options nvme-core  io_timeout=5 \\\n  x=\"a b\"\nblacklist x-y\n\
         options net-pf-* one\nalias net-pf-1[0-9] my-net\nalias net-pf-10 ipv6\n\
         softdep a pre: b c-d post: e\nsoftdep a post: f pre: g\nweakdep a b\n",
    );
    assert_eq!(config.remarks, [""; 0]);
    assert_eq!(config.params("nvme_core", "given=1"), "io_timeout=5   x=\"a b\" given=1");
    assert_eq!(config.params("other", ""), "");
    assert!(config.blacklisted("x_y") && !config.blacklisted("nvme_core"));
    assert_eq!(config.aliased("net_pf_10"), Some(vec!["my_net", "ipv6"]));
    assert_eq!(config.aliased("net-pf-20"), None);
    assert_eq!(config.soft("a"), (vec!["b", "c-d", "g"], vec!["e", "f"]));
}

#[test]
fn what_is_not_done_is_told_with_its_place() {
    let config = config(
        "install usb-storage /bin/false\nremove a b\noptions a\nalias b\ninclude /etc/x\nsoftdep a\\",
    );
    assert_eq!(
        config.remarks,
        [
            "/x.conf:1: commands in the place of modules are not run; usb-storage is not loaded",
            "/x.conf:2: modules are not removed; passed over",
            "/x.conf:3: options says too little; passed over",
            "/x.conf:4: alias says too little; passed over",
            "/x.conf:5: unknown command include; passed over",
            "/x.conf:6: softdep says too little; passed over",
        ]
    );
    assert_eq!(config.refused("usb_storage"), Some("/x.conf:1"));
    assert_eq!(config.refused("a"), None);
}

#[test]
fn a_file_takes_the_place_of_one_of_its_name_below() {
    let root = tempfile::tempdir().expect("a scratch folder");
    for (path, text) in [
        ("usr/lib/modprobe.d/b.conf", "options b usr"),
        ("usr/lib/modprobe.d/c.conf", "options c usr"),
        ("run/modprobe.d/c.conf", "options c run"),
        ("etc/modprobe.d/a.conf", "options b etc"),
        ("etc/modprobe.d/a.txt", "options b text"),
    ] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let config = Config::read(root.path());
    assert_eq!(
        (config.params("b", "").as_str(), config.params("c", "").as_str()),
        ("etc usr", "run")
    );
}

#[test]
fn the_command_line_gives_parameters_and_a_blacklist() {
    let mut config = config("options a c\n");
    config.take_command_line(
        "quiet nvme-core.io_timeout=5 a.b modprobe.blacklist=x-y,z \"q q\".z=1 nvme_core.q=\"a b\"",
    );
    assert_eq!(config.params("nvme_core", "given=1"), "io_timeout=5 given=1");
    assert_eq!(config.params("a", ""), "c b");
    assert!(config.blacklisted("x_y") && config.blacklisted("z") && !config.blacklisted("a"));
}

proptest! {
    #[test]
    fn any_text_is_read_and_every_remark_names_a_line_of_it(
        text in "((options|alias|blacklist|softdep|install|remove|weakdep|pre:|a-b|\\*|\\\\|#|\\PC|[ \t\n])[ \n]?){0,60}",
    ) {
        let config = config(&text);
        let lines = text.lines().count().max(1);
        for remark in &config.remarks {
            let line = remark.strip_prefix("/x.conf:").and_then(|rest| rest.split(':').next());
            let line: usize = line.expect("a line").parse().expect("a number");
            prop_assert!((1..=lines).contains(&line), "{remark}");
        }
        config.aliased("a-b");
        config.soft("a_b");
    }

    #[test]
    fn options_come_back_as_they_were_written(name in "[a-z_]{1,9}", options in "[!-~]{1,20}") {
        prop_assume!(!options.ends_with('\\'));
        let config = config(&format!("options\t{name}  {options} \n"));
        prop_assert_eq!(config.params(&name, ""), options);
    }
}
