//! The states of links and of the whole, as networkctl(1) names them, and the files they are kept in.

use std::fmt;
use std::str::FromStr;

/// A text that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state `{0}`")]
pub struct UnknownState(String);

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word in files and on the screen.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = UnknownState;

            fn from_str(text: &str) -> Result<Self, UnknownState> {
                match text { $($word => Ok(Self::$variant),)* _ => Err(UnknownState(text.to_owned())) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

states! {
    /// What a link can do, from least to most.
    OperState {
        /// It is not there.
        Missing = "missing",
        /// It is down.
        Off = "off",
        /// It is up and has no carrier.
        NoCarrier = "no-carrier",
        /// It has a carrier and is not ready.
        Dormant = "dormant",
        /// A port of it has no carrier, and it has no address.
        DegradedCarrier = "degraded-carrier",
        /// It has a carrier and no address.
        Carrier = "carrier",
        /// It has link-local addresses only, or a port of it has no carrier.
        Degraded = "degraded",
        /// It is a port of a bond or bridge.
        Enslaved = "enslaved",
        /// It has an address the world can answer to.
        Routable = "routable",
    }
}

states! {
    /// How far its addresses reach.
    AddressState {
        /// It has none.
        Off = "off",
        /// Its own link.
        Degraded = "degraded",
        /// Further.
        Routable = "routable",
    }
}

states! {
    /// How far this service is with it.
    SetupState {
        /// Not looked at yet.
        Pending = "pending",
        /// Under way.
        Configuring = "configuring",
        /// Done.
        Configured = "configured",
        /// No file is for it.
        Unmanaged = "unmanaged",
        /// The kernel refused.
        Failed = "failed",
    }
}

states! {
    /// Whether what is required is there.
    OnlineState {
        /// Nothing is required.
        Unknown = "unknown",
        /// Nothing of it is.
        Offline = "offline",
        /// Some of it is.
        Partial = "partial",
        /// All of it is.
        Online = "online",
    }
}
