use super::*;

#[test]
fn images_get_their_registry_and_tag() {
    for (image, full) in [
        ("fedora", "docker.io/library/fedora:latest"),
        ("debian:trixie", "docker.io/library/debian:trixie"),
        ("user/image", "docker.io/user/image:latest"),
        ("quay.io/a/b@sha256:00", "quay.io/a/b@sha256:00"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
    ] {
        assert_eq!(full_name(image), full);
    }
}

#[test]
fn settings_of_the_user_win_and_options_over_them() {
    let root = tempfile::tempdir().expect("a folder");
    for folder in ["etc/default", "home/core"] {
        fs::create_dir_all(root.path().join(folder)).expect("made");
    }
    fs::write(root.path().join("etc/default/toolbox"), "TOOLBOX_IMAGE=debian\nTOOLBOX_NAME=box\n")
        .expect("written");
    fs::write(root.path().join("home/core/.toolboxrc"), "TOOLBOX_IMAGE=\"alpine:3\"\n")
        .expect("written");
    let settings = configuration(root.path(), "/home/core");
    let wish = |line: &str| {
        let arguments = line.split_whitespace().map(OsString::from).collect();
        parse(arguments, &settings).expect(line).expect("something to run")
    };
    let plain = wish("");
    assert_eq!((plain.image.as_str(), plain.name.as_str()), ("docker.io/library/alpine:3", "box"));
    assert_eq!(plain.command, ["/bin/sh"]);
    let other = wish("--image=fedora strace -p 1");
    assert_eq!(other.image, "docker.io/library/fedora:latest");
    assert_eq!(other.command, ["strace", "-p", "1"]);
    assert!(parse(vec!["--image=".into()], &settings).expect("understood").is_some());
    assert!(parse(vec!["--bogus".into()], &settings).is_err());
}

#[test]
fn the_container_has_the_hosts_namespaces_and_files() {
    let settings = BTreeMap::from([("TOOLBOX_NAME".to_owned(), "box".to_owned())]);
    let wish =
        parse(vec!["id".into(), "-u".into()], &settings).expect("understood").expect("something");
    let arguments = container_arguments(&wish, true).join(" ");
    for part in
        ["--net-host --privileged", "pid:/proc/1/ns/pid", "dst=/media/root", "--tty", " id -u"]
    {
        assert!(arguments.contains(part), "{part} in {arguments}");
    }
    assert!(!container_arguments(&wish, false).contains(&"--tty".to_owned()));
}
