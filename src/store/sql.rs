//! Small parts of statements that are put together at run time; never a value.

/// `($1,$2),($3,$4)…`: placeholders for `rows` rows of `columns` columns.
pub(super) fn rows(rows: usize, columns: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            let number = row * columns + column + 1;
            let comma = if column == 0 { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}${number}");
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_number_their_placeholders_through() {
        assert_eq!(super::rows(2, 2), "($1,$2),($3,$4)");
    }
}
