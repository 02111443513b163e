//! Tables of the kernel's names that settings use.

pub(crate) mod errno;
pub(crate) mod kernel;

/// The number of `EPERM` and its kin.
pub fn errno(name: &str) -> Option<i32> {
    find(errno::ERRNO, name)
}

/// The bit of `CAP_CHOWN` and its kin, in any case.
pub fn capability(name: &str) -> Option<u32> {
    let mut rows = kernel::CAPABILITIES.iter();
    rows.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, bit)| *bit)
}

/// The highest capability that has a name here.
pub const LAST_CAPABILITY: u32 = 40;

/// The number of `AF_INET` and its kin.
pub fn address_family(name: &str) -> Option<i32> {
    find(kernel::ADDRESS_FAMILIES, name)
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}
