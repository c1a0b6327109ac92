//! The table from standard names to calls.

mod functions;

use std::collections::BTreeMap;

use array_api_spec::{
    Array, Axes, Backend, DType, Ellipsis, Error, Expr, Index, Namespace, NewAxis, Result, Scalar,
    Slice, axis,
};

use crate::Value;

/// An argument on the device.
#[derive(Clone, Debug)]
pub(crate) enum Argument<B: Backend> {
    Array(Array<B>),
    Arrays(Vec<Array<B>>),
    Scalar(Scalar),
    DType(DType),
    Key(Vec<KeyPart<B>>),
    /// An argument that is not an array: a shape, axes, `None`.
    Value(Value),
}

/// One part of an index.
#[derive(Clone, Debug)]
pub(crate) enum KeyPart<B: Backend> {
    Value(Value),
    Array(Array<B>),
}

/// The result of a call.
#[derive(Clone, Debug)]
pub(crate) enum Output<B: Backend> {
    Arrays(Vec<Array<B>>),
    DType(DType),
    Bool(bool),
}

impl<B: Backend> Output<B> {
    /// The same with other arrays.
    pub(crate) fn try_map(self, f: impl FnMut(Array<B>) -> Result<Array<B>>) -> Result<Self> {
        match self {
            Self::Arrays(arrays) => {
                let arrays: Result<_> = arrays.into_iter().map(f).collect();
                Ok(Self::Arrays(arrays?))
            }
            other => Ok(other),
        }
    }
}

/// Functions of the project that compute nothing on a device; their own crate tests them.
pub(crate) const ON_THE_HOST: &[&str] = &[
    "broadcast_shapes",
    "finfo",
    "from_dlpack",
    "iinfo",
    "isdtype",
];

/// An elementwise function.
fn elementwise<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arguments: &[Expr<B>],
) -> Option<Expr<B>> {
    macro_rules! table {
        ($($one:ident)*; $($two:ident)*) => {
            match (function, arguments) {
                $((stringify!($one), [x]) => xp.$one(x),)*
                $((stringify!($two), [x1, x2]) => xp.$two(x1, x2),)*
                ("clip", [x]) => xp.clip(x, -1.0, 1.0),
                _ => return None,
            }
        };
    }
    Some(table! {
        abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log
        log1p log2 log10 logical_not negative positive real reciprocal round sign signbit sin sinh square sqrt tan tanh trunc;
        add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal
        floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum
        minimum multiply nextafter not_equal pow remainder subtract
    })
}

/// A function of an array and axes.
fn along_axes<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    x: &Array<B>,
    keywords: &BTreeMap<String, Value>,
) -> Option<Result<Array<B>>> {
    macro_rules! table {
        ($($name:ident)*) => {
            match function {
                $(stringify!($name) => axes(keywords).and_then(|axes| xp.$name(x, axes)),)*
                _ => return None,
            }
        };
    }
    Some(
        table! { all any argmax argmin count_nonzero cumulative_prod cumulative_sum flip max mean min prod std sum var },
    )
}

