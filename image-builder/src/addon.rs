//! Add-ons for UKIs: small signed images that carry words for the kernel command line.
//!
//! systemd-stub takes `loader/addons/*.addon.efi` of the ESP that the UKI was started from, in the order
//! of their names, has the firmware (or shim) check each, appends its `.cmdline` to the UKI's own and
//! measures the words into PCR 12. One that is not signed by a key the firmware trusts is left out and
//! the boot goes on, so an add-on may only hold what a boot can do without.
//!
//! The stub of add-ons has no code worth the name. As for UKIs the layout is that of `ukify`.

use keelson_format::platform::{CFG_BYTES, WORDS_LIMIT};

use crate::authenticode::{self, AuthenticodeError};
use crate::keys::CertifiedKey;
use crate::uki::{self, UkiError};

/// The entry every add-on has, as `ukify` writes it.
const SBAT: &str = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
uki-addon,1,UKI Addon,addon,1,https://www.freedesktop.org/software/systemd/man/latest/systemd-stub.html\n\0";

/// Why an add-on cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AddonError {
    /// The words do not fit the room that every add-on has.
    #[error("the words of an add-on have {size} bytes; {WORDS_LIMIT} fit: {words}")]
    TooLong {
        /// Their length.
        size: usize,
        /// The words.
        words: String,
    },
    /// The image.
    #[error("assembling an add-on: {0}")]
    Image(#[from] UkiError),
    /// The signature.
    #[error("signing an add-on: {0}")]
    Sign(#[from] AuthenticodeError),
}

/// Makes the add-on that appends `words`, signed by `signer`.
///
/// `stub` is systemd's `addonx64.efi.stub`. Add-ons of one stub and one signer have one size, whatever
/// their words: these take a whole block of the file in any case.
pub fn assemble(stub: &[u8], words: &str, signer: &CertifiedKey) -> Result<Vec<u8>, AddonError> {
    const { assert!(WORDS_LIMIT < CFG_BYTES, "a block of 512 bytes holds the words") };
    check(words)?;
    Ok(authenticode::sign(&uki::addon(stub, SBAT, words)?, signer)?)
}

/// The add-on with other words, signed anew: what [`assemble`] gives for them.
pub fn with_words(addon: &[u8], words: &str, signer: &CertifiedKey) -> Result<Vec<u8>, AddonError> {
    check(words)?;
    let unsigned = authenticode::unsigned(addon)?;
    Ok(authenticode::sign(&uki::with_cmdline(&unsigned, words)?, signer)?)
}

fn check(words: &str) -> Result<(), AddonError> {
    if words.len() > WORDS_LIMIT {
        return Err(AddonError::TooLong { size: words.len(), words: words.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
