//! `[RoutingPolicyRule]` (systemd.network(5)).

use super::dhcp::table;
use super::keys::{self, Kind};
use super::network::Families;
use super::value::{Wrong, choice, flag, number, parsed};
use crate::address::Prefix;
use crate::netlink::object::{Rule, TABLE_MAIN};

/// The section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSection {
    rule: Rule,
    family: Option<Families>,
    incomplete: bool,
}

impl Default for RuleSection {
    fn default() -> Self {
        let rule = Rule { table: TABLE_MAIN, action: 1, ..Rule::default() };
        Self { rule, family: None, incomplete: false }
    }
}

impl RuleSection {
    /// Sets a key. One that is not implemented or cannot be read ends the whole rule: without a selector it would be for
    /// more than was meant, or for the opposite.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        let result = self.set_one(key, value);
        if result != Ok(true) {
            self.incomplete = true;
            let wrong = match result {
                Err(wrong) => wrong,
                _ => keys::remark(Kind::Network, "RoutingPolicyRule", key),
            };
            let wrong = wrong.trim_end_matches("; passed over");
            return Err(format!("{wrong}; the rule is left out"));
        }
        result
    }

    fn set_one(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        let rule = &mut self.rule;
        match key {
            "From" => rule.from = Some(parsed::<Prefix>(value)?.network()),
            "To" => rule.to = Some(parsed::<Prefix>(value)?.network()),
            "Family" => self.family = Some(Families::read(value)?),
            "Table" => rule.table = table(value)?,
            "Priority" => rule.priority = Some(number(value)?),
            "IncomingInterface" => rule.incoming = Some(value.to_owned()),
            "OutgoingInterface" => rule.outgoing = Some(value.to_owned()),
            "TypeOfService" => rule.tos = parsed(value)?,
            "FirewallMark" => {
                let (mark, mask) =
                    value.split_once('/').map_or((value, None), |(mark, mask)| (mark, Some(mask)));
                rule.mark = Some((number(mark)?, mask.map_or(Ok(u32::MAX), number)?));
            }
            "InvertRule" => rule.inverted = flag(value)?,
            "SuppressPrefixLength" => {
                rule.suppressed_length = Some(parsed::<u8>(value)?.into()).filter(|n| *n <= 128);
                rule.suppressed_length.ok_or_else(|| format!("`{value}` is more than 128"))?;
            }
            "IPProtocol" => rule.protocol = Some(protocol(value)?),
            "SourcePort" => rule.source_ports = Some(range(value)?),
            "DestinationPort" => rule.destination_ports = Some(range(value)?),
            "User" => rule.users = Some(range(value)?),
            "Type" => {
                rule.action = choice(
                    value,
                    &[("table", 1), ("blackhole", 6), ("unreachable", 7), ("prohibit", 8)],
                )?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The rules: one of the family that was named or that the addresses are of, or one of each family.
    pub fn rules(&self) -> Vec<Rule> {
        let given = self.rule.from.or(self.rule.to).map(|prefix| prefix.address.is_ipv6());
        let families = match self.family {
            _ if self.incomplete => return Vec::new(),
            Some(Families { ipv4, ipv6 }) if given.is_none() => [ipv4, ipv6],
            _ => [given != Some(true), given == Some(true)],
        };
        // The kernel has no word for a prefix that is everything.
        let narrow = |prefix: Option<Prefix>| prefix.filter(|prefix| prefix.length > 0);
        let (from, to) = (narrow(self.rule.from), narrow(self.rule.to));
        let of = |(ipv6, wanted): (bool, bool)| {
            wanted.then(|| Rule { ipv6, from, to, ..self.rule.clone() })
        };
        [false, true].into_iter().zip(families).filter_map(of).collect()
    }
}

fn protocol(value: &str) -> Result<u8, Wrong> {
    let names = [("icmp", 1), ("tcp", 6), ("udp", 17), ("ipv6-icmp", 58), ("sctp", 132)];
    value.parse().or_else(|_| choice(value, &names))
}

/// One number, or two with a dash between.
fn range<T: std::str::FromStr + Copy + PartialOrd>(value: &str) -> Result<(T, T), Wrong>
where
    T::Err: std::fmt::Display,
{
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let (first, last) = (parsed::<T>(first)?, parsed::<T>(last)?);
    if first > last {
        return Err(format!("`{value}` ends before it begins"));
    }
    Ok((first, last))
}
