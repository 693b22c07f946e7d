//! What is known of something, field by field, for D-Bus: each by its name, so that there can be more some day.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use zbus::{OwnedVariant, Variant};

/// Values by their names (`a{sv}`).
pub(crate) type Details = BTreeMap<String, OwnedVariant>;

/// The fields of a structure: whole numbers as `t`, others as `d`, truth as `b`, texts as `s` and lists of those as `as`. What is absent is left out.
pub(crate) fn of(structure: &impl Serialize) -> Details {
    match serde_json::to_value(structure) {
        Ok(Value::Object(fields)) => fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, variant(&value)?.try_into().ok()?)))
            .collect(),
        _ => Details::new(),
    }
}

fn variant(value: &Value) -> Option<Variant<'static>> {
    Some(match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(texts) => {
            let texts: Vec<_> = texts.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            texts.into()
        }
        Value::Null | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_a_type_that_does_not_depend_on_its_value() {
        #[derive(Serialize)]
        struct Known {
            count: u64,
            time: f64,
            whole: f64,
            absent: Option<f64>,
            yes: bool,
            texts: Vec<String>,
        }
        let known = Known { count: 5, time: 2.5, whole: 2.0, absent: None, yes: true, texts: vec![] };
        let signatures: Vec<_> = of(&known)
            .into_iter()
            .map(|(name, value)| format!("{name} {}", value.value_signature()))
            .collect();
        assert_eq!(signatures, ["count t", "texts as", "time d", "whole d", "yes b"]);
    }
}
