//! PKCS#7 `SignedData` (RFC 2315, RFC 5652): detached signatures of root hashes and EFI variables, and the
//! frame of an Authenticode signature.
//!
//! Nothing but the key, the certificate and the content reaches a signature: there is no signing time.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier,
    SignerInfo, SignerInfos,
};
use der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode, Encode};

use crate::keys::{CertifiedKey, CertifiedKeyError, rsa_encryption, with_null};

#[cfg(test)]
mod tests;

/// `id-data`, RFC 5652 section 4.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// `id-signedData`, RFC 5652 section 5.1.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// `id-sha256`, RFC 5754 section 2.2.
pub(crate) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// Why a signature cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs7Error {
    /// A structure cannot be encoded.
    #[error("encoding a PKCS#7 signature: {0}")]
    Encode(#[from] der::Error),
    /// The key refuses.
    #[error(transparent)]
    Key(#[from] CertifiedKeyError),
}

/// Whether the signer's certificate travels with the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificates {
    /// It does: the verifier knows an issuer or a trust anchor only.
    Embedded,
    /// It does not: the verifier has it.
    Omitted,
}

/// Signs `content` and gives the detached signature as the DER of a `ContentInfo`.
///
/// The same form as `openssl smime -sign -nocerts -noattr -binary -outform der`, which is what the kernel's
/// dm-verity and systemd check. For a verity signature partition `content` is the root hash as lowercase
/// hexadecimal text without a newline (Discoverable Partitions Specification).
pub fn sign_detached(content: &[u8], signer: &CertifiedKey) -> Result<Vec<u8>, Pkcs7Error> {
    let data = detached(content, Certificates::Omitted, signer)?;
    content_info(&data)
}

/// The `SignedData` of a detached signature without attributes.
pub(crate) fn detached(
    content: &[u8],
    certificates: Certificates,
    signer: &CertifiedKey,
) -> Result<SignedData, Pkcs7Error> {
    let encapsulated = EncapsulatedContentInfo { econtent_type: DATA, econtent: None };
    let signature = signer.sign(content)?;
    signed_data(encapsulated, None, &signature, certificates, signer)
}

/// The `SignedData` over signed attributes, which by then hold the digest of the content.
pub(crate) fn with_attributes(
    encapsulated: EncapsulatedContentInfo,
    attributes: SignedAttributes,
    signer: &CertifiedKey,
) -> Result<SignedData, Pkcs7Error> {
    // RFC 5652 section 5.4: what is signed is the DER of the attributes as a SET OF.
    let signature = signer.sign(&attributes.to_der()?)?;
    signed_data(encapsulated, Some(attributes), &signature, Certificates::Embedded, signer)
}

/// Wraps `data` in a `ContentInfo`, as DER.
pub(crate) fn content_info(data: &SignedData) -> Result<Vec<u8>, Pkcs7Error> {
    let content = Any::from_der(&data.to_der()?)?;
    Ok(ContentInfo { content_type: SIGNED_DATA, content }.to_der()?)
}

fn signed_data(
    encap_content_info: EncapsulatedContentInfo,
    signed_attrs: Option<SignedAttributes>,
    signature: &[u8],
    certificates: Certificates,
    signer: &CertifiedKey,
) -> Result<SignedData, Pkcs7Error> {
    let certificate = signer.certificate();
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: with_null(SHA256),
        signed_attrs,
        signature_algorithm: rsa_encryption(),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = match certificates {
        Certificates::Omitted => None,
        Certificates::Embedded => {
            Some(CertificateSet(SetOfVec::try_from(vec![CertificateChoices::Certificate(
                certificate.clone(),
            )])?))
        }
    };
    Ok(SignedData {
        // Version 1 is all that Authenticode and UEFI firmware take.
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![with_null(SHA256)])?,
        encap_content_info,
        certificates,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    })
}
