"""The estimators of `array_api_rust.ml` beside scikit-learn's own: the same results, in the library and on the device of the samples."""

import array_api_rust as xp
import array_api_strict as strict
import numpy as np
import pytest
import sklearn.cluster
import sklearn.decomposition
import sklearn.discriminant_analysis
import sklearn.linear_model
import sklearn.naive_bayes
import sklearn.preprocessing
from array_api_rust.ml._arrays import on_host
from array_api_rust.ml.cluster import KMeans
from array_api_rust.ml.decomposition import PCA
from array_api_rust.ml.discriminant_analysis import LinearDiscriminantAnalysis
from array_api_rust.ml.linear_model import LinearRegression, LogisticRegression, Ridge
from array_api_rust.ml.naive_bayes import GaussianNB
from array_api_rust.ml.preprocessing import StandardScaler
from scikit_learn_support import PLACES, moved
from sklearn.base import is_classifier, is_regressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6)) + RNG.normal(size=6)
LABELS = np.argmax(X[:, :3] + RNG.normal(size=(200, 3)), axis=1) * 2 - 1
TWO = (LABELS > 0).astype(np.int64)
TARGET = X @ RNG.normal(size=6) + RNG.normal(size=200)
TARGETS = np.stack([TARGET, TARGET**2], axis=1)
WEIGHTS = RNG.uniform(0.5, 2.0, 200)
HOLES = np.where(RNG.random(X.shape) < 0.1, np.nan, X)

# Ours, scikit-learn's, samples, targets, weights.
CASES = {
    "ridge": (Ridge(0.5), sklearn.linear_model.Ridge(0.5), X, TARGET, None),
    "ridge_targets": (Ridge([0.1, 2.0]), sklearn.linear_model.Ridge([0.1, 2.0]), X, TARGETS, None),
    "ridge_svd_weights": (Ridge(solver="svd"), sklearn.linear_model.Ridge(solver="svd"), X, TARGET, WEIGHTS),
    "ridge_through_0": (Ridge(fit_intercept=False), sklearn.linear_model.Ridge(fit_intercept=False), X, TARGET, None),
    "linear": (LinearRegression(), sklearn.linear_model.LinearRegression(), X, TARGET, None),
    "linear_targets": (LinearRegression(), sklearn.linear_model.LinearRegression(), X, TARGETS, WEIGHTS),
    "ridge_positive": (
        Ridge(positive=True, solver="lbfgs"),
        sklearn.linear_model.Ridge(positive=True, tol=1e-14, max_iter=10_000),
        X,
        TARGET,
        WEIGHTS,
    ),
    "linear_positive": (LinearRegression(positive=True), sklearn.linear_model.LinearRegression(positive=True), X, TARGETS, WEIGHTS),
    "scaler": (StandardScaler(), sklearn.preprocessing.StandardScaler(), X, None, None),
    "scaler_weights": (StandardScaler(), sklearn.preprocessing.StandardScaler(), X, None, WEIGHTS),
    "scaler_holes": (StandardScaler(), sklearn.preprocessing.StandardScaler(), HOLES, None, None),
    "scaler_nothing": (
        StandardScaler(with_mean=False, with_std=False),
        sklearn.preprocessing.StandardScaler(with_mean=False, with_std=False),
        X,
        None,
        None,
    ),
    "pca": (PCA(3), sklearn.decomposition.PCA(3), X, None, None),
    "pca_full": (PCA(svd_solver="full"), sklearn.decomposition.PCA(svd_solver="full"), X, None, None),
    "pca_share": (PCA(0.9, whiten=True), sklearn.decomposition.PCA(0.9, whiten=True), X, None, None),
    "lda": (LinearDiscriminantAnalysis(), sklearn.discriminant_analysis.LinearDiscriminantAnalysis(), X, LABELS, None),
    "lda_two": (LinearDiscriminantAnalysis(), sklearn.discriminant_analysis.LinearDiscriminantAnalysis(), X, TWO, None),
    "lda_lsqr": (
        LinearDiscriminantAnalysis("lsqr", shrinkage="auto"),
        sklearn.discriminant_analysis.LinearDiscriminantAnalysis("lsqr", shrinkage="auto"),
        X,
        LABELS,
        None,
    ),
    "logistic": (
        LogisticRegression(tol=1e-10, max_iter=1000),
        sklearn.linear_model.LogisticRegression(tol=1e-10, max_iter=1000),
        X,
        LABELS,
        None,
    ),
    "logistic_two": (
        LogisticRegression(0.1, tol=1e-10, max_iter=1000, class_weight="balanced"),
        sklearn.linear_model.LogisticRegression(C=0.1, tol=1e-10, max_iter=1000, class_weight="balanced"),
        X,
        TWO,
        WEIGHTS,
    ),
    "logistic_classes": (
        LogisticRegression(tol=1e-10, max_iter=1000, class_weight={-1: 2.0, 3: 0.5}),
        sklearn.linear_model.LogisticRegression(tol=1e-10, max_iter=1000, class_weight={-1: 2.0, 3: 0.5}),
        X,
        LABELS,
        None,
    ),
    "k_means": (KMeans(3, init=X[:3], n_init=1), sklearn.cluster.KMeans(3, init=X[:3], n_init=1), X, None, None),
    "k_means_weights": (
        KMeans(4, init=X[:4].tolist(), n_init=1, tol=0.0),
        sklearn.cluster.KMeans(4, init=X[:4], n_init=1, tol=0.0),
        X,
        None,
        WEIGHTS,
    ),
    "gaussian_nb": (GaussianNB(), sklearn.naive_bayes.GaussianNB(), X, LABELS, None),
    "gaussian_nb_weights": (
        GaussianNB(priors=[0.2, 0.3, 0.5]),
        sklearn.naive_bayes.GaussianNB(priors=[0.2, 0.3, 0.5]),
        X,
        LABELS,
        WEIGHTS,
    ),
}

