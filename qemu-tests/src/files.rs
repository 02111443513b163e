//! The files of one run: overlay, variables, sockets, fw_cfg entries.

use std::path::Path;

use fs_err as fs;
use keelson_sdk::Tools;

use crate::arguments::{Files, Flash};
use crate::error::MachineError;
use crate::setup::{Disk, Firmware, FwCfg, Setup, Tpm};
use crate::tpm::TpmProcess;

/// Folder of the firmware in the tools.
const OVMF: &str = "usr/share/OVMF";

/// Starts the TPM, where the setup has one.
pub(crate) fn start_tpm(
    tools: &Tools,
    setup: &Setup,
    folder: &Path,
) -> Result<Option<TpmProcess>, MachineError> {
    let state = match &setup.tpm {
        Tpm::Absent => return Ok(None),
        Tpm::New => folder.join("tpm-state"),
        Tpm::Kept(state) => state.clone(),
    };
    Ok(Some(TpmProcess::start(tools, &state, folder)?))
}

/// Makes the files of this run in `folder`.
pub(crate) fn prepare(
    tools: &Tools,
    setup: &Setup,
    folder: &Path,
    tpm: Option<&TpmProcess>,
) -> Result<Files, MachineError> {
    let ovmf = tools.path(OVMF);
    let flash = match &setup.firmware {
        Firmware::Bios => None,
        Firmware::Plain => {
            let variables = folder.join("variables.fd");
            fs::copy(ovmf.join("OVMF_VARS_4M.fd"), &variables)?;
            Some(("OVMF_CODE_4M.fd", variables))
        }
        Firmware::Kept(variables) => Some(("OVMF_CODE_4M.fd", variables.clone())),
        Firmware::SecureBoot(variables) => Some(("OVMF_CODE_4M.secboot.fd", variables.clone())),
    };
    let overlay = folder.join("overlay.qcow2");
    if let Disk::Overlay { base, size } = &setup.disk {
        let mut command = tools.command("qemu-img")?;
        command.args(["create", "-q", "-f", "qcow2", "-F", format_of(base), "-b"]);
        command.arg(fs::canonicalize(base)?).arg(&overlay);
        command.args(size.map(|size| size.to_string()));
        let output = command.output()?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(MachineError::Overlay { base: base.clone(), reason });
        }
    }
    let entry = |(i, entry): (usize, &FwCfg)| {
        let path = folder.join(format!("fw-cfg-{i}"));
        fs::write(&path, &entry.content).map(|()| path)
    };
    Ok(Files {
        flash: flash.map(|(code, variables)| Flash { code: ovmf.join(code), variables }),
        overlay,
        qmp: folder.join("qmp"),
        results: folder.join("results"),
        tpm: tpm.map(|tpm| tpm.socket.clone()),
        fw_cfg: setup.fw_cfg.iter().enumerate().map(entry).collect::<Result<_, _>>()?,
    })
}

/// QEMU's name of the format of an image, by the name of the file.
fn format_of(image: &Path) -> &'static str {
    match image.extension().and_then(|extension| extension.to_str()) {
        Some("qcow2") => "qcow2",
        Some("vmdk") => "vmdk",
        Some("vhd") => "vpc",
        Some("vhdx") => "vhdx",
        _ => "raw",
    }
}
