//! Functions that need a call of their own.

use std::collections::BTreeMap;

use array_api_spec::{
    Array, Automatic, Axes, Backend, Contraction, Error, Expr, Indexing, MatrixNorm, Namespace,
    Norm, Repeats, Result, Scalar, Side, Triangle, num,
};

use super::{Argument, Output, integer, one, unknown};
use crate::{Value, grid::held};

/// Keyword arguments; `None` counts as left out.
struct Keywords<'a>(&'a BTreeMap<String, Value>);

impl Keywords<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| **value != Value::None)
    }

    fn integer(&self, name: &str) -> Result<Option<isize>> {
        self.get(name).map(integer).transpose()
    }

    fn integers(&self, name: &str) -> Result<Option<Vec<isize>>> {
        self.get(name).map(integers).transpose()
    }

    fn lengths(&self, name: &str) -> Result<Option<Vec<usize>>> {
        let lengths = self.integers(name)?;
        Ok(lengths.map(|l| l.into_iter().map(|n| n.max(0) as usize).collect()))
    }

    fn axes(&self, name: &str) -> Result<Axes> {
        Ok(self.integers(name)?.map_or_else(|| (..).into(), Axes::from))
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Scalar(Scalar::Bool(true)))
    }

    fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    fn float(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(float)
    }

    fn array<B: Backend>(&self, xp: &Namespace<B>, name: &str) -> Result<Option<Array<B>>> {
        match self.get(name) {
            Some(Value::Array(array)) => xp.asarray(held(xp, array)?).map(Some),
            _ => Ok(None),
        }
    }

    fn norm(&self) -> Norm {
        match self.text("norm") {
            "ortho" => Norm::Ortho,
            "forward" => Norm::Forward,
            _ => Norm::Backward,
        }
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Scalar(Scalar::Float(x)) => Some(*x),
        Value::Scalar(Scalar::Int(i)) => Some(*i as f64),
        _ => None,
    }
}

/// One integer, or several.
fn integers(value: &Value) -> Result<Vec<isize>> {
    match value {
        Value::Tuple(items) => items.iter().map(integer).collect(),
        one => Ok(vec![integer(one)?]),
    }
}

pub(super) fn call<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arguments: &[Argument<B>],
    keywords: &BTreeMap<String, Value>,
) -> Option<Result<Output<B>>> {
    let keywords = &Keywords(keywords);
    let result = match arguments {
        [Argument::Array(x)] => of_one(xp, function, x, keywords),
        [Argument::Array(x), second] => of_array_and(xp, function, x, second, keywords),
        [Argument::Arrays(arrays)] => of_list(xp, function, arrays, keywords),
        _ => None,
    };
    result
        .or_else(|| transform(xp, function, arguments, keywords))
        .or_else(|| of_scalars(xp, function, arguments, keywords))
        .or_else(|| many(xp, function, arguments, keywords))
}

fn of_one<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    x: &Array<B>,
    keywords: &Keywords<'_>,
) -> Option<Result<Output<B>>> {
    let linalg = xp.linalg();
    let call = || {
        let axis = || keywords.integer("axis").map(|axis| axis.unwrap_or(-1));
        let number = |name| keywords.integer(name).map(Option::unwrap_or_default);
        Ok(Some(one(match function {
            "tril" => xp.tril(x, number("k")?)?,
            "triu" => xp.triu(x, number("k")?)?,
            "expand_dims" => xp.expand_dims(x, keywords.axes("axis")?)?,
            "roll" => xp.roll(
                x,
                &keywords.integers("shift")?.unwrap_or_default(),
                keywords.integers("axis")?.as_deref(),
            )?,
            "unstack" => return xp.unstack(x, axis()?).map(Output::Arrays).map(Some),
            "diff" => xp.diff(
                x,
                axis()?,
                keywords.integer("n")?.unwrap_or(1) as usize,
                keywords.array(xp, "prepend")?.as_ref(),
                keywords.array(xp, "append")?.as_ref(),
            )?,
            "cholesky" => {
                let upper = keywords.flag("upper");
                linalg.cholesky(
                    x,
                    if upper {
                        Triangle::Upper
                    } else {
                        Triangle::Lower
                    },
                )?
            }
            "det" => linalg.det(x)?,
            "diagonal" => linalg.diagonal(x, number("offset")?)?,
            "eigvalsh" => linalg.eigvalsh(x)?,
            "inv" => linalg.inv(x)?,
            "matrix_norm" => {
                let norm = matrix_norm(keywords)?;
                match keywords.flag("keepdims") {
                    true => linalg.matrix_norm(x, norm.keepdims())?,
                    false => linalg.matrix_norm(x, norm)?,
                }
            }
            "matrix_power" => linalg.matrix_power(x, number("n")? as i64)?,
            "matrix_rank" => linalg.matrix_rank(x, Automatic)?,
            "pinv" => linalg.pinv(x, Automatic)?,
            "slogdet" => {
                let parts = linalg.slogdet(x)?;
                return Ok(Some(Output::Arrays(vec![parts.sign, parts.logabsdet])));
            }
            "svdvals" => linalg.svdvals(x)?,
            "trace" => linalg.trace(x, number("offset")?, None)?,
            "vector_norm" => {
                let axes = keywords.axes("axis")?;
                let axes = if keywords.flag("keepdims") {
                    axes.keepdims()
                } else {
                    axes
                };
                linalg.vector_norm(x, axes, keywords.float("ord").unwrap_or(2.0))?
            }
            "fftshift" => xp.fft().fftshift(x, keywords.axes("axes")?)?,
            "ifftshift" => xp.fft().ifftshift(x, keywords.axes("axes")?)?,
            _ => return Ok(None),
        })))
    };
    call().transpose()
}

