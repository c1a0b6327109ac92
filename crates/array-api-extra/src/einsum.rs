//! Einstein's summation.

use array_api_spec::{Array, Backend, Error, Result, shape::size};

/// Einstein's summation: products, summed over axes with the same letter. `einsum("ij,jk->ik", &[&a, &b])` is the
/// matrix product. Numeric dtypes, promoted.
///
/// Each argument has a letter for each axis; a letter twice in one argument takes the diagonal. Letters that are not in
/// the result are summed over. Without `->` the result has the letters that occur once, in alphabetical order. Ellipses
/// are not supported. Arguments are contracted pair by pair, from the left. Source: `numpy.einsum`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let xp = cpu();
/// let a = xp.asarray([[1, 2], [3, 4]])?;
/// assert_eq!(extra::einsum("ii", &[&a])?.item::<i32>()?, 5);
/// assert_eq!(extra::einsum("ij,kj->ik", &[&a, &a])?.to_vec::<i32>()?, [5, 11, 11, 25]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Subscripts that do not fit the arguments; lengths of one letter that differ; dtypes that do not promote.
pub fn einsum<B: Backend>(subscripts: &str, operands: &[&Array<B>]) -> Result<Array<B>> {
    let (inputs, output) = parse(subscripts, operands)?;
    let mut terms = operands
        .iter()
        .zip(&inputs)
        .map(|(x, letters)| diagonal(x, letters));
    let first = terms.next().ok_or_else(|| wrong("no arguments"))??;
    let mut whole = first;
    let mut rest = inputs.iter().skip(1);
    for term in terms {
        rest.next();
        let needed = |letter: &char| {
            output.contains(letter) || rest.clone().any(|letters| letters.contains(letter))
        };
        whole = contract(whole, term?, needed)?;
    }
    let (x, letters) = summed(whole, |letter| output.contains(letter))?;
    let order: Vec<isize> = output
        .iter()
        .map(|l| place(&letters, *l) as isize)
        .collect();
    x.namespace().permute_dims(x, &order)
}

/// An array with a letter for each axis.
type Term<B> = (Array<B>, Vec<char>);

fn wrong(detail: impl Into<String>) -> Error {
    Error::value("einsum", detail)
}

fn place(letters: &[char], letter: char) -> usize {
    letters.iter().position(|l| *l == letter).unwrap_or(0)
}

/// The letters of the arguments and of the result.
fn parse<B: Backend>(
    subscripts: &str,
    operands: &[&Array<B>],
) -> Result<(Vec<Vec<char>>, Vec<char>)> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (text.as_str(), None),
    };
    let inputs: Vec<Vec<char>> = left.split(',').map(|part| part.chars().collect()).collect();
    if let Some(other) = inputs.iter().flatten().find(|c| !c.is_ascii_alphabetic()) {
        return Err(wrong(format!("`{other}` is no letter for an axis")));
    }
    if inputs.len() != operands.len() {
        let (named, given) = (inputs.len(), operands.len());
        return Err(wrong(format!(
            "{named} arguments are named, {given} are given"
        )));
    }
    for (letters, x) in inputs.iter().zip(operands) {
        if letters.len() != x.ndim() {
            let name: String = letters.iter().collect();
            let detail = format!(
                "has {} axes, and `{name}` names {}",
                x.ndim(),
                letters.len()
            );
            return Err(Error::shape("einsum", &[x.shape()], detail));
        }
    }
    let all: Vec<char> = inputs.iter().flatten().copied().collect();
    let output: Vec<char> = match right {
        Some(right) => right.chars().collect(),
        None => {
            let once = |l: &&char| all.iter().filter(|m| m == l).count() == 1;
            let mut output: Vec<char> = all.iter().filter(once).copied().collect();
            output.sort_unstable();
            output
        }
    };
    for (k, letter) in output.iter().enumerate() {
        if !all.contains(letter) || output[..k].contains(letter) {
            let detail = format!("`{letter}` in the result must be an axis of an argument, once");
            return Err(wrong(detail));
        }
    }
    Ok((inputs, output))
}

