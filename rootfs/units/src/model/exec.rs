//! What a process of a unit finds around it (systemd.exec(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::values::{
    BindMount, CallFilter, Credential, DirectoryKind, EnvironmentFile, Input, LimitPair,
    NamespacePath, Output, Protect, Restriction, ServiceDirectory,
};

/// systemd.exec(5). `None` means that the directive was not given.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct ExecSettings {
    /// `User=`
    pub user: Option<String>,
    /// `Group=`
    pub group: Option<String>,
    /// `DynamicUser=`
    pub dynamic_user: bool,
    /// `SupplementaryGroups=`
    pub supplementary_groups: Vec<String>,
    /// `SetLoginEnvironment=`
    pub set_login_environment: Option<bool>,
    /// `PAMName=`
    pub pam_name: Option<String>,

    /// `WorkingDirectory=`; `~` is kept as it is.
    pub working_directory: Option<PathBuf>,
    /// `-` of it.
    pub working_directory_may_miss: bool,
    /// `RootDirectory=`
    pub root_directory: Option<PathBuf>,
    /// `RootImage=`, refused by the parser but kept for `show`.
    pub root_image: Option<PathBuf>,
    /// `RootEphemeral=`
    pub root_ephemeral: bool,
    /// `MountAPIVFS=`
    pub mount_api_vfs: Option<bool>,
    /// `BindLogSockets=`
    pub bind_log_sockets: Option<bool>,
    /// `BindPaths=`, `BindReadOnlyPaths=`
    pub bind_mounts: Vec<BindMount>,
    /// `TemporaryFileSystem=`: path and options.
    pub temporary_file_systems: Vec<(PathBuf, String)>,

    /// `Environment=`
    pub environment: BTreeMap<String, String>,
    /// `EnvironmentFile=`
    pub environment_files: Vec<EnvironmentFile>,
    /// `PassEnvironment=`
    pub pass_environment: BTreeSet<String>,
    /// `UnsetEnvironment=`: names or assignments.
    pub unset_environment: BTreeSet<String>,
    /// `ExecSearchPath=`
    pub search_path: Vec<PathBuf>,

    /// `StandardInput=`
    pub input: Input,
    /// `StandardInputText=` and `StandardInputData=`, decoded.
    pub input_data: Vec<u8>,
    /// `StandardOutput=`; none is the journal.
    pub output: Option<Output>,
    /// `StandardError=`; none is as `output`.
    pub error: Option<Output>,
    /// `TTYPath=`
    pub tty_path: Option<PathBuf>,
    /// `TTYReset=`
    pub tty_reset: bool,
    /// `TTYVHangup=`
    pub tty_vhangup: bool,
    /// `TTYVTDisallocate=`
    pub tty_vt_disallocate: bool,
    /// `TTYRows=`
    pub tty_rows: Option<u16>,
    /// `TTYColumns=`
    pub tty_columns: Option<u16>,
    /// `SyslogIdentifier=`
    pub syslog_identifier: Option<String>,
    /// `SyslogFacility=` as a number, none is daemon (3).
    pub syslog_facility: Option<u8>,
    /// `SyslogLevel=`, none is info (6).
    pub syslog_level: Option<u8>,
    /// `SyslogLevelPrefix=no`
    pub no_syslog_level_prefix: bool,
    /// `LogLevelMax=`
    pub log_level_max: Option<u8>,
    /// `LogExtraFields=`: `FIELD=value`.
    pub log_extra_fields: Vec<String>,
    /// `LogRateLimitIntervalSec=`
    pub log_rate_interval: Option<Duration>,
    /// `LogRateLimitBurst=`
    pub log_rate_burst: Option<u32>,
    /// `LogNamespace=`
    pub log_namespace: Option<String>,
    /// `LogFilterPatterns=`
    pub log_filter_patterns: Vec<String>,

    /// `RuntimeDirectory=` and its sisters.
    pub directories: BTreeMap<DirectoryKind, Vec<ServiceDirectory>>,
    /// `RuntimeDirectoryMode=` and its sisters; missing is 0755.
    pub directory_modes: BTreeMap<DirectoryKind, u32>,
    /// `RuntimeDirectoryPreserve=yes`
    pub runtime_preserve: bool,
    /// `RuntimeDirectoryPreserve=restart`
    pub runtime_preserve_on_restart: bool,
    /// `TimeoutCleanSec=`
    pub clean_timeout: Option<Duration>,
    /// `LoadCredential=`, `SetCredential=`, by ID.
    pub credentials: BTreeMap<String, Vec<Credential>>,
    /// `ImportCredential=`: globs.
    pub import_credentials: Vec<String>,

    /// `LimitNOFILE=` and its sisters, by RLIMIT number.
    pub limits: BTreeMap<u32, LimitPair>,
    /// `UMask=`; none is 0022.
    pub umask: Option<u32>,
    /// `CoredumpFilter=`
    pub coredump_filter: Option<u64>,
    /// `KeyringMode=`: `inherit`, `private` or `shared`.
    pub keyring_mode: Option<&'static str>,
    /// `OOMScoreAdjust=`
    pub oom_score_adjust: Option<i32>,
    /// `TimerSlackNSec=` in nanoseconds.
    pub timer_slack_ns: Option<u64>,
    /// `Personality=`
    pub personality: Option<String>,
    /// `IgnoreSIGPIPE=no`
    pub keep_sigpipe: bool,

    /// `Nice=`
    pub nice: Option<i32>,
    /// `CPUSchedulingPolicy=` as a SCHED_ number.
    pub cpu_policy: Option<i32>,
    /// `CPUSchedulingPriority=`
    pub cpu_priority: Option<i32>,
    /// `CPUSchedulingResetOnFork=`
    pub cpu_reset_on_fork: bool,
    /// `CPUAffinity=`: processors.
    pub cpu_affinity: Option<BTreeSet<usize>>,
    /// `NUMAPolicy=` as an MPOL_ number.
    pub numa_policy: Option<i32>,
    /// `NUMAMask=`
    pub numa_mask: BTreeSet<usize>,
    /// `IOSchedulingClass=` as an IOPRIO_CLASS_ number.
    pub io_class: Option<i32>,
    /// `IOSchedulingPriority=`
    pub io_priority: Option<i32>,

    /// `CapabilityBoundingSet=` as a mask of capability numbers.
    pub capability_bounding_set: Option<u64>,
    /// `AmbientCapabilities=`
    pub ambient_capabilities: u64,
    /// `SecureBits=`
    pub secure_bits: u32,
    /// `NoNewPrivileges=`
    pub no_new_privileges: bool,

    /// `ProtectSystem=`
    pub protect_system: Protect,
    /// `ProtectHome=`
    pub protect_home: Protect,
    /// `ProtectHostname=`
    pub protect_hostname: bool,
    /// `ProtectClock=`
    pub protect_clock: bool,
    /// `ProtectKernelTunables=`
    pub protect_kernel_tunables: bool,
    /// `ProtectKernelModules=`
    pub protect_kernel_modules: bool,
    /// `ProtectKernelLogs=`
    pub protect_kernel_logs: bool,
    /// `ProtectControlGroups=`
    pub protect_control_groups: Protect,
    /// `ProtectProc=`: `noaccess`, `invisible`, `ptraceable`; none is `default`.
    pub protect_proc: Option<&'static str>,
    /// `ProcSubset=pid`
    pub proc_subset_pid: bool,
    /// `PrivateTmp=`: `Yes`, or `Full` for `disconnected`.
    pub private_tmp: Protect,
    /// `PrivateDevices=`
    pub private_devices: bool,
    /// `PrivateNetwork=`
    pub private_network: bool,
    /// `PrivateIPC=`
    pub private_ipc: bool,
    /// `PrivatePIDs=`
    pub private_pids: bool,
    /// `PrivateUsers=`: `Yes` for `self`, `Full` for `identity`, `Strict` for `full`.
    pub private_users: Protect,
    /// `PrivateMounts=`
    pub private_mounts: Option<bool>,
    /// `MountFlags=`: `shared`, `slave` or `private`.
    pub mount_flags: Option<&'static str>,
    /// `NetworkNamespacePath=`
    pub network_namespace_path: Option<PathBuf>,
    /// `IPCNamespacePath=`
    pub ipc_namespace_path: Option<PathBuf>,
    /// `ReadWritePaths=`
    pub read_write_paths: Vec<NamespacePath>,
    /// `ReadOnlyPaths=`
    pub read_only_paths: Vec<NamespacePath>,
    /// `InaccessiblePaths=`
    pub inaccessible_paths: Vec<NamespacePath>,
    /// `ExecPaths=`
    pub exec_paths: Vec<NamespacePath>,
    /// `NoExecPaths=`
    pub no_exec_paths: Vec<NamespacePath>,
    /// `RemoveIPC=`
    pub remove_ipc: bool,
    /// `MemoryDenyWriteExecute=`
    pub memory_deny_write_execute: bool,
    /// `RestrictRealtime=`
    pub restrict_realtime: bool,
    /// `RestrictSUIDSGID=`
    pub restrict_suid_sgid: bool,
    /// `LockPersonality=`
    pub lock_personality: bool,
    /// `RestrictNamespaces=`: CLONE_NEW flags that may be used; none is all.
    pub restrict_namespaces: Option<u64>,
    /// `RestrictAddressFamilies=`: AF_ numbers.
    pub restrict_address_families: Option<Restriction<i32>>,
    /// `RestrictFileSystems=`, kept for `show`.
    pub restrict_file_systems: Option<Restriction<String>>,
    /// `SystemCallFilter=`
    pub system_call_filter: Option<CallFilter>,
    /// `SystemCallErrorNumber=`; none kills.
    pub system_call_errno: Option<i32>,
    /// `SystemCallArchitectures=`; `native` and names as systemd has them.
    pub system_call_architectures: BTreeSet<String>,
    /// `SystemCallLog=`
    pub system_call_log: Option<CallFilter>,
    /// `UtmpIdentifier=`
    pub utmp_identifier: Option<String>,
    /// `SELinuxContext=`, `AppArmorProfile=`, `SmackProcessLabel=`, with `-`: kept for `show`.
    pub security_labels: BTreeMap<&'static str, String>,
}
