//! Checks that links and paths in documents lead to existing files.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Tree;

/// Links to the web are not checked, because a test must not need a network.
const WEB: [&str; 3] = ["https://", "http://", "mailto:"];

/// Every relative link and picture of a document, in Markdown or HTML, leads to a file, and its `#` to a heading.
pub(super) fn links(tree: &Tree) -> Vec<String> {
    let headings: BTreeMap<&str, Vec<String>> = documents(tree)
        .map(|(path, text)| (path, anchors(text)))
        .collect();
    let mut complaints = Vec::new();
    for (path, text) in documents(tree) {
        for (offset, target) in targets(text) {
            if WEB.iter().any(|start| target.starts_with(start)) {
                continue;
            }
            let line = text[..offset].matches('\n').count() + 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if file.is_empty() {
                Some(path.to_owned())
            } else {
                resolve(path, file)
            };
            match file.filter(|file| tree.holds(file)) {
                None => complaints.push(format!("{path}:{line}: the link leads nowhere: {target}")),
                Some(file) => {
                    let known = headings.get(file.as_str());
                    if !anchor.is_empty()
                        && !known.is_some_and(|all| all.iter().any(|a| a == anchor))
                    {
                        complaints.push(format!("{path}:{line}: no such heading: {target}"));
                    }
                }
            }
        }
    }
    complaints
}

/// How documents abbreviate folders.
const ABBREVIATIONS: [(&str, &str); 2] = [
    ("spec/", "crates/array-api-spec/"),
    ("compat/", "crates/array-api-compat/"),
];

/// Every file or folder that a document names as code, such as `spec/src/expr.rs` or `gpu/assisted.rs`, must exist.
pub(super) fn paths(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    // The change log may name files that were removed.
    for (path, text) in documents(tree).filter(|(path, _)| *path != "CHANGELOG.md") {
        for (event, range) in parser(text).into_offset_iter() {
            let Event::Code(code) = event else { continue };
            if is_path(&code) && !names_something(tree, &code) {
                let line = text[..range.start].matches('\n').count() + 1;
                complaints.push(format!("{path}:{line}: there is no `{code}`"));
            }
        }
    }
    complaints
}

/// Whether a piece of code is a path into the project: it has a slash, and ends with one or with the end of a file's name.
fn is_path(code: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let named = |end: &str| code.ends_with(end);
    code.contains('/')
        && code.chars().all(plain)
        && !code.starts_with("target/")
        && ["/", ".rs", ".md", ".py", ".svg", ".toml", ".tsv", ".zst"]
            .iter()
            .any(|end| named(end))
}

fn names_something(tree: &Tree, code: &str) -> bool {
    let full = ABBREVIATIONS
        .iter()
        .find_map(|(short, long)| Some(format!("{long}{}", code.strip_prefix(short)?)))
        .unwrap_or_else(|| code.to_owned());
    let within = format!("/{}", code.trim_end_matches('/'));
    tree.holds(&full)
        || tree.files.keys().any(|file| match code.strip_suffix('/') {
            Some(_) => file.contains(&format!("{within}/")),
            None => file.ends_with(&within),
        })
}

/// The Markdown files, each with its text.
fn documents(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    let document = |path: &str| path.ends_with(".md");
    tree.files
        .iter()
        .filter(move |(path, _)| document(path))
        .map(|(path, text)| (path.as_str(), text.as_str()))
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The targets of a document's links, each with its position in the text.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (event, range) in parser(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.push((range.start, dest_url.into_string()));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for name in ["src", "srcset", "href"] {
                    found.extend(
                        attributes(&html, name).map(|value| (range.start, value.to_owned())),
                    );
                }
            }
            _ => {}
        }
    }
    found
}

/// The values of an HTML attribute; for a list of pictures (`srcset`), each picture.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let values: Vec<&str> = html
        .match_indices(&start)
        .filter_map(|(at, _)| html[at + start.len()..].split('"').next())
        .collect();
    values
        .into_iter()
        .flat_map(|value| value.split(','))
        .filter_map(|picture| picture.split_whitespace().next())
}

