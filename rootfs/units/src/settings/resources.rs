//! Setters of systemd.resource-control(5).

use super::value::{Mistake, Outcome, Table, Value, absolute, append, not_a, optional, put};
use crate::model::{Amount, Delegate, DevicePolicy, ResourceSettings, UnitKind, Weight};
use crate::value;

const POLICIES: &[(&str, DevicePolicy)] = &[
    ("auto", DevicePolicy::Auto),
    ("closed", DevicePolicy::Closed),
    ("strict", DevicePolicy::Strict),
];

pub(crate) const RESOURCES: Table<ResourceSettings> = &[
    ("Slice", |r, v| {
        optional(&mut r.slice, v, |v| {
            let name = v.name()?;
            let slice = name.kind() == UnitKind::Slice;
            if slice { Ok(name) } else { Err(not_a(v.raw, "the name of a slice")) }
        })
    }),
    ("Delegate", delegate),
    ("DelegateSubgroup", |r, v| optional(&mut r.delegate_subgroup, v, Value::text)),
    ("CPUWeight", |r, v| optional(&mut r.cpu_weight, v, cpu_weight)),
    ("StartupCPUWeight", |r, v| optional(&mut r.startup_cpu_weight, v, cpu_weight)),
    ("CPUShares", |r, v| optional(&mut r.cpu_weight, v, cpu_shares)),
    ("StartupCPUShares", |r, v| optional(&mut r.startup_cpu_weight, v, cpu_shares)),
    ("CPUQuota", |r, v| {
        optional(&mut r.cpu_quota_percent, v, |v| {
            let parts = value::permyriad(v.raw).filter(|parts| *parts > 0);
            Ok(parts.ok_or_else(|| not_a(v.raw, "a percentage such as 20%"))?.div_ceil(100))
        })
    }),
    ("CPUQuotaPeriodSec", |r, v| optional(&mut r.cpu_quota_period_us, v, micros)),
    ("AllowedCPUs", |r, v| optional(&mut r.allowed_cpus, v, processors)),
    ("AllowedMemoryNodes", |r, v| optional(&mut r.allowed_memory_nodes, v, processors)),
    ("MemoryMin", |r, v| optional(&mut r.memory_min, v, bytes)),
    ("MemoryLow", |r, v| optional(&mut r.memory_low, v, bytes)),
    ("MemoryHigh", |r, v| optional(&mut r.memory_high, v, bytes)),
    ("MemoryMax", |r, v| optional(&mut r.memory_max, v, bytes)),
    ("MemoryLimit", |r, v| optional(&mut r.memory_max, v, bytes)),
    ("MemorySwapMax", |r, v| optional(&mut r.memory_swap_max, v, bytes)),
    ("MemoryZSwapMax", |r, v| optional(&mut r.memory_zswap_max, v, bytes)),
    ("MemoryZSwapWriteback", |r, v| optional(&mut r.memory_zswap_writeback, v, Value::boolean)),
    ("TasksMax", |r, v| optional(&mut r.tasks_max, v, tasks)),
    ("IOWeight", |r, v| optional(&mut r.io_weight, v, weight)),
    ("StartupIOWeight", |r, v| optional(&mut r.startup_io_weight, v, weight)),
    ("BlockIOWeight", |r, v| optional(&mut r.io_weight, v, block_weight)),
    ("StartupBlockIOWeight", |r, v| optional(&mut r.startup_io_weight, v, block_weight)),
    ("IODeviceWeight", |r, v| {
        append(&mut r.io_device_weight, v, |v| {
            let (device, rest) = device_and_rest(v)?;
            let weight = weight(&Value { raw: &rest, ..*v })?;
            Ok(vec![(absolute(&device)?, weight)])
        })
    }),
    ("IOReadBandwidthMax", |r, v| io_max(r, v, "rbps")),
    ("IOWriteBandwidthMax", |r, v| io_max(r, v, "wbps")),
    ("IOReadIOPSMax", |r, v| io_max(r, v, "riops")),
    ("IOWriteIOPSMax", |r, v| io_max(r, v, "wiops")),
    ("BlockIOReadBandwidth", |r, v| io_max(r, v, "rbps")),
    ("BlockIOWriteBandwidth", |r, v| io_max(r, v, "wbps")),
    ("IODeviceLatencyTargetSec", |r, v| {
        append(&mut r.io_latency_us, v, |v| {
            let (device, rest) = device_and_rest(v)?;
            Ok(vec![(absolute(&device)?, micros(&Value { raw: &rest, ..*v })?)])
        })
    }),
    ("DeviceAllow", |r, v| append(&mut r.device_allow, v, device_allow)),
    ("DevicePolicy", |r, v| {
        put(&mut r.device_policy, v.choice(POLICIES, "auto, closed or strict"))
    }),
    ("IPAddressAllow", |r, v| append(&mut r.ip_allow, v, networks)),
    ("IPAddressDeny", |r, v| append(&mut r.ip_deny, v, networks)),
    ("ManagedOOMSwap", |r, v| managed_oom(r, v, "ManagedOOMSwap")),
    ("ManagedOOMMemoryPressure", |r, v| managed_oom(r, v, "ManagedOOMMemoryPressure")),
    ("ManagedOOMMemoryPressureLimit", |r, v| managed_oom(r, v, "ManagedOOMMemoryPressureLimit")),
    ("ManagedOOMMemoryPressureDurationSec", |r, v| {
        managed_oom(r, v, "ManagedOOMMemoryPressureDurationSec")
    }),
    ("ManagedOOMPreference", |r, v| managed_oom(r, v, "ManagedOOMPreference")),
    ("MemoryPressureWatch", |r, v| {
        optional(&mut r.memory_pressure_watch, v, |v| match v.raw {
            "auto" => Ok(true),
            "skip" => Ok(false),
            _ => v.boolean(),
        })
    }),
    ("MemoryPressureThresholdSec", |r, v| optional(&mut r.memory_pressure_threshold_us, v, micros)),
    ("CPUAccounting", |r, v| accounting(r, v, "CPUAccounting")),
    ("MemoryAccounting", |r, v| accounting(r, v, "MemoryAccounting")),
    ("IOAccounting", |r, v| accounting(r, v, "IOAccounting")),
    ("BlockIOAccounting", |r, v| accounting(r, v, "IOAccounting")),
    ("TasksAccounting", |r, v| accounting(r, v, "TasksAccounting")),
    ("IPAccounting", |r, v| accounting(r, v, "IPAccounting")),
];

