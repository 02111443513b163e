use keelson_control::LoadState;

use super::*;
use crate::clock::Now;

fn unit(name: &str, active: ActiveState, wants: &[&str]) -> (String, UnitStatus) {
    let mut unit = UnitStatus::new(name, LoadState::Loaded);
    unit.active = active;
    unit.dependencies.insert("Wants".into(), wants.iter().map(|name| (*name).to_owned()).collect());
    (name.to_owned(), unit)
}

fn tree(options: &Options) -> String {
    let known = BTreeMap::from([
        unit("multi-user.target", ActiveState::Active, &["ssh.service", "basic.target"]),
        unit("basic.target", ActiveState::Active, &["a.timer", "multi-user.target"]),
        unit("ssh.service", ActiveState::Failed, &["deep.service"]),
        unit("deep.service", ActiveState::Inactive, &[]),
        unit("a.timer", ActiveState::Inactive, &[]),
    ]);
    let screen = Screen::plain(Now::default());
    let mut tree = Tree {
        known: &known,
        options,
        screen: &screen,
        out: String::new(),
        above: vec!["multi-user.target".into()],
    };
    tree.below(&known["multi-user.target"], "");
    tree.out
}

#[test]
fn targets_are_followed_and_circles_end() {
    assert_eq!(
        tree(&Options::default()),
        "● ├─basic.target\n○ │ ├─a.timer\n● │ └─multi-user.target\n× └─ssh.service\n"
    );
    assert_eq!(
        tree(&Options { all: true, plain: true, ..Options::default() }),
        "●   basic.target\n○     a.timer\n●     multi-user.target\n×   ssh.service\n○     deep.service\n"
    );
}