/// Calls a function by its standard name, or returns `None` if the project does not have it.
pub(crate) fn call<B: Backend>(
    xp: &Namespace<B>,
    function: &str,
    arguments: &[Argument<B>],
    keywords: &BTreeMap<String, Value>,
) -> Option<Result<Output<B>>> {
    let expressions: Option<Vec<Expr<B>>> = arguments
        .iter()
        .map(|a| match a {
            Argument::Array(x) => Some(x.into()),
            Argument::Scalar(s) => Some((*s).into()),
            _ => None,
        })
        .collect();
    if let Some(result) = expressions.and_then(|e| elementwise(xp, function, &e)) {
        return Some(result.eval().map(one));
    }
    if let [Argument::Array(x)] = arguments
        && let Some(result) = along_axes(xp, function, x, keywords)
    {
        return Some(result.map(one));
    }
    Some(match (function, arguments) {
        ("__getitem__", [Argument::Array(x), Argument::Key(key)]) => {
            let index: Result<Vec<Index<B>>> = key.iter().map(index).collect();
            index.and_then(|index| x.get(index)).map(one)
        }
        ("sort", [Argument::Array(x)]) => {
            order(keywords).and_then(|along| xp.sort(x, along)).map(one)
        }
        ("argsort", [Argument::Array(x)]) => order(keywords)
            .and_then(|along| xp.argsort(x, along))
            .map(one),
        ("unique_all", [Argument::Array(x)]) => xp
            .unique_all(x)
            .map(|u| Output::Arrays(vec![u.values, u.indices, u.inverse_indices, u.counts])),
        ("unique_counts", [Argument::Array(x)]) => {
            xp.unique_counts(x).map(|(a, b)| Output::Arrays(vec![a, b]))
        }
        ("unique_inverse", [Argument::Array(x)]) => xp
            .unique_inverse(x)
            .map(|(a, b)| Output::Arrays(vec![a, b])),
        ("unique_values", [Argument::Array(x)]) => xp.unique_values(x).map(one),
        ("nonzero", [Argument::Array(x)]) => xp.nonzero(x).map(Output::Arrays),
        ("can_cast", [Argument::DType(from), Argument::DType(to)]) => {
            Ok(Output::Bool(array_api_spec::can_cast(*from, *to)))
        }
        ("result_type", [Argument::DType(a), Argument::DType(b)]) => {
            array_api_spec::result_type(&[*a, *b], &[]).map(Output::DType)
        }
        ("__setitem__", [Argument::Array(x), Argument::Key(key), value]) => {
            let index: Result<Vec<Index<B>>> = key.iter().map(index).collect();
            let mut x = x.clone();
            index
                .and_then(|index| match value {
                    Argument::Array(value) => x.set(index, value),
                    Argument::Scalar(value) => x.set(index, *value),
                    other => Err(unknown(other)),
                })
                .map(|()| one(x))
        }
        _ => return functions::call(xp, function, arguments, keywords),
    })
}

/// The error for an argument that no vector has at this position.
fn unknown(argument: &impl std::fmt::Debug) -> Error {
    Error::other(format!("the conformance runner cannot pass {argument:?}"))
}

fn one<B: Backend>(x: Array<B>) -> Output<B> {
    Output::Arrays(vec![x])
}

fn index<B: Backend>(part: &KeyPart<B>) -> Result<Index<B>> {
    Ok(match part {
        KeyPart::Array(array) => array.into(),
        KeyPart::Value(Value::None) => NewAxis.into(),
        KeyPart::Value(Value::Ellipsis) => Ellipsis.into(),
        KeyPart::Value(Value::Slice([start, stop, step])) => Slice {
            start: *start,
            stop: *stop,
            step: step.unwrap_or(1),
        }
        .into(),
        KeyPart::Value(other) => Index::Integer(integer(other)?),
    })
}

/// The keyword arguments of a reduction or scan.
fn axes(keywords: &BTreeMap<String, Value>) -> Result<Axes> {
    let mut axes = match keywords.get("axis") {
        None | Some(Value::None) => (..).into(),
        Some(Value::Tuple(several)) => several
            .iter()
            .map(integer)
            .collect::<Result<Vec<isize>>>()?
            .into(),
        Some(one) => axis(integer(one)?),
    };
    for (name, value) in keywords {
        axes = match (name.as_str(), value) {
            ("axis", _) | ("keepdims" | "include_initial", Value::Scalar(Scalar::Bool(false))) => {
                axes
            }
            ("keepdims", Value::Scalar(Scalar::Bool(true))) => axes.keepdims(),
            ("include_initial", Value::Scalar(Scalar::Bool(true))) => axes.include_initial(),
            ("correction", Value::Scalar(Scalar::Int(i))) => axes.correction(*i as f64),
            ("correction", Value::Scalar(Scalar::Float(x))) => axes.correction(*x),
            _ => {
                return Err(Error::other(format!(
                    "the conformance runner knows no keyword `{name}` with {value:?}"
                )));
            }
        };
    }
    Ok(axes)
}

/// The keyword arguments of `sort` and `argsort`: the axis, and whether to sort in descending order.
fn order(keywords: &BTreeMap<String, Value>) -> Result<Axes> {
    let along = axis(keywords.get("axis").map_or(Ok(-1), integer)?);
    Ok(match keywords.get("descending") {
        Some(Value::Scalar(Scalar::Bool(true))) => along.descending(),
        _ => along,
    })
}

fn integer(value: &Value) -> Result<isize> {
    match value {
        Value::Scalar(Scalar::Int(i)) => Ok(isize::try_from(*i).unwrap_or(isize::MAX)),
        other => Err(Error::other(format!("{other:?} is no integer"))),
    }
}
