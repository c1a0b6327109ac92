"""scikit-learn's estimators, unmodified, on our arrays: the results are those that they give on NumPy's."""

import array_api_rust as xp
import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

X, Y = load_iris(return_X_y=True)

ESTIMATORS = [
    (StandardScaler(), ["mean_", "scale_"], "transform"),
    (PCA(n_components=2, svd_solver="full"), ["components_", "explained_variance_"], "transform"),
    (Ridge(solver="svd"), ["coef_", "intercept_"], "predict"),
    (LinearDiscriminantAnalysis(solver="svd"), ["means_", "priors_", "coef_", "intercept_"], "predict_proba"),
]


@pytest.mark.parametrize("estimator, attributes, method", ESTIMATORS, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_are_numpy_s(estimator, attributes, method, dtype):
    x = X.astype(dtype)
    y = Y.astype(dtype) if isinstance(estimator, Ridge) else Y
    wanted = estimator.fit(x, y)
    wanted = {name: getattr(wanted, name) for name in attributes} | {method: getattr(wanted, method)(x)}
    with config_context(array_api_dispatch=True):
        fitted = estimator.fit(xp.asarray(x), xp.asarray(y))
        got = {name: getattr(fitted, name) for name in attributes} | {method: getattr(fitted, method)(xp.asarray(x))}
    for name, value in wanted.items():
        if isinstance(value, np.ndarray):
            assert got[name].__array_namespace__() is xp, name
            assert got[name].dtype.name == value.dtype.name, name
        tolerance = 1e-9 if dtype == "float64" else 2e-4
        np.testing.assert_allclose(np.asarray(got[name]), value, rtol=tolerance, atol=tolerance, err_msg=name)
