//! Runs calls with known results: the systematic grid, and the vectors of functions that are not in it.

use array_api_spec::{
    Array, Backend, DType, ErrorKind, HostArray, HostBuffer, Layout, Namespace, Result, Scalar,
};

use crate::{
    Arrangement, GridVector, Tolerance, Value, agrees,
    arrangement::{tile, tiles},
    call::{Argument, KeyPart, Output, call},
    compare::{
        ORACLE_ULP, composed_tolerance, elementwise_tolerance, is_rounded, reduction_tolerance,
    },
    expectation::{self, Expectation},
    run::{Outcome, Tally, make},
    vectors::{Corpus, functions, grid},
};

/// Runs all vectors of a function.
pub(crate) fn run<B: Backend>(xp: &Namespace<B>, function: &str, tally: &mut Tally<'_>) {
    let vectors = grid().iter().chain(functions());
    for vector in vectors.filter(|v| v.function == function) {
        for arrangement in arrangements(vector, tally.is_elementwise()) {
            let Some(outcome) = run_vector(xp, vector, arrangement, tally) else {
                tally.missing = true;
                return;
            };
            let dtype = arrays(vector).next().map_or(DType::Bool, dtype_of);
            let rule = rule(vector);
            tally.add(dtype, arrangement, &rule, outcome, || input_text(vector));
        }
    }
}

/// Where the vector is from, as its rule.
fn rule(vector: &GridVector) -> String {
    let file = match vector.corpus {
        Corpus::Grid => "grid",
        Corpus::Functions => "functions",
    };
    format!("{file} line {}", vector.line)
}

fn dtype_of(array: &HostArray) -> DType {
    array.buffer.dtype()
}

