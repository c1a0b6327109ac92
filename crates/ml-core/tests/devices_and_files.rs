//! A model moves between devices and files unchanged, and refuses files that are not what they should be.

mod common;

use array_api_spec::{Backend, DType, Namespace, reference};
use common::{adapters, cuda_devices, floating_types, split};
use insta::assert_snapshot;
use ml_core::{
    FittedLinearDiscriminantAnalysis as Fitted, LinearDiscriminantAnalysis, Shrinkage, Solver,
    datasets, load_any,
};
use tempfile::TempDir;

fn labels<B: Backend>(model: &Fitted<B>, xp: &Namespace<B>, dtype: DType) -> Vec<i64> {
    let x = split(&datasets::iris(), xp, dtype).x_test;
    model
        .predict(&x)
        .expect("good samples")
        .to_vec()
        .expect("integers")
}

fn estimators() -> [LinearDiscriminantAnalysis; 4] {
    let lda = LinearDiscriminantAnalysis::default;
    [
        lda(),
        lda()
            .store_covariance(true)
            .n_components(1)
            .tol(1.0 / 3.0 * 1e-4)
            .priors([0.1, 0.2, 0.7]),
        lda().solver(Solver::Lsqr).shrinkage(Shrinkage::Auto),
        lda().solver(Solver::Eigen).shrinkage(0.1),
    ]
}

fn iris_model<B: Backend>(
    xp: &Namespace<B>,
    dtype: DType,
    lda: &LinearDiscriminantAnalysis,
) -> Fitted<B> {
    let data = split(&datasets::iris(), xp, dtype);
    lda.fit(&data.x_train, &data.y_train).expect("a good fit")
}

/// Fits on `from`, moves the model to `to` and through a file to `to`; all three give the same labels.
fn check_moves<B: Backend, C: Backend>(from: &Namespace<B>, to: &Namespace<C>, dtype: DType) {
    let folder = TempDir::new().expect("a temporary folder");
    for lda in estimators() {
        let model = iris_model(from, dtype, &lda);
        let expected = labels(&model, from, dtype);
        let moved = model.to_device(to).expect("a move");
        assert_eq!(labels(&moved, to, dtype), expected);
        let path = folder.path().join("model.safetensors");
        model.save(&path).expect("a written file");
        let loaded = Fitted::load(&path, to).expect("a good file");
        assert_eq!(labels(&loaded, to, dtype), expected);
        assert_eq!(loaded.parameters(), &lda);
        assert_eq!(format!("{loaded:?}"), format!("{moved:?}"));
    }
}

#[test]
fn models_move_with_their_labels() {
    let (wide, narrow) = (reference::namespace(), reference::narrow_namespace());
    check_moves(&wide, &wide, DType::Float64);
    check_moves(&wide, &narrow, DType::Float32);
    check_moves(&narrow, &wide, DType::Float32);
    check_moves(&wide, &array_api_compat::cpu(), DType::Float64);
    check_moves(&array_api_compat::cpu(), &narrow, DType::Float32);
}

#[test]
fn models_fitted_on_wgpu_predict_the_same_on_the_cpu() {
    for gpu in adapters() {
        for dtype in floating_types(&gpu) {
            check_moves(&gpu, &array_api_compat::cpu(), dtype);
        }
        check_moves(&array_api_compat::cpu(), &gpu, DType::Float32);
    }
}

/// Executed by a PTX interpreter, unless there is a GPU and it is asked for.
#[test]
fn models_fitted_on_cuda_predict_the_same_on_the_cpu() {
    for gpu in cuda_devices() {
        for dtype in floating_types(&gpu) {
            check_moves(&gpu, &array_api_compat::cpu(), dtype);
        }
        check_moves(&array_api_compat::cpu(), &gpu, DType::Float64);
    }
}

#[test]
fn a_file_keeps_every_bit() {
    let xp = reference::namespace();
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("model.safetensors");
    for lda in estimators() {
        let model = iris_model(&xp, DType::Float64, &lda);
        model.save(&path).expect("a written file");
        let loaded = Fitted::load(&path, &xp).expect("a good file");
        for ((name, a), (_, b)) in model.parts().arrays.iter().zip(&loaded.parts().arrays) {
            assert_eq!(
                a.to_host().expect("values"),
                b.to_host().expect("values"),
                "{name}"
            );
        }
    }
}

