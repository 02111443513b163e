use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use ed25519_dalek::Signature;
use fs_err as fs;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

/// The key set in `testdata`, which protects nothing.
pub(crate) fn test_keys() -> KeySet {
    KeySet::open(&testdata()).unwrap()
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/keys/testdata")
}

/// A copy of the test keys that a test may damage.
fn copy() -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("keys");
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(testdata()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    (scratch, folder)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_key_set_signs_the_same_bytes_every_time() {
    let keys = test_keys();
    assert_eq!((keys.kind(), keys.is_dev(), keys.name()), (KeyKind::Dev, true, "Keelson test"));
    assert_eq!(
        keys.fingerprint(),
        "581e28d941673cf4999a569abd0f7f58e9a09f140a70d1bec8df7f7fdaf7a72e"
    );
    assert_eq!(
        hex::encode(keys.db().fingerprint()),
        "e7dbcae79f9884849d90a5f6cb70e2429138a8d661db68834cf1524202b84cdf"
    );
    assert_eq!(keys.db().subject(), "CN=Keelson test db (not for production)");
    let signature = keys.sign_release(b"keelson");
    keys.public().verify_strict(b"keelson", &Signature::from_bytes(&signature)).unwrap();
    assert_eq!(
        sha256(&signature),
        "73063f37bed02cb7ec26cb8711dd1b0e558a1314803c1c2fbaf36b6c28d2affb"
    );
    assert_eq!(
        sha256(&keys.db().sign(b"keelson").unwrap()),
        "569f83440ba7bbd1bdf7c16f9c961ef7bf27aa19a510261b9678fdc4cef55756"
    );
}

/// The same bytes as `sign-efi-sig-list -t "2026-01-01 00:00:00"` of efitools writes with these keys.
#[test]
fn the_variables_for_enrolment_are_those_of_efitools() {
    let keys = test_keys();
    let enrolment = keys.enrolment().unwrap();
    assert_eq!(
        sha256(&enrolment.pk_auth),
        "5d51a4efd832498de24b8b45a2b951274bdfca1cad83f0b3031d9f4d3101fe0d"
    );
    assert_eq!(
        sha256(&enrolment.kek_auth),
        "041920e51bb2870378ea823832be817850854219ead7e8de1e1d8b500f444b4a"
    );
    assert_eq!(
        sha256(&enrolment.db_auth),
        "61aaa40795c222b3ce1ce1d515dde2e488fcd576ccb6fe82a42e719c5668e7c3"
    );
    let list = signature_list(keys.db().certificate_der(), keys.owner());
    assert!(enrolment.db_auth.ends_with(&list));
}

#[test]
fn a_signature_list_has_lengths_owner_and_certificate() {
    let owner = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let list = signature_list(b"certificate", owner);
    assert_eq!(
        hex::encode(list),
        concat!(
            "a159c0a5e494a74a87b5ab155c2bf072",
            "37000000",
            "00000000",
            "1b000000",
            "33221100554477668899aabbccddeeff",
            "6365727469666963617465"
        )
    );
}

#[test]
fn a_new_set_is_complete_and_private() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("new/keys");
    let keys = KeySet::generate(&folder, KeyKind::Release, "Example Inc. 2").unwrap();
    assert_eq!((keys.kind(), keys.is_dev()), (KeyKind::Release, false));
    assert_eq!(keys.db().subject(), "CN=Example Inc. 2 db");
    assert_eq!(mode(&folder), 0o700);
    for name in names(&folder) {
        let private = Path::new(&name).extension() == Some(OsStr::new("key"));
        assert_eq!(mode(&folder.join(&name)), if private { 0o600 } else { 0o644 }, "{name}");
    }
    assert_eq!(
        names(&folder).join(" "),
        "KEK.auth KEK.crt KEK.esl KEK.key PK.auth PK.crt PK.esl PK.key db.auth db.crt db.esl db.key \
         keyset.toml release.ed25519.key release.ed25519.pub verity.crt verity.key"
    );
    assert_eq!(fs::read(folder.join("PK.auth")).unwrap(), keys.enrolment().unwrap().pk_auth);
    assert_eq!(names(folder.parent().unwrap()), ["keys"], "no scratch folder is left");
    let again = KeySet::generate(&folder, KeyKind::Release, "Example").unwrap_err();
    assert!(matches!(again, KeyError::Exists { .. }), "{again}");
}

