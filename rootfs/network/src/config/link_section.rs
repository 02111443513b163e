//! `[Link]` of `.network` files (systemd.network(5)).

use super::value::{Wrong, bytes, choice, flag, number, parsed};
use crate::address::Mac;
use crate::state::OperState;

/// `ActivationPolicy=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Set up when configured; later changes are the administrator's.
    #[default]
    Up,
    /// Kept up.
    AlwaysUp,
    /// Set down when configured.
    Down,
    /// Kept down.
    AlwaysDown,
    /// Left as it is.
    Manual,
    /// Follows the carrier of other links.
    Bound,
}

impl Activation {
    const WORDS: [(&'static str, Self); 6] = [
        ("up", Self::Up),
        ("always-up", Self::AlwaysUp),
        ("down", Self::Down),
        ("always-down", Self::AlwaysDown),
        ("manual", Self::Manual),
        ("bound", Self::Bound),
    ];

    /// The word of the setting.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, policy)| *policy == self).map_or("up", |(word, _)| word)
    }
}

/// `RequiredFamilyForOnline=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredFamily {
    /// IPv4 or IPv6.
    #[default]
    Any,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Both.
    Both,
}

impl RequiredFamily {
    const WORDS: [(&'static str, Self); 5] = [
        ("any", Self::Any),
        ("ipv4", Self::Ipv4),
        ("ipv6", Self::Ipv6),
        ("both", Self::Both),
        ("no", Self::Any),
    ];

    /// The word of the setting.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, family)| *family == self).map_or("any", |(word, _)| word)
    }

    /// Reads the word of the setting.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        choice(text, &Self::WORDS)
    }
}

/// The least and the most a link's state must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperRange {
    /// At least.
    pub least: OperState,
    /// At most.
    pub most: OperState,
}

impl Default for OperRange {
    fn default() -> Self {
        Self { least: OperState::Degraded, most: OperState::Routable }
    }
}

impl OperRange {
    /// Reads `MIN` or `MIN:MAX`; either may be empty.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let (least, most) = text.split_once(':').unwrap_or((text, ""));
        let default = Self::default();
        let state = |text: &str, default| if text.is_empty() { Ok(default) } else { parsed(text) };
        Ok(Self { least: state(least, default.least)?, most: state(most, default.most)? })
    }

    /// Whether a state lies between.
    pub fn holds(self, state: OperState) -> bool {
        self.least <= state && state <= self.most
    }
}

/// The section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSection {
    /// `MACAddress=`.
    pub mac: Option<Mac>,
    /// `MTUBytes=`.
    pub mtu: Option<u32>,
    /// `ARP=`.
    pub arp: Option<bool>,
    /// `Multicast=`.
    pub multicast: Option<bool>,
    /// `AllMulticast=`.
    pub all_multicast: Option<bool>,
    /// `Promiscuous=`.
    pub promiscuous: Option<bool>,
    /// `Unmanaged=`.
    pub unmanaged: bool,
    /// `Group=`.
    pub group: Option<u32>,
    /// Whether `network-online.target` waits for it.
    pub required: bool,
    /// The state it waits for; absent is the default.
    pub required_state: Option<OperRange>,
    /// The families it waits for.
    pub required_family: RequiredFamily,
    /// `ActivationPolicy=`.
    pub activation: Activation,
    required_said: bool,
}

impl Default for LinkSection {
    fn default() -> Self {
        Self {
            mac: None,
            mtu: None,
            arp: None,
            multicast: None,
            all_multicast: None,
            promiscuous: None,
            unmanaged: false,
            group: None,
            required: true,
            required_state: None,
            required_family: RequiredFamily::Any,
            activation: Activation::Up,
            required_said: false,
        }
    }
}

impl LinkSection {
    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "MACAddress" => self.mac = Some(parsed(value)?),
            "MTUBytes" => self.mtu = Some(bytes(value)?),
            "ARP" => self.arp = Some(flag(value)?),
            "Multicast" => self.multicast = Some(flag(value)?),
            "AllMulticast" => self.all_multicast = Some(flag(value)?),
            "Promiscuous" => self.promiscuous = Some(flag(value)?),
            "Unmanaged" => self.unmanaged = flag(value)?,
            "Group" => self.group = Some(number(value)?),
            "RequiredFamilyForOnline" => self.required_family = RequiredFamily::read(value)?,
            "RequiredForOnline" => self.set_required(value)?,
            "ActivationPolicy" => {
                self.activation = choice(value, &Activation::WORDS)?;
                // A link that nobody sets up is not waited for, unless the file says so.
                if !self.required_said {
                    self.required = !matches!(
                        self.activation,
                        Activation::Manual
                            | Activation::Down
                            | Activation::AlwaysDown
                            | Activation::Bound
                    );
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_required(&mut self, value: &str) -> Result<(), Wrong> {
        if let Some(required) = keelson_units::value::boolean(value) {
            (self.required, self.required_state) = (required, None);
        } else {
            (self.required, self.required_state) = (true, Some(OperRange::read(value)?));
        }
        self.required_said = true;
        Ok(())
    }

    /// `IFF_...` values and which of them are meant.
    pub fn flags(&self) -> (u32, u32) {
        use crate::netlink::object::{IFF_ALLMULTI, IFF_MULTICAST, IFF_NOARP};
        let wishes = [
            (IFF_NOARP, self.arp.map(|arp| !arp)),
            (IFF_MULTICAST, self.multicast),
            (IFF_ALLMULTI, self.all_multicast),
            (1 << 8, self.promiscuous),
        ];
        wishes.into_iter().fold((0, 0), |(values, mask), (bit, wish)| match wish {
            Some(on) => (if on { values | bit } else { values }, mask | bit),
            None => (values, mask),
        })
    }
}
