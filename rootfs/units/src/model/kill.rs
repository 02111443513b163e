//! How the processes of a unit are ended (systemd.kill(5)).

/// Signals are numbers, as the kernel has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillSettings {
    /// `KillMode=`
    pub mode: KillMode,
    /// `KillSignal=`
    pub signal: i32,
    /// `RestartKillSignal=`, or the same as `signal`.
    pub restart_signal: Option<i32>,
    /// `FinalKillSignal=`
    pub final_signal: i32,
    /// `WatchdogSignal=`
    pub watchdog_signal: i32,
    /// `SendSIGHUP=`
    pub send_hup: bool,
    /// `SendSIGKILL=`
    pub send_kill: bool,
}

/// The defaults of systemd.kill(5): SIGTERM (15), SIGKILL (9), SIGABRT (6).
impl Default for KillSettings {
    fn default() -> Self {
        Self {
            mode: KillMode::ControlGroup,
            signal: 15,
            restart_signal: None,
            final_signal: 9,
            watchdog_signal: 6,
            send_hup: false,
            send_kill: true,
        }
    }
}

/// `KillMode=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillMode {
    /// Every process of the control group gets the signals.
    ControlGroup,
    /// The main process gets SIGTERM, all get SIGKILL.
    Mixed,
    /// Only the main process.
    Process,
    /// Nobody.
    None,
}
