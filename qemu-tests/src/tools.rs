//! Debian's programs that the boot tests need, from the SDK.

use keelson_sdk::cargo::WorkspaceProgram;
use keelson_sdk::{Lock, Options, Progress, Sdk, Tools};
use thiserror::Error;

use crate::artifacts::workspace;
use crate::setup::log_folder;

/// Packages of the machine.
pub const MACHINE_PACKAGES: [&str; 5] = ["ipxe", "ovmf", "qemu-system-x86", "qemu-utils", "swtpm"];

/// Packages of the programs that judge what was built, from outside.
pub const JUDGE_PACKAGES: [&str; 19] = [
    "bmap-tools",
    "cpio",
    "cryptsetup-bin",
    "dosfstools",
    "e2fsprogs",
    "erofs-utils",
    "fdisk",
    "gdisk",
    "genisoimage",
    "libxml2-utils",
    "openssh-client",
    "openssl",
    "sbsigntool",
    "skopeo",
    "systemd",
    "systemd-ukify",
    "tar",
    "xorriso",
    "zstd",
];

/// Packages whose services run here as Debian ships them, or whose unit files are read.
pub const SERVICE_PACKAGES: [&str; 13] = [
    "chrony",
    "containerd",
    "docker-cli",
    "docker.io",
    "etcd-client",
    "etcd-server",
    "haproxy",
    "nginx",
    "openssh-server",
    "postgresql-common",
    "prometheus-node-exporter",
    "redis-server",
    "runc",
];

/// Why the tools are not there.
#[derive(Debug, Error)]
pub enum ToolsError {
    /// The lock could not be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The SDK said no.
    #[error(transparent)]
    Sdk(#[from] keelson_sdk::Error),
}

/// The SDK with this user's cache.
pub fn sdk() -> Result<Sdk, keelson_sdk::Error> {
    Sdk::open(Options {
        cache: Options::default_cache()?,
        mirror: None,
        offline: false,
        locked: false,
        progress: Progress::plain(),
    })
}

/// The tools of all tests, by the lock of `board`; what is missing in the cache is fetched.
pub fn of_board(sdk: &Sdk, board: &str) -> Result<Tools, ToolsError> {
    let names = MACHINE_PACKAGES.iter().chain(&JUDGE_PACKAGES).map(|name| (*name).to_owned());
    Ok(sdk.tools(&lock(board)?, &names.collect::<Vec<_>>())?)
}

/// The trees of [`SERVICE_PACKAGES`] in one, with all they depend on; nothing of it is run on this host.
pub fn services(sdk: &Sdk, board: &str) -> Result<Tools, ToolsError> {
    Ok(sdk.tools(&lock(board)?, &SERVICE_PACKAGES.map(str::to_owned))?)
}

fn lock(board: &str) -> Result<Lock, ToolsError> {
    let path = workspace().join("boards").join(format!("{board}.lock"));
    let text = fs_err::read_to_string(&path)?;
    Ok(Lock::parse(&text, &path.display().to_string()).map_err(keelson_sdk::Error::from)?)
}

/// Builds the container test's program.
pub fn container_program(sdk: &Sdk) -> Result<Vec<u8>, ToolsError> {
    let name = "keelson-container-probe";
    let program = WorkspaceProgram { package: name.to_owned(), binary: name.to_owned() };
    let target = log_folder().join("programs");
    let mut built = sdk.build_workspace(&workspace(), &[program], &target)?;
    let path = built.remove(name).ok_or_else(|| std::io::Error::other(format!("no {name}")))?;
    Ok(fs_err::read(path)?)
}
