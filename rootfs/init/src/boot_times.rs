//! What others did before PID 1 began: firmware, boot loader, initramfs.

use std::fs;

/// Vendor of the Boot Loader Interface's variables.
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Microseconds that the firmware and the boot loader took (Boot Loader Interface); zero where they do not say.
pub fn firmware_and_loader() -> (u64, u64) {
    let started = variable("LoaderTimeInitUSec").unwrap_or(0);
    let left = variable("LoaderTimeExecUSec").unwrap_or(0);
    (started, left.saturating_sub(started))
}

/// When the initramfs began, in microseconds since the kernel's start; zero where it did not say.
pub fn initramfs() -> u64 {
    let text = fs::read_to_string(keelson_format::boot::STARTED).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// A number in UTF-16, after four bytes of attributes.
fn variable(name: &str) -> Option<u64> {
    let bytes = fs::read(format!("/sys/firmware/efi/efivars/{name}-{LOADER}")).ok()?;
    let digits: String = bytes
        .get(4..)?
        .chunks_exact(2)
        .map(|pair| char::from(pair[0]))
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}
