//! The keys of a recipe as they are written.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

type Text = Spanned<String>;
type Texts = Spanned<Vec<Spanned<String>>>;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawRecipe {
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) license: Text,
    pub(super) source: Spanned<RawSource>,
    #[serde(default)]
    pub(super) file: Vec<Spanned<RawFile>>,
    #[serde(default)]
    pub(super) link: Vec<Spanned<RawLink>>,
    #[serde(default)]
    pub(super) directory: Vec<Spanned<RawDirectory>>,
    #[serde(default)]
    pub(super) bundle: Vec<Spanned<RawBundle>>,
}

/// The keys of all types of source: an enum of serde would lose the places of the values.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) r#type: Text,
    pub(super) package: Option<Text>,
    pub(super) packages: Option<Texts>,
    pub(super) binaries: Option<Texts>,
    #[serde(rename = "crate")]
    pub(super) crate_name: Option<Text>,
    pub(super) version: Option<Text>,
    pub(super) features: Option<Texts>,
    pub(super) default_features: Option<Spanned<bool>>,
    pub(super) modules: Option<Texts>,
    pub(super) initramfs_modules: Option<Texts>,
    pub(super) folder: Option<Text>,
    pub(super) build_only: Option<Texts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) from: Text,
    pub(super) to: Option<Text>,
    pub(super) mode: Option<Text>,
    pub(super) exports: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawLink {
    pub(super) path: Text,
    pub(super) to: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawDirectory {
    pub(super) path: Text,
    pub(super) mode: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawBundle {
    pub(super) from: Text,
    pub(super) to: Text,
    pub(super) mode: Option<Text>,
}
