//! Bodies and queries that say of themselves what they take: one list of fields makes the type that reads and its JSON schema.

use serde_json::{Map, Value, json};

use crate::account::Role;

/// A type with a JSON schema (draft 2020-12).
pub trait Described {
    /// The schema.
    fn schema() -> Value;
}

/// A field's type.
pub trait Field {
    /// May be left out.
    const OPTIONAL: bool = false;

    /// The schema of its value.
    fn schema() -> Value;
}

impl Field for String {
    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Field for i64 {
    fn schema() -> Value {
        json!({"type": "integer", "format": "int64"})
    }
}

impl Field for usize {
    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0})
    }
}

impl Field for bool {
    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

impl Field for Role {
    fn schema() -> Value {
        json!({"type": "string", "enum": Self::ALL.map(Self::name)})
    }
}

impl<T: Field> Field for Option<T> {
    const OPTIONAL: bool = true;

    fn schema() -> Value {
        T::schema()
    }
}

/// An object's schema from its fields: name, meaning, optional, schema.
pub fn object(about: &str, fields: Vec<(&str, &str, bool, Value)>) -> Value {
    let required: Vec<&str> = fields.iter().filter(|field| !field.2).map(|field| field.0).collect();
    let mut properties = Map::new();
    for (name, doc, _, mut schema) in fields {
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), json!(doc.trim()));
        }
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "type": "object", "description": about.trim(), "properties": properties, "required": required, "additionalProperties": false,
    })
}

/// Declares a type that reads a body or a query, and its schema. `#[serde(default)]` makes a field optional, as `Option` does.
macro_rules! described {
    ($(#[doc = $about:literal])* $vis:vis $name:ident { $($(#[doc = $doc:literal])* $(#[serde($attribute:ident)])? $field:ident: $kind:ty,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            $($(#[doc = $doc])* $(#[serde($attribute)])? $field: $kind,)*
        }

        impl crate::api::described::Described for $name {
            fn schema() -> serde_json::Value {
                use crate::api::described::Field;
                crate::api::described::object(concat!($($about),*), vec![$((
                    stringify!($field),
                    concat!($($doc),*),
                    <$kind as Field>::OPTIONAL || !concat!($(stringify!($attribute))?).is_empty(),
                    <$kind as Field>::schema(),
                ),)*])
            }
        }
    };
}
pub(super) use described;