/// The program that wrote format 1 has written this file: iris's training samples, `float64`, on the reference backend.
#[test]
fn a_file_of_the_first_format_is_read() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/files/lda_format_1.safetensors"
    );
    let xp = reference::namespace();
    let lda = LinearDiscriminantAnalysis::default()
        .n_components(1)
        .store_covariance(true)
        .tol(3e-5)
        .priors([0.1, 0.2, 0.7]);
    let expected = iris_model(&xp, DType::Float64, &lda);
    let loaded = Fitted::load(path, &xp).expect("a good file");
    assert_eq!(loaded.parameters(), &lda);
    let any = load_any(path, &xp).expect("a good file");
    for parts in [loaded.parts(), any.parts()] {
        assert_eq!(parts.n_features_in_, 4);
        for ((name, ours), (of_theirs, theirs)) in parts.arrays.iter().zip(&expected.parts().arrays)
        {
            assert_eq!((name, ours.shape()), (of_theirs, theirs.shape()));
            let (ours, theirs): (Vec<f64>, Vec<f64>) =
                (ours.to_vec().expect("real"), theirs.to_vec().expect("real"));
            let scale = theirs.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            // A direction may point either way.
            let sign = |v: f64| if name == "scalings_" { v.abs() } else { v };
            let near = |(a, b): (&f64, &f64)| (sign(*a) - sign(*b)).abs() <= 1e-11 * scale;
            assert!(ours.iter().zip(&theirs).all(near), "{name}");
        }
        assert_eq!(parts.arrays.len(), expected.parts().arrays.len());
    }
    let all = labels(&expected, &xp, DType::Float64);
    assert_eq!(labels(&loaded, &xp, DType::Float64), all);
    let on_cpu = Fitted::load(path, &array_api_compat::cpu()).expect("a good file");
    assert_eq!(
        labels(&on_cpu, &array_api_compat::cpu(), DType::Float64),
        all
    );
}

#[test]
fn float64_and_int64_become_what_the_device_has() {
    let (wide, narrow) = (reference::namespace(), reference::narrow_namespace());
    let data = split(&datasets::iris(), &wide, DType::Float64);
    let model = LinearDiscriminantAnalysis::default()
        .fit(&data.x_train, &data.y_train)
        .expect("a good fit");
    let moved = model.to_device(&narrow).expect("a move");
    assert_eq!(
        (moved.coef_.dtype(), moved.classes_.dtype()),
        (DType::Float32, DType::Int32)
    );

    let large = (&data.y_train + (1_i64 << 40)).eval().expect("integers");
    let model = LinearDiscriminantAnalysis::default()
        .fit(&data.x_train, &large)
        .expect("a good fit");
    assert_snapshot!(model.to_device(&narrow).expect_err("too large").to_string(), @"to_device: 1099511627776 is out of range for int32, which holds -2147483648 to 2147483647");
}

#[test]
fn debug_lists_what_there_is() {
    let xp = reference::namespace();
    let [svd, _, lsqr, _] = estimators().map(|lda| iris_model(&xp, DType::Float64, &lda));
    assert_snapshot!(format!("{svd:#?}"), @r#"
    FittedLinearDiscriminantAnalysis {
        device: reference:0,
        solver: "svd",
        shrinkage: null,
        priors: null,
        n_components: null,
        store_covariance: false,
        tol: 0.0001,
        classes_: int64 (3,),
        priors_: float64 (3,),
        means_: float64 (3, 4),
        xbar_: float64 (4,),
        coef_: float64 (3, 4),
        intercept_: float64 (3,),
        scalings_: float64 (4, 2),
        explained_variance_ratio_: float64 (2,),
    }
    "#);
    assert_snapshot!(format!("{lsqr:?}"), @"FittedLinearDiscriminantAnalysis { device: reference:0, solver: \"lsqr\", shrinkage: \"auto\", priors: null, n_components: null, store_covariance: false, tol: 0.0001, classes_: int64 (3,), priors_: float64 (3,), means_: float64 (3, 4), coef_: float64 (3, 4), intercept_: float64 (3,), covariance_: float64 (4, 4) }");
}

/// A saved model's bytes, its header's JSON changed.
fn forged(change: impl Fn(String) -> String) -> Vec<u8> {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("model.safetensors");
    let xp = reference::namespace();
    iris_model(&xp, DType::Float64, &LinearDiscriminantAnalysis::default())
        .save(&path)
        .expect("a written file");
    let bytes = std::fs::read(&path).expect("a file");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = change(String::from_utf8(bytes[8..8 + length].to_vec()).expect("JSON"));
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &bytes[8 + length..],
    ]
    .concat()
}

