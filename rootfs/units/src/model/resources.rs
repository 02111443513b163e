//! Limits and shares of a control group (systemd.resource-control(5)).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::UnitName;

/// What is written to the control group of a unit. None is "leave the kernel's default".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceSettings {
    /// `Slice=`; none is `system.slice`, or the parent by name for a slice.
    pub slice: Option<UnitName>,
    /// `Delegate=`
    pub delegate: Delegate,
    /// `DelegateSubgroup=`
    pub delegate_subgroup: Option<String>,
    /// `CPUWeight=`, 1 to 10000.
    pub cpu_weight: Option<Weight>,
    /// `StartupCPUWeight=`
    pub startup_cpu_weight: Option<Weight>,
    /// `CPUQuota=` in percent of one processor.
    pub cpu_quota_percent: Option<u32>,
    /// `CPUQuotaPeriodSec=` in microseconds.
    pub cpu_quota_period_us: Option<u64>,
    /// `AllowedCPUs=`, as cpuset.cpus takes it.
    pub allowed_cpus: Option<String>,
    /// `AllowedMemoryNodes=`, as cpuset.mems takes it.
    pub allowed_memory_nodes: Option<String>,
    /// `MemoryMin=`
    pub memory_min: Option<Amount>,
    /// `MemoryLow=`
    pub memory_low: Option<Amount>,
    /// `MemoryHigh=`
    pub memory_high: Option<Amount>,
    /// `MemoryMax=`
    pub memory_max: Option<Amount>,
    /// `MemorySwapMax=`
    pub memory_swap_max: Option<Amount>,
    /// `MemoryZSwapMax=`
    pub memory_zswap_max: Option<Amount>,
    /// `MemoryZSwapWriteback=`
    pub memory_zswap_writeback: Option<bool>,
    /// `TasksMax=`
    pub tasks_max: Option<Amount>,
    /// `IOWeight=`, 1 to 10000.
    pub io_weight: Option<u32>,
    /// `StartupIOWeight=`
    pub startup_io_weight: Option<u32>,
    /// `IODeviceWeight=`
    pub io_device_weight: Vec<(PathBuf, u32)>,
    /// `IOReadBandwidthMax=` and its three sisters, by key of io.max (`rbps`, `wbps`, `riops`, `wiops`).
    pub io_max: Vec<(PathBuf, &'static str, u64)>,
    /// `IODeviceLatencyTargetSec=` in microseconds.
    pub io_latency_us: Vec<(PathBuf, u64)>,
    /// `DeviceAllow=`: path or class, and `rwm`.
    pub device_allow: Vec<(String, String)>,
    /// `DevicePolicy=`
    pub device_policy: DevicePolicy,
    /// `IPAddressAllow=`, networks as written or `any`, `localhost`, `link-local`, `multicast`.
    pub ip_allow: Vec<String>,
    /// `IPAddressDeny=`
    pub ip_deny: Vec<String>,
    /// `ManagedOOMSwap=`, `ManagedOOMMemoryPressure=` and kin, kept for `show`.
    pub managed_oom: BTreeMap<&'static str, String>,
    /// `MemoryPressureWatch=`: whether `MEMORY_PRESSURE_WATCH` is told to the service.
    pub memory_pressure_watch: Option<bool>,
    /// `MemoryPressureThresholdSec=` in microseconds.
    pub memory_pressure_threshold_us: Option<u64>,
    /// `CPUAccounting=` and kin: the kernel's controllers are on wherever they are delegated.
    pub accounting: BTreeMap<&'static str, bool>,
}

impl ResourceSettings {
    /// Whether devices and addresses are allowed as by other settings: those are in force for as long as the group is.
    pub fn has_policies_of(&self, other: &Self) -> bool {
        (self.device_policy, &self.device_allow, &self.ip_allow, &self.ip_deny)
            == (other.device_policy, &other.device_allow, &other.ip_allow, &other.ip_deny)
    }
}

/// `Delegate=`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delegate {
    /// The group is ours alone.
    #[default]
    No,
    /// All controllers.
    All,
    /// These controllers.
    Controllers(Vec<String>),
}

/// A weight, or `idle` for the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 1 to 10000.
    Of(u32),
    /// `idle`
    Idle,
}

/// A limit in bytes or tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// `infinity`
    Infinity,
    /// Bytes, or tasks.
    Of(u64),
    /// Parts of ten thousand of what the machine has (or of the system's limit of tasks).
    Share(u32),
}

/// `DevicePolicy=`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevicePolicy {
    /// All, unless `DeviceAllow=` says otherwise.
    #[default]
    Auto,
    /// The standard pseudo devices and those allowed.
    Closed,
    /// Those allowed.
    Strict,
}