/// The arrays among the arguments, also in lists, but without indices.
fn arrays(vector: &GridVector) -> impl Iterator<Item = &HostArray> {
    let key = is_key(vector, 1).then_some(1);
    let arguments = vector.arguments.iter().enumerate();
    arguments
        .filter(move |(index, _)| Some(*index) != key)
        .flat_map(|(_, value)| match value {
            Value::Tuple(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        })
        .filter_map(|value| match value {
            Value::Array(array) => Some(array),
            _ => None,
        })
}

fn is_key(vector: &GridVector, index: usize) -> bool {
    index == 1 && matches!(vector.function.as_str(), "__getitem__" | "__setitem__")
}

/// The layouts that make a difference. A call that raises an error does so before layouts matter.
fn arrangements(vector: &GridVector, elementwise: bool) -> Vec<Arrangement> {
    let mut all = vec![Arrangement::Contiguous];
    if vector.outcome.is_ok() {
        for other in [Arrangement::Transposed, Arrangement::Strided] {
            if arrays(vector).any(|a| other.suits(&a.shape)) {
                all.push(other);
            }
        }
        if elementwise {
            all.push(Arrangement::Tiled);
        }
    }
    all
}

/// Runs one vector; `None` if the project lacks the function.
fn run_vector<B: Backend>(
    xp: &Namespace<B>,
    vector: &GridVector,
    arrangement: Arrangement,
    tally: &mut Tally<'_>,
) -> Option<Outcome> {
    let info = xp.info();
    let available = info.dtypes();
    if arrays(vector).any(|a| !available.contains(&a.buffer.dtype())) {
        return Some(Outcome::Absent);
    }
    let arguments = vector
        .arguments
        .iter()
        .enumerate()
        .map(|(i, a)| argument(xp, vector, i, a, arrangement));
    let arguments: Result<Vec<Argument<B>>> = arguments.collect();
    let result = match arguments {
        Ok(arguments) => tally
            .watch(xp, || {
                call(xp, &vector.function, &arguments, &vector.keywords)
            })?
            .and_then(|output| output.try_map(|x| tally.result(xp, x)))
            .map(|output| tally.answer(output)),
        Err(error) => Err(error),
    };
    Some(match (&vector.outcome, result) {
        (_, Err(error))
            if matches!(
                error.kind(),
                &ErrorKind::UnsupportedDType { dtype, .. }
                    if !available.contains(&dtype) && needs(vector, dtype)
            ) =>
        {
            Outcome::Absent
        }
        (Err(exception), Err(error)) => {
            let class = format!("{:?}", error.class());
            // Another rule, about dtypes, may refuse a call before the rule about values for which `array-api-strict`
            // refuses it.
            if expectation::same_class(&class, exception) || expectation::allowed(vector).is_some()
            {
                Outcome::Passed
            } else {
                Outcome::Failed {
                    got: format!("{class}: {error}"),
                    want: exception.clone(),
                }
            }
        }
        (Err(_), Ok(_)) if expectation::allowed(vector).is_some() => Outcome::Open,
        (Err(exception), Ok(output)) => Outcome::Failed {
            got: output_text(&output),
            want: exception.clone(),
        },
        (Ok(_), Err(error))
            if expectation::refused(vector, &format!("{:?}", error.class())).is_some() =>
        {
            Outcome::Passed
        }
        (Ok(want), Err(error)) => Outcome::Failed {
            got: format!("{:?}: {error}", error.class()),
            want: value_text(want),
        },
        (Ok(want), Ok(output)) => judge(xp, vector, arrangement, want, &output),
    })
}

/// Whether a call needs a dtype: its result has it, or its arguments promote to it.
fn needs(vector: &GridVector, dtype: DType) -> bool {
    let mut dtypes = arrays(vector).map(dtype_of);
    let first = dtypes.next();
    let promoted = dtypes.fold(first, |a, b| a.and_then(|a| a.promote(b)));
    let complex_scalar = vector
        .arguments
        .iter()
        .any(|a| matches!(a, Value::Scalar(Scalar::Complex(_))));
    promoted == Some(dtype)
        || (complex_scalar && promoted.map(DType::complex) == Some(dtype))
        || matches!(&vector.outcome, Ok(Value::Array(a)) if a.buffer.dtype() == dtype)
}

fn argument<B: Backend>(
    xp: &Namespace<B>,
    vector: &GridVector,
    index: usize,
    value: &Value,
    arrangement: Arrangement,
) -> Result<Argument<B>> {
    let part = |value: &Value| {
        Ok(match value {
            Value::Array(array) => {
                KeyPart::Array(make(xp, &held(xp, array)?, Arrangement::Contiguous)?)
            }
            other => KeyPart::Value(other.clone()),
        })
    };
    let all_arrays =
        |items: &[Value]| !items.is_empty() && items.iter().all(|v| matches!(v, Value::Array(_)));
    Ok(match value {
        Value::Tuple(parts) if is_key(vector, index) => {
            Argument::Key(parts.iter().map(part).collect::<Result<_>>()?)
        }
        one if is_key(vector, index) => Argument::Key(vec![part(one)?]),
        Value::Array(array) if arrangement == Arrangement::Tiled => {
            let ndim = arrays(vector).map(|a| a.shape.len()).max().unwrap_or(0);
            let size = result_size(vector);
            Argument::Array(make(xp, &tile(array, ndim, tiles(size)), arrangement)?)
        }
        Value::Array(array) => Argument::Array(make(xp, array, arrangement)?),
        Value::Tuple(items) if all_arrays(items) => {
            let arrays = items.iter().filter_map(|item| match item {
                Value::Array(array) => Some(make(xp, array, arrangement)),
                _ => None,
            });
            Argument::Arrays(arrays.collect::<Result<_>>()?)
        }
        Value::Scalar(s) => Argument::Scalar(*s),
        Value::DType(dtype) => Argument::DType(*dtype),
        other => Argument::Value(other.clone()),
    })
}

/// Converts indices to a dtype that the device has.
pub(crate) fn held<B: Backend>(xp: &Namespace<B>, array: &HostArray) -> Result<HostArray> {
    let mut array = array.clone();
    if array.buffer.dtype() == DType::Int64 {
        let dtype = xp.info().default_dtypes().indexing;
        array.buffer = array.buffer.to_dtype("asarray", dtype)?;
    }
    Ok(array)
}

fn result_size(vector: &GridVector) -> usize {
    match &vector.outcome {
        Ok(Value::Array(a)) => a.buffer.len(),
        _ => 1,
    }
}

fn judge<B: Backend>(
    xp: &Namespace<B>,
    vector: &GridVector,
    arrangement: Arrangement,
    want: &Value,
    output: &Output<B>,
) -> Outcome {
    let failed = |got: String| Outcome::Failed {
        got,
        want: value_text(want),
    };
    let (wanted, arrays): (Vec<&HostArray>, &[Array<B>]) = match (want, output) {
        (Value::DType(want), Output::DType(got)) if want == got => return Outcome::Passed,
        (Value::Scalar(Scalar::Bool(want)), Output::Bool(got)) if want == got => {
            return Outcome::Passed;
        }
        (Value::Array(want), Output::Arrays(got)) => (vec![want], got),
        (Value::Tuple(want), Output::Arrays(got)) => (
            want.iter()
                .filter_map(|v| {
                    if let Value::Array(a) = v {
                        Some(a)
                    } else {
                        None
                    }
                })
                .collect(),
            got,
        ),
        _ => return failed(output_text(output)),
    };
    if wanted.len() != arrays.len() {
        return failed(format!("{} arrays", arrays.len()));
    }
    let mut open = true;
    for (want, got) in wanted.into_iter().zip(arrays) {
        let want = on_device(xp, vector, want);
        let period = if arrangement == Arrangement::Tiled {
            tiles(result_size(vector))
        } else {
            1
        };
        let mut shape = want.shape.clone();
        if arrangement == Arrangement::Tiled {
            shape.insert(0, period);
        }
        if got.shape() != shape || got.dtype() != want.buffer.dtype() {
            let (dtype, shape) = (got.dtype(), array_api_spec::shape_text(got.shape()));
            return failed(format!("an array of {dtype} of shape {shape}"));
        }
        let values = match got.to_host() {
            Ok(values) => values,
            Err(error) => return failed(format!("{:?}: {error}", error.class())),
        };
        match compare(vector, &want, &values) {
            Outcome::Passed => open = false,
            Outcome::Open => {}
            other => return other,
        }
    }
    if open { Outcome::Open } else { Outcome::Passed }
}

/// The expectation in the default dtypes of a device without 64-bit ones: default dtypes depend on the device.
fn on_device<B: Backend>(xp: &Namespace<B>, vector: &GridVector, want: &HostArray) -> HostArray {
    let narrow = match want.buffer.dtype() {
        DType::Int64 => DType::Int32,
        DType::UInt64 => DType::UInt32,
        DType::Float64 if arrays(vector).next().is_none() => DType::Float32,
        _ => return want.clone(),
    };
    if xp.info().dtypes().contains(&want.buffer.dtype()) {
        return want.clone();
    }
    let wrapped = (0..want.buffer.len())
        .filter_map(|i| want.buffer.get(i))
        .map(|s| {
            Ok(match (s, narrow) {
                (Scalar::Int(i), DType::Int32) => Scalar::Int(i128::from(i as i32)),
                (Scalar::Int(i), DType::UInt32) => Scalar::Int(i128::from(i as u32)),
                (Scalar::Float(x), _) => Scalar::Float(f64::from(x as f32)),
                (other, _) => other,
            })
        });
    match HostBuffer::from_scalars(narrow, wrapped) {
        Ok(values) => HostArray {
            shape: want.shape.clone(),
            buffer: values,
        },
        Err(_) => want.clone(),
    }
}

/// Compares all elements; a tiled result is compared tile by tile.
fn compare(vector: &GridVector, want: &HostArray, got: &HostBuffer) -> Outcome {
    let size = want.buffer.len();
    let rules = Rules::of(vector, want);
    let mut judged = size == 0;
    for i in 0..size {
        let expected = want.buffer.get(i).expect("an index within the length");
        let (expected, tolerance, dtype) = match rules.element(i, expected) {
            (Expectation::Is(expected), tolerance, dtype) => (expected, tolerance, dtype),
            (Expectation::Open(_), ..) => continue,
        };
        judged = true;
        for k in (i..got.len()).step_by(size) {
            let value = got.get(k).expect("an index within the length");
            if !agrees(value, expected, dtype, tolerance) {
                let place = if size > 1 {
                    format!(" for {} (element {i})", rules.arguments_text(i))
                } else {
                    String::new()
                };
                return Outcome::Failed {
                    got: format!("{value}{place}"),
                    want: format!("{expected} ({tolerance:?})"),
                };
            }
        }
    }
    if judged {
        Outcome::Passed
    } else {
        Outcome::Open
    }
}

/// How the elements of one vector are compared.
struct Rules<'a> {
    vector: &'a GridVector,
    /// For elementwise functions, each argument's elements, broadcast to the result.
    arguments: Vec<Vec<Scalar>>,
    /// The tolerance, for reductions.
    tolerance: Tolerance,
    /// The dtype of the promoted arguments.
    dtype: DType,
    all_nan: bool,
}

