//! The search above a list and the way through its pages.

use crate::services::Search;

/// So few rows that nobody needs a search.
const FEW: usize = 8;

/// What was looked for, as the page says it back, and where there is more of it.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) text: String,
    /// Whether a search is of any use here.
    pub(super) is_useful: bool,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Searched {
    pub(super) fn new(path: &str, search: &Search, rows: usize, has_more: bool) -> Self {
        let page = search.page();
        let previous = (page > 1).then(|| address(path, search, page - 1));
        let next = has_more.then(|| address(path, search, page.saturating_add(1)));
        Self {
            text: search.text().unwrap_or_default().to_owned(),
            is_useful: search.text().is_some() || previous.is_some() || has_more || rows >= FEW,
            previous,
            next,
        }
    }
}

/// Another page of the same search.
fn address(path: &str, search: &Search, page: u32) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(text) = search.text() {
        query.append_pair("q", text);
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_through_the_pages_keeps_what_was_looked_for() {
        let search = Search::new(Some("a&b"), Some(2));
        let searched = Searched::new("/ui/x", &search, 50, true);
        assert_eq!(searched.previous.as_deref(), Some("/ui/x?q=a%26b"));
        assert_eq!(searched.next.as_deref(), Some("/ui/x?q=a%26b&page=3"));
        let short = Searched::new("/ui/x", &Search::default(), 3, false);
        assert!(!short.is_useful && short.previous.is_none() && short.next.is_none());
    }
}
