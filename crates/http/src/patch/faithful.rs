//! Writing a patched value so that what the patch left alone keeps its order of members and its
//! spelling of numbers (decision 27). A tree knows neither; the text from before the patch does.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Appends `after` to `out`, with the text of `before` wherever the two agree.
pub(super) fn write(
    after: &Value,
    before: &RawValue,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let text = before.get();
    if serde_json::from_str::<Value>(text)? == *after {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    match after {
        Value::Object(members) if text.starts_with('{') => {
            let Members(kept) = serde_json::from_str(text)?;
            let known: HashSet<&str> = kept.iter().map(|(name, _)| &**name).collect();
            let added = members
                .iter()
                .filter(|(name, _)| !known.contains(name.as_str()))
                .map(|(name, value)| (name.as_str(), value, None));
            let kept = kept
                .iter()
                .filter_map(|(name, raw)| Some((&**name, members.get(&**name)?, Some(*raw))));
            out.push(b'{');
            for (at, (name, value, raw)) in kept.chain(added).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write_or_new(value, raw, out)?;
            }
            out.push(b'}');
        }
        Value::Array(items) if text.starts_with('[') => {
            let kept: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_or_new(item, kept.get(at).copied(), out)?;
            }
            out.push(b']');
        }
        _ => serde_json::to_writer(out, after)?,
    }
    Ok(())
}

fn write_or_new(
    after: &Value,
    before: Option<&RawValue>,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    match before {
        Some(before) => write(after, before, out),
        None => serde_json::to_writer(out, after),
    }
}

/// The members of an object in their order, with the text of their values.
struct Members<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(reader: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'t> Visitor<'t> for InOrder {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<Members<'t>, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(Members(all))
            }
        }

        reader.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(after: &Value, before: &str) -> String {
        let mut out = Vec::new();
        write(after, serde_json::from_str(before).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_the_same_keeps_its_text_and_its_place() {
        let before =
            r#"{"z":1.50,"a":[1e2,{"c":-0.0,"b":12345678901234567890123}],"q\u0041":"\u00e6"}"#;
        let tree: Value = serde_json::from_str(before).unwrap();
        assert_eq!(written(&tree, before), before);

        let mut after = tree.clone();
        after["a"][1]["d"] = json!(null);
        assert_eq!(
            written(&after, before),
            r#"{"z":1.50,"a":[1e2,{"c":-0.0,"b":12345678901234567890123,"d":null}],"qA":"\u00e6"}"#
        );
        let mut after = tree.clone();
        after["a"] = json!("x");
        after["b"] = json!({ "y": 1 });
        assert_eq!(
            written(&after, before),
            r#"{"z":1.50,"a":"x","qA":"\u00e6","b":{"y":1}}"#
        );
        assert_eq!(written(&json!(null), before), "null");
        assert_eq!(written(&json!([100.0, 2]), "[1e2]"), "[1e2,2]");
    }
}
