use super::*;
use std::collections::BTreeMap;

const LOCK: &str = r#"
version = 4

[[package]]
name = "ours"
version = "0.1.0"
dependencies = ["member", "twice 2.0.0", "test-only"]

[[package]]
name = "member"
version = "0.1.0"
dependencies = ["unix", "real-name", "build-only"]

[[package]]
name = "twice"
version = "1.0.0"
source = "registry+https://example.com"
checksum = "1111111111111111111111111111111111111111111111111111111111111111"

[[package]]
name = "twice"
version = "2.0.0"
source = "registry+https://example.com"
checksum = "2222222222222222222222222222222222222222222222222222222222222222"
dependencies = ["unix"]

[[package]]
name = "unix"
version = "1.1.0+meta"
source = "registry+https://example.com"
checksum = "3333333333333333333333333333333333333333333333333333333333333333"

[[package]]
name = "real-name"
version = "0.3.0"

[[package]]
name = "test-only"
version = "9.0.0"

[[package]]
name = "build-only"
version = "9.0.0"
"#;

fn manifests() -> BTreeMap<String, String> {
    let ours = "[dependencies]\nmember = { path = \"../member\" }\ntwice = \"2\"\n[dev-dependencies]\ntest-only = \"9\"\n";
    let member = "[build-dependencies]\nbuild-only = \"9\"\n[target.'cfg(unix)'.dependencies]\nunix = \"1\"\n\
                  [dependencies]\nother = { package = \"real-name\", version = \"0.3\" }\n";
    BTreeMap::from([("ours".into(), ours.into()), ("member".into(), member.into())])
}

fn closure(programs: &[&str], manifests: &BTreeMap<String, String>) -> Vec<String> {
    let packages = CargoLock::parse(LOCK).unwrap().closure(programs, manifests).unwrap();
    packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
}

fn inventory() -> Inventory {
    let crates = CargoLock::parse(LOCK).unwrap().closure(&["ours"], &manifests()).unwrap();
    let recipe = |name: &str, source| Recipe {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        license: "Apache-2.0".to_owned(),
        sources: vec![source],
    };
    let debian = |name: &str, version: &str| DebianPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: "amd64".to_owned(),
        sha256: "44".repeat(32),
    };
    let ours = SourceRef::Crate { name: "ours".to_owned(), version: "0.1.0".to_owned() };
    let runc = SourceRef::Debian { name: "runc".to_owned() };
    Inventory {
        recipes: vec![recipe("init", ours), recipe("runc", runc)],
        crates,
        debian: vec![debian("runc", "1.1.15+ds1-2+b4"), debian("libstdc++6", "1:14~rc1")],
    }
}

fn subject() -> Subject<'static> {
    const DIGEST: &str = "5555555555555555555555555555555555555555555555555555555555555555";
    Subject {
        name: "keelson-amd64-usr",
        version: "1.2.0+5",
        digest: DIGEST,
        created: 1_767_225_600,
    }
}

#[test]
fn a_programs_closure_leaves_out_what_only_tests_and_builds_need() {
    let all = ["member 0.1.0", "ours 0.1.0", "real-name 0.3.0", "twice 2.0.0", "unix 1.1.0+meta"];
    assert_eq!(closure(&["ours"], &manifests()), all);
    assert_eq!(closure(&["ours", "member"], &manifests()), all, "asking twice changes nothing");
    assert_eq!(closure(&["twice 1.0.0"], &manifests()), ["twice 1.0.0"]);
    assert_eq!(closure(&["ours"], &BTreeMap::new()).len(), 7, "without manifests all are followed");
}

#[test]
fn bad_lock_files_are_refused() {
    let lock = CargoLock::parse(LOCK).unwrap();
    let missing = lock.closure(&["nothing"], &BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(missing, "Cargo.lock has 0 packages for `nothing`, which the image needs");
    let ambiguous = lock.closure(&["twice"], &BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(ambiguous, "Cargo.lock has 2 packages for `twice`, which the image needs");
    let future = CargoLock::parse("version = 5").unwrap_err().to_string();
    assert_eq!(future, "Cargo.lock has version 5; versions 3 and 4 are known");
    let broken = CargoLock::parse("version = ").unwrap_err().to_string();
    assert!(broken.starts_with("Cargo.lock: TOML parse error at line 1"), "{broken}");
    let manifests = BTreeMap::from([("ours".to_owned(), "[".to_owned())]);
    let manifest = lock.closure(&["ours"], &manifests).unwrap_err().to_string();
    assert!(manifest.starts_with("the manifest of ours: TOML parse error"), "{manifest}");
}

#[test]
fn the_document_is_the_golden_one() {
    let text = to_spdx(&subject(), &inventory()).unwrap();
    assert_eq!(text, include_str!("testdata/small.spdx.json"));
}

#[test]
fn the_order_of_the_inventory_does_not_matter() {
    let mut shuffled = inventory();
    shuffled.recipes.reverse();
    shuffled.crates.reverse();
    shuffled.debian.reverse();
    shuffled.crates.push(shuffled.crates[0].clone());
    assert_eq!(to_spdx(&subject(), &shuffled), to_spdx(&subject(), &inventory()));
}

#[test]
fn another_version_or_digest_has_another_namespace() {
    let namespace = |subject: &Subject<'_>| {
        let text = to_spdx(subject, &Inventory::default()).unwrap();
        text.lines().find(|line| line.contains("documentNamespace")).unwrap().to_owned()
    };
    let first = namespace(&subject());
    assert_ne!(first, namespace(&Subject { version: "1.2.0", ..subject() }));
    assert_ne!(first, namespace(&Subject { digest: "66", ..subject() }));
}

#[test]
fn names_that_differ_in_replaced_characters_stay_apart() {
    let mut inventory = Inventory::default();
    for name in ["a+b", "a_b", "a-b"] {
        inventory.crates.push(CratePackage {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            checksum: None,
            dependencies: Vec::new(),
        });
    }
    let text = to_spdx(&subject(), &inventory).unwrap();
    assert_eq!(text.matches("\"SPDXID\": \"SPDXRef-Crate-a-b-1.0.0").count(), 3);
}

#[test]
fn an_inventory_that_contradicts_itself_is_refused() {
    let mut twice = inventory();
    let mut other = twice.debian[0].clone();
    other.sha256 = "66".repeat(32);
    twice.debian.push(other);
    assert!(matches!(to_spdx(&subject(), &twice), Err(SbomError::Ambiguous { .. })));

    let mut unknown = inventory();
    unknown.debian.remove(0);
    let error = to_spdx(&subject(), &unknown).unwrap_err().to_string();
    assert_eq!(error, "SPDXRef-Recipe-runc-0.1.0 is made from runc, which is not in the inventory");

    let late = Subject { created: u64::MAX, ..subject() };
    assert_eq!(to_spdx(&late, &Inventory::default()), Err(SbomError::Created(u64::MAX)));
}