fn matrix_norm(keywords: &Keywords<'_>) -> Result<MatrixNorm> {
    Ok(match (keywords.text("ord"), keywords.float("ord")) {
        ("fro", _) => MatrixNorm::Frobenius,
        ("nuc", _) => MatrixNorm::Nuclear,
        (_, Some(1.0)) => MatrixNorm::One,
        (_, Some(-1.0)) => MatrixNorm::MinusOne,
        (_, Some(2.0)) => MatrixNorm::Two,
        (_, Some(-2.0)) => MatrixNorm::MinusTwo,
        (_, Some(f64::INFINITY)) => MatrixNorm::Infinity,
        (_, Some(f64::NEG_INFINITY)) => MatrixNorm::MinusInfinity,
        _ => return Err(unknown(&keywords.get("ord"))),
    })
}

/// Functions of an array and something else.
fn of_array_and<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    x: &Array<B>,
    second: &Argument<B>,
    keywords: &Keywords<'_>,
) -> Option<Result<Output<B>>> {
    let linalg = xp.linalg();
    let axis = || keywords.integer("axis").map(|axis| axis.unwrap_or(-1));
    let call = || {
        let operand: Option<Expr<B>> = match second {
            Argument::Array(y) => Some(y.into()),
            Argument::Scalar(s) => Some((*s).into()),
            _ => None,
        };
        let named = || match second {
            Argument::Value(value) => integers(value),
            Argument::Scalar(s) => Ok(vec![integer(&Value::Scalar(*s))?]),
            other => Err(unknown(other)),
        };
        let lengths = || {
            Ok::<_, Error>(
                named()?
                    .iter()
                    .map(|&n| n.max(0) as usize)
                    .collect::<Vec<_>>(),
            )
        };
        Ok(Some(one(match (function, operand) {
            ("permute_dims", _) => xp.permute_dims(x, &named()?)?,
            ("reshape", _) => xp.reshape_infer(x, &named()?)?,
            ("broadcast_to", _) => xp.broadcast_to(x, lengths()?)?,
            ("squeeze", _) => xp.squeeze(x, named()?)?,
            ("tile", _) => xp.tile(x, &lengths()?)?,
            ("repeat", _) => {
                let repeats: Repeats<B> = match second {
                    Argument::Array(counts) => counts.into(),
                    _ => lengths()?.first().copied().unwrap_or_default().into(),
                };
                xp.repeat(x, repeats, keywords.integer("axis")?)?
            }
            ("searchsorted", Some(values)) => {
                let side = match keywords.text("side") {
                    "right" => Side::Right,
                    _ => Side::Left,
                };
                xp.searchsorted(x, values, side, keywords.array(xp, "sorter")?.as_ref())?
            }
            ("isin", Some(among)) => match keywords.flag("invert") {
                true => (!xp.isin(x, among)?).eval()?,
                false => xp.isin(x, among)?,
            },
            ("tensordot", Some(y)) => xp.tensordot(x, y, contraction(keywords)?)?,
            ("matmul", Some(y)) => xp.matmul(x, y)?,
            ("vecdot", Some(y)) => xp.vecdot(x, y, axis()?)?,
            ("cross", Some(y)) => linalg.cross(x, y, axis()?)?,
            ("outer", Some(y)) => linalg.outer(x, y)?,
            ("solve", Some(y)) => linalg.solve(x, y)?,
            _ => return Ok(None),
        })))
    };
    call().transpose()
}