impl<'a> Rules<'a> {
    fn of(vector: &'a GridVector, want: &HostArray) -> Self {
        let promoted = arrays(vector)
            .map(dtype_of)
            .reduce(|a, b| a.promote(b).unwrap_or(a));
        let complex_scalar = vector
            .arguments
            .iter()
            .any(|a| matches!(a, Value::Scalar(Scalar::Complex(_))));
        let dtype = promoted.map_or(want.buffer.dtype(), |d| {
            if complex_scalar { d.complex() } else { d }
        });
        let elementwise = vector.keywords.is_empty()
            && arrays(vector).all(|a| a.shape.len() <= want.shape.len())
            && crate::run::is_elementwise(&vector.function);
        let arguments = if elementwise {
            vector
                .arguments
                .iter()
                .map(|a| spread(a, &want.shape))
                .collect()
        } else {
            Vec::new()
        };
        let elements = arrays(vector)
            .next()
            .into_iter()
            .flat_map(|a| (0..a.buffer.len()).filter_map(|i| a.buffer.get(i)));
        let tolerance = if vector.corpus == Corpus::Functions && is_rounded(&vector.function) {
            composed_tolerance(want)
        } else {
            reduction_tolerance(&vector.function, want.buffer.dtype(), elements)
        };
        Self {
            vector,
            arguments,
            tolerance,
            dtype,
            all_nan: expectation::no_degree_of_freedom(vector),
        }
    }

