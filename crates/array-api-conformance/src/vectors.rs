//! The test vectors and their decoding.
//!
//! There are three files in `vectors/`, JSON lines compressed with zstd. `special_cases` was made from the sentences of
//! the standard itself, without a library as an oracle. `grid` was made with NumPy and `array-api-strict`;
//! [`crate::expectation`] corrects their mistakes. `functions` was made by `generate/functions.py`, with NumPy where
//! results are exact or compared with a tolerance, and with mpmath for transcendental functions.

use std::{collections::BTreeMap, fmt, sync::OnceLock};

use array_api_spec::{Complex, DType, HostArray, HostBuffer, Scalar};
use base64::Engine as _;
use serde::Deserialize;

/// One special case of an elementwise function.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecialCase {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The function's standard name.
    pub function: String,
    /// One number for each array argument; imaginary parts are 0 unless `complex`.
    pub arguments: Vec<Complex<f64>>,
    /// Whether it is about complex numbers.
    pub complex: bool,
    /// What the standard requires.
    pub want: Want,
    /// The standard names a value that has no exact representation, such as π/2.
    pub approximate: bool,
    /// The standard's sentence, shortened.
    pub rule: String,
}

/// The result that a special case requires.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// One of these, with its sign if it is a zero.
    OneOf(Vec<Complex<f64>>),
    /// Any number with this sign (true: negative), or NaN where the operation has no value.
    Sign(bool),
}

/// One call with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct GridVector {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The function's standard name; `__getitem__` for indexing.
    pub function: String,
    /// Positional arguments.
    pub arguments: Vec<Value>,
    /// Keyword arguments.
    pub keywords: BTreeMap<String, Value>,
    /// What it returns, or the name of the exception that it raises.
    pub outcome: Result<Value, String>,
    /// Which file it is from.
    pub corpus: Corpus,
}

/// A file of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// `grid`: transcendental expectations are NumPy's and off by some units themselves.
    Grid,
    /// `functions`: transcendental expectations are correctly rounded.
    Functions,
}

/// An argument or a result, as a Python value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `...`
    Ellipsis,
    /// A Python scalar.
    Scalar(Scalar),
    /// A dtype.
    DType(DType),
    /// A string.
    Text(String),
    /// `start:stop:step`.
    Slice([Option<isize>; 3]),
    /// An array.
    Array(HostArray),
    /// A tuple, or a named tuple, whose names are not kept.
    Tuple(Vec<Self>),
}

/// A malformed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The record's line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.detail)
    }
}

impl std::error::Error for DecodeError {}

/// The standard's special cases: 4,409 of them.
///
/// # Panics
/// If the file that is built into this crate is damaged, which the crate's tests rule out.
pub fn special_cases() -> &'static [SpecialCase] {
    static CASES: OnceLock<Vec<SpecialCase>> = OnceLock::new();
    CASES.get_or_init(|| {
        let packed = include_bytes!("../vectors/special_cases.jsonl.zst");
        unpack(packed)
            .and_then(|text| decode_special_cases(&text))
            .expect("vectors/special_cases.jsonl.zst is whole")
    })
}

/// The systematic grid: 31,335 calls.
///
/// # Panics
/// If the file that is built into this crate is damaged, which the crate's tests rule out.
pub fn grid() -> &'static [GridVector] {
    static GRID: OnceLock<Vec<GridVector>> = OnceLock::new();
    GRID.get_or_init(|| {
        let packed = include_bytes!("../vectors/grid.jsonl.zst");
        unpack(packed)
            .and_then(|text| decode_grid(&text))
            .expect("vectors/grid.jsonl.zst is whole")
    })
}

/// Calls of the functions that are not in the grid, and transcendental functions with exact expectations.
///
/// # Panics
/// If the file that is built into this crate is damaged, which the crate's tests rule out.
pub fn functions() -> &'static [GridVector] {
    static FUNCTIONS: OnceLock<Vec<GridVector>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let packed = include_bytes!("../vectors/functions.jsonl.zst");
        let mut vectors = unpack(packed)
            .and_then(|text| decode_grid(&text))
            .expect("vectors/functions.jsonl.zst is whole");
        vectors
            .iter_mut()
            .for_each(|v| v.corpus = Corpus::Functions);
        vectors
    })
}

