//! What is not found again by its link: rules and routes to nowhere belong to the whole host and several files may ask for
//! them, permanent neighbours do not say who made them. They are remembered, and taken back when no link asks any more.

use super::Service;
use super::apply::GONE;
use super::desired::{Desired, same_route};
use crate::log;
use crate::netlink::object::{Neighbor, PROTOCOL_STATIC, Route, Rule};
use crate::netlink::request;

/// `blackhole`, `unreachable` and `prohibit`: no link is in them.
fn leads_nowhere(route: &Route) -> bool {
    (6..=8).contains(&route.kind)
}

impl Service {
    /// Takes back what was given to a link and no link asks for any more.
    pub(super) fn take_back(&mut self, index: u32, before: &Desired) {
        let wished = |asks: &dyn Fn(&Desired) -> bool| {
            self.links.values().any(|managed| asks(&managed.given))
        };
        let rules = before.rules.iter().filter(|rule| !wished(&|now| now.rules.contains(rule)));
        let routes = before
            .routes
            .iter()
            .filter(|route| leads_nowhere(route) && !wished(&|now| now.routes.contains(route)));
        // Another hardware address takes the place of the one before.
        let neighbors = before.neighbors.iter().filter(|old| {
            let is = |new: &Neighbor| (new.index, new.address) == (old.index, old.address);
            !wished(&|now| now.neighbors.iter().any(is))
        });
        let requests: Vec<_> = rules
            .map(|rule| ("removing a rule", request::delete_rule(rule)))
            .chain(routes.map(|route| ("removing a route", request::delete_route(route))))
            .chain(neighbors.map(|old| ("removing a neighbour", request::delete_neighbor(old))))
            .collect();
        for (what, request) in requests {
            self.tried(index, what, &request, &GONE);
        }
    }

    /// At the start: what an earlier life made and no file asks for.
    pub(super) fn take_back_strays(&mut self) {
        let (rules, routes) = match (self.kernel.rules(), self.kernel.routes()) {
            (Ok(rules), Ok(routes)) => (rules, routes),
            (Err(error), _) | (_, Err(error)) => {
                return log::error(format!("reading rules and routes: {error}"));
            }
        };
        let asked = |have: &Rule| {
            self.networks.iter().any(|file| file.rules.iter().any(|rule| rule.made(have)))
        };
        let leads = |have: &Route| {
            let routes = self.networks.iter().flat_map(|file| &file.routes);
            routes.filter_map(|section| section.on(0, None)).any(|wish| same_route(have, &wish))
        };
        let is_stray = |route: &&Route| {
            leads_nowhere(route) && route.protocol == PROTOCOL_STATIC && !leads(route)
        };
        let rules = rules.iter().filter(|rule| !asked(rule)).map(request::delete_rule);
        let requests: Vec<_> =
            rules.chain(routes.iter().filter(is_stray).map(request::delete_route)).collect();
        for request in requests {
            if let Err(error) = self.kernel.ask(&request) {
                log::warning(format!("removing a rule or route of an earlier life: {error}"));
            }
        }
    }
}
