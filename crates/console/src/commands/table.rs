//! Rows in columns, for people.

use std::fmt::Write;

/// Which side of a column its cells stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Lays rows out in columns, each line at most so wide. The last column takes what is left and may be cut.
pub(super) fn lay_out(columns: &[(&str, Side)], rows: &[Vec<String>], indent: usize, width: usize) -> String {
    let count = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = columns.iter().map(|(title, _)| count(title)).collect();
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(count(cell));
        }
    }
    let title: Vec<String> = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&title).chain(rows) {
        let mut line = " ".repeat(indent);
        for (index, ((cell, (_, side)), widest)) in row.iter().zip(columns).zip(&widths).enumerate() {
            let gap = if index == 0 { "" } else { "  " };
            let _ = match side {
                Side::Left => write!(line, "{gap}{cell:<widest$}"),
                Side::Right => write!(line, "{gap}{cell:>widest$}"),
            };
        }
        text.push_str(cut(line.trim_end(), width).as_ref());
        text.push('\n');
    }
    text
}

/// A text that is cut so that it is at most so wide.
pub(super) fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_and_lines_are_cut() {
        let row = |name: &str, count: &str| vec![name.to_owned(), count.to_owned(), "some text".to_owned()];
        let columns = [("name", Side::Left), ("n", Side::Right), ("what", Side::Left)];
        let text = lay_out(&columns, &[row("a", "100"), row("ärger", "1")], 1, 16);
        assert_eq!(text, " name     n  wh…\n a      100  so…\n ärger    1  so…\n");
    }
}
