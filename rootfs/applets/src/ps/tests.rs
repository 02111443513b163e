use super::*;

#[test]
fn a_kernel_thread_shows_its_name_in_brackets() {
    assert_eq!(command("", "kthreadd"), "[kthreadd]");
    assert_eq!(
        command("/usr/bin/containerd\0--log-level\0debug\0", "containerd"),
        "/usr/bin/containerd --log-level debug"
    );
}

#[test]
fn a_status_without_a_parent_is_no_process() {
    assert_eq!(parse(1, "Name:\tinit\nState:\tS (sleeping)\n"), None);
    assert!(parse(1, "Name:\tinit\nState:\tS (sleeping)\nPPid:\t0\nUid:\t0\t0\t0\t0\n").is_some());
}
