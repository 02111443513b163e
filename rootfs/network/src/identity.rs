//! Who the client is: DHCP unique identifiers (RFC 8415 section 11) and identity association numbers.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::address::Mac;

/// The enterprise number under which systemd's identifiers of machines stand; other programs know it.
const ENTERPRISE: u32 = 43793;

/// The host's identifier (DUID-EN). It follows from the machine id and does not tell it.
pub fn duid(machine_id: &str) -> Vec<u8> {
    let digest = Sha256::digest(format!("keelson dhcp duid {}", machine_id.trim()));
    let mut duid = 2_u16.to_be_bytes().to_vec();
    duid.extend(ENTERPRISE.to_be_bytes());
    duid.extend(&digest[..8]);
    duid
}

/// The number of a link's identity association; it stays the same for the same hardware address.
pub fn iaid(mac: Mac) -> u32 {
    let digest = Sha256::digest([b"keelson dhcp iaid ".as_slice(), &mac.0].concat());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Option 61 made of both (RFC 4361).
pub fn client_id(duid: &[u8], iaid: u32) -> Vec<u8> {
    [&[255], iaid.to_be_bytes().as_slice(), duid].concat()
}

/// The machine id below `root`; empty where there is none.
pub fn machine_id(root: &Path) -> String {
    std::fs::read_to_string(root.join("etc/machine-id")).unwrap_or_default().trim().to_owned()
}

/// The host's own name in `/etc/hostname` below `root`; `None` where there is none or it says nothing.
pub fn static_hostname(root: &Path) -> Option<String> {
    let text = std::fs::read_to_string(root.join("etc/hostname")).ok()?;
    let name =
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    crate::names::checked(name)
        .filter(|name| name != "localhost" && !name.starts_with("localhost."))
}
