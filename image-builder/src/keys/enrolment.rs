//! What puts the certificates into a firmware: EFI signature lists and authenticated variables.
//!
//! UEFI specification, section 32.4.1 (`EFI_SIGNATURE_LIST`) and 8.2.2 (`EFI_VARIABLE_AUTHENTICATION_2`).
//! systemd-boot enrols `loader/keys/NAME/{PK,KEK,db}.auth` while the firmware is in setup mode.

use der::Encode;
use uuid::{Uuid, uuid};

use super::CertifiedKey;
use crate::pkcs7::{Certificates, Pkcs7Error, detached};

/// `EFI_CERT_X509_GUID`.
const CERT_X509: Uuid = uuid!("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
/// `EFI_CERT_TYPE_PKCS7_GUID`.
const CERT_TYPE_PKCS7: Uuid = uuid!("4aafd29d-68df-49ee-8aa9-347d375665a7");
/// `EFI_GLOBAL_VARIABLE`.
const GLOBAL_VARIABLE: Uuid = uuid!("8be4df61-93ca-11d2-aa0d-00e098032b8c");
/// `EFI_IMAGE_SECURITY_DATABASE_GUID`.
const IMAGE_SECURITY_DATABASE: Uuid = uuid!("d719b2cb-3d3a-4596-a3bc-dad00e67656f");
/// Non-volatile, boot service access, runtime access, time-based authenticated write access.
const ATTRIBUTES: u32 = 0x27;
/// 2026-01-01T00:00:00 UTC as `EFI_TIME`: year, month, day, and zeros for the rest, as section 8.2.2 wants.
const TIME: [u8; 16] = [0xea, 0x07, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// `wRevision` 2.0 in the low half, `WIN_CERT_TYPE_EFI_GUID` in the high one.
const REVISION_AND_TYPE: u32 = 0x0ef1_0200;

/// A Secure Boot variable that holds certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    /// The platform key: who may change the key exchange keys.
    Pk,
    /// The key exchange keys: who may change `db`.
    Kek,
    /// The certificates whose images boot.
    Db,
}

impl Variable {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pk => "PK",
            Self::Kek => "KEK",
            Self::Db => "db",
        }
    }

    fn vendor(self) -> Uuid {
        match self {
            Self::Pk | Self::Kek => GLOBAL_VARIABLE,
            Self::Db => IMAGE_SECURITY_DATABASE,
        }
    }
}

/// The contents of the files that enrol a key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// `PK.auth`: signed by the platform key itself.
    pub pk_auth: Vec<u8>,
    /// `KEK.auth`: signed by the platform key.
    pub kek_auth: Vec<u8>,
    /// `db.auth`: signed by the key exchange key.
    pub db_auth: Vec<u8>,
}

impl Enrolment {
    /// Makes the three variables; the same keys give the same bytes.
    pub(super) fn new(
        pk: &CertifiedKey,
        kek: &CertifiedKey,
        db: &CertifiedKey,
        owner: Uuid,
    ) -> Result<Self, Pkcs7Error> {
        let list = |key: &CertifiedKey| signature_list(key.certificate_der(), owner);
        Ok(Self {
            pk_auth: authenticated(Variable::Pk, &list(pk), pk)?,
            kek_auth: authenticated(Variable::Kek, &list(kek), pk)?,
            db_auth: authenticated(Variable::Db, &list(db), kek)?,
        })
    }
}

/// An `EFI_SIGNATURE_LIST` with one X.509 certificate, as in `.esl` files.
pub fn signature_list(certificate: &[u8], owner: Uuid) -> Vec<u8> {
    const HEADER: usize = 16 + 3 * 4;
    let signature_size = 16 + certificate.len();
    let mut list = Vec::with_capacity(HEADER + signature_size);
    list.extend_from_slice(&CERT_X509.to_bytes_le());
    push_u32(&mut list, HEADER + signature_size);
    push_u32(&mut list, 0);
    push_u32(&mut list, signature_size);
    list.extend_from_slice(&owner.to_bytes_le());
    list.extend_from_slice(certificate);
    list
}

/// The value that sets `variable` to `list`, as in `.auth` files.
fn authenticated(
    variable: Variable,
    list: &[u8],
    signer: &CertifiedKey,
) -> Result<Vec<u8>, Pkcs7Error> {
    let mut message: Vec<u8> = variable.name().encode_utf16().flat_map(u16::to_le_bytes).collect();
    message.extend_from_slice(&variable.vendor().to_bytes_le());
    message.extend_from_slice(&ATTRIBUTES.to_le_bytes());
    message.extend_from_slice(&TIME);
    message.extend_from_slice(list);
    // The specification wants the bare SignedData; some firmware takes no ContentInfo around it.
    let signature = detached(&message, Certificates::Embedded, signer)?.to_der()?;

    let mut value = TIME.to_vec();
    push_u32(&mut value, 4 + 4 + 16 + signature.len());
    value.extend_from_slice(&REVISION_AND_TYPE.to_le_bytes());
    value.extend_from_slice(&CERT_TYPE_PKCS7.to_bytes_le());
    value.extend_from_slice(&signature);
    value.extend_from_slice(list);
    Ok(value)
}

fn push_u32(bytes: &mut Vec<u8>, value: usize) {
    let value = u32::try_from(value).expect("certificates and signatures are a few kilobytes");
    bytes.extend_from_slice(&value.to_le_bytes());
}
