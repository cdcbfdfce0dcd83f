//! What has changed between two documents.

use serde_json::{Map, Value};

/// What makes `new` of `old`, as a JSON merge patch (RFC 7396). None: nothing has changed.
///
/// A merge patch removes a member by giving it the value null, so documents must not have such members.
pub fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(old_members), Value::Object(new_members)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (name, value) in new_members {
        let changed = match old_members.get(name) {
            Some(before) => difference(before, value),
            None => Some(value.clone()),
        };
        if let Some(changed) = changed {
            patch.insert(name.clone(), changed);
        }
    }
    for name in old_members.keys().filter(|name| !new_members.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Applies a merge patch, as RFC 7396 says it.
    fn apply(target: Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else { return patch.clone() };
        let mut members = match target {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        for (name, value) in patch {
            if value.is_null() {
                members.remove(name);
            } else {
                let before = members.remove(name).unwrap_or(Value::Null);
                members.insert(name.clone(), apply(before, value));
            }
        }
        Value::Object(members)
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
            prop::collection::vec(0..3, 0..3).prop_map(Value::from),
        ];
        let deeper = |inner| {
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
        };
        let whole = prop::collection::btree_map("[a-d]", leaf.prop_recursive(3, 24, 4, deeper), 0..5);
        whole.prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_new_document_of_the_old(old in document(), new in document()) {
            match difference(&old, &new) {
                Some(patch) => prop_assert_eq!(apply(old, &patch), new),
                None => prop_assert_eq!(old, new),
            }
        }
    }

    #[test]
    fn a_difference_says_no_more_than_what_has_changed() {
        let old = json!({"same": {"deep": [1, 2]}, "rows": {"a": {"n": 1, "m": 2}, "b": {"n": 1}}});
        let new = json!({"same": {"deep": [1, 2]}, "rows": {"a": {"n": 3, "m": 2}, "c": {"n": 1}}});
        assert_eq!(difference(&old, &new), Some(json!({"rows": {"a": {"n": 3}, "b": null, "c": {"n": 1}}})));
        assert_eq!(difference(&new, &new), None);
    }
}
