//! The actions of EC2's Query interface (version 2016-11-15) that images need, and what is read from their answers.

use roxmltree::{Document, Node};

use super::args::{Ec2Args, Share};
use crate::call::{Body, Call, Method, Reply};

const VERSION: &str = "2016-11-15";

/// What a dry run calls an image.
pub const ASSUMED_IMAGE: &str = "ami-DRYRUN";

/// An image as `DescribeImages` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `ami-...`.
    pub id: String,
    /// `pending`, `available`, `failed`, ...
    pub state: String,
    /// Why it failed.
    pub reason: String,
    /// Its snapshots.
    pub snapshots: Vec<String>,
}

/// What an image is registered with.
pub struct Register<'a> {
    /// Name, unique in account and region.
    pub name: &'a str,
    /// Description.
    pub description: &'a str,
    /// `x86_64` or `arm64`.
    pub architecture: &'a str,
    /// Snapshot of the root volume.
    pub snapshot: &'a str,
    /// GiB of the root volume.
    pub gibibytes: u64,
    /// Tags.
    pub tags: &'a [(String, String)],
    /// UEFI variable store in Base64, with the user's Secure Boot keys.
    pub uefi_data: Option<&'a str>,
}

fn action(endpoint: &str, name: &'static str, fields: Vec<(&str, String)>) -> Call {
    let mut form =
        vec![("Action".to_owned(), name.to_owned()), ("Version".to_owned(), VERSION.to_owned())];
    form.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Call::new(name, Method::Post, format!("{endpoint}/"))
        .body(Body::Form(form))
        .assume(Reply::text("<Response><return>true</return></Response>"))
}

fn with(mut call: Call, fields: impl IntoIterator<Item = (String, String)>) -> Call {
    if let Body::Form(form) = &mut call.body {
        form.extend(fields);
    }
    call
}

fn tags(prefix: &str, tags: &[(String, String)]) -> Vec<(String, String)> {
    let numbered = tags.iter().zip(1..).flat_map(|((key, value), n)| {
        [(format!("{prefix}{n}.Key"), key.clone()), (format!("{prefix}{n}.Value"), value.clone())]
    });
    numbered.collect()
}