/// A relative link of a document as a path from the root; `None` if it leaves the project.
fn resolve(document: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors of a document's headings, as GitHub makes them: in lower case, without punctuation, with hyphens for
/// spaces, and with a number appended if the anchor exists already.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug: String = heading
                    .take()
                    .unwrap_or_default()
                    .to_lowercase()
                    .chars()
                    .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                    .map(|c| if c == ' ' { '-' } else { c })
                    .collect();
                let numbered = |k: usize| {
                    if k == 0 {
                        slug.clone()
                    } else {
                        format!("{slug}-{k}")
                    }
                };
                let free = (0..).map(numbered).find(|name| !found.contains(name));
                found.extend(free);
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    fn readme(text: &str) -> Vec<String> {
        links(&tree([
            ("README.md", text),
            ("docs/a.md", "# One `two`!\n# One two"),
            ("docs/a.svg", ""),
        ]))
    }

    #[test]
    fn a_link_that_leads_nowhere_is_a_mistake() {
        for good in [
            "[a](docs/a.md)",
            "[a](docs/)",
            "[a](./docs/a.md#one-two-1)",
            "[a](https://example.org/b.md)",
            "`[a](b.md)`",
            "```text\n[a](b.md)\n```",
            "# Top\n[a](#top)",
        ] {
            assert_eq!(readme(good), [""; 0], "{good}");
        }
        for bad in [
            "[a](docs/b.md)",
            "![a](docs/b.svg)",
            "[a][a]\n\n[a]: docs/b.md",
            "[a](docs/a.md#three)",
            "[a](#top)",
            "[a](../README.md)",
            "| a |\n|---|\n| [a](b) |",
        ] {
            assert_eq!(readme(bad).len(), 1, "{bad}");
        }
        assert_eq!(
            readme("\n\n[a](b)"),
            ["README.md:3: the link leads nowhere: b"]
        );
    }

    #[test]
    fn a_picture_in_html_that_is_missing_is_a_mistake() {
        let picture = |dark: &str, light: &str| {
            format!(
                "<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"{dark}\">\n  <img alt=\"a\" src=\"{light}\">\n</picture>"
            )
        };
        assert_eq!(readme(&picture("docs/a.svg", "docs/a.svg")), [""; 0]);
        assert_eq!(
            readme(&picture("docs/a.svg 1x, docs/b.svg 2x", "docs/a.svg")).len(),
            1
        );
        assert_eq!(readme(&picture("docs/b.svg", "docs/c.svg")).len(), 2);
    }

    #[test]
    fn links_are_relative_to_their_document() {
        assert_eq!(
            resolve("docs/a.md", "../README.md").as_deref(),
            Some("README.md")
        );
        assert_eq!(resolve("docs/a.md", "b.md").as_deref(), Some("docs/b.md"));
        assert_eq!(resolve("a.md", "../b.md"), None);
    }

    #[test]
    fn a_named_file_that_is_not_there_is_a_mistake() {
        let said = |code: &str| {
            paths(&tree([
                ("docs/a.md", &format!("See `{code}`.")),
                ("crates/array-api-spec/src/expr.rs", ""),
                ("crates/array-api-kernel/src/ir/element.rs", ""),
            ]))
        };
        for good in [
            "spec/src/expr.rs",
            "src/ir/",
            "ir/element.rs",
            "docs/a.md",
            "target/bench/x.svg",
            "n/a",
            "{a,b}/c.rs",
        ] {
            assert_eq!(said(good), [""; 0], "{good}");
        }
        for bad in ["spec/src/exp.rs", "src/irs/", "r/element.rs"] {
            assert_eq!(said(bad), [format!("docs/a.md:1: there is no `{bad}`")]);
        }
    }
}
