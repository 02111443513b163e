//! `/init` of the UKI: finds, verifies and mounts `/usr`, makes or checks ROOT, provisions a first
//! boot, and switches to PID 1 of `/usr`.
//!
//! It never panics: each step has its error, and [`refuse`] says what an error ends in.
//! Run by the kernel as anything but PID 1 it is the kernel's `modprobe`.

mod block;
mod console;
mod devices;
mod dm;
mod etc_overlay;
mod find;
mod gpt_table;
mod grow;
mod hardware;
mod info;
mod loop_device;
mod medium;
mod mounts;
mod netboot;
mod programs;
mod provision;
mod refuse;
mod root;
mod superblock;
mod switch;
mod uevents;
mod usr;

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use keelson_format::boot::{self, BootInfo};
use keelson_format::cmdline::Cmdline;
use keelson_format::disk::Slot;
use keelson_format::platform;
use keelson_kernel_modules::Modules;
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use find::{Choice, Disk, Mode};
use refuse::{Policy, Refusal, doing};
use usr::{Device, Parts, Trusted};

/// The builder's choice of [`keelson_format::cmdline::Debug`]: `allowed` or `off`.
const DEBUG: &str = "/etc/keelson/debug";
/// The release keys.
const KEYS: &str = "/etc/keelson/release-keys";
/// Where the kernel finds the program that loads modules it asks for.
const MODPROBE: &str = "/proc/sys/kernel/modprobe";
/// The digest of `/usr`, as the kernel's modules name it.
const USR_DIGEST: &str = "crypto-sha256";
/// What `/usr` needs of the kernel.
const USR_MODULES: [&str; 2] = ["dm_verity", "erofs"];
/// What the firmware's variables need of the kernel.
const FIRMWARE_MODULES: [&str; 1] = ["efivarfs"];
/// What the partitions of a CD need of the kernel.
const MEDIUM_MODULES: [&str; 1] = ["dm_mod"];
/// What `/` and `/etc` need of the kernel.
const ROOT_MODULES: [&str; 2] = ["ext4", "overlay"];
/// What the new root is mounted on.
const SYSROOT: &str = "/sysroot";

fn main() -> ExitCode {
    if !rustix::process::getpid().is_init() {
        return modprobe();
    }
    std::panic::set_hook(Box::new(|panic| {
        refuse::act(&format!("a fault of the initramfs itself: {panic}"), policy());
    }));
    match boot() {
        Ok(never) => match never {},
        Err(refusal) => refuse::act(&refusal.to_string(), policy()),
    }
}

/// The whole boot, in order.
fn boot() -> Result<Infallible, Refusal> {
    mounts::kernel_file_systems().map_err(Refusal::Mount)?;
    console::open();
    console::step("initramfs started");
    let began = clock_gettime(ClockId::Monotonic);
    let cmdline: Cmdline = read("/proc/cmdline")?.parse()?;
    let keys = usr::release_keys(KEYS).map_err(Refusal::Keys)?;
    let modules = Modules::open_running()?;
    modprobe_is("/init");
    if mounts::has_firmware_variables() {
        // The kernel would ask for it: another start of this program.
        load_all(&modules, &FIRMWARE_MODULES);
        mounts::firmware_variables().unwrap_or_else(console::warn);
    }
    let loader = hardware::loader_partition();

    let early = modules.clone();
    let early = thread::spawn(move || load_known(&early, &ROOT_MODULES));
    let source = if netboot::is_there() {
        console::step(format_args!("/usr came with the initramfs, version {}", cmdline.version));
        load_all(&modules, &netboot::MODULES);
        netboot::source()?
    } else {
        from_disk(&modules, &cmdline, loader)?
    };
    // The processor's own instructions, where it has some: verity takes the best digest that is there when it starts.
    hardware::report(&modules.plug(USR_DIGEST));
    load_all(&modules, &USR_MODULES);
    let trusted = usr::check(&source.parts, &cmdline, &keys)?;
    let key = &trusted.key_fingerprint;
    console::step(format_args!("signature of /usr is good (key {})", key.get(..8).unwrap_or(key)));
    usr::mount(&trusted, &source.parts, cmdline.on_corruption, "/usr")?;
    console::step("/usr is verified and mounted");

    let modules = Modules::open_running()?;
    early.join().expect("a panic of any thread restarts the machine");
    load_all(&modules, &ROOT_MODULES);
    root::links(Path::new("/")).map_err(Refusal::Mount)?;
    match &source.disk {
        Some(disk) if Mode::of(&cmdline) == Mode::Installed => {
            root::mount(disk, &cmdline, SYSROOT)?;
        }
        _ => {
            root::in_memory(SYSROOT).map_err(root::RootError::Failed)?;
            console::step("live: / is in memory");
        }
    }
    let first_boot = provision::is_due(SYSROOT);
    root::populate(Path::new(SYSROOT)).map_err(root::RootError::Failed)?;
    rustix::mount::mount_bind("/usr", format!("{SYSROOT}/usr"))
        .map_err(doing("mounting /usr in the new root"))
        .map_err(Refusal::Mount)?;
    etc_overlay::mount(SYSROOT).map_err(Refusal::Etc)?;
    info::write(&boot_info(&source, &cmdline, &trusted, loader, first_boot))
        .map_err(Refusal::Mount)?;
    info::write_start(began);
    if first_boot {
        hardware::report(&modules.coldplug());
        provision::run(SYSROOT, cmdline.value(platform::OPTION), netboot::config())?;
    }
    modprobe_is("/sbin/modprobe");
    switch::to(SYSROOT, &cmdline).map_err(Refusal::Switch)
}

