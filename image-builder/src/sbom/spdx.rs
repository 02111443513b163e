//! The SPDX 2.3 JSON of an inventory.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{CratePackage, DebianPackage, Inventory, Recipe, SourceRef, Subject};

/// What SPDX writes where nothing is claimed.
const NO_ASSERTION: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";

/// Why an inventory cannot be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SbomError {
    /// Two components have the same name and version but differ.
    #[error("the component {id} is there twice, with different contents")]
    Ambiguous {
        /// The SPDX identifier of both.
        id: String,
    },
    /// A component refers to one that is not in the inventory.
    #[error("{by} is made from {wanted}, which is not in the inventory")]
    Unknown {
        /// What is missing.
        wanted: String,
        /// Who refers to it.
        by: String,
    },
    /// The date is after the year 9999.
    #[error("{0} seconds since 1970 are beyond the year 9999")]
    Created(u64),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of SPDX")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    document_describes: [&'static str; 1],
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [&'static str; 1],
}

#[derive(Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: String,
    supplier: String,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    primary_package_purpose: &'static str,
}

#[derive(Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of SPDX")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of SPDX")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// Writes the document, indented and with a newline at the end.
///
/// Components that come twice are written once. The document's namespace is from the subject's version and
/// digest, so that no two images share one.
pub fn to_spdx(subject: &Subject<'_>, inventory: &Inventory) -> Result<String, SbomError> {
    let mut packages = BTreeMap::new();
    let components = (inventory.recipes.iter().map(recipe))
        .chain(inventory.crates.iter().map(crate_package))
        .chain(inventory.debian.iter().map(debian_package));
    for package in components {
        match packages.get(&package.id) {
            Some(known) if *known != package => {
                return Err(SbomError::Ambiguous { id: package.id });
            }
            _ => packages.insert(package.id.clone(), package),
        };
    }
    let relationships = relationships(inventory, &packages)?;
    let created = der::DateTime::from_unix_duration(Duration::from_secs(subject.created))
        .map_err(|_| SbomError::Created(subject.created))?;
    let document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: format!("{}-{}", subject.name, subject.version),
        document_namespace: format!(
            "https://spdx.org/spdxdocs/{}-{}-{}",
            percent(subject.name),
            percent(subject.version),
            percent(subject.digest)
        ),
        creation_info: CreationInfo {
            created: created.to_string(),
            creators: ["Tool: keelson-image-builder"],
        },
        document_describes: [IMAGE],
        packages: std::iter::once(image(subject)).chain(packages.into_values()).collect(),
        relationships,
    };
    Ok(to_json(&document))
}

fn to_json(document: &Document) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("all keys are strings");
    text.push('\n');
    text
}

/// The image holds every component; recipes are made from packages; crates depend on crates.
fn relationships(
    inventory: &Inventory,
    packages: &BTreeMap<String, Package>,
) -> Result<Vec<Relationship>, SbomError> {
    let mut all = vec![relationship(DOCUMENT, "DESCRIBES", IMAGE)];
    all.extend(packages.keys().map(|id| relationship(IMAGE, "CONTAINS", id)));
    let known = |id: String, by: &str| {
        if packages.contains_key(&id) {
            return Ok(id);
        }
        Err(SbomError::Unknown { wanted: id, by: by.to_owned() })
    };
    for entry in &inventory.recipes {
        let own = recipe_id(entry);
        for source in &entry.sources {
            let id = match source {
                SourceRef::Crate { name, version } => known(crate_id(name, version), &own)?,
                SourceRef::Debian { name } => {
                    let package = inventory.debian.iter().find(|package| package.name == *name);
                    let missing = || SbomError::Unknown { wanted: name.clone(), by: own.clone() };
                    debian_id(package.ok_or_else(missing)?)
                }
            };
            all.push(relationship(&own, "GENERATED_FROM", &id));
        }
    }
    for entry in &inventory.crates {
        let own = crate_id(&entry.name, &entry.version);
        for (name, version) in &entry.dependencies {
            all.push(relationship(&own, "DEPENDS_ON", &known(crate_id(name, version), &own)?));
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

fn image(subject: &Subject<'_>) -> Package {
    Package {
        checksums: vec![sha256(subject.digest)],
        primary_package_purpose: "OPERATING-SYSTEM",
        ..package(IMAGE.to_owned(), subject.name, subject.version)
    }
}

fn recipe(recipe: &Recipe) -> Package {
    Package {
        license_declared: recipe.license.clone(),
        ..package(recipe_id(recipe), &recipe.name, &recipe.version)
    }
}

fn crate_package(entry: &CratePackage) -> Package {
    let id = crate_id(&entry.name, &entry.version);
    let mut package = package(id, &entry.name, &entry.version);
    if let Some(checksum) = &entry.checksum {
        // Without a checksum the crate is one of ours and in no registry.
        package.checksums = vec![sha256(checksum)];
        package.external_refs =
            vec![purl(format!("pkg:cargo/{}@{}", percent(&entry.name), percent(&entry.version)))];
    }
    Package { primary_package_purpose: "LIBRARY", ..package }
}

fn debian_package(entry: &DebianPackage) -> Package {
    let (name, version) = (percent(&entry.name), percent(&entry.version));
    Package {
        supplier: "Organization: Debian".to_owned(),
        checksums: vec![sha256(&entry.sha256)],
        external_refs: vec![purl(format!(
            "pkg:deb/debian/{name}@{version}?arch={}",
            percent(&entry.architecture)
        ))],
        ..package(debian_id(entry), &entry.name, &entry.version)
    }
}

fn package(id: String, name: &str, version: &str) -> Package {
    Package {
        id,
        name: name.to_owned(),
        version_info: version.to_owned(),
        supplier: NO_ASSERTION.to_owned(),
        download_location: NO_ASSERTION,
        files_analyzed: false,
        checksums: Vec::new(),
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION.to_owned(),
        copyright_text: NO_ASSERTION,
        external_refs: Vec::new(),
        primary_package_purpose: "APPLICATION",
    }
}

fn relationship(from: &str, kind: &'static str, to: &str) -> Relationship {
    Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    }
}

fn sha256(value: &str) -> Checksum {
    Checksum { algorithm: "SHA256", checksum_value: value.to_ascii_lowercase() }
}

fn purl(locator: String) -> ExternalRef {
    ExternalRef {
        reference_category: "PACKAGE-MANAGER",
        reference_type: "purl",
        reference_locator: locator,
    }
}

fn recipe_id(recipe: &Recipe) -> String {
    identifier("Recipe", &[&recipe.name, &recipe.version])
}

fn crate_id(name: &str, version: &str) -> String {
    identifier("Crate", &[name, version])
}

fn debian_id(package: &DebianPackage) -> String {
    identifier("Debian", &[&package.name, &package.version, &package.architecture])
}

/// An SPDX identifier: letters, digits, dots and hyphens. Where others are replaced, a digest keeps two
/// names apart that would become one.
fn identifier(kind: &str, parts: &[&str]) -> String {
    let name = parts.join("-");
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let mut id = format!("SPDXRef-{kind}-{}", name.replace(|c| !plain(c), "-"));
    if !name.chars().all(plain) {
        id.push('-');
        id.push_str(&hex::encode(&Sha256::digest(name.as_bytes())[..4]));
    }
    id
}

/// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3), as package URLs want.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}
