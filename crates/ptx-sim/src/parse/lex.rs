//! Splits PTX text into tokens that know their line.

use super::Error;

/// One token: a word, a quoted string or a single punctuation character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: u32,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%' | b'.')
}

/// The length of the word that `text` starts with; `::` is part of a word (`.L2::128B`).
fn word_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        if is_word(bytes[end]) {
            end += 1;
        } else if bytes[end..].starts_with(b"::") {
            end += 2;
        } else {
            break;
        }
    }
    end
}

/// The length of what `text` starts with and no token comes from, zero if it starts with a token.
fn blank_length(text: &str, line: u32) -> Result<usize, Error> {
    if text.starts_with("//") {
        return Ok(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        let end = text
            .find("*/")
            .ok_or_else(|| Error::new(line, "comment without an end"))?;
        return Ok(end + 2);
    }
    Ok(text.len() - text.trim_start().len())
}

pub(super) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut rest = source;
    let mut line = 1;
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let blank = blank_length(rest, line)?;
        let length = if blank > 0 {
            blank
        } else {
            let length = token_length(rest, line)?;
            tokens.push(Token {
                text: &rest[..length],
                line,
            });
            length
        };
        line += rest[..length].matches('\n').count() as u32;
        rest = &rest[length..];
    }
    Ok(tokens)
}

fn token_length(text: &str, line: u32) -> Result<usize, Error> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted
            .find('"')
            .ok_or_else(|| Error::new(line, "string without an end"))?;
        return Ok(end + 2);
    }
    let word = word_length(text);
    if word > 0 {
        return Ok(word);
    }
    Ok(text.chars().next().map_or(0, char::len_utf8))
}
