//! Who this host is: its name and its machine ID; and the loopback interface and sysctl settings, which belong to the
//! same moment of the boot.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

use crate::folders;

/// The name of a host that was given none.
const DEFAULT_NAME: &str = "keelson";
const MACHINE_ID: &str = "/etc/machine-id";
/// Where the machine ID is kept when `/etc` cannot be written.
const PASSING_MACHINE_ID: &str = "/run/machine-id";
const SYSCTL_FOLDERS: &[&str] = &["/usr/lib/sysctl.d", "/run/sysctl.d", "/etc/sysctl.d"];

/// Sets the host name that was asked for, or that of `/etc/hostname` (hostname(5)), and gives it.
pub fn set_host_name(asked: Option<&str>) -> io::Result<String> {
    let text = match asked {
        Some(asked) => asked.to_owned(),
        None => fs::read_to_string("/etc/hostname").unwrap_or_default(),
    };
    let name = host_name(&text);
    rustix::system::sethostname(name.as_bytes())?;
    Ok(name.to_owned())
}

/// The first line that is no comment, where it can be a host name.
fn host_name(text: &str) -> &str {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|name| {
            name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        })
        .unwrap_or(DEFAULT_NAME)
}

/// Whether a machine ID is there, which tells a first boot (machine-id(5)).
pub fn is_first_boot() -> bool {
    !fs::read_to_string(MACHINE_ID).is_ok_and(|text| is_machine_id(text.trim_end()))
}

/// Takes the machine ID of a first boot that was asked for, or draws it. Gives what did not work, in words.
pub fn make_machine_id(asked: Option<&str>) -> Result<(), String> {
    let text = match asked.filter(|asked| is_machine_id(asked)) {
        Some(asked) => format!("{asked}\n"),
        None => draw_machine_id().map_err(|error| format!("drawing a machine ID: {error}"))?,
    };
    write_atomically(Path::new(MACHINE_ID), &text).map_err(|error| {
        let passing = fs::write(PASSING_MACHINE_ID, &text).and_then(|()| {
            rustix::mount::mount_bind(PASSING_MACHINE_ID, MACHINE_ID).map_err(io::Error::from)
        });
        let fate = if passing.is_ok() { "this boot has one of its own" } else { "there is none" };
        format!("writing {MACHINE_ID}: {error}; {fate}")
    })
}

fn is_machine_id(text: &str) -> bool {
    text.len() == 32
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && text.bytes().any(|b| b != b'0')
}

/// 128 random bits with the marks of a version 4 UUID, as systemd draws them.
fn draw_machine_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(33);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text.push('\n');
    Ok(text)
}

fn write_atomically(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o444))?;
    fs::rename(&new, path)
}

/// Turns the loopback interface on, by one rtnetlink message (rtnetlink(7)); its addresses come with it.
pub fn loopback_up() -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST: u16 = 1;
    const NLM_F_ACK: u16 = 4;
    const IFF_UP: u32 = 1;
    const LOOPBACK: i32 = 1;
    const NLMSG_ERROR: u16 = 2;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    let mut message = Vec::with_capacity(32);
    // struct nlmsghdr: length, type, flags, sequence, port; struct ifinfomsg: family, type, index, flags, change.
    message.extend(32_u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    message.extend([0; 8]);
    message.extend([0; 4]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0_u8; 256];
    let (length, _) = recv(&socket, &mut answer, rustix::net::RecvFlags::empty())?;
    let kind = u16::from_ne_bytes([answer[4], answer[5]]);
    let code = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    match code {
        _ if length < 20 || kind != NLMSG_ERROR => Err(io::ErrorKind::InvalidData.into()),
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.saturating_neg())),
    }
}

/// Applies `sysctl.d` (sysctl.d(5)). Gives what did not work, in words; a line beginning with `-` may fail.
pub fn apply_sysctl() -> Vec<String> {
    let mut problems = Vec::new();
    for path in folders::files(SYSCTL_FOLDERS, "conf") {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        for (index, line) in text.lines().enumerate() {
            let Some(setting) = sysctl_line(line) else { continue };
            let at = format!("{}:{}", path.display(), index + 1);
            if setting.key.contains('*') {
                problems.push(format!("{at}: patterns are not implemented: `{}`", setting.key));
            } else if let (Err(error), false) =
                (fs::write(&setting.file, setting.value), setting.may_fail)
            {
                problems.push(format!("{at}: {}: {error}", setting.file.display()));
            }
        }
    }
    problems
}

#[derive(Debug, PartialEq, Eq)]
struct Sysctl<'a> {
    key: &'a str,
    file: PathBuf,
    value: &'a str,
    may_fail: bool,
}

fn sysctl_line(line: &str) -> Option<Sysctl<'_>> {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return None;
    }
    let (may_fail, line) = line.strip_prefix('-').map_or((false, line), |rest| (true, rest));
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    // The separator that comes first is the separator; the other one stands for itself in a name.
    let dotted = key.find(['.', '/']).is_some_and(|at| key.as_bytes()[at] == b'.');
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    let relative = if dotted { key.chars().map(swap).collect() } else { key.to_owned() };
    let plain = !relative.split('/').any(|part| part == "..") && !relative.starts_with('/');
    plain.then(|| Sysctl {
        key,
        file: Path::new("/proc/sys").join(relative),
        value: value.trim(),
        may_fail,
    })
}

#[cfg(test)]
mod tests;
