//! Whether QEMU can use the processor's own virtualisation.

use std::fs::OpenOptions;

/// What executes the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The host's kernel.
    Kvm,
    /// QEMU, translating.
    Tcg,
}

impl Accelerator {
    /// KVM where the processor has it and this user may open it. `/dev/kvm` alone says nothing:
    /// there are hosts where it opens and stock kernels hang.
    pub fn of_this_host() -> Self {
        let has_kvm = || OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
        match std::fs::read_to_string("/proc/cpuinfo") {
            Ok(text) if has_virtualisation(&text) && has_kvm() => Self::Kvm,
            _ => Self::Tcg,
        }
    }

    /// QEMU's names of accelerator and processor.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Kvm => ("kvm", "host"),
            Self::Tcg => ("tcg,thread=multi", "max"),
        }
    }
}

fn has_virtualisation(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split_ascii_whitespace().any(|flag| flag == "vmx" || flag == "svm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kvm_needs_the_processor_flag_as_a_whole_word() {
        for (flags, expected) in [("fpu vmx de", true), ("fpu svm", true), ("svm_lock", false)] {
            let text = format!("model name : svm vmx\nflags : {flags}\n");
            assert_eq!(has_virtualisation(&text), expected, "{flags}");
        }
    }
}
