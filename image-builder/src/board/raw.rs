//! The keys of a board as they are written.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

type Text = Spanned<String>;
type Texts = Spanned<Vec<Spanned<String>>>;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawBoard {
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) architecture: Text,
    pub(super) recipes: Texts,
    #[serde(default)]
    pub(super) kernel: RawKernel,
    #[serde(default)]
    pub(super) usr: RawUsr,
    #[serde(default)]
    pub(super) verity: RawVerity,
    #[serde(default)]
    pub(super) boot: RawBoot,
    #[serde(default)]
    pub(super) disk: RawDisk,
    #[serde(default)]
    pub(super) budgets: RawBudgets,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawKernel {
    pub(super) command_line: Option<Texts>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawUsr {
    pub(super) compression: Option<Text>,
    pub(super) level: Option<Spanned<i64>>,
    pub(super) cluster_size: Option<Text>,
    pub(super) features: Option<Vec<Text>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawVerity {
    pub(super) on_corruption: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawBoot {
    pub(super) menu_timeout: Option<Spanned<i64>>,
    pub(super) debug: Option<Text>,
    pub(super) bios: Option<bool>,
    pub(super) secure_boot_enroll: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawDisk {
    pub(super) size: Option<Text>,
    pub(super) esp: Option<Text>,
    pub(super) usr: Option<Text>,
    pub(super) usr_verity: Option<Text>,
    pub(super) usr_signature: Option<Text>,
    pub(super) oem: Option<Text>,
    pub(super) root_minimum: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawBudgets {
    pub(super) usr: Option<Text>,
    pub(super) uki: Option<Text>,
    pub(super) disk_compressed: Option<Text>,
    pub(super) iso: Option<Text>,
}
