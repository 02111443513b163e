//! What the kernel writes to the pipe of an automount point: `struct autofs_v5_packet` of linux/auto_fs.h.

/// The size of a packet on 64-bit machines.
pub(super) const SIZE: usize = 304;
/// A name and the padding behind it end it; what is used here stands before.
const HEAD: usize = 44;
/// `AUTOFS_PROTO_VERSION`
const VERSION: u32 = 5;
/// `autofs_ptype_missing_direct`, `autofs_ptype_expire_direct`
const MISSING: u32 = 5;
const EXPIRE: u32 = 6;

/// What the kernel asks for. The token names the question in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// Somebody accesses the automount point, and is held up.
    Missing {
        /// To answer by.
        token: u32,
        /// The process, 0 where it has no number here.
        process: u32,
    },
    /// What is mounted there has rested long enough and is to be unmounted.
    Expire {
        /// To answer by.
        token: u32,
    },
}

/// Not a packet of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// A packet is not as long.
    #[error("a packet of autofs has {0} bytes instead of {SIZE}")]
    Size(usize),
    /// Another version, though 5 was asked for.
    #[error("a packet of autofs has version {0} instead of {VERSION}")]
    Version(u32),
    /// A direct automount point has no other types.
    #[error("a packet of autofs has the unknown type {0}")]
    Type(u32),
}

impl Packet {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, PacketError> {
        let (words, _) = bytes
            .first_chunk::<HEAD>()
            .filter(|_| bytes.len() == SIZE)
            .ok_or(PacketError::Size(bytes.len()))?
            .as_chunks::<4>();
        let word = |at: usize| u32::from_ne_bytes(words[at]);
        if word(0) != VERSION {
            return Err(PacketError::Version(word(0)));
        }
        let token = word(2);
        // Behind the token: device, inode (two words), user, group, process, thread group, length of the name.
        match word(1) {
            MISSING => Ok(Self::Missing { token, process: word(9) }),
            EXPIRE => Ok(Self::Expire { token }),
            other => Err(PacketError::Type(other)),
        }
    }
}