    fn element(&self, i: usize, want: Scalar) -> (Expectation, Tolerance, DType) {
        if self.arguments.is_empty() {
            let want = if self.all_nan {
                Scalar::Float(f64::NAN)
            } else {
                want
            };
            return (Expectation::Is(want), self.tolerance, self.dtype);
        }
        let arguments: Vec<Scalar> = self.arguments.iter().map(|a| a[i]).collect();
        let function = self.vector.function.as_str();
        let expectation = expectation::elementwise(function, self.dtype, &arguments, want);
        let oracle = match self.vector.corpus {
            Corpus::Grid => ORACLE_ULP,
            Corpus::Functions => 0.0,
        };
        (
            expectation,
            elementwise_tolerance(function, self.dtype, &arguments, oracle),
            self.dtype,
        )
    }

    fn arguments_text(&self, i: usize) -> String {
        let texts: Vec<String> = self.arguments.iter().map(|a| a[i].to_string()).collect();
        texts.join(", ")
    }
}

/// An argument's elements, broadcast to a result of this shape.
fn spread(value: &Value, shape: &[usize]) -> Vec<Scalar> {
    match value {
        Value::Array(a) => {
            let layout = Layout::contiguous(&a.shape).broadcast_to(shape);
            layout.positions().filter_map(|p| a.buffer.get(p)).collect()
        }
        Value::Scalar(s) => vec![*s; shape.iter().product()],
        _ => Vec::new(),
    }
}

fn input_text(vector: &GridVector) -> String {
    let mut parts: Vec<String> = vector.arguments.iter().map(value_text).collect();
    parts.extend(
        vector
            .keywords
            .iter()
            .map(|(name, value)| format!("{name}={}", value_text(value))),
    );
    parts.join(", ")
}

fn value_text(value: &Value) -> String {
    match value {
        Value::None => "None".into(),
        Value::Ellipsis => "...".into(),
        Value::Scalar(s) => s.to_string(),
        Value::DType(dtype) => dtype.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Slice(parts) => parts
            .map(|p| p.map_or(String::new(), |p| p.to_string()))
            .join(":"),
        Value::Array(a) => array_text(a.buffer.dtype(), &a.shape, &a.buffer),
        Value::Tuple(items) => format!(
            "({})",
            items.iter().map(value_text).collect::<Vec<_>>().join(", ")
        ),
    }
}

pub(crate) fn array_text(dtype: DType, shape: &[usize], values: &HostBuffer) -> String {
    const SHOWN: usize = 40;
    let mut texts: Vec<String> = (0..values.len().min(SHOWN))
        .filter_map(|i| values.get(i))
        .map(|s| s.to_string())
        .collect();
    if values.len() > SHOWN {
        texts.push("…".into());
    }
    format!(
        "{dtype}{} [{}]",
        array_api_spec::shape_text(shape),
        texts.join(" ")
    )
}

fn output_text<B: Backend>(output: &Output<B>) -> String {
    match output {
        Output::DType(dtype) => dtype.to_string(),
        Output::Bool(b) => b.to_string(),
        Output::Arrays(arrays) => {
            let text = |a: &Array<B>| match a.to_host() {
                Ok(values) => array_text(a.dtype(), a.shape(), &values),
                Err(error) => error.to_string(),
            };
            arrays.iter().map(text).collect::<Vec<_>>().join(", ")
        }
    }
}
