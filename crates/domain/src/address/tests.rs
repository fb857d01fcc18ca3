//! The address policy against tables written by hand.

mod allowed;
mod registries;
mod spellings;
mod urls;

use std::net::IpAddr;

use super::AddressPolicy;
use crate::plugin::TargetError;
use crate::rules::{TargetPolicy, check_http_target};

fn strict() -> TargetPolicy {
    TargetPolicy::default()
}

fn allowing(addresses: AddressPolicy) -> TargetPolicy {
    TargetPolicy {
        allow_http: false,
        addresses,
    }
}

/// Every reason against a target, one a line; empty when it may be called.
fn against(target: &str, policy: &TargetPolicy) -> String {
    let reasons = check_http_target(target, policy).err().unwrap_or_default();
    reasons
        .iter()
        .map(TargetError::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn is_public(ip: impl Into<IpAddr>) -> bool {
    AddressPolicy::default().check_ip(ip.into()).is_ok()
}
