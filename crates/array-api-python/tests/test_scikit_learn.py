"""scikit-learn's estimators, unmodified, on our arrays: the results are those that they give on NumPy's."""

import copy
import pickle
import warnings

import array_api_rust as xp
import numpy as np
import pytest
from scikit_learn_support import CLASSES, PLACES, X, attributes, compare, moved, on_host, rounded
from scipy.stats import uniform
from sklearn import clone, config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_predict, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    LabelBinarizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
    label_binarize,
)
from sklearn.utils._array_api import move_estimator_to
from sklearn.utils.extmath import randomized_svd

RNG = np.random.default_rng(0)
HOLES = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
HEIGHT = X @ np.array([0.5, -1.0, 2.0, 0.25]) + RNG.normal(size=150)
HEIGHTS = np.stack([HEIGHT, HEIGHT**2], axis=1)
COUNTS = RNG.poisson(np.exp(0.3 * X[:, 2])).astype(float)
WEIGHTS = RNG.uniform(0.5, 2.0, 150)
TWO = (CLASSES == 1).astype(np.int64)
KERNEL = X @ X.T

CLASSIFIER = ["decision_function", "predict", "predict_proba", "predict_log_proba"]
COMPONENTS = ["transform", "score_samples", "get_covariance", "get_precision"]
DENSITY = ["predict", "predict_proba", "score_samples"]


# How far results may be from NumPy's, in each dtype. Minimisers stop where a step gains nothing any more, which leaves half of the digits open.
EXACT = {"float64": 1e-9, "float32": 2e-4}
ITERATED = {"float64": 5e-8, "float32": 1e-2}
MINIMISED = {"float64": 5e-6, "float32": 1e-2}


def case(name, estimator, *target, x=X, methods=(), up_to_sign=(), tolerance=EXACT, fit=None):
    """An estimator, what it is fitted to, and the methods whose results are compared."""
    return pytest.param(estimator, (x, *target), fit or {}, methods, up_to_sign, tolerance, id=name)


