//! The standard's functions by chapter.

use std::sync::OnceLock;

/// A chapter of the standard with its functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// The chapter's name, which is that of its source files.
    pub name: &'static str,
    /// Its functions' names.
    pub functions: Vec<&'static str>,
}

/// Every function of edition 2025.12, with the extensions `linalg` and `fft` and with indexing (`__getitem__`, `__setitem__`).
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/index.html>
#[must_use]
pub fn chapters() -> &'static [Chapter] {
    static CHAPTERS: OnceLock<Vec<Chapter>> = OnceLock::new();
    CHAPTERS.get_or_init(read)
}

fn read() -> Vec<Chapter> {
    let mut chapters: Vec<Chapter> = Vec::new();
    for (chapter, function) in include_str!("standard.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
    {
        match chapters.last_mut() {
            Some(last) if last.name == chapter => last.functions.push(function),
            _ => chapters.push(Chapter {
                name: chapter,
                functions: vec![function],
            }),
        }
    }
    chapters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_of_the_standard_is_listed_once() {
        let chapters = chapters();
        let count = |name| {
            chapters
                .iter()
                .filter(|c| c.name == name)
                .map(|c| c.functions.len())
                .sum::<usize>()
        };
        assert_eq!(
            (
                count("elementwise"),
                count("statistical"),
                count("linalg"),
                count("fft")
            ),
            (67, 9, 21, 14)
        );
        let mut all: Vec<&str> = chapters.iter().flat_map(|c| c.functions.clone()).collect();
        assert_eq!(all.len() - 21 - 14 - 2, 135, "the main namespace");
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 172);
        assert!(
            crate::special_cases()
                .iter()
                .all(|v| all.contains(&v.function.as_str()))
        );
        assert!(
            crate::grid_vectors()
                .iter()
                .all(|v| all.contains(&v.function.as_str()))
        );
    }
}