/// Replaces axes with the same letter by their diagonal.
fn diagonal<B: Backend>(x: &Array<B>, letters: &[char]) -> Result<Term<B>> {
    let xp = x.namespace();
    let (mut x, mut letters) = (x.clone(), letters.to_vec());
    while let Some((first, second)) = twice(&letters) {
        if x.shape()[first] != x.shape()[second] {
            let detail = format!("has two lengths for `{}`", letters[first]);
            return Err(Error::shape("einsum", &[x.shape()], detail));
        }
        let moved = xp.moveaxis(&x, [first, second], [-2, -1])?;
        x = xp.linalg().diagonal(moved, 0)?;
        let letter = letters.remove(second);
        letters.remove(first);
        letters.push(letter);
    }
    Ok((x, letters))
}

fn twice(letters: &[char]) -> Option<(usize, usize)> {
    (0..letters.len()).find_map(|second| {
        let first = letters[..second]
            .iter()
            .position(|l| *l == letters[second])?;
        Some((first, second))
    })
}

/// Sums over the letters that are not needed any more.
fn summed<B: Backend>((x, letters): Term<B>, needed: impl Fn(&char) -> bool) -> Result<Term<B>> {
    let axes: Vec<isize> = (0..letters.len())
        .filter(|&k| !needed(&letters[k]))
        .map(|k| k as isize)
        .collect();
    if axes.is_empty() {
        return Ok((x, letters));
    }
    let dtype = x.dtype();
    let sum = x
        .namespace()
        .sum(&x, array_api_spec::axis(axes).dtype(dtype))?;
    Ok((sum, letters.into_iter().filter(|l| needed(l)).collect()))
}

/// The product of two terms, summed over the letters that are not needed, as a product of batches of matrices.
fn contract<B: Backend>(a: Term<B>, b: Term<B>, needed: impl Fn(&char) -> bool) -> Result<Term<B>> {
    let xp = a.0.namespace();
    let (a, b) = (
        summed(a.clone(), |l| needed(l) || b.1.contains(l))?,
        summed(b, |l| needed(l) || a.1.contains(l))?,
    );
    let of = |term: &Term<B>, keep: &dyn Fn(&char) -> bool| -> Vec<char> {
        term.1.iter().filter(|l| keep(l)).copied().collect()
    };
    let stack = of(&a, &|l| b.1.contains(l) && needed(l));
    let inner = of(&a, &|l| b.1.contains(l) && !needed(l));
    let rows = of(&a, &|l| !b.1.contains(l));
    let columns = of(&b, &|l| !a.1.contains(l));
    for letter in stack.iter().chain(&inner) {
        let lengths = [&a, &b].map(|t| t.0.shape()[place(&t.1, *letter)]);
        if lengths[0] != lengths[1] {
            let detail = format!("differ in the length of `{letter}`");
            return Err(Error::shape("einsum", &[a.0.shape(), b.0.shape()], detail));
        }
    }
    let length = |term: &Term<B>, letters: &[char]| -> Vec<usize> {
        letters
            .iter()
            .map(|l| term.0.shape()[place(&term.1, *l)])
            .collect()
    };
    let matrix = |term: &Term<B>, first: &[char], second: &[char]| {
        let letters = [&stack, first, second].concat();
        let order: Vec<isize> = letters
            .iter()
            .map(|l| place(&term.1, *l) as isize)
            .collect();
        let sides = [first, second].map(|letters| size(&length(term, letters)));
        let shape = [length(term, &stack), sides.to_vec()].concat();
        xp.reshape(xp.permute_dims(&term.0, &order)?, shape)
    };
    let product = xp.matmul(matrix(&a, &rows, &inner)?, matrix(&b, &inner, &columns)?)?;
    let shape = [length(&a, &stack), length(&a, &rows), length(&b, &columns)].concat();
    Ok((xp.reshape(product, shape)?, [stack, rows, columns].concat()))
}
