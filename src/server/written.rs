//! The bundled definitions as they go out. They are a quarter of a megabyte of JSON that hardly ever
//! changes, in every list, so they are written once.

use crate::model::Provider;
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, PoisonError};

/// The last list of definitions that was written.
#[derive(Debug, Default)]
pub(super) struct Written(Mutex<Option<Last>>);

#[derive(Debug)]
struct Last {
    definitions: Vec<Arc<Provider>>,
    text: Arc<RawValue>,
}

impl Last {
    fn is_of(&self, definitions: &[Arc<Provider>]) -> bool {
        let mut pairs = self.definitions.iter().zip(definitions);
        self.definitions.len() == definitions.len() && pairs.all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

impl Written {
    /// The JSON of a list; that of the last time where it is the very same definitions.
    pub(super) fn json(
        &self,
        definitions: Vec<Arc<Provider>>,
    ) -> serde_json::Result<Arc<RawValue>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.is_of(&definitions)) {
            return Ok(known.text.clone());
        }
        let text: Arc<RawValue> = serde_json::value::to_raw_value(&definitions)?.into();
        *last = Some(Last {
            definitions,
            text: text.clone(),
        });
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(name: &str) -> Arc<Provider> {
        let definition = json!({
            "name": name, "display_name": name, "auth_type": "api_key", "flow": "api_key",
        });
        Arc::new(serde_json::from_value(definition).unwrap())
    }

    #[test]
    fn a_list_is_written_anew_when_anything_in_it_is_another() {
        let (a, b) = (provider("a"), provider("b"));
        let written = Written::default();
        let first = written.json(vec![a.clone(), b.clone()]).unwrap();
        let again = written.json(vec![a.clone(), b]).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let other = written.json(vec![a.clone(), provider("c")]).unwrap();
        assert!(other.get().contains("\"c\"") && !other.get().contains("\"b\""));
        let fewer = written.json(vec![a.clone()]).unwrap();
        assert_eq!(fewer.get(), serde_json::to_string(&[a]).unwrap());
    }
}