TOLERANCE = {"float64": 1e-8, "float32": 2e-3}
# Minimisers stop where a step gains nothing any more, which leaves half of the digits open.
MINIMISED = {"float64": 5e-6, "float32": 1e-2}
METHODS = ["predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "decision_function", "transform", "score_samples"]
# How many steps it took, which rounding decides.
HOW_FAR = {"n_iter_"}
# scikit-learn fixes no signs here.
UP_TO_SIGN = {"scalings_"}


def libraries():
    """How NumPy's arrays become those of a library and a device, and whether results are these, too."""
    for dtype in TOLERANCE:
        yield pytest.param(lambda x, d=dtype: cast(x, d), lambda x: isinstance(x, np.ndarray), dtype, id=f"numpy-{dtype}")
        for device in ["CPU_DEVICE", "device1"]:
            place = strict.Device(device)
            yield pytest.param(
                lambda x, d=dtype, place=place: strict.asarray(cast(x, d), device=place),
                lambda x, place=place: x.__array_namespace__().__name__ == "array_api_strict" and x.device == place,
                dtype,
                id=f"strict-{device}-{dtype}",
            )
    for device, dtype in PLACES:
        yield pytest.param(
            lambda x, device=device, d=dtype: moved(x, device, d),
            lambda x, device=device: isinstance(x, xp.Array) and x.device == device,
            dtype,
            id=f"ours-{device}-{dtype}",
        )


def cast(x, dtype):
    return x.astype(dtype) if x.dtype.kind == "f" else x


def numbers(value):
    return np.asarray(on_host(value))


def close(got, wanted, tolerance, name):
    got, wanted = numbers(got), numbers(wanted)
    assert got.shape == wanted.shape, name
    if name in UP_TO_SIGN:
        got, wanted = abs(got), abs(wanted)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * max(1.0, np.nanmax(abs(wanted), initial=0.0)), err_msg=name)


@pytest.mark.parametrize("into, is_there, dtype", list(libraries()))
@pytest.mark.parametrize("case", CASES)
def test_results_are_scikit_learn_s(case, into, is_there, dtype):
    estimator, reference, x, y, weights = CASES[case]
    tolerance = (MINIMISED if case.startswith(("logistic", "ridge_positive")) else TOLERANCE)[dtype]
    exact = [value for value in (x, y) if value is not None]
    keywords = {} if weights is None else {"sample_weight": weights}
    reference.fit(*exact, **keywords)
    samples = into(x)
    got = estimator.fit(*[into(value) for value in exact], **{name: into(value) for name, value in keywords.items()})
    for name, wanted in vars(reference).items():
        if not name.endswith("_") or name not in estimator._about["attributes"]:
            continue
        value = getattr(got, name)
        if isinstance(wanted, np.ndarray) and name not in ("n_samples_seen_", *HOW_FAR):
            assert is_there(value), name
        if isinstance(wanted, str) or wanted is None:
            assert value == wanted or name == "solver_", name
        elif name not in HOW_FAR and (name != "noise_variance_" or wanted > 1e-20):
            close(value, wanted, tolerance, name)
    for method in METHODS:
        if not hasattr(reference, method) or (case == "lda_lsqr" and method == "transform"):
            continue
        result, wanted = getattr(got, method)(samples), getattr(reference, method)(x)
        assert is_there(result), method
        if method == "transform" and is_classifier(reference):
            result, wanted = abs(numbers(result)), abs(wanted)
        if method == "predict" and not is_regressor(reference):
            assert np.mean(numbers(result) == wanted) >= (1.0 if dtype == "float64" else 0.99)
        else:
            close(result, wanted, tolerance, method)
    if hasattr(reference, "inverse_transform"):
        back = got.inverse_transform(got.transform(samples))
        assert is_there(back)
        close(back, reference.inverse_transform(reference.transform(x)), tolerance, "inverse_transform")
    if is_regressor(reference) or is_classifier(reference) or hasattr(reference, "score"):
        score = got.score(*[into(value) for value in exact])
        assert isinstance(score, float) and score == pytest.approx(reference.score(*exact), rel=tolerance, abs=0.01 if dtype == "float32" else 1e-9)


@pytest.mark.parametrize("device, dtype", PLACES)
def test_models_take_samples_of_another_library(device, dtype):
    x, y = moved(X, device, dtype), LABELS.astype(str)
    model = LinearDiscriminantAnalysis().fit(x, y)
    assert model.coef_.device == device
    wanted = numbers(model.predict_proba(x))
    got = model.predict_proba(X.astype(dtype))
    assert isinstance(got, np.ndarray)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X.astype(dtype)), model.predict(x))
    assert model.predict_proba(strict.asarray(X.astype(dtype))).__array_namespace__().__name__ == "array_api_strict"
    assert model.score(x, y) == model.score(X.astype(dtype), y)