fn unpack(packed: &[u8]) -> Result<String, DecodeError> {
    let whole = |detail: String| DecodeError { line: 0, detail };
    let bytes = zstd::decode_all(packed).map_err(|e| whole(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| whole(e.to_string()))
}

/// Reads special cases from JSON lines.
///
/// # Errors
/// The first malformed record.
pub fn decode_special_cases(text: &str) -> Result<Vec<SpecialCase>, DecodeError> {
    decode_lines(text, |line, raw: RawCase| {
        let numbers = raw
            .x
            .iter()
            .map(RawNumber::decode)
            .collect::<Result<Vec<_>, _>>()?;
        if numbers.is_empty() {
            return Err("a special case without an argument".into());
        }
        let want = match (raw.want, raw.accept) {
            (Some(want), None) => Want::OneOf(vec![want.decode()?]),
            (None, Some(RawAccept::OneOf(list))) => Want::OneOf(
                list.iter()
                    .map(RawNumber::decode)
                    .collect::<Result<_, _>>()?,
            ),
            (None, Some(RawAccept::Predicate(predicate))) => match predicate.as_str() {
                "predicate:positive sign" => Want::Sign(false),
                "predicate:negative sign" => Want::Sign(true),
                other => return Err(format!("unknown predicate `{other}`")),
            },
            _ => return Err("needs either `want` or `accept`".into()),
        };
        Ok(SpecialCase {
            line,
            function: raw.f,
            complex: raw.x.iter().any(|x| matches!(x, RawNumber::Complex(_))),
            arguments: numbers,
            want,
            approximate: raw.approx,
            rule: raw.rule,
        })
    })
}

/// Reads calls from JSON lines.
///
/// # Errors
/// The first malformed record.
pub fn decode_grid(text: &str) -> Result<Vec<GridVector>, DecodeError> {
    decode_lines(text, |line, raw: RawCall| {
        let outcome = match (raw.r, raw.x) {
            (Some(result), None) => Ok(result.decode()?),
            (None, Some(exception)) => Err(exception),
            _ => return Err("needs either `r` or `x`".into()),
        };
        Ok(GridVector {
            line,
            function: raw.f,
            arguments: raw
                .a
                .into_iter()
                .map(RawValue::decode)
                .collect::<Result<_, _>>()?,
            keywords: raw
                .k
                .into_iter()
                .map(|(name, value)| Ok((name, value.decode()?)))
                .collect::<Result<_, String>>()?,
            outcome,
            corpus: Corpus::Grid,
        })
    })
}

fn decode_lines<R: for<'a> Deserialize<'a>, T>(
    text: &str,
    decode: impl Fn(usize, R) -> Result<T, String>,
) -> Result<Vec<T>, DecodeError> {
    text.lines()
        .enumerate()
        .map(|(k, line)| {
            serde_json::from_str(line)
                .map_err(|e| e.to_string())
                .and_then(|raw| decode(k + 1, raw))
                .map_err(|detail| DecodeError {
                    line: k + 1,
                    detail,
                })
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    f: String,
    x: Vec<RawNumber>,
    want: Option<RawNumber>,
    accept: Option<RawAccept>,
    #[serde(default)]
    approx: bool,
    rule: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawAccept {
    Predicate(String),
    OneOf(Vec<RawNumber>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawNumber {
    Real(String),
    Complex([String; 2]),
}

impl RawNumber {
    fn decode(&self) -> Result<Complex<f64>, String> {
        Ok(match self {
            Self::Real(x) => Complex::new(parse_float(x)?, 0.0),
            Self::Complex([re, im]) => Complex::new(parse_float(re)?, parse_float(im)?),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    f: String,
    a: Vec<RawValue>,
    #[serde(default)]
    k: BTreeMap<String, RawValue>,
    r: Option<RawValue>,
    x: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawValue {
    None,
    Bool(bool),
    Object(Box<RawObject>),
}

/// Python values by tag; exactly one of the tags is set.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawObject {
    a: Option<String>,
    s: Vec<usize>,
    b: String,
    i: Option<String>,
    f: Option<String>,
    c: Option<[String; 2]>,
    dt: Option<String>,
    str: Option<String>,
    sl: Option<[Option<RawInt>; 3]>,
    e: Option<u8>,
    t: Option<Vec<RawValue>>,
    #[allow(
        dead_code,
        reason = "the field names of a named tuple: read so that other unknown fields are refused"
    )]
    n: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInt {
    i: String,
}

impl RawValue {
    fn decode(self) -> Result<Value, String> {
        match self {
            Self::None => Ok(Value::None),
            Self::Bool(b) => Ok(Value::Scalar(Scalar::Bool(b))),
            Self::Object(object) => object.decode(),
        }
    }
}

impl RawObject {
    fn decode(self) -> Result<Value, String> {
        Ok(match self {
            Self {
                a: Some(dtype),
                s,
                b,
                ..
            } => Value::Array(decode_array(&dtype, s, &b)?),
            Self { i: Some(i), .. } => Value::Scalar(Scalar::Int(
                i.parse().map_err(|_| format!("`{i}` is no integer"))?,
            )),
            Self { f: Some(x), .. } => Value::Scalar(Scalar::Float(parse_float(&x)?)),
            Self {
                c: Some([re, im]), ..
            } => Value::Scalar(Scalar::Complex(Complex::new(
                parse_float(&re)?,
                parse_float(&im)?,
            ))),
            Self {
                str: Some(text), ..
            } => Value::Text(text),
            Self {
                dt: Some(dtype), ..
            } => Value::DType(parse_dtype(&dtype)?),
            Self {
                sl: Some(parts), ..
            } => {
                let mut slice = [None; 3];
                for (to, from) in slice.iter_mut().zip(parts) {
                    let parse = |int: RawInt| {
                        int.i
                            .parse()
                            .map_err(|_| format!("`{}` is no integer", int.i))
                    };
                    *to = from.map(parse).transpose()?;
                }
                Value::Slice(slice)
            }
            Self { e: Some(_), .. } => Value::Ellipsis,
            Self { t: Some(items), .. } => Value::Tuple(
                items
                    .into_iter()
                    .map(RawValue::decode)
                    .collect::<Result<_, _>>()?,
            ),
            _ => return Err("an object without a known tag".into()),
        })
    }
}

fn decode_array(dtype: &str, shape: Vec<usize>, base64: &str) -> Result<HostArray, String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(base64)
        .map_err(|e| e.to_string())?;
    let buffer = HostBuffer::from_bytes(parse_dtype(dtype)?, &bytes).map_err(|e| e.to_string())?;
    let size = shape
        .iter()
        .try_fold(1_usize, |size, &n| size.checked_mul(n));
    if size != Some(buffer.len()) {
        return Err(format!(
            "{} elements do not fill the shape {shape:?}",
            buffer.len()
        ));
    }
    Ok(HostArray { shape, buffer })
}

fn parse_dtype(name: &str) -> Result<DType, String> {
    name.parse()
        .map_err(|e: array_api_spec::Error| e.to_string())
}

/// Reads a float as Python's `float.hex` writes it: `-0x1.8p+0`, `inf`, `-inf`, `nan`. Exact.
fn parse_float(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is no hexadecimal float");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let magnitude = match digits {
        "inf" => f64::INFINITY,
        "nan" => f64::NAN,
        _ => {
            let digits = digits.strip_prefix("0x").ok_or_else(wrong)?;
            let (mantissa, exponent) = digits.split_once('p').ok_or_else(wrong)?;
            let exponent: i32 = exponent.parse().map_err(|_| wrong())?;
            let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            if fraction.len() > 13 || exponent.abs() > 2000 {
                return Err(wrong());
            }
            let bits =
                u64::from_str_radix(&format!("{whole}{fraction}"), 16).map_err(|_| wrong())?;
            if bits >> 53 != 0 {
                return Err(wrong());
            }
            scale(bits as f64, exponent - 4 * fraction.len() as i32)
        }
    };
    Ok(if negative { -magnitude } else { magnitude })
}

/// `x · 2ⁿ`, exact if the result is a float.
fn scale(x: f64, n: i32) -> f64 {
    let power = |n: i32| {
        if n >= -1022 {
            f64::from_bits(((n + 1023) as u64) << 52)
        } else {
            f64::from_bits(1 << (n + 1074))
        }
    };
    let first = n.clamp(-1000, 900);
    x * power(first) * power((n - first).clamp(-1074, 1023))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_whole() {
        assert_eq!(special_cases().len(), 4_409);
        assert_eq!(grid().len(), 31_335);
        assert_eq!(functions().len(), 4_355);
        assert_eq!(grid().iter().filter(|v| v.outcome.is_err()).count(), 14_043);
    }

    #[test]
    fn hexadecimal_floats_are_exact() {
        for (text, value) in [
            ("0x1.8000000000000p+0", 1.5),
            ("-0x0.0p+0", -0.0),
            ("0x1.921fb54442d18p+1", std::f64::consts::PI),
            ("0x1.fffffffffffffp+1023", f64::MAX),
            ("0x0.0000000000001p-1022", f64::from_bits(1)),
            ("0x1.0000000000000p-1022", f64::MIN_POSITIVE),
            ("-inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(
                parse_float(text).map(f64::to_bits),
                Ok(value.to_bits()),
                "{text}"
            );
        }
        assert!(parse_float("nan").is_ok_and(f64::is_nan));
        for text in [
            "",
            "1.5",
            "0x",
            "0x1.8",
            "0x1.8p",
            "0xffffffffffffffff.0p+0",
            "0x1.0p+99999999999",
            "0xgp+0",
        ] {
            assert!(parse_float(text).is_err(), "{text}");
        }
    }

    #[test]
    fn odd_records_are_errors_with_their_line() {
        let good = r#"{"f":"abs","a":[{"a":"int8","s":[1],"b":"BA=="}],"r":{"a":"int8","s":[1],"b":"BA=="}}"#;
        assert_eq!(decode_grid(good).map(|v| v.len()), Ok(1));
        for bad in [
            "",
            "{",
            r#"{"f":"abs"}"#,
            r#"{"f":"abs","a":[]}"#,
            r#"{"f":"abs","a":[{"a":"int7","s":[1],"b":"BA=="}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"a":"int8","s":[2],"b":"BA=="}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"a":"int8","s":[4294967296,4294967296],"b":"BA=="}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"a":"int32","s":[1],"b":"BA=="}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"a":"int8","s":[1],"b":"!"}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"i":"x"}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"z":1}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{}],"x":"TypeError"}"#,
            r#"{"f":"abs","a":[{"sl":[{"i":"y"},null,null]}],"x":"TypeError"}"#,
        ] {
            let error = decode_grid(&format!("{good}\n{bad}\n{good}")).expect_err(bad);
            assert_eq!(error.line, 2, "{bad}: {error}");
        }
        for bad in [
            r#"{"f":"abs","x":[],"want":"nan","accept":null,"rule":""}"#,
            r#"{"f":"abs","x":["nan"],"want":null,"accept":null,"rule":""}"#,
            r#"{"f":"abs","x":["nan"],"want":null,"accept":"predicate:blue","rule":""}"#,
            r#"{"f":"abs","x":[["nan"]],"want":"nan","accept":null,"rule":""}"#,
        ] {
            assert_eq!(decode_special_cases(bad).expect_err(bad).line, 1, "{bad}");
        }
    }
}
