//! The signals that end the system where the control socket is dead (systemd(1), "SIGNALS").

use std::io;

use keelson_control::Goal;

/// Sends PID 1 the signal of a goal.
#[expect(unsafe_code, reason = "the safe bindings have no real-time signals")]
pub fn send(goal: Goal) -> io::Result<()> {
    let offset = match goal {
        Goal::Halt => 3,
        Goal::PowerOff => 4,
        Goal::Reboot => 5,
        Goal::Kexec => 6,
    };
    // SAFETY: kill(2) takes plain numbers.
    if unsafe { libc::kill(1, libc::SIGRTMIN() + offset) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
