//! Every message that people read, in one snapshot (`snapshots/`). To accept new words: `INSTA_UPDATE=always cargo test -p array-api-spec`.

use std::{error::Error as _, fmt::Write};

use array_api_spec::{
    Complex, DType, Ellipsis, Error, ErrorClass, Groups, Indexing, Norm, Result, Scalar, Side,
    Spread, StepBy, SvdMode, Triangle, axis, finfo, isdtype, ix, result_type,
};

use super::{narrow, xp};

#[test]
fn messages_say_what_is_wrong_and_what_to_do() -> Result<()> {
    let xp = xp();
    let (x, i, b) = (
        xp.zeros([3, 4], DType::Float64)?,
        xp.arange(0, 3, 1)?,
        xp.asarray([true, false])?,
    );
    let z = xp.asarray([Complex::<f64>::I])?;
    let there = narrow().zeros([3, 4], DType::Float32)?;
    let linalg = xp.linalg();
    let mut text = String::new();
    macro_rules! messages {
        ($($call:expr;)*) => { $(
            let error = $call.err().unwrap_or_else(|| panic!("no error: {}", stringify!($call)));
            writeln!(text, "{}\n    {:?}: {error}", stringify!($call), error.class()).expect("a string");
        )* };
    }
    messages! {
        (&x + xp.zeros([5, 2], DType::Float64)).eval();
        (&x + &i).eval();
        (&i + 0.5).eval();
        (&x + true).eval();
        (&b + 1).eval();
        (xp.asarray([1_u8])? + 256).eval();
        xp.add(1, 2.5).eval();
        xp.sin(1.5).eval();
        xp.sin(&i).eval();
        xp.floor(&z).eval();
        xp.bitwise_and(&x, &x).eval();
        xp.logical_not(&i).eval();
        xp.signbit(&i).eval();
        xp.imag(&x).eval();
        xp.where_(&i, 1.0, &x).eval();
        xp.clip(&i, 0.5, 2).eval();
        xp.clip(&i, xp.zeros([2, 2], DType::Int64)?, 2).eval();
        xp.astype(&z, DType::Float64).eval();
        (&xp.zeros([3, 4], DType::Float32)? + &there).eval();
        narrow().asarray([1.0_f64]);
        x.to_device(&narrow());
        xp.sum(&x, 2);
        xp.sum(&x, [0, -2]);
        xp.sum(xp.asarray(1)?, 0);
        xp.sum(&b, 0);
        xp.sum(&x, axis(0).correction(1.0));
        xp.sum(&z, axis(0).dtype(DType::Float64));
        xp.max(xp.zeros([0], DType::Float64)?, 0);
        xp.argmax(&x, [0, 1]);
        xp.cumulative_sum(&x, ..);
        xp.mean(&i, 0);
        x.get(ix![3]);
        x.get(ix![0, 0, 0]);
        x.get(ix![Ellipsis, Ellipsis]);
        x.get(ix![(..).step(0)]);
        x.get(ix![&b]);
        x.get(ix![0, xp.asarray(true)?]);
        x.get(ix![xp.asarray([0.5])?]);
        x.get(ix![xp.asarray([0, 1])?, xp.asarray([0, 1, 2])?]);
        xp.expand_dims(&x, ..);
        xp.moveaxis(&x, [0, 1], 0);
        xp.meshgrid(&[&x], Indexing::Xy);
        xp.tril(&i, 0);
        xp.repeat(&i, xp.asarray([1, -1, 0])?, Some(0));
        xp.repeat(&i, xp.asarray([1, 1])?, Some(0));
        xp.repeat(&x, usize::MAX, None);
        xp.roll(&x, &[1, 2, 3], Some(&[0, 1]));
        xp.searchsorted(&x, &x, Side::Left, None);
        xp.searchsorted(&i, &i, Side::Left, Some(&xp.asarray([0, 1])?));
        xp.tensordot(&x, &x, 1);
        xp.tensordot(&x, &x, 3);
        linalg.cross(&x, &x, -1);
        linalg.det(&x);
        linalg.matrix_power(xp.zeros([2, 2], DType::Float64)?, -1);
        xp.fft().fft(&x, Some(0), -1, Norm::Backward);
        xp.fft().rfft(&z, None, -1, Norm::Backward);
        xp.fft().fftn(&x, Some(&[3]), Some(&[0, 1]), Norm::Backward);
        xp.fft().fftfreq(0, 1.0, None);
        xp.arange_as(0, 400, 100, DType::UInt8);
        x.scalar();
        x.clone().set(ix![0], &xp.zeros([3], DType::Float64)?);
        x.clone().set(ix![0], &z);
        i.clone().set(ix![0], 1.5);
        xp.take(&x, &xp.asarray([7])?, Some(0));
        xp.take(&x, &xp.asarray([0])?, None);
        xp.take(&x, &xp.asarray([[0]])?, Some(0));
        xp.take_along_axis(&x, &i, 0);
        xp.reshape(&x, [5, 2]);
        xp.reshape_infer(&x, &[-1, 5]);
        xp.reshape_infer(&x, &[-1, -3]);
        xp.broadcast_to(&x, [4]);
        xp.permute_dims(&x, &[0]);
        xp.squeeze(&x, 0);
        xp.concat(&[], Some(0));
        xp.concat(&[&x, &xp.zeros([2, 2], DType::Float64)?], Some(0));
        xp.concat(&[&x, &i], Some(0));
        xp.stack(&[&x, &z], 0);
        xp.nonzero(xp.asarray(1)?);
        xp.sort(&z, 0);
        xp.sort(&x, ..);
        xp.argsort(&x, [0, 1]);
        xp.sort(&x, axis(0).keepdims());
        xp.sum(&x, axis(0).descending());
        xp.matmul(&x, &x);
        xp.matmul(&x, xp.asarray(1.0)?);
        xp.vecdot(&i, &i, 0);
        xp.vecdot(&x, xp.zeros([3], DType::Float64)?, -1);
        linalg.cholesky(&x, Triangle::Lower);
        linalg.cholesky(xp.full([1, 1], -1, DType::Float64)?, Triangle::Lower);
        linalg.inv(xp.zeros([2, 2], DType::Float64)?);
        linalg.solve(xp.eye(2, 2, 0, DType::Float64), &x);
        linalg.svd(&i, SvdMode::Reduced);
        linalg.eigh(xp.zeros([2, 2], DType::Int8)?);
        linalg.outer(&x, &x);
        x.T()?.get(ix![0])?.T();
        x.item::<f64>();
        xp.asarray(1.5)?.item::<i32>();
        xp.asarray(-1)?.item::<u8>();
        xp.arange(0, 5, 0);
        xp.arange(0.0, f64::INFINITY, 1.0);
        xp.full([2], 1.5, DType::Int32);
        xp.zeros([usize::MAX, 2], DType::Int8);
        xp.zeros([1 << 30], DType::Int8);
        xp.asarray(vec![vec![1, 2], vec![3]]);
        xp.asarray((vec![1, 2, 3], [2, 2]));
        xp.asarray_as([1.5], DType::Int32);
        xp.moments(&x, Some(Groups::pooled(&i, 2)), None, Spread::Gram);
        xp.moments(&x, None, Some(&b), Spread::Gram);
        finfo(DType::Int8);
        isdtype(DType::Int8, "float");
        result_type(&[], &[Scalar::Int(1)]);
        result_type(&[DType::UInt64, DType::Int8], &[]);
        "float16".parse::<DType>();
    }
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn an_error_is_one_word_and_keeps_its_cause() {
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    let plain = Error::value("load", "the file cannot be read");
    assert!(plain.source().is_none());
    let cause = std::io::Error::other("a broken disk");
    let error = plain.clone().caused_by(cause);
    assert_eq!(error.to_string(), plain.to_string());
    assert_eq!((error.class(), &error), (ErrorClass::ValueError, &plain));
    let found = error.source().expect("a cause");
    assert!(found.is::<std::io::Error>() && found.to_string() == "a broken disk");
    assert_eq!(
        format!("{error:?}"),
        "Value { function: \"load\", detail: \"the file cannot be read\" }, caused by Custom { kind: Other, error: \"a broken disk\" }"
    );
}
