use keelson_control::{CommandStatus, LoadState, ServiceStatus, UnitStatus};

use super::*;
use crate::clock::Now;

fn ssh() -> Vec<(String, String)> {
    let mut unit = UnitStatus::new("ssh.service", LoadState::Loaded);
    unit.properties.insert("Restart".into(), "on-failure".into());
    let start = CommandStatus {
        directive: "ExecStart".into(),
        path: "/usr/sbin/sshd".into(),
        arguments: vec!["/usr/sbin/sshd".into(), "-D".into()],
        ..CommandStatus::default()
    };
    unit.service = Some(Box::new(ServiceStatus {
        kind: "notify".into(),
        main_pid: 722,
        commands: vec![start],
        ..ServiceStatus::default()
    }));
    properties::of(&unit, Screen::plain(Now::default()).zone)
}

fn shown(options: &Options) -> String {
    text(&[ssh()], options)
}

#[test]
fn properties_come_in_the_order_asked() {
    let properties = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let options = Options {
        properties: properties(&["MainPID", "Restart", "None", "Id"]),
        ..Options::default()
    };
    assert_eq!(shown(&options), "MainPID=722\nRestart=on-failure\nId=ssh.service\n");
    let options = Options {
        properties: properties(&["ActiveState"]),
        value_only: true,
        ..Options::default()
    };
    assert_eq!(shown(&options), "inactive\n");
    let options = Options { properties: properties(&["FragmentPath"]), ..Options::default() };
    assert_eq!(shown(&options), "FragmentPath=\n");
}

#[test]
fn all_of_them_leave_out_the_empty_ones() {
    let text = shown(&Options::default());
    assert!(text.starts_with("Type=notify\n"), "{text}");
    assert!(!text.contains("FragmentPath"), "{text}");
    assert!(
        text.contains(
            "ExecStart={ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D ; ignore_errors=no ; start_time=[n/a] ; \
             stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }\n"
        ),
        "{text}"
    );
    assert_eq!(text.matches("Id=").count(), 1);
}

#[test]
fn json_is_a_list_of_objects() {
    let options =
        Options { properties: vec!["Id".into()], output: Output::Json, ..Options::default() };
    assert_eq!(shown(&options), "[{\"Id\":\"ssh.service\"}]\n");
}