fn delegate(resources: &mut ResourceSettings, value: &Value<'_>) -> Outcome {
    if let Some(yes) = value::boolean(value.raw) {
        resources.delegate = if yes { Delegate::All } else { Delegate::No };
        return Ok(());
    }
    let words = value.words()?;
    resources.delegate = match std::mem::take(&mut resources.delegate) {
        // An empty value is a group of one's own without controllers.
        _ if words.is_empty() => Delegate::Controllers(Vec::new()),
        Delegate::All => Delegate::All,
        Delegate::No => Delegate::Controllers(words),
        Delegate::Controllers(known) => Delegate::Controllers([known, words].concat()),
    };
    Ok(())
}

fn cpu_weight(value: &Value<'_>) -> Result<Weight, Mistake> {
    if value.raw == "idle" { Ok(Weight::Idle) } else { weight(value).map(Weight::Of) }
}

/// Shares of cgroup v1 have 1024 where weights have 100.
fn cpu_shares(value: &Value<'_>) -> Result<Weight, Mistake> {
    Ok(Weight::Of(scaled(value.between(2, 262_144)?, 1024)))
}

/// Weights of the old block controller have 500 where weights have 100.
fn block_weight(value: &Value<'_>) -> Result<u32, Mistake> {
    Ok(scaled(value.between(10, 1000)?, 500))
}

fn scaled(number: i64, default: i64) -> u32 {
    u32::try_from((number * 100 / default).clamp(1, 10_000)).unwrap_or(100)
}

fn weight(value: &Value<'_>) -> Result<u32, Mistake> {
    let weight = value.between(1, 10_000).map_err(|_| not_a(value.raw, "a weight from 1 to 10000"));
    Ok(u32::try_from(weight?).unwrap_or(100))
}

