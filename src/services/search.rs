//! Which part of a long list to show.

/// How many rows a page shows.
const PAGE: u32 = 50;
/// No text that is looked for is longer.
const LONGEST: usize = 100;

/// Looks for a text, page by page.
#[derive(Debug, Clone, Default)]
pub struct Search {
    text: Option<String>,
    page: u32,
}

impl Search {
    /// `page` counts from 1; a blank text is none.
    pub fn new(text: Option<&str>, page: Option<u32>) -> Self {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        Self {
            text: text.map(|text| text.chars().take(LONGEST).collect()),
            page: page.unwrap_or(1).max(1) - 1,
        }
    }

    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// From 1.
    pub fn page(&self) -> u32 {
        self.page.saturating_add(1)
    }

    /// One more than a page has, to know whether there are more.
    pub(super) fn limit(&self) -> i64 {
        i64::from(PAGE) + 1
    }

    pub(super) fn offset(&self) -> i64 {
        i64::from(self.page) * i64::from(PAGE)
    }

    /// The rows of the page, and whether there are more after it.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>) -> (Vec<T>, bool) {
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let has_more = rows.len() > page;
        rows.truncate(page);
        (rows, has_more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_no_number_of_one_is_the_first() {
        assert_eq!(Search::new(Some("  "), Some(0)).page(), 1);
        assert_eq!(Search::new(Some(" "), None).text(), None);
        assert_eq!(Search::new(Some(" a "), None).text(), Some("a"));
        assert_eq!(Search::new(None, Some(3)).offset(), 100);
        assert!(Search::new(None, Some(u32::MAX)).offset() > 0);
    }

    #[test]
    fn what_goes_beyond_a_page_is_only_known_of() {
        let search = Search::default();
        assert_eq!(search.cut(vec![0; 50]), (vec![0; 50], false));
        assert_eq!(search.cut(vec![0; 51]), (vec![0; 50], true));
    }
}
