use super::*;

pub(crate) fn timings() -> Timings {
    let unit = |name: &str, activating: u64, activated: u64, after: &[&str]| UnitTiming {
        name: name.into(),
        activating: activating * 1000,
        activated: activated * 1000,
        after: after.iter().map(|name| (*name).to_owned()).collect(),
        ..UnitTiming::default()
    };
    Timings {
        firmware: 2_584_000,
        loader: 1_200_000,
        initramfs: 1_900_000,
        userspace: 4_400_000,
        units_loaded: 4_500_000,
        finished: 13_500_000,
        userspace_realtime: 0,
        units: vec![
            unit(
                "multi-user.target",
                13_400,
                13_400,
                &["slow.service", "quick.service", "basic.target", "never.service"],
            ),
            unit("slow.service", 5000, 13_350, &["basic.target"]),
            unit("quick.service", 5000, 13_345, &["basic.target"]),
            unit("basic.target", 4900, 4900, &[]),
            unit("never.service", 5000, 0, &[]),
        ],
    }
}

#[test]
fn the_parts_of_the_boot_are_added_up() {
    assert_eq!(
        summary(&timings()),
        "Startup finished in 2.584s (firmware) + 1.200s (loader) + 1.900s (kernel) + 2.500s (initrd) + 9.100s (userspace) \
         = 17.284s \nmulti-user.target reached after 9s in userspace.\n"
    );
    let bare = Timings { firmware: 0, loader: 0, initramfs: 0, units: Vec::new(), ..timings() };
    assert_eq!(
        summary(&bare),
        "Startup finished in 4.400s (kernel) + 9.100s (userspace) = 13.500s \n"
    );
}

#[test]
fn the_slowest_is_blamed_first() {
    assert_eq!(blame(&timings()), "8.350s slow.service\n8.345s quick.service\n");
}