CASES = [
    # scikit-learn fixes no signs here: those of singular vectors may differ between libraries.
    case("lda", LinearDiscriminantAnalysis(), CLASSES, methods=CLASSIFIER, up_to_sign=["scalings_"]),
    case("lda_two_classes", LinearDiscriminantAnalysis(), TWO, methods=CLASSIFIER, up_to_sign=["scalings_"]),
    case("pca_full", PCA(2, svd_solver="full"), methods=COMPONENTS),
    case("pca_all", PCA(svd_solver="full"), methods=["transform"]),
    case("pca_fraction", PCA(0.97, svd_solver="full"), methods=COMPONENTS),
    case("pca_mle", PCA("mle", svd_solver="full"), methods=COMPONENTS),
    case("pca_whiten", PCA(2, svd_solver="full", whiten=True), methods=COMPONENTS),
    case("pca_covariance", PCA(2, svd_solver="covariance_eigh"), methods=COMPONENTS),
    case("pca_randomized", PCA(2, svd_solver="randomized", power_iteration_normalizer="QR", random_state=0), methods=COMPONENTS),
    case("kernel_centerer", KernelCenterer(), x=KERNEL, methods=["transform"]),
    case("max_abs_scaler", MaxAbsScaler(), methods=["transform", "inverse_transform"]),
    case("max_abs_scaler_nan", MaxAbsScaler(), x=HOLES, methods=["transform"]),
    case("min_max_scaler", MinMaxScaler((-1, 2)), methods=["transform", "inverse_transform"]),
    case("min_max_scaler_clip", MinMaxScaler(clip=True), x=HOLES, methods=["transform"]),
    case("normalizer_l1", Normalizer("l1"), methods=["transform"]),
    case("normalizer_l2", Normalizer("l2"), methods=["transform"]),
    case("normalizer_max", Normalizer("max"), methods=["transform"]),
    case("ridge", Ridge(solver="svd"), HEIGHT, methods=["predict"]),
    case("ridge_targets", Ridge(solver="svd"), HEIGHTS, methods=["predict"]),
    case("ridge_weights", Ridge(0.1, solver="svd"), HEIGHT, methods=["predict"], fit={"sample_weight": WEIGHTS}),
    case("ridge_no_intercept", Ridge(solver="svd", fit_intercept=False), HEIGHT, methods=["predict"]),
    case("ridge_classifier", RidgeClassifier(solver="svd"), CLASSES, methods=["decision_function", "predict"]),
    case("ridge_cv_auto", RidgeCV(), HEIGHT, methods=["predict"]),
    case("ridge_cv_svd", RidgeCV(gcv_mode="svd"), HEIGHTS, methods=["predict"]),
    case("ridge_cv_eigen", RidgeCV(gcv_mode="eigen"), HEIGHT, methods=["predict"], fit={"sample_weight": WEIGHTS}),
    case("ridge_classifier_cv", RidgeClassifierCV(), CLASSES, methods=["decision_function", "predict"]),
    case("standard_scaler", StandardScaler(), methods=["transform", "inverse_transform"]),
    case("standard_scaler_weights", StandardScaler(), methods=["transform"], fit={"sample_weight": WEIGHTS}),
    case("standard_scaler_nan", StandardScaler(), x=HOLES, methods=["transform", "inverse_transform"]),
    case("binarizer", Binarizer(threshold=2.0), methods=["transform"]),
    case("label_encoder", LabelEncoder(), x=CLASSES * 3 - 1, methods=["transform"]),
    case("label_binarizer", LabelBinarizer(), x=CLASSES, methods=["transform"]),
    case("label_binarizer_two", LabelBinarizer(neg_label=-1), x=TWO, methods=["transform"]),
    case("polynomial_features", PolynomialFeatures(3), methods=["transform"]),
    case("polynomial_interactions", PolynomialFeatures(2, interaction_only=True, include_bias=False), methods=["transform"]),
    case("gaussian_nb", GaussianNB(), CLASSES, methods=["predict", "predict_proba", "predict_log_proba"]),
    case("gaussian_nb_weights", GaussianNB(), CLASSES, methods=["predict_proba"], fit={"sample_weight": WEIGHTS}),
    case("logistic_regression", LogisticRegression(C=0.1, tol=1e-8, max_iter=200), CLASSES, methods=CLASSIFIER, tolerance=MINIMISED),
    case("logistic_regression_two", LogisticRegression(C=0.1, tol=1e-8, max_iter=200), TWO, methods=CLASSIFIER, tolerance=MINIMISED),
    case("poisson_regressor", PoissonRegressor(tol=1e-8, max_iter=200), COUNTS, methods=["predict"], tolerance=MINIMISED),
    case("nystroem", Nystroem(n_components=10, random_state=0), methods=["transform"], tolerance=ITERATED),
    case("nystroem_polynomial", Nystroem("polynomial", degree=2, n_components=5, random_state=0), methods=["transform"], tolerance=ITERATED),
    case("grid_search", GridSearchCV(Ridge(solver="svd"), {"alpha": [0.1, 1.0, 10.0]}, cv=3), HEIGHT, methods=["predict"]),
    case(
        "randomized_search",
        RandomizedSearchCV(Ridge(solver="svd"), {"alpha": uniform(0.1, 2.0)}, n_iter=4, cv=3, random_state=0),
        HEIGHT,
        methods=["predict"],
    ),
    case("calibrated", CalibratedClassifierCV(LinearDiscriminantAnalysis(), method="temperature", cv=3), CLASSES, methods=["predict", "predict_proba"], up_to_sign=["scalings_"], tolerance=MINIMISED),
    case("feature_union", FeatureUnion([("scaled", StandardScaler()), ("pca", PCA(2, svd_solver="full"))]), methods=["transform"]),
    case("pipeline", make_pipeline(StandardScaler(), PCA(3, svd_solver="full"), LinearDiscriminantAnalysis()), CLASSES, methods=["predict", "predict_proba"]),
    *[
        case(f"gaussian_mixture_{kind}_{reg}", GaussianMixture(3, covariance_type=kind, init_params="random_from_data", reg_covar=reg, random_state=0), methods=DENSITY, tolerance=ITERATED)
        for kind in ("full", "tied", "diag", "spherical")
        for reg in (1e-6, 0.1)
    ],
]

# How long it took, by how many steps, which rounding decides, and objects that have no equality of their own.
IGNORED = ["refit_time_", "n_iter_", "lower_bounds_", "calibrated_classifiers_", "scorer_"]


def results(estimator, data, fit, methods):
    """All that a fitted estimator says."""
    with warnings.catch_warnings():
        # Of defaults that change from release to release, and of minimisers that stop early: NumPy's like ours.
        warnings.simplefilter("ignore")
        fitted = clone(estimator).fit(*data, **fit)
        said = {name: value for name, value in attributes(fitted).items() if name not in IGNORED}
        if "cv_results_" in said:
            said["cv_results_"] = {name: value for name, value in said["cv_results_"].items() if name.startswith(("mean_test", "rank"))}
        for method in methods:
            if method.startswith("get_"):
                said[method] = getattr(fitted, method)()
            elif method == "inverse_transform":
                said[method] = fitted.inverse_transform(fitted.transform(data[0]))
            else:
                said[method] = getattr(fitted, method)(data[0])
        if hasattr(fitted, "score"):
            said["score"] = fitted.score(*data)
    return said


