//! Setters of systemd.exec(5): limits, scheduling, capabilities and other properties of a process.

use super::exec::dash;
use super::value::{Mistake, Outcome, Table, Value, not_a, optional, put};
use crate::model::{ExecSettings, LimitPair};
use crate::{names, value};

const POLICIES: &[(&str, i32)] = &[("other", 0), ("fifo", 1), ("rr", 2), ("batch", 3), ("idle", 5)];

const IO_CLASSES: &[(&str, i32)] = &[
    ("none", 0),
    ("realtime", 1),
    ("best-effort", 2),
    ("idle", 3),
    ("0", 0),
    ("1", 1),
    ("2", 2),
    ("3", 3),
];

const NUMA_POLICIES: &[(&str, i32)] =
    &[("default", 0), ("preferred", 1), ("bind", 2), ("interleave", 3), ("local", 4)];

const SECURE_BITS: &[(&str, u32)] = &[
    ("noroot", 1),
    ("noroot-locked", 1 << 1),
    ("no-setuid-fixup", 1 << 2),
    ("no-setuid-fixup-locked", 1 << 3),
    ("keep-caps", 1 << 4),
    ("keep-caps-locked", 1 << 5),
];

const KEYRING_MODES: &[(&str, &str)] =
    &[("inherit", "inherit"), ("private", "private"), ("shared", "shared")];

/// Bits of `/proc/PID/coredump_filter` (core(5)).
const COREDUMP_FILTERS: &[(&str, u64)] = &[
    ("private-anonymous", 1),
    ("shared-anonymous", 1 << 1),
    ("private-file-backed", 1 << 2),
    ("shared-file-backed", 1 << 3),
    ("elf-headers", 1 << 4),
    ("private-huge", 1 << 5),
    ("shared-huge", 1 << 6),
    ("private-dax", 1 << 7),
    ("shared-dax", 1 << 8),
    ("default", 0x33),
    ("all", u64::MAX),
];

/// RLIMIT numbers of Linux on x86-64 and arm64.
pub(crate) const PROCESS: Table<ExecSettings> = &[
    ("LimitCPU", |e, v| limit(e, v, 0, seconds)),
    ("LimitFSIZE", |e, v| limit(e, v, 1, value::size)),
    ("LimitDATA", |e, v| limit(e, v, 2, value::size)),
    ("LimitSTACK", |e, v| limit(e, v, 3, value::size)),
    ("LimitCORE", |e, v| limit(e, v, 4, value::size)),
    ("LimitRSS", |e, v| limit(e, v, 5, value::size)),
    ("LimitNPROC", |e, v| limit(e, v, 6, count)),
    ("LimitNOFILE", |e, v| limit(e, v, 7, count)),
    ("LimitMEMLOCK", |e, v| limit(e, v, 8, value::size)),
    ("LimitAS", |e, v| limit(e, v, 9, value::size)),
    ("LimitLOCKS", |e, v| limit(e, v, 10, count)),
    ("LimitSIGPENDING", |e, v| limit(e, v, 11, count)),
    ("LimitMSGQUEUE", |e, v| limit(e, v, 12, value::size)),
    ("LimitNICE", |e, v| limit(e, v, 13, nice_limit)),
    ("LimitRTPRIO", |e, v| limit(e, v, 14, count)),
    ("LimitRTTIME", |e, v| limit(e, v, 15, microseconds)),
    ("UMask", |e, v| optional(&mut e.umask, v, Value::mode)),
    ("CoredumpFilter", |e, v| optional(&mut e.coredump_filter, v, coredump_filter)),
    ("KeyringMode", |e, v| {
        optional(&mut e.keyring_mode, v, |v| v.choice(KEYRING_MODES, "inherit, private or shared"))
    }),
    ("OOMScoreAdjust", |e, v| {
        optional(&mut e.oom_score_adjust, v, |v| v.between(-1000, 1000).map(small))
    }),
    ("TimerSlackNSec", |e, v| {
        optional(&mut e.timer_slack_ns, v, |v| {
            value::nanoseconds(v.raw).ok_or_else(|| not_a(v.raw, "a time span in nanoseconds"))
        })
    }),
    ("Personality", |e, v| optional(&mut e.personality, v, Value::text)),
    ("IgnoreSIGPIPE", |e, v| put(&mut e.keep_sigpipe, v.boolean().map(|yes| !yes))),
    ("Nice", |e, v| optional(&mut e.nice, v, |v| v.between(-20, 19).map(small))),
    ("CPUSchedulingPolicy", |e, v| {
        optional(&mut e.cpu_policy, v, |v| v.choice(POLICIES, "other, batch, idle, fifo or rr"))
    }),
    ("CPUSchedulingPriority", |e, v| {
        optional(&mut e.cpu_priority, v, |v| v.between(0, 99).map(small))
    }),
    ("CPUSchedulingResetOnFork", |e, v| put(&mut e.cpu_reset_on_fork, v.boolean())),
    ("CPUAffinity", |e, v| {
        if v.is_reset() {
            e.cpu_affinity = None;
            return Ok(());
        }
        let set = value::processors(&v.text()?);
        let set = set.ok_or_else(|| not_a(v.raw, "a list of processors such as 0-3,8"))?;
        e.cpu_affinity.get_or_insert_default().extend(set);
        Ok(())
    }),
    ("NUMAPolicy", |e, v| {
        optional(&mut e.numa_policy, v, |v| {
            v.choice(NUMA_POLICIES, "default, preferred, bind, interleave or local")
        })
    }),
    ("NUMAMask", |e, v| {
        let set = value::processors(v.raw);
        put(&mut e.numa_mask, set.ok_or_else(|| not_a(v.raw, "a list of memory nodes")))
    }),
    ("IOSchedulingClass", |e, v| {
        optional(&mut e.io_class, v, |v| {
            v.choice(IO_CLASSES, "none, realtime, best-effort or idle")
        })
    }),
    ("IOSchedulingPriority", |e, v| {
        optional(&mut e.io_priority, v, |v| v.between(0, 7).map(small))
    }),
    ("CapabilityBoundingSet", |e, v| {
        let known = e.capability_bounding_set.unwrap_or(u64::MAX);
        e.capability_bounding_set = Some(capabilities(known, u64::MAX, v)?);
        Ok(())
    }),
    ("AmbientCapabilities", |e, v| {
        e.ambient_capabilities = capabilities(e.ambient_capabilities, 0, v)?;
        Ok(())
    }),
    ("SecureBits", |e, v| {
        if v.is_reset() {
            e.secure_bits = 0;
        }
        for word in v.words()? {
            let bit = SECURE_BITS.iter().find(|(name, _)| *name == word);
            e.secure_bits |= bit.ok_or_else(|| not_a(&word, "a secure bit such as noroot"))?.1;
        }
        Ok(())
    }),
    ("NoNewPrivileges", |e, v| put(&mut e.no_new_privileges, v.boolean())),
    ("SELinuxContext", |e, v| label(e, v, "SELinuxContext")),
    ("AppArmorProfile", |e, v| label(e, v, "AppArmorProfile")),
    ("SmackProcessLabel", |e, v| label(e, v, "SmackProcessLabel")),
];

fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// `SOFT[:HARD]`, each a value or `infinity`.
fn limit(
    exec: &mut ExecSettings,
    value: &Value<'_>,
    number: u32,
    read: fn(&str) -> Option<u64>,
) -> Outcome {
    if value.is_reset() {
        exec.limits.remove(&number);
        return Ok(());
    }
    let text = value.text()?;
    let pair = limit_pair(&text, read);
    let pair = pair.ok_or_else(|| not_a(&text, "a limit, or a soft and a hard one with `:`"))?;
    exec.limits.insert(number, pair);
    Ok(())
}

fn limit_pair(text: &str, read: fn(&str) -> Option<u64>) -> Option<LimitPair> {
    let one = |text: &str| match text.trim() {
        "infinity" => Some(None),
        text => read(text).map(Some),
    };
    let (soft, hard) = text.split_once(':').unwrap_or((text, text));
    let (soft, hard) = (one(soft)?, one(hard)?);
    // Infinity is above all others.
    (soft.unwrap_or(u64::MAX) <= hard.unwrap_or(u64::MAX)).then_some((soft, hard))
}

fn count(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// Processor time; the kernel counts whole seconds.
fn seconds(text: &str) -> Option<u64> {
    value::time_span(text)?.map(|span| span.as_secs() + u64::from(span.subsec_nanos() > 0))
}

/// A bare number counts microseconds here.
fn microseconds(text: &str) -> Option<u64> {
    match text.parse() {
        Ok(count) => Some(count),
        Err(_) => value::time_span(text)?.and_then(|span| u64::try_from(span.as_micros()).ok()),
    }
}

/// With a sign it is a nice level, without one the kernel's 20 - nice.
fn nice_limit(text: &str) -> Option<u64> {
    if text.starts_with(['+', '-']) {
        let nice = text.parse::<i64>().ok().filter(|nice| (-20..=19).contains(nice))?;
        return u64::try_from(20 - nice).ok();
    }
    count(text).filter(|limit| *limit <= 40)
}

fn coredump_filter(value: &Value<'_>) -> Result<u64, Mistake> {
    let mut mask = 0;
    for word in value.words()? {
        let hexadecimal = word.strip_prefix("0x").unwrap_or(&word);
        let named = COREDUMP_FILTERS.iter().find(|(name, _)| *name == word).map(|(_, bits)| *bits);
        let bits = named.or_else(|| u64::from_str_radix(hexadecimal, 16).ok());
        mask |= bits.ok_or_else(|| not_a(&word, "a kind of memory or a hexadecimal mask"))?;
    }
    Ok(mask)
}

/// `~` takes away; nothing at all is none, `~` alone is all (systemd.exec(5), `CapabilityBoundingSet=`).
fn capabilities(known: u64, untouched: u64, value: &Value<'_>) -> Result<u64, Mistake> {
    let (inverted, list) = value.raw.strip_prefix('~').map_or((false, value.raw), |l| (true, l));
    let mut mask = 0;
    let mut unknown = None;
    for word in (Value { raw: list, ..*value }).words()? {
        match names::capability(&word) {
            Some(bit) => mask |= 1_u64 << bit,
            None => unknown = Some(not_a(&word, "a capability such as CAP_NET_ADMIN")),
        }
    }
    if let (Some(unknown), 0) = (unknown, mask) {
        return Err(unknown);
    }
    Ok(match (mask == 0 || known == untouched, inverted) {
        (true, true) => !mask,
        (true, false) => mask,
        (false, true) => known & !mask,
        (false, false) => known | mask,
    })
}

fn label(exec: &mut ExecSettings, value: &Value<'_>, key: &'static str) -> Outcome {
    let text = value.text()?;
    if dash(&text).1.is_empty() {
        exec.security_labels.remove(key);
    } else {
        exec.security_labels.insert(key, text);
    }
    Ok(())
}