/// Where this `/usr` comes from.
struct Source {
    parts: Parts,
    /// The disk it is on, where it came from one.
    disk: Option<Disk>,
    slot: Option<Slot>,
    esp: Option<Device>,
}

/// Waits for the disk that has this `/usr`, or in a live boot the medium.
fn from_disk(
    modules: &Modules,
    cmdline: &Cmdline,
    loader: Option<Uuid>,
) -> Result<Source, Refusal> {
    let (choice, disks) = hardware::wait_for_usr(modules, cmdline, loader)?;
    say_choice(&choice, cmdline);
    let disk = disks.into_iter().find(|disk| disk.name == choice.disk);
    let disk = disk.expect("the choice is one of the disks");
    load_all(modules, &MEDIUM_MODULES);
    let parts = medium::parts(&choice, &disk).map_err(Refusal::Mount)?;
    // The boot does not need it: programs that do say so themselves.
    let esp = medium::esp(&disk).unwrap_or_else(|failure| {
        console::warn(failure);
        None
    });
    Ok(Source { parts, disk: Some(disk), slot: Some(choice.slot), esp })
}

fn say_choice(choice: &Choice, cmdline: &Cmdline) {
    let Choice { disk, slot, .. } = choice;
    console::step(format_args!("disk {disk}, slot {slot}, version {}", cmdline.version));
    if choice.from_loader == Some(false) {
        console::warn(format_args!("the loader was started from another disk than {disk}"));
    }
    for other in &choice.passed_over {
        console::warn(format_args!("{other} has the same /usr and is passed over for {disk}"));
    }
}

fn boot_info(
    source: &Source,
    cmdline: &Cmdline,
    trusted: &Trusted,
    loader_partition: Option<Uuid>,
    first_boot: bool,
) -> BootInfo {
    let node = |device: &Device| devices::node(&device.name);
    BootInfo {
        root_hash: cmdline.root_hash,
        version: cmdline.version.clone(),
        board: cmdline.board.clone(),
        platform: cmdline.value(platform::OPTION).map(str::to_owned),
        slot: source.slot,
        disk: source.disk.as_ref().map(|disk| disk.name.clone()),
        parts: boot::Parts {
            esp: source.esp.as_ref().map(node),
            usr: node(&source.parts.data),
            verity: node(&source.parts.hash),
            signature: node(&source.parts.signature),
        },
        live: source.disk.is_none() || Mode::of(cmdline) == Mode::Live,
        loader_partition,
        key_fingerprint: trusted.key_fingerprint.clone(),
        first_boot,
    }
}

/// Loads modules that a later step needs; that step fails with its own error where this did.
fn load_all(modules: &Modules, names: &[&str]) {
    for name in names {
        if let Err(error) = modules.load(name, "") {
            console::warn(error);
        }
    }
}

/// [`load_all`] of those that the initramfs holds, beside the search for the disk: the kernel takes
/// as long for one large module as for everything else here. The rest comes from `/usr`.
fn load_known(modules: &Modules, names: &[&str]) {
    for name in names.iter().filter(|name| modules.knows(name)) {
        if let Err(error) = modules.load(name, "") {
            console::warn(error);
        }
    }
}

/// Tells the kernel which program loads the modules it asks for.
fn modprobe_is(program: &str) {
    let what = format!("making {program} the kernel's modprobe");
    fs::write(MODPROBE, program).map_err(doing(what)).unwrap_or_else(console::warn);
}

fn read(path: &str) -> Result<String, Refusal> {
    fs::read_to_string(path).map_err(doing(format!("reading {path}"))).map_err(Refusal::Mount)
}

/// What a refusal ends in, read where it is needed: the refusal may come before all else.
fn policy() -> Policy {
    let cmdline = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let debug = fs::read_to_string(DEBUG).unwrap_or_default();
    Policy::of(&cmdline, debug.trim() == "allowed")
}

/// What the kernel calls as `modprobe -q -- NAME` when it needs a file system or an algorithm.
fn modprobe() -> ExitCode {
    console::open();
    let Some(name) = std::env::args().next_back() else { return ExitCode::FAILURE };
    // The kernel asks for much that no module offers; only what was there and failed is said.
    match Modules::open_running() {
        Ok(modules) if !modules.knows(&name) => ExitCode::FAILURE,
        Ok(modules) => match modules.load(&name, "") {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => {
                console::warn(error);
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            console::warn(error);
            ExitCode::FAILURE
        }
    }
}
