//! The archive for virtualisers, by its own description.

use std::collections::BTreeMap;
use std::path::Path;

use keelson_qemu_tests::board::scratch;

use crate::{BOARD, Outcome, hash, judged, size, tool};

#[test]
fn the_ova_has_what_its_descriptor_and_manifest_say() -> Outcome {
    let folder = scratch()?;
    let archive = BOARD.artifacts.path("keelson.ova");
    let names = judged(tool("tar")?.arg("-tf").arg(&archive))?;
    // The descriptor first, then the manifest, then the files in the order of the descriptor.
    assert_eq!(names.lines().collect::<Vec<_>>(), ["keelson.ovf", "keelson.mf", "disk.vmdk"]);
    judged(tool("tar")?.arg("-xf").arg(&archive).arg("-C").arg(folder.path()))?;
    let at = |name: &str| folder.path().join(name);

    let manifest = fs_err::read_to_string(at("keelson.mf"))?;
    let digests: BTreeMap<&str, &str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("SHA256(")?.split_once(")= "))
        .collect();
    assert_eq!(digests.len(), 2, "{manifest}");
    for (name, digest) in digests {
        assert_eq!(hash(&at(name), size(&at(name))?)?, digest, "{name}");
    }
    assert_eq!(by_grammar(&at("keelson.ovf"))?, None);
    let value = |path: &str| -> Result<String, Box<dyn std::error::Error>> {
        let mut command = tool("xmllint")?;
        Ok(judged(command.arg("--xpath").arg(format!("string({path})")).arg(at("keelson.ovf")))?
            .trim()
            .to_owned())
    };
    let disk = "//*[local-name()='Disk']/@*[local-name()=";
    for (path, expected) in [
        ("//*[local-name()='File']/@*[local-name()='href']".to_owned(), "disk.vmdk".to_owned()),
        (
            "//*[local-name()='File']/@*[local-name()='size']".to_owned(),
            size(&at("disk.vmdk"))?.to_string(),
        ),
        (format!("{disk}'capacity']"), BOARD.artifacts.release.disk.size.to_string()),
        (
            "//*[local-name()='Config'][@*[local-name()='key']='firmware']/@*[local-name()='value']"
                .to_owned(),
            "efi".to_owned(),
        ),
    ] {
        assert_eq!(value(&path)?, expected, "{path}");
    }
    // The disk within is the one beside.
    let beside = BOARD.artifacts.path("disk.vmdk");
    let inside = at("disk.vmdk");
    assert_eq!(hash(&beside, size(&beside)?)?, hash(&inside, size(&inside)?)?);
    Ok(())
}

/// What a validator says against a descriptor by the grammar of descriptors, `None` where it is valid.
fn by_grammar(descriptor: &Path) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let grammar = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/artifacts/ovf.rng");
    let mut command = tool("xmllint")?;
    let output =
        command.args(["--noout", "--nonet", "--relaxng", grammar]).arg(descriptor).output()?;
    let words = String::from_utf8(output.stderr)?;
    match output.status.code() {
        Some(0) => Ok(None),
        // 3 and 4: not valid; all others: not read, or no grammar.
        Some(3 | 4) => Ok(Some(words)),
        _ => Err(words.into()),
    }
}

/// Mistakes in a descriptor, as words of it and what stands there instead.
const MISTAKES: [(&str, &str); 20] = [
    // Members that are missing or misspelt.
    (" ovf:id=\"file0\"", ""),
    (" ovf:href=\"disk.vmdk\"", ""),
    (" ovf:diskId=\"disk0\"", ""),
    ("ovf:capacity=", "ovf:capasity="),
    (" ovf:name=\"VM Network\"", ""),
    ("<Info>The disk of the machine</Info>", ""),
    ("<vssd:InstanceID>0</vssd:InstanceID>", ""),
    ("<rasd:InstanceID>3</rasd:InstanceID>", ""),
    ("<rasd:ResourceType>17</rasd:ResourceType>", ""),
    ("<OperatingSystemSection ovf:id=\"101\"", "<OperatingSystemSection"),
    // Values of another kind.
    ("ovf:size=\"", "ovf:size=\"-"),
    ("ovf:populatedSize=\"", "ovf:populatedSize=\"about "),
    ("<rasd:ResourceType>10<", "<rasd:ResourceType>Ethernet<"),
    ("<rasd:AutomaticAllocation>true<", "<rasd:AutomaticAllocation>yes<"),
    ("ovf:id=\"101\"", "ovf:id=\"linux\""),
    // Members in another order, or where they are not known.
    (
        "<rasd:AllocationUnits>byte * 2^20<",
        "<rasd:Weight>1</rasd:Weight><rasd:AllocationUnits>byte * 2^20<",
    ),
    ("<Name>", "<Product>x</Product><Name>"),
    ("<References>", "<NetworkSection><Info/></NetworkSection><References>"),
    ("</VirtualSystem>", "</VirtualSystem><DiskSection><Info/></DiskSection>"),
    // Of no namespace.
    ("ovf:fileRef=", "fileRef="),
];

#[test]
fn mistakes_in_a_descriptor_are_told_by_the_grammar() -> Outcome {
    let folder = scratch()?;
    let archive = BOARD.artifacts.path("keelson.ova");
    judged(tool("tar")?.arg("-xf").arg(&archive).arg("-C").arg(folder.path()).arg("keelson.ovf"))?;
    let descriptor = folder.path().join("keelson.ovf");
    let whole = fs_err::read_to_string(&descriptor)?;
    assert_eq!(by_grammar(&descriptor)?, None);
    for (right, wrong) in MISTAKES {
        assert_eq!(whole.matches(right).count(), 1, "{right}");
        fs_err::write(&descriptor, whole.replace(right, wrong))?;
        assert!(by_grammar(&descriptor)?.is_some(), "{right} -> {wrong}");
    }
    Ok(())
}
