//! The archive for virtualisers, by its own description.

use std::collections::BTreeMap;

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
    judged(tool("xmllint")?.arg("--noout").arg(at("keelson.ovf")))?;
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
