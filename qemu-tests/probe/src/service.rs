//! What the probe does as a service of PID 1 (sd_notify(3), sd_listen_fds(3)).

use crate::output::Line;
use crate::sys;

/// The first passed descriptor.
const FIRST: usize = 3;

/// Sends each text to the manager, `;` as the end of a line, then waits until it is killed.
pub(crate) fn notify<'a>(texts: impl Iterator<Item = &'a [u8]>) -> ! {
    let Some(socket) = manager() else { sys::exit(1) };
    for text in texts {
        let mut lines = [0; 256];
        let length = text.len().min(lines.len());
        for (line, byte) in lines.iter_mut().zip(text) {
            *line = if *byte == b';' { b'\n' } else { *byte };
        }
        sys::write(socket, &lines[..length]);
    }
    sys::wait()
}

/// Answers every connection of the first passed socket with the number of passed descriptors.
pub(crate) fn serve() -> ! {
    let mut buffer = [0; 16];
    let count = environment(b"LISTEN_FDS", &mut buffer).unwrap_or(b"none");
    loop {
        if let Ok(connection) = usize::try_from(sys::accept(FIRST)) {
            sys::write(connection, b"served ");
            sys::write(connection, count);
            sys::write(connection, b"\n");
            sys::close(connection);
        }
    }
}

/// Gives the manager a file that holds `first` to keep; where it is passed one, prints what that holds instead.
pub(crate) fn store() -> ! {
    let mut buffer = [0; 16];
    if environment(b"LISTEN_FDS", &mut buffer).is_some() {
        let mut content = [0; 16];
        let length = usize::try_from(sys::read_at_start(FIRST, &mut content)).unwrap_or(0);
        Line::new("stored").text(&content[..length]).print();
    } else if let (Some(socket), Ok(file)) = (manager(), usize::try_from(sys::memory_file())) {
        sys::write(file, b"first");
        let sent = sys::send_descriptor(socket, b"FDSTORE=1\nFDNAME=probe", file);
        Line::new("sent").number(sent).print();
    }
    sys::wait()
}

/// Makes processes without end, each of which does the same in a session of its own and ignores SIGTERM.
pub(crate) fn bomb() -> ! {
    sys::ignore_sigterm();
    loop {
        if sys::fork() == 0 {
            sys::new_session();
        }
    }
}

/// A socket that leads to the manager.
fn manager() -> Option<usize> {
    let mut buffer = [0; 108];
    let path = environment(b"NOTIFY_SOCKET", &mut buffer)?;
    usize::try_from(sys::connect_datagram(path)).ok()
}

/// The value of a variable.
fn environment<'a>(name: &[u8], value: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut all = [0; 8192];
    let length = usize::try_from(sys::read_file(b"/proc/self/environ\0", &mut all)).ok()?;
    let found = all[..length]
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"=")))?;
    let value = value.get_mut(..found.len())?;
    value.copy_from_slice(found);
    Some(value)
}