fn load(bytes: &[u8]) -> Result<Fitted<reference::Reference>, String> {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("m");
    std::fs::write(&path, bytes).expect("a written file");
    let prefix = format!("load: {}: ", path.display());
    Fitted::load(&path, &reference::namespace()).map_err(|e| e.to_string().replace(&prefix, ""))
}

#[test]
fn altered_files_are_refused() {
    assert!(load(&forged(|json| json)).is_ok());
    let refused = |from: &str, to: &str| {
        let bytes = forged(|json| {
            assert!(json.contains(from), "{json}");
            json.replacen(from, to, 1)
        });
        load(&bytes).expect_err("a forged file")
    };
    let snapshot: String = [
        (
            r#""ml-core.format_version":"2""#,
            r#""ml-core.format_version":"3""#,
        ),
        (r#""ml-core.format_version""#, r#""version""#),
        (r#"LinearDiscriminantAnalysis"#, r#"PCA"#),
        (r#"\"solver\":\"svd\""#, r#"\"solver\":\"magic\""#),
        (r#"\"solver\":\"svd\""#, r#"\"solver\":\"eigen\""#),
        (r#"\"n_components\":null"#, r#"\"n_components\":\"NaN\""#),
        (r#"\"n_components\":null"#, r#"\"n_components\":9"#),
        (r#"\"tol\":0.0001"#, r#"\"tol\":\"NaN\""#),
        (r#"\"tol\":"#, r#"\"to1\":"#),
        (r#"\"n_features_in_\":4"#, r#"\"n_features_in_\":5"#),
        (r#""coef_""#, r#""coeff""#),
        (r#""shape":[3,4]"#, r#""shape":[4,3]"#),
        (r#""shape":[3,4]"#, r#""shape":[18446744073709551615,4]"#),
        (
            r#""dtype":"F64","shape":[3,4]"#,
            r#""dtype":"I64","shape":[3,4]"#,
        ),
        (
            r#""dtype":"F64","shape":[3,4]"#,
            r#""dtype":"F32","shape":[3,8]"#,
        ),
    ]
    .map(|(from, to)| format!("{to}: {}\n", refused(from, to)))
    .concat();
    assert_snapshot!(snapshot);
}

#[test]
fn values_that_make_no_model_are_refused() {
    let good = forged(|json| json);
    let with_last_value = |bytes: [u8; 8]| load(&[&good[..good.len() - 8], &bytes].concat());
    assert_snapshot!(with_last_value(f64::NAN.to_le_bytes()).expect_err("NaN"), @r#"the file's parts make no model: load: LinearDiscriminantAnalysis: array "xbar_" holds NaN or infinity"#);
}

#[test]
fn no_prefix_and_no_flipped_byte_panics() {
    let good = forged(|json| json);
    for length in 0..good.len() {
        assert!(
            load(&good[..length]).is_err(),
            "{length} bytes of {}",
            good.len()
        );
    }
    for position in 0..good.len() {
        let mut bytes = good.clone();
        bytes[position] ^= 0x5a;
        let _ = load(&bytes);
    }
}

#[test]
fn paths_without_a_model_are_refused() {
    let folder = TempDir::new().expect("a temporary folder");
    let xp = reference::namespace();
    let message =
        |path: &std::path::Path| Fitted::load(path, &xp).expect_err("no file").to_string();
    assert!(message(folder.path()).ends_with("not a regular file"));
    assert!(message(&folder.path().join("absent")).contains("No such file"));
    let model = iris_model(&xp, DType::Float64, &LinearDiscriminantAnalysis::default());
    assert!(model.save(folder.path()).is_err());
}
