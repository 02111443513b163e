//! Puts images into clouds: Amazon EC2, Google Compute Engine, Microsoft Azure, OpenStack.
//!
//! A provider is a sequence of calls written as values ([`call::Call`]); one client sends them ([`client`]), tries again
//! what may be tried again, or prints them in a dry run. What was made is in a state file beside the image
//! ([`state`]), from which an upload resumes and is cleaned up ([`upload`]).
//!
//! The providers' own crates find credentials and sign; the few calls are ours (docs/decisions/0011).

pub mod azure;
pub mod block;
pub mod call;
pub mod cli;
pub mod client;
pub mod ec2;
pub mod gce;
pub mod image;
pub mod openstack;
pub mod places;
pub mod refusal;
pub mod source;
pub mod state;
pub mod stream;
pub mod upload;