fn contraction(keywords: &Keywords<'_>) -> Result<Contraction> {
    match keywords.get("axes") {
        Some(Value::Tuple(lists)) => match lists.as_slice() {
            [x1, x2] => Ok(Contraction::from((
                integers(x1)?.as_slice(),
                integers(x2)?.as_slice(),
            ))),
            other => Err(unknown(&other)),
        },
        Some(count) => Ok((integer(count)? as usize).into()),
        None => Ok(2.into()),
    }
}

/// Functions of a list of arrays.
fn of_list<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arrays: &[Array<B>],
    keywords: &Keywords<'_>,
) -> Option<Result<Output<B>>> {
    let arrays: Vec<&Array<B>> = arrays.iter().collect();
    let axis = keywords.integer("axis");
    match function {
        "concat" => Some(axis.and_then(|axis| xp.concat(&arrays, axis)).map(one)),
        "stack" => Some(
            axis.and_then(|axis| xp.stack(&arrays, axis.unwrap_or(0)))
                .map(one),
        ),
        _ => None,
    }
}

/// Fourier transforms.
fn transform<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arguments: &[Argument<B>],
    keywords: &Keywords<'_>,
) -> Option<Result<Output<B>>> {
    let [Argument::Array(x)] = arguments else {
        return None;
    };
    let fft = xp.fft();
    macro_rules! table {
        ($($one:ident)*; $($several:ident)*) => {
            match function {
                $(stringify!($one) => {
                    let n = keywords.lengths("n").map(|n| n.and_then(|n| n.first().copied()));
                    n.and_then(|n| {
                        let axis = keywords.integer("axis")?.unwrap_or(-1);
                        fft.$one(x, n, axis, keywords.norm())
                    })
                })*
                $(stringify!($several) => keywords.lengths("s").and_then(|s| {
                    let axes = keywords.integers("axes")?;
                    fft.$several(x, s.as_deref(), axes.as_deref(), keywords.norm())
                }),)*
                _ => return None,
            }
        };
    }
    Some(table! { fft ifft rfft irfft hfft ihfft; fftn ifftn rfftn irfftn }.map(one))
}

/// Functions that make arrays of numbers.
fn of_scalars<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arguments: &[Argument<B>],
    keywords: &Keywords<'_>,
) -> Option<Result<Output<B>>> {
    let scalars: Vec<Scalar> = arguments
        .iter()
        .map_while(|argument| match argument {
            Argument::Scalar(s) => Some(*s),
            _ => None,
        })
        .collect();
    let number = |k: usize| scalars.get(k).and_then(|s| float(&Value::Scalar(*s)));
    let length = |k: usize| number(k).map(|n| n as usize);
    let spacing = keywords.float("d").unwrap_or(1.0);
    Some(
        match (function, scalars.as_slice()) {
            ("arange", [stop]) => xp.arange(0, *stop, 1),
            ("arange", [start, stop, step]) => xp.arange(*start, *stop, *step),
            ("linspace", [_, _, _]) => {
                let count = match keywords.flag("endpoint") {
                    true => num(length(2)?),
                    false => num(length(2)?).without_endpoint(),
                };
                xp.linspace(number(0)?, number(1)?, count)
            }
            ("eye", [_, _]) => {
                let dtype = xp.info().default_dtypes().real_floating;
                let k = keywords.integer("k").map(Option::unwrap_or_default);
                k.and_then(|k| xp.eye(length(0).unwrap_or(0), length(1).unwrap_or(0), k, dtype))
            }
            ("fftfreq", [_]) => xp.fft().fftfreq(length(0)?, spacing, None),
            ("rfftfreq", [_]) => xp.fft().rfftfreq(length(0)?, spacing, None),
            _ => return None,
        }
        .map(one),
    )
}

/// Functions of any number of arguments.
fn many<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arguments: &[Argument<B>],
    keywords: &Keywords<'_>,
) -> Option<Result<Output<B>>> {
    let array = |argument: &_| match argument {
        Argument::Array(x) => Some(Array::clone(x)),
        _ => None,
    };
    match (function, arguments) {
        ("meshgrid", arguments) => {
            let arrays: Vec<Array<B>> = arguments.iter().filter_map(array).collect();
            let indexing = match keywords.text("indexing") {
                "ij" => Indexing::Ij,
                _ => Indexing::Xy,
            };
            let arrays: Vec<&Array<B>> = arrays.iter().collect();
            Some(xp.meshgrid(&arrays, indexing).map(Output::Arrays))
        }
        ("moveaxis", [Argument::Array(x), Argument::Scalar(a), Argument::Scalar(b)]) => {
            let axis = |s: &Scalar| integer(&Value::Scalar(*s));
            let moved = axis(a).and_then(|a| xp.moveaxis(x, a, axis(b)?));
            Some(moved.map(one))
        }
        _ => None,
    }
}
