//! The part of a PE image that Secure Boot looks at: its certificate table.
//!
//! Microsoft, "PE Format" and "Windows Authenticode Portable Executable Signature Format".

use authenticode::AttributeCertificateIterator;
use der::Encode as _;
use object::read::pe::PeFile64;
use object::{Object as _, ObjectSection as _};
use thiserror::Error;

/// A PE32+ image.
#[derive(Debug)]
pub struct Pe<'a> {
    bytes: &'a [u8],
    certificate_entry: usize,
}

/// Why an image has no signer.
#[derive(Debug, Error)]
pub enum PeError {
    /// No PE32+ image.
    #[error("not a PE32+ image")]
    Format,
    /// No signature, or none that can be read.
    #[error("the image has no Authenticode signature")]
    Unsigned,
}

impl<'a> Pe<'a> {
    /// Looks at the headers.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PeError> {
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 4)?;
            usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
        };
        let header = number(0x3c).ok_or(PeError::Format)?;
        let magic = bytes.get(header + 24..header + 26);
        if bytes.get(header..header + 4) != Some(b"PE\0\0") || magic != Some(&[0x0b, 0x02]) {
            return Err(PeError::Format);
        }
        // COFF header, fixed part of the optional header, four entries of eight bytes.
        Ok(Self { bytes, certificate_entry: header + 24 + 112 + 4 * 8 })
    }

    /// Where the certificate table's entry is in the file: eight bytes, all zero in an unsigned
    /// image.
    pub fn certificate_entry(&self) -> usize {
        self.certificate_entry
    }

    /// The data of a section, without what pads it.
    pub fn section(&self, name: &str) -> Option<&'a [u8]> {
        let pe = PeFile64::parse(self.bytes).ok()?;
        let section = pe.section_by_name(name)?;
        let (start, length) = section.file_range()?;
        let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
        self.bytes.get(start..start + length)
    }

    /// The first certificate of the first signature: X.509, DER.
    pub fn signer_certificate(&self) -> Result<Vec<u8>, PeError> {
        let pe = PeFile64::parse(self.bytes).map_err(|_| PeError::Format)?;
        let table = AttributeCertificateIterator::new(&pe).ok().flatten();
        let entry = table.and_then(|mut table| table.next()?.ok()).ok_or(PeError::Unsigned)?;
        let signature = entry.get_authenticode_signature().map_err(|_| PeError::Unsigned)?;
        let certificate = signature.certificates().next().ok_or(PeError::Unsigned)?;
        certificate.to_der().map_err(|_| PeError::Unsigned)
    }
}
