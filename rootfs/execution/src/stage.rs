//! The steps at which starting a process can fail, and the exit statuses that tell them (systemd.exec(5), "PROCESS EXIT
//! CODES").

/// A step between the fork and the program's first instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the exit status of its name")]
#[repr(u8)]
pub enum Stage {
    Chdir = 200,
    Nice = 201,
    Fds = 202,
    Exec = 203,
    Memory = 204,
    Limits = 205,
    OomAdjust = 206,
    SignalMask = 207,
    Stdin = 208,
    Stdout = 209,
    Chroot = 210,
    Ioprio = 211,
    TimerSlack = 212,
    SecureBits = 213,
    SetScheduler = 214,
    CpuAffinity = 215,
    Group = 216,
    User = 217,
    Capabilities = 218,
    Cgroup = 219,
    SetSid = 220,
    Stderr = 222,
    Pam = 224,
    Network = 225,
    Namespace = 226,
    NoNewPrivileges = 227,
    Seccomp = 228,
    Personality = 230,
    AddressFamilies = 232,
    RuntimeDirectory = 233,
    Chown = 235,
    Keyring = 237,
    StateDirectory = 238,
    CacheDirectory = 239,
    LogsDirectory = 240,
    ConfigurationDirectory = 241,
    NumaPolicy = 242,
    Credentials = 243,
    Bpf = 245,
}

/// Every stage with its name.
const STAGES: [(Stage, &str); 39] = [
    (Stage::Chdir, "CHDIR"),
    (Stage::Nice, "NICE"),
    (Stage::Fds, "FDS"),
    (Stage::Exec, "EXEC"),
    (Stage::Memory, "MEMORY"),
    (Stage::Limits, "LIMITS"),
    (Stage::OomAdjust, "OOM_ADJUST"),
    (Stage::SignalMask, "SIGNAL_MASK"),
    (Stage::Stdin, "STDIN"),
    (Stage::Stdout, "STDOUT"),
    (Stage::Chroot, "CHROOT"),
    (Stage::Ioprio, "IOPRIO"),
    (Stage::TimerSlack, "TIMERSLACK"),
    (Stage::SecureBits, "SECUREBITS"),
    (Stage::SetScheduler, "SETSCHEDULER"),
    (Stage::CpuAffinity, "CPUAFFINITY"),
    (Stage::Group, "GROUP"),
    (Stage::User, "USER"),
    (Stage::Capabilities, "CAPABILITIES"),
    (Stage::Cgroup, "CGROUP"),
    (Stage::SetSid, "SETSID"),
    (Stage::Stderr, "STDERR"),
    (Stage::Pam, "PAM"),
    (Stage::Network, "NETWORK"),
    (Stage::Namespace, "NAMESPACE"),
    (Stage::NoNewPrivileges, "NO_NEW_PRIVILEGES"),
    (Stage::Seccomp, "SECCOMP"),
    (Stage::Personality, "PERSONALITY"),
    (Stage::AddressFamilies, "ADDRESS_FAMILIES"),
    (Stage::RuntimeDirectory, "RUNTIME_DIRECTORY"),
    (Stage::Chown, "CHOWN"),
    (Stage::Keyring, "KEYRING"),
    (Stage::StateDirectory, "STATE_DIRECTORY"),
    (Stage::CacheDirectory, "CACHE_DIRECTORY"),
    (Stage::LogsDirectory, "LOGS_DIRECTORY"),
    (Stage::ConfigurationDirectory, "CONFIGURATION_DIRECTORY"),
    (Stage::NumaPolicy, "NUMA_POLICY"),
    (Stage::Credentials, "CREDENTIALS"),
    (Stage::Bpf, "BPF"),
];

/// Exit statuses that are not ours: those of the C library, the LSB and the BSDs, and the rest of systemd's.
const OTHERS: [(i32, &str); 28] = [
    (0, "SUCCESS"),
    (1, "FAILURE"),
    (2, "INVALIDARGUMENT"),
    (3, "NOTIMPLEMENTED"),
    (4, "NOPERMISSION"),
    (5, "NOTINSTALLED"),
    (6, "NOTCONFIGURED"),
    (7, "NOTRUNNING"),
    (64, "USAGE"),
    (65, "DATAERR"),
    (66, "NOINPUT"),
    (67, "NOUSER"),
    (68, "NOHOST"),
    (69, "UNAVAILABLE"),
    (70, "SOFTWARE"),
    (71, "OSERR"),
    (72, "OSFILE"),
    (73, "CANTCREAT"),
    (74, "IOERR"),
    (75, "TEMPFAIL"),
    (76, "PROTOCOL"),
    (77, "NOPERM"),
    (78, "CONFIG"),
    (221, "CONFIRM"),
    (229, "SELINUX_CONTEXT"),
    (231, "APPARMOR_PROFILE"),
    (236, "SMACK_PROCESS_LABEL"),
    (255, "EXCEPTION"),
];

impl Stage {
    /// The exit status, 200 to 245.
    pub fn status(self) -> i32 {
        i32::from(self as u8)
    }

    /// The name as `systemctl status` writes it: `EXEC`.
    pub fn name(self) -> &'static str {
        STAGES.iter().find(|(stage, _)| *stage == self).map_or("", |(_, name)| name)
    }

    /// The stage of an exit status.
    pub fn from_status(status: i32) -> Option<Self> {
        STAGES.iter().map(|(stage, _)| *stage).find(|stage| stage.status() == status)
    }
}

/// The symbolic name of an exit status without its `EXIT_` or `EX_`, where it has one.
pub fn exit_status_name(status: i32) -> Option<&'static str> {
    let other = OTHERS.iter().find(|(other, _)| *other == status).map(|(_, name)| *name);
    other.or_else(|| Stage::from_status(status).map(Stage::name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_a_name_and_is_found_by_its_status() {
        for (stage, name) in STAGES {
            assert_eq!((stage.name(), Stage::from_status(stage.status())), (name, Some(stage)));
        }
        assert_eq!(Stage::from_status(1), None);
    }

    #[test]
    fn exit_statuses_have_the_names_of_the_manual() {
        for (status, name) in
            [(0, Some("SUCCESS")), (203, Some("EXEC")), (226, Some("NAMESPACE")), (99, None)]
        {
            assert_eq!(exit_status_name(status), name);
        }
    }
}
