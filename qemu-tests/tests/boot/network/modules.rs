//! Drivers of network devices are loaded as modprobe.d says.

use crate::checks::{Group, Is};

/// A file of modprobe.d.
pub const FILE: (&str, &str) = (
    "/etc/modprobe.d/test.conf",
    "install ifb /bin/false\nalias my-drivers vrf\noptions dummy numdummies=0\n\
     softdep vrf post: ipvlan\n",
);

/// What it does.
pub const MODULES: Group = (
    "modules",
    &[
        // Their drivers were asked for by the kernel.
        ("ls /sys/class/net | grep -cE '^(dummy|bond)0$'", Is("0")),
        (
            "modprobe ifb; cut -d' ' -f1 /proc/modules | grep -x ifb",
            Is(
                "modprobe: /etc/modprobe.d/test.conf:1: commands in the place of modules are not run; ifb is not loaded|modprobe: /etc/modprobe.d/test.conf:1: ifb is not loaded: commands in the place of modules are not run",
            ),
        ),
        (
            "modprobe -q my_drivers; cut -d' ' -f1 /proc/modules | grep -xE 'vrf|ipvlan' | sort",
            Is("ipvlan|vrf"),
        ),
        ("journalctl -b -u keelson-coldplug -o cat | grep -c 'ifb is not loaded'", Is("1")),
    ],
);
