//! Reads a Rust file's tokens, so that words in comments and strings do not count as code.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A function with a name: also one in a macro's definition or arguments.
#[derive(Debug, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    /// From the word `fn` to the last bracket, first line 1.
    pub(super) first_line: usize,
    pub(super) last_line: usize,
    /// False for a trait's required function.
    pub(super) has_body: bool,
}

impl Function {
    pub(super) const fn lines(&self) -> usize {
        self.last_line - self.first_line + 1
    }
}

/// All functions of a file, outer before inner.
pub(super) fn functions(stream: &TokenStream) -> Vec<Function> {
    let mut found = Vec::new();
    collect_functions(stream.clone(), &mut found);
    found
}

fn collect_functions(stream: TokenStream, found: &mut Vec<Function>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        match (token, tokens.get(i + 1)) {
            (TokenTree::Ident(word), Some(TokenTree::Ident(name))) if word == "fn" => {
                let end = tokens[i + 2..].iter().find(|token| is_end(token));
                let last = end.map_or(word.span().end(), |token| token.span().end());
                found.push(Function {
                    name: name.to_string(),
                    first_line: word.span().start().line,
                    last_line: last.line,
                    has_body: matches!(end, Some(TokenTree::Group(_))),
                });
            }
            (TokenTree::Group(group), _) => collect_functions(group.stream(), found),
            _ => {}
        }
    }
}

/// Whether a token ends a function's signature or is its body.
fn is_end(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// The bodies of all traits of a file.
pub(super) fn traits(stream: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    let mut bodies = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if matches!(token, TokenTree::Ident(word) if word == "trait")
            && let Some(TokenTree::Group(body)) = tokens[i..].iter().find(|token| is_end(token))
        {
            bodies.push(body.stream());
        }
    }
    bodies
}

/// Calls `visit` with every word of a file: names and keywords.
pub(super) fn words(stream: &TokenStream, visit: &mut dyn FnMut(&Ident)) {
    for token in stream.clone() {
        match token {
            TokenTree::Ident(word) => visit(&word),
            TokenTree::Group(group) => words(&group.stream(), visit),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> TokenStream {
        text.parse().expect("balanced")
    }

    #[test]
    fn functions_are_found_everywhere_and_measured() {
        let text = "/// fn no() {}\nfn a(f: fn(u8) -> u8) {\n    fn b() {}\n}\nmake! { fn c(&self) -> [u8; 3]; }\nconst X: &str = \"fn d() {}\";";
        let found = functions(&parse(text));
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.name.as_str(), f.lines(), f.has_body))
            .collect();
        assert_eq!(found, [("a", 3, true), ("b", 1, true), ("c", 1, false)]);
    }

    #[test]
    fn traits_are_their_bodies() {
        let bodies = traits(&parse("pub trait A: B { fn a(&self); }\nstruct S {}"));
        assert_eq!(bodies.len(), 1);
        assert_eq!(functions(&bodies[0]).len(), 1);
    }

    #[test]
    fn words_are_not_those_of_comments_and_strings() {
        let mut all = Vec::new();
        words(&parse("// gone\nlet x = (\"gone\", y);"), &mut |word| {
            all.push(word.to_string());
        });
        assert_eq!(all, ["let", "x", "y"]);
    }
}