#[test]
fn two_builds_that_make_the_dev_keys_at_once_end_with_one_set() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("keelson/dev-keys");
    let open = || KeySet::dev(&folder).unwrap().fingerprint();
    let prints = thread::scope(|scope| {
        let threads = [scope.spawn(open), scope.spawn(open)];
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(prints[0], prints[1]);
    assert_eq!(KeySet::dev(&folder).unwrap().fingerprint(), prints[0]);
    assert_eq!(names(folder.parent().unwrap()), ["dev-keys"], "no scratch folder is left");
}

#[test]
fn private_keys_are_not_in_debug_output() {
    let keys = test_keys();
    let text = format!("{keys:?} {:?}", keys.db());
    assert!(text.contains("(redacted)"), "{text}");
    assert!(!text.contains("RsaPrivateKey") && !text.contains("SigningKey"), "{text}");
}

#[test]
fn dev_keys_are_in_the_users_data_folder() {
    let cases = [
        (Some("/data"), Some("/home/u"), Some("/data/keelson/dev-keys")),
        (None, Some("/home/u"), Some("/home/u/.local/share/keelson/dev-keys")),
        (Some("relative"), Some("/home/u"), Some("/home/u/.local/share/keelson/dev-keys")),
        (Some(""), None, None),
        (None, None, None),
    ];
    for (xdg, home, expected) in cases {
        let folder = dev_folder(xdg.map(OsStr::new), home.map(OsStr::new)).ok();
        assert_eq!(folder.as_deref(), expected.map(Path::new), "{xdg:?} {home:?}");
    }
}

/// A change to a key set.
enum Damage {
    Remove(&'static str),
    Write(&'static str, &'static str),
    Copy(&'static str, &'static str),
}

#[test]
fn a_damaged_set_is_refused_and_the_file_is_named() {
    use Damage::{Copy, Remove, Write};
    let settings = "schema = 1\nkind = \"dev\"\nname = \"x\"\nowner = \"9371f787-7c21-8de4-9e86-4447194070ef\"\n";
    let cases = [
        (Remove("keyset.toml"), "the key set is incomplete: DIR/keyset.toml is missing;"),
        (Remove("db.key"), "the key set is incomplete: DIR/db.key is missing; restore it"),
        (Remove("db.crt"), "the key set is incomplete: DIR/db.crt is missing"),
        (Remove("verity.crt"), "the key set is incomplete: DIR/verity.crt is missing"),
        (
            Remove("release.ed25519.key"),
            "the key set is incomplete: DIR/release.ed25519.key is missing",
        ),
        (
            Remove("release.ed25519.pub"),
            "the key set is incomplete: DIR/release.ed25519.pub is missing",
        ),
        (
            Write("db.key", "nothing"),
            "DIR/db.key: the private key is not an RSA key in PKCS#8 PEM form",
        ),
        (Write("db.crt", "nothing"), "DIR/db.crt: the certificate is not X.509 in PEM form"),
        (Copy("release.ed25519.key", "db.key"), "DIR/db.key: the private key is not an RSA key"),
        (Copy("release.ed25519.pub", "db.crt"), "DIR/db.crt: the certificate is not X.509"),
        (Copy("verity.crt", "db.crt"), "DIR/db.key: the certificate is not for this private key"),
        (Copy("PK.key", "KEK.key"), "DIR/KEK.key: the certificate is not for this private key"),
        (
            Copy("db.key", "release.ed25519.key"),
            "DIR/release.ed25519.key: not an Ed25519 private key",
        ),
        (
            Copy("db.crt", "release.ed25519.pub"),
            "DIR/release.ed25519.pub: not an Ed25519 public key",
        ),
        (
            Write("keyset.toml", "schema = 1\nkinds = 2\n"),
            "DIR/keyset.toml: TOML parse error at line 2, column 1",
        ),
        (
            Write("keyset.toml", "schema = 1\nkind = \"test\"\n"),
            "DIR/keyset.toml: TOML parse error at line 2, column 8",
        ),
        (Write("keyset.toml", settings), ""),
    ];
    for (damage, message) in cases {
        let (_scratch, folder) = copy();
        let what = match damage {
            Remove(name) => fs::remove_file(folder.join(name)).map(|()| name),
            Write(name, text) => fs::write(folder.join(name), text).map(|()| name),
            Copy(from, to) => fs::copy(folder.join(from), folder.join(to)).map(|_| to),
        };
        let found = KeySet::open(&folder).err().map(|error| error.to_string()).unwrap_or_default();
        let message = message.replace("DIR", folder.to_str().unwrap());
        assert!(found.starts_with(&message), "{}: {found}", what.unwrap());
        assert_eq!(found.is_empty(), message.is_empty(), "{found}");
    }
}

#[test]
fn a_schema_of_the_future_is_refused() {
    let (_scratch, folder) = copy();
    let path = folder.join("keyset.toml");
    let text = fs::read_to_string(&path).unwrap().replace("schema = 1", "schema = 2");
    fs::write(&path, text).unwrap();
    let error = KeySet::open(&folder).unwrap_err();
    assert!(matches!(error, KeyError::Schema { found: 2, .. }), "{error}");
}

#[test]
fn another_releases_public_key_is_refused() {
    let (_scratch, folder) = copy();
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    fs::write(folder.join("release.ed25519.pub"), pem).unwrap();
    let error = KeySet::open(&folder).unwrap_err();
    assert!(matches!(error, KeyError::ReleaseMismatch { .. }), "{error}");
}

#[test]
fn a_release_key_that_others_can_read_is_refused_with_the_remedy() {
    let (_scratch, folder) = copy();
    let settings = folder.join("keyset.toml");
    let text = fs::read_to_string(&settings).unwrap().replace("\"dev\"", "\"release\"");
    fs::write(&settings, text).unwrap();
    for name in ["PK.key", "KEK.key", "db.key", "verity.key", "release.ed25519.key"] {
        fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    KeySet::open(&folder).unwrap();
    let key = folder.join("db.key");
    fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let key = key.display();
    assert_eq!(
        KeySet::open(&folder).unwrap_err().to_string(),
        format!(
            "the private key {key} can be read or written by others (mode 0640): chmod 600 {key}"
        )
    );
    let error = KeySet::dev(&folder).unwrap_err();
    assert!(matches!(error, KeyError::Permissions { .. }), "{error}");
}

#[test]
fn a_set_that_is_not_there_is_not_made_by_opening() {
    let scratch = tempfile::tempdir().unwrap();
    let error = KeySet::open(&scratch.path().join("none")).unwrap_err();
    assert!(error.to_string().ends_with("/none: `cargo xtask keys generate` makes one"), "{error}");
    assert!(names(scratch.path()).is_empty());
}

#[test]
fn names_that_a_certificate_cannot_hold_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    for name in ["", " x", "x ", "a,CN=b", "a\"b", "ä", "a\nb", &"x".repeat(33)] {
        let error = KeySet::generate(&scratch.path().join("keys"), KeyKind::Dev, name).unwrap_err();
        assert!(matches!(error, KeyError::Name { .. }), "{name}: {error}");
    }
    assert!(names(scratch.path()).is_empty());
}

#[test]
fn prepared_variables_serve_where_the_platform_key_is_kept_elsewhere() {
    let (_scratch, folder) = copy();
    let made = test_keys().enrolment().unwrap().clone();
    fs::remove_file(folder.join("PK.key")).unwrap();
    assert_eq!(KeySet::open(&folder).unwrap().enrolment(), None);
    let files =
        [("PK.auth", &made.pk_auth), ("KEK.auth", &made.kek_auth), ("db.auth", &made.db_auth)];
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    assert_eq!(KeySet::open(&folder).unwrap().enrolment(), Some(&made));
    fs::write(folder.join("db.auth"), &made.kek_auth).unwrap();
    let error = KeySet::open(&folder).unwrap_err();
    assert!(matches!(error, KeyError::EnrolmentMismatch { .. }), "{error}");
}