/// `RegisterImage`: UEFI, TPM 2.0, ENA, IMDSv2 and a gp3 root volume.
pub fn register(endpoint: &str, args: &Ec2Args, image: &Register<'_>) -> Call {
    let device = "BlockDeviceMapping.1.";
    let mut fields: Vec<(String, String)> = [
        ("Name", image.name),
        ("Description", image.description),
        ("Architecture", image.architecture),
        ("VirtualizationType", "hvm"),
        ("BootMode", args.boot_mode.as_str()),
        ("TpmSupport", "v2.0"),
        ("ImdsSupport", "v2.0"),
        ("EnaSupport", "true"),
        ("SriovNetSupport", "simple"),
        ("RootDeviceName", "/dev/xvda"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    if args.no_tpm {
        fields.retain(|(name, _)| name != "TpmSupport");
    }
    if let Some(data) = image.uefi_data {
        fields.push(("UefiData".to_owned(), data.to_owned()));
    }
    let volume = [
        ("DeviceName", "/dev/xvda".to_owned()),
        ("Ebs.SnapshotId", image.snapshot.to_owned()),
        ("Ebs.VolumeType", "gp3".to_owned()),
        ("Ebs.VolumeSize", image.gibibytes.to_string()),
        ("Ebs.DeleteOnTermination", "true".to_owned()),
    ];
    fields.extend(volume.map(|(name, value)| (format!("{device}{name}"), value)));
    fields.push(("TagSpecification.1.ResourceType".to_owned(), "image".to_owned()));
    fields.extend(tags("TagSpecification.1.Tag.", image.tags));
    let answer = format!("<Response><imageId>{ASSUMED_IMAGE}</imageId></Response>");
    with(action(endpoint, "RegisterImage", Vec::new()), fields).once().assume(Reply::text(&answer))
}

/// `CopyImage`, called in the region that gets the copy.
pub fn copy(endpoint: &str, from: (&str, &str), name: &str, args: &Ec2Args, token: &str) -> Call {
    let (region, image) = from;
    let mut fields = vec![
        ("SourceRegion", region.to_owned()),
        ("SourceImageId", image.to_owned()),
        ("Name", name.to_owned()),
        ("ClientToken", token.to_owned()),
        ("CopyImageTags", "true".to_owned()),
    ];
    if args.encrypted || args.kms_key.is_some() {
        fields.push(("Encrypted", "true".to_owned()));
    }
    let answer = format!("<Response><imageId>{ASSUMED_IMAGE}</imageId></Response>");
    action(endpoint, "CopyImage", fields).assume(Reply::text(&answer))
}

/// `DescribeImages` by name among the account's own; a dry run finds none.
pub fn find(endpoint: &str, name: &str) -> Call {
    let fields = vec![
        ("Owner.1", "self".to_owned()),
        ("Filter.1.Name", "name".to_owned()),
        ("Filter.1.Value.1", name.to_owned()),
    ];
    action(endpoint, "DescribeImages", fields)
}

/// `DescribeImages` by identifier; a dry run finds it available.
pub fn describe(endpoint: &str, id: &str) -> Call {
    let answer = format!(
        "<Response><imagesSet><item><imageId>{id}</imageId><imageState>available</imageState>\
         </item></imagesSet></Response>"
    );
    let fields = vec![("ImageId.1", id.to_owned())];
    action(endpoint, "DescribeImages", fields).assume(Reply::text(&answer))
}

/// `DescribeSnapshots`; a dry run finds it completed.
pub fn snapshot(endpoint: &str, id: &str) -> Call {
    let answer =
        "<Response><snapshotSet><item><status>completed</status></item></snapshotSet></Response>";
    let fields = vec![("SnapshotId.1", id.to_owned())];
    action(endpoint, "DescribeSnapshots", fields).assume(Reply::text(answer))
}

/// `DeregisterImage`.
pub fn deregister(endpoint: &str, id: &str) -> Call {
    action(endpoint, "DeregisterImage", vec![("ImageId", id.to_owned())])
}

/// `DeleteSnapshot`.
pub fn delete_snapshot(endpoint: &str, id: &str) -> Call {
    action(endpoint, "DeleteSnapshot", vec![("SnapshotId", id.to_owned())])
}

/// `CreateTags` on one thing.
pub fn create_tags(endpoint: &str, id: &str, pairs: &[(String, String)]) -> Call {
    with(action(endpoint, "CreateTags", vec![("ResourceId.1", id.to_owned())]), tags("Tag.", pairs))
}

/// `ModifyImageAttribute`: who may start machines from an image.
pub fn share(endpoint: &str, id: &str, shares: &[Share]) -> Call {
    let entries = shares.iter().zip(1..).map(|(share, n)| {
        let (kind, value) = match share {
            Share::Account(id) => ("UserId", id.as_str()),
            Share::Organization(arn) => ("OrganizationArn", arn.as_str()),
            Share::Unit(arn) => ("OrganizationalUnitArn", arn.as_str()),
            Share::Everyone => ("Group", "all"),
        };
        (format!("LaunchPermission.Add.{n}.{kind}"), value.to_owned())
    });
    let fields = vec![("ImageId", id.to_owned())];
    with(action(endpoint, "ModifyImageAttribute", fields), entries)
}

/// `ModifySnapshotAttribute`: which accounts may copy a snapshot.
pub fn share_snapshot(endpoint: &str, id: &str, accounts: &[String]) -> Call {
    let entries = accounts
        .iter()
        .zip(1..)
        .map(|(account, n)| (format!("CreateVolumePermission.Add.{n}.UserId"), account.clone()));
    let fields =
        vec![("SnapshotId", id.to_owned()), ("Attribute", "createVolumePermission".to_owned())];
    with(action(endpoint, "ModifySnapshotAttribute", fields), entries)
}

/// The text of the first element of this name.
pub fn text(reply: &Reply, name: &str) -> Option<String> {
    let body = reply.as_text();
    let document = Document::parse(&body).ok()?;
    Some(child(document.root(), name)).filter(|text| !text.is_empty())
}

/// The images of an answer to `DescribeImages`.
pub fn images(reply: &Reply) -> Vec<Image> {
    let body = reply.as_text();
    let Ok(document) = Document::parse(&body) else { return Vec::new() };
    let set = document.descendants().find(|node| is(node, "imagesSet"));
    let items = set.into_iter().flat_map(|set| set.children().filter(Node::is_element));
    let image = |item: Node<'_, '_>| Image {
        id: child(item, "imageId"),
        state: child(item, "imageState"),
        reason: item
            .children()
            .find(|node| is(node, "stateReason"))
            .map_or(String::new(), |reason| child(reason, "message")),
        snapshots: item
            .descendants()
            .filter(|node| is(node, "snapshotId"))
            .filter_map(|node| node.text().map(str::to_owned))
            .collect(),
    };
    items.map(image).collect()
}

/// Whether a node has this name; its namespace changes with the version of the interface.
fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}

fn child(node: Node<'_, '_>, name: &str) -> String {
    let found = node.descendants().find(|node| is(node, name));
    found.and_then(|node| node.text()).unwrap_or("").trim().to_owned()
}

#[cfg(test)]
mod tests;
