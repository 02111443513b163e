//! Key sets on disk: reading with every check, writing all or nothing.

use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::certified::parse_certificate;
use super::enrolment::{Enrolment, Variable, signature_list};
use super::{CertifiedKey, KeyError, KeyKind, KeySet};

/// The file that describes the set.
pub(super) const SETTINGS: &str = "keyset.toml";
const RELEASE_KEY: &str = "release.ed25519.key";
const RELEASE_PUBLIC: &str = "release.ed25519.pub";
/// Mode bits that give others access to a private key.
const OTHERS: u32 = 0o077;

/// `keyset.toml`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    schema: u32,
    kind: KeyKind,
    name: String,
    owner: Uuid,
}

/// Whether there is something in `folder`, be it a complete set or not.
pub(super) fn is_present(folder: &Path) -> Result<bool, KeyError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reads and checks the set in `folder`.
pub(super) fn open(folder: &Path) -> Result<KeySet, KeyError> {
    if !is_present(folder)? {
        return Err(KeyError::NoSet { folder: folder.to_owned() });
    }
    let path = folder.join(SETTINGS);
    let settings: Settings = toml::from_str(&read(&path)?)
        .map_err(|source| KeyError::Settings { path: path.clone(), source: Box::new(source) })?;
    if settings.schema != 1 {
        return Err(KeyError::Schema { path, found: settings.schema });
    }
    check_name(&settings.name)?;
    let release = open_release(folder, settings.kind)?;
    let db = open_certified(folder, "db", settings.kind)?;
    let has_verity = exists(&folder.join("verity.key"))? || exists(&folder.join("verity.crt"))?;
    let verity =
        if has_verity { Some(open_certified(folder, "verity", settings.kind)?) } else { None };
    let enrolment = open_enrolment(folder, &settings, &db)?;
    Ok(KeySet {
        folder: folder.to_owned(),
        kind: settings.kind,
        name: settings.name,
        owner: settings.owner,
        release,
        db,
        verity,
        enrolment,
    })
}

/// Draws keys and writes them to `folder`, which appears with everything in it.
pub(super) fn generate(folder: &Path, kind: KeyKind, name: &str) -> Result<(), KeyError> {
    check_name(name)?;
    if is_present(folder)? {
        return Err(KeyError::Exists { folder: folder.to_owned() });
    }
    let subject = |role: &str| match kind {
        KeyKind::Dev => format!("{name} {role} (not for production)"),
        KeyKind::Release => format!("{name} {role}"),
    };
    let [pk, kek, db, verity] =
        draw(&["PK", "KEK", "db", "verity"].map(|role| (role, subject(role))))?;
    let mut secret = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(secret.as_mut());
    let release = SigningKey::from_bytes(&secret);
    let owner = owner_of(&release.verifying_key());
    let enrolment = Enrolment::new(&pk, &kek, &db, owner)?;
    let settings = toml::to_string(&Settings { schema: 1, kind, name: name.to_owned(), owner })
        .expect("four plain values are representable in TOML");

    // A bare name has an empty parent.
    let parent =
        folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let scratch = tempfile::Builder::new().prefix(".keyset-").tempdir_in(parent)?;
    let write =
        |name: &str, mode, content: &[u8]| write_file(&scratch.path().join(name), mode, content);
    write(RELEASE_KEY, 0o600, release_pem(&release)?.as_bytes())?;
    let public = release.verifying_key().to_public_key_pem(LineEnding::LF);
    write(RELEASE_PUBLIC, 0o644, public.map_err(|_| KeyError::EncodeRelease)?.as_bytes())?;
    for (role, key) in [("PK", &pk), ("KEK", &kek), ("db", &db), ("verity", &verity)] {
        let encoding = |source| KeyError::Generate { role, source };
        write(&format!("{role}.key"), 0o600, key.private_key_pem().map_err(encoding)?.as_bytes())?;
        write(&format!("{role}.crt"), 0o644, key.certificate_pem().map_err(encoding)?.as_bytes())?;
    }
    let variables = [
        (Variable::Pk, &pk, &enrolment.pk_auth),
        (Variable::Kek, &kek, &enrolment.kek_auth),
        (Variable::Db, &db, &enrolment.db_auth),
    ];
    for (variable, key, auth) in variables {
        write(&format!("{}.auth", variable.name()), 0o644, auth)?;
        write(
            &format!("{}.esl", variable.name()),
            0o644,
            &signature_list(key.certificate_der(), owner),
        )?;
    }
    write(SETTINGS, 0o644, settings.as_bytes())?;
    publish(scratch, folder)
}