@pytest.mark.parametrize("device, dtype", PLACES)
@pytest.mark.parametrize("estimator, data, fit, methods, up_to_sign, tolerance", CASES)
def test_results_are_numpy_s(estimator, data, fit, methods, up_to_sign, tolerance, device, dtype):
    wanted = results(estimator, rounded(data, dtype), rounded(fit, dtype), methods)
    with config_context(array_api_dispatch=True):
        got = results(estimator, moved(data, device, dtype), moved(fit, device, dtype), methods)
    # Search keeps its table of scores on the host.
    for name, value in wanted.items():
        compare(got[name], value, device, tolerance[dtype], name, up_to_sign, follows_x=name != "cv_results_")


@pytest.mark.parametrize("device, dtype", PLACES)
def test_scaling_in_parts(device, dtype):
    for x in [X, HOLES]:
        wanted, got = StandardScaler(), StandardScaler()
        for part in [slice(0, 40), slice(40, 41), slice(41, 150)]:
            wanted.partial_fit(x[part].astype(dtype))
            with config_context(array_api_dispatch=True):
                got.partial_fit(moved(x[part], device, dtype))
        compare(got, wanted, device, EXACT[dtype], "scaler")


@pytest.mark.parametrize("device, dtype", PLACES)
def test_encoders_go_back(device, dtype):
    y = moved(CLASSES * 3 - 1, device, dtype)
    with config_context(array_api_dispatch=True):
        for encoder in [LabelEncoder(), LabelBinarizer()]:
            again = encoder.fit(y).inverse_transform(encoder.transform(y))
            compare(again, CLASSES * 3 - 1, device, 0, "labels")
        compare(label_binarize(y, classes=encoder.classes_), label_binarize(CLASSES, classes=[0, 1, 2]), device, 0, "binary")


@pytest.mark.parametrize("device, dtype", PLACES)
def test_randomized_svd(device, dtype):
    keywords = {"n_components": 2, "power_iteration_normalizer": "QR", "random_state": 0}
    wanted = randomized_svd(X.astype(dtype), **keywords)
    with config_context(array_api_dispatch=True):
        got = randomized_svd(moved(X, device, dtype), **keywords)
    compare(got, wanted, device, EXACT[dtype], "svd")


@pytest.mark.parametrize("device, dtype", PLACES)
@pytest.mark.parametrize("stratified", [False, True])
def test_splitting(stratified, device, dtype):
    keywords = {"random_state": 0, "stratify": CLASSES if stratified else None}
    wanted = train_test_split(X.astype(dtype), CLASSES, **keywords)
    with config_context(array_api_dispatch=True):
        got = train_test_split(moved(X, device, dtype), moved(CLASSES, device, dtype), **moved(keywords, device, dtype))
    compare(got, wanted, device, 0, "parts")


@pytest.mark.parametrize("device, dtype", PLACES)
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_cross_validation(method, device, dtype):
    estimator = LinearDiscriminantAnalysis()
    wanted = cross_val_predict(estimator, X.astype(dtype), CLASSES, cv=3, method=method)
    with config_context(array_api_dispatch=True):
        got = cross_val_predict(estimator, moved(X, device, dtype), moved(CLASSES, device, dtype), cv=3, method=method)
    compare(got, wanted, device, EXACT[dtype], method)


@pytest.mark.parametrize("device, dtype", PLACES)
def test_fitted_estimators_are_copied_and_pickled(device, dtype):
    x = moved(X, device, dtype)
    with config_context(array_api_dispatch=True):
        fitted = PCA(2, svd_solver="full").fit(x)
        wanted = on_host(fitted.transform(x))
        for again in [copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))]:
            assert again.components_.device == device and np.array_equal(on_host(again.transform(x)), wanted)


@pytest.mark.parametrize("device, dtype", PLACES)
def test_estimators_move(device, dtype):
    """Fitted here, used there, and the other way round."""
    fitted = LinearDiscriminantAnalysis().fit(X.astype(dtype), CLASSES)
    x = moved(X, device, dtype)
    with config_context(array_api_dispatch=True):
        ours = move_estimator_to(fitted, xp, device)
        back = move_estimator_to(ours, np, "cpu")
        got = ours.predict_proba(x)
    assert got.device == device and isinstance(back.coef_, np.ndarray)
    np.testing.assert_allclose(on_host(got), fitted.predict_proba(X.astype(dtype)), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(back.coef_, fitted.coef_)
