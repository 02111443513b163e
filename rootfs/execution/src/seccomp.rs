//! System call filters of systemd.exec(5): `SystemCallFilter=`, `RestrictAddressFamilies=` and kin, as programs.

use keelson_units::model::ExecSettings;

use crate::stage::Stage;

pub mod bpf;
pub mod calls;
pub mod restrict;
pub mod table;

/// A filter, and the stage at which it fails to be loaded.
pub type Filter = (Stage, Vec<bpf::Instruction>);

/// A filter longer than the kernel takes (4096 instructions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a system call filter has {0} instructions, more than the kernel takes")]
pub struct TooLong(pub usize);

/// The longest program the kernel takes.
const LONGEST: usize = 4096;

/// All filters of a unit in the order they are loaded, and what was passed over.
pub fn programs(exec: &ExecSettings) -> Result<(Vec<Filter>, Vec<String>), TooLong> {
    let mut filters = restrict::filters(exec);
    let mut remarks = Vec::new();
    filters.extend(calls::architectures(&exec.system_call_architectures, &mut remarks));
    // The filter of names is the last: after it, loading another one may be refused.
    filters.extend(calls::logged(exec, &mut remarks));
    filters.extend(calls::filtered(exec, &mut remarks));
    match filters.iter().map(|(_, program)| program.len()).find(|length| *length > LONGEST) {
        Some(length) => Err(TooLong(length)),
        None => Ok((filters, remarks)),
    }
}

#[cfg(test)]
mod tests;