fn micros(value: &Value<'_>) -> Result<u64, Mistake> {
    Ok(u64::try_from(value.finite_span()?.as_micros()).unwrap_or(u64::MAX))
}

fn processors(value: &Value<'_>) -> Result<String, Mistake> {
    let set = value::processors(&value.text()?);
    let set = set.ok_or_else(|| not_a(value.raw, "a list of numbers and ranges such as 0-3,8"))?;
    Ok(value::processor_text(&set))
}

fn bytes(value: &Value<'_>) -> Result<Amount, Mistake> {
    amount(value.raw, value::size).ok_or_else(|| not_a(value.raw, "a size, a share or infinity"))
}

fn tasks(value: &Value<'_>) -> Result<Amount, Mistake> {
    amount(value.raw, |text| text.parse().ok().filter(|count| *count > 0))
        .ok_or_else(|| not_a(value.raw, "a number, a share or infinity"))
}

fn amount(text: &str, count: impl Fn(&str) -> Option<u64>) -> Option<Amount> {
    if text == "infinity" {
        return Some(Amount::Infinity);
    }
    match value::permyriad(text) {
        Some(share) => (share <= 10_000).then_some(Amount::Share(share)),
        None => count(text).map(Amount::Of),
    }
}

fn device_and_rest(value: &Value<'_>) -> Result<(String, String), Mistake> {
    match &value.words()?[..] {
        [device, rest] => Ok((device.clone(), rest.clone())),
        _ => Err(not_a(value.raw, "a path and a value")),
    }
}

/// Limits of bandwidth have units of 1000, as systemd reads them.
fn io_max(resources: &mut ResourceSettings, value: &Value<'_>, key: &'static str) -> Outcome {
    if value.is_reset() {
        resources.io_max.retain(|(_, known, _)| *known != key);
        return Ok(());
    }
    let (device, rest) = device_and_rest(value)?;
    let limit = if rest == "infinity" { Some(u64::MAX) } else { decimal_size(&rest) };
    let limit = limit.ok_or_else(|| not_a(&rest, "a number with K, M, G or T if any"))?;
    resources.io_max.push((absolute(&device)?, key, limit));
    Ok(())
}

fn decimal_size(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let factor = match &text[at..] {
        "" | "B" => 1,
        "K" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => return None,
    };
    text[..at].parse::<u64>().ok()?.checked_mul(factor)
}

fn device_allow(value: &Value<'_>) -> Result<Vec<(String, String)>, Mistake> {
    let words = value.words()?;
    let (device, access) = match &words[..] {
        [device] => (device, "rwm"),
        [device, access] => (device, access.as_str()),
        _ => return Err(not_a(value.raw, "a device and, if any, what is allowed")),
    };
    let class = device.starts_with("char-") || device.starts_with("block-");
    if !class && !device.starts_with('/') {
        return Err(not_a(device, "a path, `char-` or `block-`"));
    }
    if access.is_empty() || !access.chars().all(|c| "rwm".contains(c)) {
        return Err(not_a(access, "made of r, w and m"));
    }
    Ok(vec![(device.clone(), access.to_owned())])
}

fn networks(value: &Value<'_>) -> Result<Vec<String>, Mistake> {
    const SYMBOLS: [&str; 4] = ["any", "localhost", "link-local", "multicast"];
    let words = value.words()?;
    let is_network = |word: &str| {
        let (address, bits) = word.split_once('/').unwrap_or((word, "0"));
        let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
        bits.parse::<u8>().is_ok_and(|bits| bits <= if address.is_ipv4() { 32 } else { 128 })
    };
    match words.iter().find(|word| !SYMBOLS.contains(&word.as_str()) && !is_network(word)) {
        Some(word) => Err(not_a(word, "a network such as 10.0.0.0/8, any or localhost")),
        None => Ok(words),
    }
}

fn managed_oom(resources: &mut ResourceSettings, value: &Value<'_>, key: &'static str) -> Outcome {
    resources.managed_oom.insert(key, value.text()?);
    Ok(())
}

fn accounting(resources: &mut ResourceSettings, value: &Value<'_>, key: &'static str) -> Outcome {
    resources.accounting.insert(key, value.boolean()?);
    Ok(())
}
