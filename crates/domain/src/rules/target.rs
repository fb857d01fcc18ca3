//! The rules for `TargetUrl` by plugin (contract 9.1, decision 3; threats E1, E2, E8-E10, E24).

use url::Url;

use crate::address::AddressPolicy;
use crate::plugin::TargetError;

/// What a URL must be to be called. The default allows https to public addresses.
#[derive(Clone, Debug, Default)]
pub struct TargetPolicy {
    /// http is allowed besides https.
    pub allow_http: bool,
    /// Which hosts may be called.
    pub addresses: AddressPolicy,
}

/// Judges the URL of a receiver, and gives it parsed: the same value is what is called later.
///
/// # Errors
/// Every reason against the URL.
pub fn check_http_target(target: &str, policy: &TargetPolicy) -> Result<Url, Vec<TargetError>> {
    let mut reasons = Vec::new();
    let scheme = scheme_of(target);
    let secure = scheme.is_some_and(|s| s.eq_ignore_ascii_case("https"));
    let plain = scheme.is_some_and(|s| s.eq_ignore_ascii_case("http"));
    if !(secure || plain && policy.allow_http) {
        reasons.push(if policy.allow_http {
            TargetError::Refused("must be an http or https URL".into())
        } else {
            TargetError::Insecure(target.to_owned())
        });
    }
    if target.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        reasons.push(TargetError::Refused(
            "must not contain a blank, a control character or a backslash".into(),
        ));
    }
    // A URL parser repairs what people mistype, `https:host` and `https:///host` among it; a repaired
    // target is not what was shown to the person who saved it.
    let authority = scheme.and_then(|s| target[s.len()..].strip_prefix("://"));
    if (secure || plain) && authority.is_none_or(|rest| rest.starts_with(['/', '?', '#'])) {
        reasons.push(TargetError::Refused("must have a host after '//'".into()));
    }
    match Url::parse(target) {
        Err(e) => {
            if secure || plain {
                reasons.push(TargetError::Refused(format!("is not a URL: {e}")));
            }
        }
        Ok(url) => {
            let named = authority.is_some_and(|rest| {
                rest.split(['/', '?', '#'])
                    .next()
                    .is_some_and(|authority| authority.contains('@'))
            });
            if named || !url.username().is_empty() || url.password().is_some() {
                reasons.push(TargetError::Refused(
                    "must not hold a user name or password".into(),
                ));
            }
            if let Some(host) = url.host()
                && let Err(refusal) = policy.addresses.check_host(&host)
            {
                reasons.push(TargetError::Refused(format!(
                    "must not be called: {refusal}"
                )));
            }
            if let Some(port) = url.port_or_known_default()
                && let Err(refusal) = policy.addresses.check_port(port)
            {
                reasons.push(TargetError::Refused(format!(
                    "must not be called: {refusal}"
                )));
            }
            if reasons.is_empty() {
                return Ok(url);
            }
        }
    }
    Err(reasons)
}

/// Judges the include name of a script: there is no URL rule for it (contract 9.1).
///
/// # Errors
/// Every reason against the name.
pub fn check_script_target(target: &str) -> Result<(), Vec<TargetError>> {
    if target.trim() == target {
        Ok(())
    } else {
        Err(vec![TargetError::Refused(
            "must be an include name without blanks around it".into(),
        )])
    }
}

/// Whether a target was meant as a URL, though no plugin is known that would say so.
pub(super) fn looks_like_url(target: &str) -> bool {
    target.contains("://")
}

fn scheme_of(target: &str) -> Option<&str> {
    let (scheme, _) = target.split_once(':')?;
    let plausible = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    plausible.then_some(scheme)
}