/// Renames the complete scratch folder to its place.
fn publish(scratch: tempfile::TempDir, folder: &Path) -> Result<(), KeyError> {
    fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o700))?;
    fs::File::open(scratch.path())?.sync_all()?;
    match fs::rename(scratch.path(), folder) {
        Ok(()) => {
            // Its place is empty now: there is nothing left to remove.
            let _ = scratch.keep();
            Ok(())
        }
        // Dropping `scratch` removes the keys that nobody needs.
        Err(error)
            if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) =>
        {
            Err(KeyError::Exists { folder: folder.to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Draws the RSA keys side by side, for each takes a good part of a second.
fn draw(roles: &[(&'static str, String); 4]) -> Result<[CertifiedKey; 4], KeyError> {
    let [pk, kek, db, verity] = thread::scope(|scope| {
        let threads = roles.each_ref().map(|(role, subject)| {
            let draw = || {
                CertifiedKey::generate(subject)
                    .map_err(|source| KeyError::Generate { role, source })
            };
            scope.spawn(draw)
        });
        threads.map(|thread| thread.join().expect("drawing a key does not panic"))
    });
    Ok([pk?, kek?, db?, verity?])
}

fn open_release(folder: &Path, kind: KeyKind) -> Result<SigningKey, KeyError> {
    let private = folder.join(RELEASE_KEY);
    let public = folder.join(RELEASE_PUBLIC);
    let key = SigningKey::from_pkcs8_pem(&read_private(&private, kind)?)
        .map_err(|_| KeyError::ReleaseKey { path: private.clone() })?;
    let published = VerifyingKey::from_public_key_pem(&read(&public)?)
        .map_err(|_| KeyError::ReleasePublicKey { path: public.clone() })?;
    if key.verifying_key() != published {
        return Err(KeyError::ReleaseMismatch { public, private });
    }
    Ok(key)
}

fn open_certified(folder: &Path, role: &str, kind: KeyKind) -> Result<CertifiedKey, KeyError> {
    let path = folder.join(format!("{role}.key"));
    let certificate = folder.join(format!("{role}.crt"));
    let text = read(&certificate)?;
    // First the certificate alone, so that the error names the right file.
    parse_certificate(&text).map_err(|source| KeyError::Certified { path: certificate, source })?;
    CertifiedKey::from_pem(&read_private(&path, kind)?, &text)
        .map_err(|source| KeyError::Certified { path, source })
}

/// From the keys where they are at hand, else from the prepared files.
fn open_enrolment(
    folder: &Path,
    settings: &Settings,
    db: &CertifiedKey,
) -> Result<Option<Enrolment>, KeyError> {
    if exists(&folder.join("PK.key"))? && exists(&folder.join("KEK.key"))? {
        let pk = open_certified(folder, "PK", settings.kind)?;
        let kek = open_certified(folder, "KEK", settings.kind)?;
        return Ok(Some(Enrolment::new(&pk, &kek, db, settings.owner)?));
    }
    let paths = [Variable::Pk, Variable::Kek, Variable::Db]
        .map(|v| folder.join(format!("{}.auth", v.name())));
    for path in &paths {
        if !exists(path)? {
            return Ok(None);
        }
    }
    let [pk_auth, kek_auth, db_auth] =
        [fs::read(&paths[0])?, fs::read(&paths[1])?, fs::read(&paths[2])?];
    if !db_auth.ends_with(db.certificate_der()) {
        let certificate = folder.join("db.crt");
        return Err(KeyError::EnrolmentMismatch { auth: folder.join("db.auth"), certificate });
    }
    Ok(Some(Enrolment { pk_auth, kek_auth, db_auth }))
}

/// PKCS#8 without the public key, which OpenSSL 1.1 and 3.0 do not read.
fn release_pem(key: &SigningKey) -> Result<Zeroizing<String>, KeyError> {
    KeypairBytes { secret_key: key.to_bytes(), public_key: None }
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| KeyError::EncodeRelease)
}

/// The owner GUID: from the public key, so that it needs no draw of its own (RFC 9562 version 8).
fn owner_of(public: &VerifyingKey) -> Uuid {
    let digest = Sha256::new()
        .chain_update(b"keelson key set owner\0")
        .chain_update(public.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let sound = (1..=32).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-'))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if sound { Ok(()) } else { Err(KeyError::Name { name: name.to_owned() }) }
}

fn exists(path: &Path) -> Result<bool, KeyError> {
    Ok(fs::exists(path)?)
}

fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(|error| not_found(error, path))
}

/// Reads a private key; a release key that others can read is refused.
fn read_private(path: &Path, kind: KeyKind) -> Result<Zeroizing<String>, KeyError> {
    let metadata = fs::metadata(path).map_err(|error| not_found(error, path))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if kind == KeyKind::Release && mode & OTHERS != 0 {
        return Err(KeyError::Permissions { path: path.to_owned(), mode });
    }
    Ok(Zeroizing::new(read(path)?))
}

fn not_found(error: io::Error, path: &Path) -> KeyError {
    match error.kind() {
        ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
        _ => error.into(),
    }
}

fn write_file(path: &PathBuf, mode: u32, content: &[u8]) -> Result<(), KeyError> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // Whatever the umask took away.
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(())
}
