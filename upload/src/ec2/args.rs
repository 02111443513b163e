//! Options of `upload ec2`.

use std::path::PathBuf;

use crate::places::amazon_region;

/// Options of `upload ec2`.
#[derive(clap::Args, Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option without a value")]
pub struct Ec2Args {
    /// Region of the snapshot and the first image [default: the environment's or the profile's]
    #[arg(long, value_name = "REGION", value_parser = amazon_region)]
    pub region: Option<String>,
    /// Copy the image to this region too; may be given several times
    #[arg(long = "copy-to", value_name = "REGION", value_parser = amazon_region)]
    pub copy_to: Vec<String>,
    /// Profile of the shared configuration files [default: AWS_PROFILE, else `default`]
    #[arg(long)]
    pub profile: Option<String>,
    /// How machines boot: `uefi-preferred` falls back to BIOS on instance types without UEFI
    #[arg(long, value_enum, default_value_t = BootMode::Uefi)]
    pub boot_mode: BootMode,
    /// Register without TPM 2.0
    #[arg(long)]
    pub no_tpm: bool,
    /// UEFI variable store in Base64 (as `python-uefivars` makes it) with the Secure Boot keys
    #[arg(long, value_name = "FILE")]
    pub uefi_data: Option<PathBuf>,
    /// GiB of the root volume [default: the size of the image]
    #[arg(long, value_name = "GIB")]
    pub volume_size: Option<u64>,
    /// Encrypt the snapshot with the account's default key
    #[arg(long)]
    pub encrypted: bool,
    /// Encrypt the snapshot with this KMS key
    #[arg(long, value_name = "ARN")]
    pub kms_key: Option<String>,
    /// Let this account start machines from the image; may be given several times
    #[arg(long, value_name = "ACCOUNT")]
    pub share_account: Vec<String>,
    /// Let this organization start machines from the image; may be given several times
    #[arg(long, value_name = "ARN")]
    pub share_organization: Vec<String>,
    /// Let this organizational unit start machines from the image; may be given several times
    #[arg(long, value_name = "ARN")]
    pub share_unit: Vec<String>,
    /// Let everyone start machines from the image
    #[arg(long)]
    pub public: bool,
    /// Let the accounts of --share-account copy the snapshots too
    #[arg(long, requires = "share_account")]
    pub share_snapshot: bool,
    /// Another endpoint for all calls, as of an emulator [default: AWS_ENDPOINT_URL, else Amazon's]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

/// Boot modes of EC2.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BootMode {
    /// UEFI only
    #[default]
    Uefi,
    /// UEFI where there is, else BIOS
    UefiPreferred,
}

/// Who may start machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// An account.
    Account(String),
    /// An organization's ARN.
    Organization(String),
    /// An organizational unit's ARN.
    Unit(String),
    /// Everyone.
    Everyone,
}

impl BootMode {
    /// As EC2 writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uefi => "uefi",
            Self::UefiPreferred => "uefi-preferred",
        }
    }
}

impl Ec2Args {
    /// Everyone that the image is shared with.
    pub fn shares(&self) -> Vec<Share> {
        let accounts = self.share_account.iter().cloned().map(Share::Account);
        let organizations = self.share_organization.iter().cloned().map(Share::Organization);
        let units = self.share_unit.iter().cloned().map(Share::Unit);
        let everyone = self.public.then_some(Share::Everyone);
        accounts.chain(organizations).chain(units).chain(everyone).collect()
    }
}
