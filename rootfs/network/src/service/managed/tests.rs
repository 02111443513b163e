use std::path::PathBuf;

use super::*;

#[test]
fn names_count_while_the_settings_stay() {
    let states = [
        (false, None, false, false, false),
        (true, None, false, false, true),
        (false, Some(Duration::from_secs(9)), false, false, true),
        // `IgnoreCarrierLoss=yes`
        (false, None, true, false, true),
        (false, None, false, true, true),
    ];
    for (running, grace, applied, without_carrier, expected) in states {
        let mut managed = Managed::new(Link::default());
        (managed.running, managed.grace, managed.applied) = (running, grace, applied);
        let network = Network { without_carrier, ..Network::empty(PathBuf::new()) };
        managed.network = Some(Rc::new(network));
        assert_eq!(
            managed.is_in_use(),
            expected,
            "{running} {grace:?} {applied} {without_carrier}"
        );
    }
}
