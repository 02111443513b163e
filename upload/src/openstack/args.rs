//! Options of `upload openstack`.

/// Options of `upload openstack`.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct OpenstackArgs {
    /// Cloud of clouds.yaml [default: OS_CLOUD]
    #[arg(long)]
    pub cloud: Option<String>,
    /// Region of the image service [default: of clouds.yaml, else OS_REGION_NAME]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Who sees the image
    #[arg(long, value_enum, default_value_t = Visibility::Private)]
    pub visibility: Visibility,
    /// Project that may use a shared image; may be given several times
    #[arg(long, value_name = "PROJECT")]
    pub share_project: Vec<String>,
    /// Another property of the image, or another value for one; may be given several times
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = crate::cli::pair)]
    pub properties: Vec<(String, String)>,
    /// Secure Boot of machines from the image, which must have the keys in their firmware
    #[arg(long, value_enum, default_value_t = SecureBoot::Disabled)]
    pub secure_boot: SecureBoot,
    /// MiB of memory that a machine needs at least
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub min_ram: u64,
}

/// Visibilities of Glance.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// The project
    #[default]
    Private,
    /// The project and those of --share-project
    Shared,
    /// All projects that ask for it
    Community,
    /// All projects
    Public,
}

/// Values of `os_secure_boot`.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecureBoot {
    /// Off
    #[default]
    Disabled,
    /// On where the flavor asks for it and the host has it
    Optional,
    /// On, or the machine does not start
    Required,
}

impl Visibility {
    /// As Glance writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Community => "community",
            Self::Public => "public",
        }
    }
}

impl SecureBoot {
    /// As Nova writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}
