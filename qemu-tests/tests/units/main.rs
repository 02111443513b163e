//! Our reading of unit files, judged by systemd's own programs and by the unit files of Debian's packages.
//!
//! Nothing is booted: the programs and the packages come from the SDK.

mod debian;
mod judges;

use std::sync::LazyLock;

use keelson_qemu_tests::tools;
use keelson_sdk::Tools;

/// systemd's programs.
static JUDGES: LazyLock<Tools> = LazyLock::new(|| {
    let sdk = tools::sdk().unwrap_or_else(|error| panic!("{error}"));
    tools::of_board(&sdk, "amd64-usr").unwrap_or_else(|error| panic!("{error}"))
});

/// Packages whose services hosts run.
static SERVICES: LazyLock<Tools> = LazyLock::new(|| {
    let sdk = tools::sdk().unwrap_or_else(|error| panic!("{error}"));
    tools::services(&sdk, "amd64-usr").unwrap_or_else(|error| panic!("{error}"))
});

/// What one of systemd's programs prints in UTC.
fn systemd(program: &str, arguments: &[&str]) -> String {
    let mut command = JUDGES.command(program).unwrap_or_else(|error| panic!("{error}"));
    command.args(arguments).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
    command.env("SYSTEMD_COLORS", "0").env("SYSTEMD_PAGER", "");
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    words
}
