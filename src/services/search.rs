//! Which part of a long list to show.

/// How many rows a page shows.
const PAGE: u8 = 50;
/// No text that is looked for is longer.
const LONGEST: usize = 100;

/// Looks for a text, page by page.
#[derive(Debug, Clone, Default)]
pub struct Search {
    text: Option<String>,
    page: u32,
}

impl Search {
    /// One row more than a page has, to know whether there are more.
    pub(super) const LIMIT: i64 = 51;

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

    pub(super) fn offset(&self) -> i64 {
        i64::from(self.page) * i64::from(PAGE)
    }

    /// The rows of a page, and whether there are more after it.
    pub(super) fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
        let page = usize::from(PAGE);
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
        assert_eq!(Search::LIMIT, i64::from(PAGE) + 1);
    }

    #[test]
    fn what_goes_beyond_a_page_is_only_known_of() {
        assert_eq!(Search::cut(vec![0; 50]), (vec![0; 50], false));
        assert_eq!(Search::cut(vec![0; 51]), (vec![0; 50], true));
    }
}
