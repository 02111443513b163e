//! An RSA key with its X.509 certificate: what signs images, root hashes and EFI variables.

use std::fmt;

use der::asn1::{BitString, GeneralizedTime, ObjectIdentifier, OctetString, UtcTime};
use der::{Any, DateTime, Decode, Encode, EncodePem, pem::LineEnding};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, TbsCertificateInner, Version};
use x509_cert::ext::AsExtension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, name::Name};
use zeroize::Zeroizing;

/// Bits of a generated key. UEFI firmware is required to take RSA-2048 and nothing longer.
pub const RSA_BITS: usize = 2048;

/// `rsaEncryption`, RFC 8017 appendix C.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `sha256WithRSAEncryption`, RFC 8017 appendix C.
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// Why a key and a certificate cannot be used together.
#[derive(Debug, thiserror::Error)]
pub enum CertifiedKeyError {
    /// The private key is not an RSA key in PKCS#8 PEM form. What it holds is not repeated.
    #[error("the private key is not an RSA key in PKCS#8 PEM form (`BEGIN PRIVATE KEY`)")]
    PrivateKey,
    /// The key is shorter or longer than firmware takes.
    #[error("the RSA key has {bits} bits; firmware takes {RSA_BITS} to 4096")]
    KeySize {
        /// Bits of the modulus.
        bits: usize,
    },
    /// The certificate is not X.509 in PEM form.
    #[error("the certificate is not X.509 in PEM form (`BEGIN CERTIFICATE`): {0}")]
    Certificate(#[source] der::Error),
    /// The certificate is for another algorithm.
    #[error("the certificate holds a key of algorithm {0}, not RSA ({RSA_ENCRYPTION})")]
    Algorithm(ObjectIdentifier),
    /// The certificate certifies another key.
    #[error("the certificate is not for this private key")]
    Mismatch,
    /// A structure cannot be encoded.
    #[error("encoding the certificate: {0}")]
    Encode(#[from] der::Error),
    /// The key refuses to sign.
    #[error("signing: {0}")]
    Sign(#[from] rsa::Error),
    /// The public key cannot be encoded.
    #[error("encoding the public key: {0}")]
    PublicKey(#[from] rsa::pkcs8::spki::Error),
}

/// An RSA private key and the certificate that goes with it.
///
/// Signatures are RSASSA-PKCS1-v1_5 with SHA-256: the one scheme that firmware, shim, the kernel and systemd
/// all take, and one whose output depends on nothing but the key and the message.
#[derive(Clone)]
pub struct CertifiedKey {
    key: RsaPrivateKey,
    certificate: Certificate,
    der: Vec<u8>,
}

impl fmt::Debug for CertifiedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedKey")
            .field("subject", &self.subject())
            .field("fingerprint", &hex::encode(self.fingerprint()))
            .field("key", &"(redacted)")
            .finish()
    }
}

impl CertifiedKey {
    /// Reads a PKCS#8 PEM key and an X.509 PEM certificate and checks that they belong together.
    pub fn from_pem(key: &str, certificate: &str) -> Result<Self, CertifiedKeyError> {
        let key = RsaPrivateKey::from_pkcs8_pem(key).map_err(|_| CertifiedKeyError::PrivateKey)?;
        let (certificate, der) = parse_certificate(certificate)?;
        let bits = key.n().bits();
        if !(RSA_BITS..=4096).contains(&bits) {
            return Err(CertifiedKeyError::KeySize { bits });
        }
        let certified = &certificate.tbs_certificate.subject_public_key_info;
        if certified.algorithm.oid != RSA_ENCRYPTION {
            return Err(CertifiedKeyError::Algorithm(certified.algorithm.oid));
        }
        if *certified != public_key_info(&key)? {
            return Err(CertifiedKeyError::Mismatch);
        }
        Ok(Self { key, certificate, der })
    }

    /// Makes a key and a self-signed certificate for the common name `subject` (without commas or quotes).
    ///
    /// Only the key is drawn; the serial number is from its digest, and the validity is fixed.
    pub fn generate(subject: &str) -> Result<Self, CertifiedKeyError> {
        let key = RsaPrivateKey::new(&mut rand_core::OsRng, RSA_BITS)?;
        Self::self_signed(key, subject)
    }

    /// Certifies `key` by itself.
    fn self_signed(key: RsaPrivateKey, subject: &str) -> Result<Self, CertifiedKeyError> {
        let name: Name = format!("CN={subject}").parse()?;
        let public = public_key_info(&key)?;
        let digest = Sha256::digest(public.to_der()?);
        // A positive number of at most 20 octets (RFC 5280 section 4.1.2.2), never zero.
        let mut serial = [0; 16];
        serial.copy_from_slice(&digest[..16]);
        serial[0] = serial[0] & 0x7f | 0x40;
        let algorithm = with_null(SHA256_WITH_RSA);
        let extensions = vec![
            BasicConstraints { ca: false, path_len_constraint: None }.to_extension(&name, &[])?,
            KeyUsage(KeyUsages::DigitalSignature.into()).to_extension(&name, &[])?,
            SubjectKeyIdentifier(OctetString::new(&digest[..20])?).to_extension(&name, &[])?,
        ];
        let tbs_certificate = TbsCertificateInner {
            version: Version::V3,
            serial_number: SerialNumber::new(&serial)?,
            signature: algorithm.clone(),
            issuer: name.clone(),
            validity: validity()?,
            subject: name,
            subject_public_key_info: public,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        let signature = sign(&key, &tbs_certificate.to_der()?)?;
        let certificate = CertificateInner {
            tbs_certificate,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature)?,
        };
        let der = certificate.to_der()?;
        Ok(Self { key, certificate, der })
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate's DER, as it was read.
    pub fn certificate_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM text.
    pub fn certificate_pem(&self) -> Result<String, CertifiedKeyError> {
        Ok(self.certificate.to_pem(LineEnding::LF)?)
    }

    /// The private key as PKCS#8 PEM text, wiped when dropped.
    pub(super) fn private_key_pem(&self) -> Result<Zeroizing<String>, CertifiedKeyError> {
        self.key.to_pkcs8_pem(LineEnding::LF).map_err(|_| CertifiedKeyError::PrivateKey)
    }

    /// SHA-256 of the certificate's DER: what the Discoverable Partitions Specification calls its fingerprint.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The certificate's subject, as RFC 4514 text.
    pub fn subject(&self) -> String {
        self.certificate.tbs_certificate.subject.to_string()
    }

    /// Signs `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CertifiedKeyError> {
        sign(&self.key, message)
    }
}

/// Parses PEM text to a certificate and its DER.
pub(super) fn parse_certificate(pem: &str) -> Result<(Certificate, Vec<u8>), CertifiedKeyError> {
    let (label, der) = pem_rfc7468::decode_vec(pem.as_bytes())
        .map_err(|error| CertifiedKeyError::Certificate(error.into()))?;
    if label != "CERTIFICATE" {
        return Err(CertifiedKeyError::Certificate(pem_rfc7468::Error::Label.into()));
    }
    let certificate = Certificate::from_der(&der).map_err(CertifiedKeyError::Certificate)?;
    Ok((certificate, der))
}

/// An algorithm identifier with NULL parameters, as PKCS#1 v1.5 wants.
pub(crate) fn with_null(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: Some(Any::null()) }
}

/// The identifier of RSA signatures in PKCS#7.
pub(crate) fn rsa_encryption() -> AlgorithmIdentifierOwned {
    with_null(RSA_ENCRYPTION)
}

fn sign(key: &RsaPrivateKey, message: &[u8]) -> Result<Vec<u8>, CertifiedKeyError> {
    Ok(key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))?)
}

fn public_key_info(key: &RsaPrivateKey) -> Result<SubjectPublicKeyInfoOwned, CertifiedKeyError> {
    let document = RsaPublicKey::from(key).to_public_key_der()?;
    Ok(SubjectPublicKeyInfoOwned::from_der(document.as_bytes())?)
}

/// 2026-01-01 to 2056-01-01. Firmware checks no dates; tools do, and no clock may reach an artifact.
fn validity() -> Result<Validity, CertifiedKeyError> {
    let start = DateTime::new(2026, 1, 1, 0, 0, 0)?;
    let end = DateTime::new(2056, 1, 1, 0, 0, 0)?;
    Ok(Validity {
        not_before: Time::UtcTime(UtcTime::from_date_time(start)?),
        // RFC 5280 section 4.1.2.5: from 2050 on as GeneralizedTime.
        not_after: Time::GeneralTime(GeneralizedTime::from_date_time(end)),
    })
}
