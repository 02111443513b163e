//! Signs PE images for Secure Boot ("Windows Authenticode Portable Executable Signature Format").
//!
//! Bytes in, bytes out. One signature by one key; it carries no time, so equal images and keys give equal
//! bytes. Which key the firmware trusts is not decided here: see [`crate::keys`].

use authenticode::{
    DigestInfo, SPC_INDIRECT_DATA_OBJID, SpcAttributeTypeAndOptionalValue, SpcIndirectDataContent,
    authenticode_digest,
};
use cms::signed_data::EncapsulatedContentInfo;
use der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode, Encode};
use object::read::pe::PeFile64;
use sha2::{Digest, Sha256};
use x509_cert::attr::Attribute;

use crate::keys::{CertifiedKey, with_null};
use crate::pkcs7::{self, Pkcs7Error};
use crate::uki::{Headers, PeError, put_u32};

#[cfg(test)]
mod tests;

/// `SPC_PE_IMAGE_DATA_OBJID`.
const SPC_PE_IMAGE_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.15");
/// `id-contentType`, RFC 5652 section 11.1.
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// `id-messageDigest`, RFC 5652 section 11.2.
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// The DER of the `SpcPeImageData` that every signer writes: no flags, and the file `<<<Obsolete>>>`.
const PE_IMAGE_DATA: &[u8] =
    b"\x30\x25\x03\x01\x00\xa0\x20\xa2\x1e\x80\x1c\0<\0<\0<\0O\0b\0s\0o\0l\0e\0t\0e\0>\0>\0>";
/// Alignment of the certificate table and of its entries.
const TABLE_ALIGNMENT: usize = 8;
/// `WIN_CERTIFICATE` without its content.
const CERTIFICATE_HEADER: usize = 8;
/// `wRevision` 2.0 in the low half, `WIN_CERT_TYPE_PKCS_SIGNED_DATA` in the high one.
const REVISION_AND_TYPE: u32 = 0x0002_0200;

/// Why an image cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticodeError {
    /// The image's headers are not sound.
    #[error(transparent)]
    Pe(#[from] PeError),
    /// The image's sections are not sound.
    #[error("reading the image's sections: {0}")]
    Sections(#[from] object::Error),
    /// A section lies outside the image.
    #[error("a section or table lies outside the image of {len} bytes")]
    Bounds {
        /// The length of the image.
        len: usize,
    },
    /// The signed image would not fit the 32-bit fields of the format.
    #[error("the image of {len} bytes is too large for a signature")]
    TooLarge {
        /// The length of the image.
        len: usize,
    },
    /// A structure cannot be encoded.
    #[error("encoding the signature: {0}")]
    Encode(#[from] der::Error),
    /// The signature cannot be made.
    #[error(transparent)]
    Pkcs7(#[from] Pkcs7Error),
}

/// Signs `image`, a PE32+ image for x86-64, and gives the signed image.
///
/// Signatures that the image has are replaced. The file is padded to a multiple of 8 bytes before it is
/// hashed, as firmware wants; the certificate table follows and is the end of the file.
pub fn sign(image: &[u8], signer: &CertifiedKey) -> Result<Vec<u8>, AuthenticodeError> {
    let mut image = unsigned(image)?;
    let headers = Headers::parse(&image)?;
    let certificate = certificate(&digest(&image)?, signer)?;

    let start = image.len();
    let too_large = |_| AuthenticodeError::TooLarge { len: start };
    let table_start = u32::try_from(start).map_err(too_large)?;
    let table_size = u32::try_from(certificate.len()).map_err(too_large)?;
    table_start.checked_add(table_size).ok_or(AuthenticodeError::TooLarge { len: start })?;
    image.extend_from_slice(&certificate);
    put_u32(&mut image, headers.certificate_entry_offset(), table_start);
    put_u32(&mut image, headers.certificate_entry_offset() + 4, table_size);
    headers.write_checksum(&mut image);
    Ok(image)
}

/// The image without its signatures, padded as for signing, with a right checksum.
pub fn unsigned(image: &[u8]) -> Result<Vec<u8>, AuthenticodeError> {
    let headers = Headers::parse(image)?;
    let end = headers.certificate_table(image)?.map_or(image.len(), |table| table.start);
    let padded = end.next_multiple_of(TABLE_ALIGNMENT);
    // Room for the signature, so that a UKI is not copied again.
    let mut bare = Vec::with_capacity(padded + 4096);
    bare.extend_from_slice(&image[..end]);
    bare.resize(padded, 0);
    put_u32(&mut bare, headers.certificate_entry_offset(), 0);
    put_u32(&mut bare, headers.certificate_entry_offset() + 4, 0);
    headers.write_checksum(&mut bare);
    Ok(bare)
}

/// The Authenticode SHA-256 digest: all of the image but its checksum and its signatures.
pub fn digest(image: &[u8]) -> Result<[u8; 32], AuthenticodeError> {
    let pe = PeFile64::parse(image)?;
    let mut hasher = Sha256::new();
    authenticode_digest(&pe, &mut hasher)
        .map_err(|_| AuthenticodeError::Bounds { len: image.len() })?;
    Ok(hasher.finalize().into())
}

/// The `WIN_CERTIFICATE` with the signature over `digest`.
fn certificate(digest: &[u8; 32], signer: &CertifiedKey) -> Result<Vec<u8>, AuthenticodeError> {
    let content = SpcIndirectDataContent {
        data: SpcAttributeTypeAndOptionalValue {
            value_type: SPC_PE_IMAGE_DATA,
            value: Any::from_der(PE_IMAGE_DATA)?,
        },
        message_digest: DigestInfo {
            digest_algorithm: with_null(pkcs7::SHA256),
            digest: OctetString::new(digest.as_slice())?,
        },
    };
    let content = Any::from_der(&content.to_der()?)?;
    // PKCS#7 1.5, unlike CMS, has the content itself here, and digests it without tag and length.
    let content_digest = Sha256::digest(content.value());
    let attributes = SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&SPC_INDIRECT_DATA_OBJID)?)?,
        attribute(
            MESSAGE_DIGEST,
            Any::encode_from(&OctetString::new(content_digest.as_slice())?)?,
        )?,
    ])?;
    let encapsulated =
        EncapsulatedContentInfo { econtent_type: SPC_INDIRECT_DATA_OBJID, econtent: Some(content) };
    let pkcs7 = pkcs7::content_info(&pkcs7::with_attributes(encapsulated, attributes, signer)?)?;

    let length = (CERTIFICATE_HEADER + pkcs7.len()).next_multiple_of(TABLE_ALIGNMENT);
    let field = u32::try_from(length).map_err(|_| AuthenticodeError::TooLarge { len: length })?;
    let mut certificate = Vec::with_capacity(length);
    certificate.extend_from_slice(&field.to_le_bytes());
    certificate.extend_from_slice(&REVISION_AND_TYPE.to_le_bytes());
    certificate.extend_from_slice(&pkcs7);
    certificate.resize(length, 0);
    Ok(certificate)
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, der::Error> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}
