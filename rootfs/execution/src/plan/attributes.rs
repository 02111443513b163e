//! Limits, scheduling, OOM score and the like, in the order systemd applies them.

use std::ffi::CString;

use keelson_units::model::ExecSettings;

use super::{Action, Otherwise, Plan};
use crate::stage::Stage;

const RESET_ON_FORK: u64 = 1;
const IOPRIO_CLASS_SHIFT: u32 = 13;
const BEST_EFFORT: u32 = 2;
const DEFAULT_IO_PRIORITY: u32 = 4;
/// PER_LINUX and PER_LINUX32.
const PERSONALITIES: [(&str, u64); 3] = [("x86-64", 0), ("arm64", 0), ("x86", 8)];

/// What every process begins with.
pub fn begin(plan: &mut Plan, exec: &ExecSettings) {
    plan.step(Stage::SetSid, Action::SetSid);
    plan.step(Stage::SignalMask, Action::SigPipe { ignored: !exec.keep_sigpipe });
    // Files made on the way have the modes they are given.
    plan.step(Stage::Memory, Action::Umask(0));
}

/// Everything that is an attribute of the process alone.
pub fn plan(plan: &mut Plan, exec: &ExecSettings) {
    if let Some(score) = exec.oom_score_adjust {
        let text = score.to_string().into_bytes();
        let path = CString::from(c"/proc/self/oom_score_adj");
        plan.step_or(Stage::OomAdjust, Action::Write { path, text }, Otherwise::Tell);
    }
    if let Some(filter) = exec.coredump_filter {
        let text = format!("{filter:#x}").into_bytes();
        let path = CString::from(c"/proc/self/coredump_filter");
        plan.step_or(Stage::Limits, Action::Write { path, text }, Otherwise::Tell);
    }
    scheduling(plan, exec);
    if let Some(slack) = exec.timer_slack_ns {
        plan.step(Stage::TimerSlack, Action::TimerSlack(slack));
    }
    let known = exec.personality.as_deref().and_then(|name| {
        PERSONALITIES.iter().find(|(known, _)| *known == name).map(|(_, domain)| *domain)
    });
    if let Some(domain) = known {
        plan.step(Stage::Personality, Action::Personality(domain));
    }
    match exec.keyring_mode {
        Some("inherit") => {}
        mode => {
            let linked = mode == Some("shared");
            plan.step_or(Stage::Keyring, Action::Keyring { linked }, Otherwise::Tell);
        }
    }
    for (resource, (soft, hard)) in &exec.limits {
        let number = |limit: &Option<u64>| limit.unwrap_or(u64::MAX);
        let (soft, hard) = (number(soft), number(hard));
        plan.step(Stage::Limits, Action::Limit { resource: *resource, soft, hard });
    }
}

/// The file mode creation mask; after everything that makes files itself.
pub fn finish(plan: &mut Plan, exec: &ExecSettings) {
    plan.step(Stage::Memory, Action::Umask(umask(exec)));
}

/// `UMask=`
pub fn umask(exec: &ExecSettings) -> u32 {
    exec.umask.unwrap_or(0o022)
}

fn scheduling(plan: &mut Plan, exec: &ExecSettings) {
    let nice = exec.nice.unwrap_or(0);
    if exec.cpu_policy.is_some() || exec.cpu_reset_on_fork {
        let policy = exec.cpu_policy.map_or(0, i32::unsigned_abs);
        let flags = if exec.cpu_reset_on_fork { RESET_ON_FORK } else { 0 };
        // Only FIFO (1) and RR (2) have priorities, from 1.
        let realtime = matches!(policy, 1 | 2);
        let wanted = exec.cpu_priority.map_or(1, i32::unsigned_abs).max(1);
        let priority = if realtime { wanted } else { 0 };
        plan.step(Stage::SetScheduler, Action::Scheduler { policy, flags, nice, priority });
    } else if exec.nice.is_some() {
        plan.step(Stage::Nice, Action::Nice(nice));
    }
    if let Some(processors) = &exec.cpu_affinity {
        let mask = bits(processors.iter().copied());
        if !mask.is_empty() {
            plan.step(Stage::CpuAffinity, Action::Affinity(mask));
        }
    }
    if let Some(mode) = exec.numa_policy {
        let nodes = bits(exec.numa_mask.iter().copied());
        plan.step(Stage::NumaPolicy, Action::MemoryPolicy { mode, nodes });
    }
    if exec.io_class.is_some() || exec.io_priority.is_some() {
        let class = exec.io_class.map_or(BEST_EFFORT, i32::unsigned_abs);
        let level = exec.io_priority.map_or(DEFAULT_IO_PRIORITY, i32::unsigned_abs);
        // The idle class has no levels.
        let level = if class == 3 { 0 } else { level };
        plan.step(Stage::Ioprio, Action::IoPriority(class << IOPRIO_CLASS_SHIFT | level));
    }
}

/// A bit mask of numbers, 64 to a word.
fn bits(numbers: impl Iterator<Item = usize>) -> Vec<u64> {
    let mut mask = Vec::new();
    for number in numbers.filter(|number| *number < 8192) {
        let word = number / 64;
        if mask.len() <= word {
            mask.resize(word + 1, 0);
        }
        mask[word] |= 1 << (number % 64);
    }
    mask
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn actions(exec: &ExecSettings) -> Vec<Action> {
        let mut made = Plan::default();
        plan(&mut made, exec);
        made.steps.into_iter().map(|step| step.action).collect()
    }

    #[test]
    fn a_plain_unit_has_few_steps() {
        let expected = [Action::Keyring { linked: false }];
        assert_eq!(actions(&ExecSettings::default()), expected);
    }

    #[test]
    fn every_attribute_becomes_a_step() {
        let exec = ExecSettings {
            keyring_mode: Some("inherit"),
            nice: Some(5),
            cpu_policy: Some(3),
            cpu_affinity: Some(BTreeSet::from([0, 65])),
            numa_policy: Some(2),
            numa_mask: BTreeSet::from([1]),
            io_class: Some(3),
            timer_slack_ns: Some(7),
            personality: Some("x86".to_owned()),
            limits: BTreeMap::from([(7, (Some(10), None))]),
            ..ExecSettings::default()
        };
        let expected = [
            Action::Scheduler { policy: 3, flags: 0, nice: 5, priority: 0 },
            Action::Affinity(vec![1, 2]),
            Action::MemoryPolicy { mode: 2, nodes: vec![2] },
            Action::IoPriority(3 << 13),
            Action::TimerSlack(7),
            Action::Personality(8),
            Action::Limit { resource: 7, soft: 10, hard: u64::MAX },
        ];
        assert_eq!(actions(&exec), expected);
    }
}
