"""`array_api_rust.ml`: scikit-learn's own checks of estimators, and what its users do with them."""

import copy
import os
import pickle
import pickletools
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import array_api_rust as xp
import array_api_rust.ml
import numpy as np
import pandas
import polars
import pytest
from array_api_rust._ml import estimators
from array_api_rust.ml.cluster import KMeans
from array_api_rust.ml.decomposition import PCA
from array_api_rust.ml.discriminant_analysis import LinearDiscriminantAnalysis
from array_api_rust.ml.linear_model import LinearRegression, LogisticRegression, Ridge
from array_api_rust.ml.naive_bayes import GaussianNB
from array_api_rust.ml.preprocessing import StandardScaler
from scikit_learn_support import CLASSES, X
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

NAMES = np.array(["setosa", "versicolor", "virginica"])[CLASSES]
HEIGHT = X @ np.array([0.5, -1.0, 2.0, 0.25])


def _gaps():
    lines = (Path(__file__).parent / "estimator-gaps.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 3 and row[2] for row in rows), "estimator, check and reason"
    return rows


GAPS = _gaps()
CLASSES_OF_ALL = [getattr(getattr(array_api_rust.ml, about["module"]), about["name"]) for about in estimators()]
ALL = [make() for make in CLASSES_OF_ALL]


def gaps(estimator):
    return {check: reason for name, check, reason in GAPS if name in ("*", type(estimator).__name__)}


def test_there_are_few_gaps():
    assert {name for name, _, _ in GAPS} <= {"*"} | {make.__name__ for make in CLASSES_OF_ALL}
    assert all(len(gaps(estimator)) <= 3 for estimator in ALL)


@parametrize_with_checks(ALL, expected_failed_checks=gaps, xfail_strict=True)
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


def target(estimator):
    return NAMES if is_classifier(estimator) else HEIGHT


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_names_and_defaults_are_in_the_signature_and_the_documentation(estimator):
    parameters = clone(estimator).get_params()
    about = estimator._about
    assert list(about["parameters"]) and set(parameters) == set(about["parameters"])
    text = type(estimator).__doc__
    assert "```" not in text and "](" not in text
    for name, (default, _, doc) in about["parameters"].items():
        assert repr(parameters[name]) == repr(default) and doc and f"{name} : default={default!r}" in text
    for name, (_, doc) in about["attributes"].items():
        first, *_ = doc.split()
        assert f"\n{name}\n    {first}" in text, name


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_pickles_hold_data_alone(estimator):
    fitted = clone(estimator).fit(X, target(estimator))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(fitted, protocol)
        again = pickle.loads(data)
        for method in fitted._about["methods"]:
            if method != "inverse_transform":
                np.testing.assert_array_equal(getattr(again, method)(X), getattr(fitted, method)(X))
        # Names of these modules are all that a pickle calls: no code of its own.
        strings = [argument for opcode, argument, _ in pickletools.genops(data) if opcode.name in ("GLOBAL", "SHORT_BINUNICODE")]
        assert any("_rebuild_model" in text for text in strings) and not any("eval" in text or "lambda" in text for text in strings)
    np.testing.assert_array_equal(copy.deepcopy(fitted)._call(fitted._about["methods"][-1], X), fitted._call(fitted._about["methods"][-1], X))


def test_a_pickled_model_that_was_altered_is_refused():
    rebuild, (data, device) = Ridge().fit(X, HEIGHT)._model.__reduce__()
    assert rebuild(data, device).attributes.keys() == {"coef_", "intercept_", "solver_"}
    for bad in [b"", data[:-1], data.replace(b"coef_", b"caef_")]:
        with pytest.raises(ValueError, match="load"):
            rebuild(bad, device)


def test_frames_have_names_of_features():
    columns = ["a", "b", "c", "d"]
    for frame in [pandas.DataFrame(X, columns=columns), polars.DataFrame(X, schema=columns)]:
        scaler = StandardScaler().fit(frame)
        assert list(scaler.feature_names_in_) == columns and list(scaler.get_feature_names_out()) == columns
        np.testing.assert_array_equal(scaler.transform(frame), StandardScaler().fit_transform(X))
        pca = PCA(2).fit(frame)
        assert list(pca.get_feature_names_out()) == ["pca0", "pca1"]
        library = "pandas" if isinstance(frame, pandas.DataFrame) else "polars"
        assert type(pca.set_output(transform=library).transform(frame)) is type(frame)
        with pytest.raises(ValueError, match="feature names"):
            pca.transform(frame[columns[::-1]])
    assert not hasattr(scaler.fit(X), "feature_names_in_")


@pytest.mark.parametrize("labels", [NAMES, NAMES.astype(object), pandas.Series(NAMES), polars.Series(NAMES), NAMES.tolist()])
def test_labels_are_text(labels):
    for classifier in [LinearDiscriminantAnalysis(), GaussianNB(), LogisticRegression(max_iter=500)]:
        fitted = classifier.fit(X, labels)
        assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
        assert set(fitted.predict(X)) == set(NAMES) and fitted.score(X, labels) > 0.95
        on_cpu = classifier.fit(xp.asarray(X), labels)
        assert any(isinstance(value, xp.Array) for value in vars(on_cpu).values())
        np.testing.assert_array_equal(on_cpu.predict(xp.asarray(X)), fitted.predict(X))
        assert on_cpu.score(xp.asarray(X), labels) == fitted.score(X, labels)


def test_pipelines_and_searches_of_scikit_learn():
    pipeline = make_pipeline(StandardScaler(), PCA(3), LinearDiscriminantAnalysis())
    assert cross_val_score(pipeline, X, NAMES, cv=3).mean() > 0.9
    search = GridSearchCV(pipeline, {"pca__n_components": [1, 2, 3], "standardscaler__with_std": [True, False]}, cv=3)
    assert search.fit(X, NAMES).best_score_ > 0.9
    search = GridSearchCV(Ridge(), {"alpha": [0.0, 1.0, 100.0]}, cv=3, n_jobs=2).fit(X, HEIGHT)
    assert search.best_params_ == {"alpha": 0.0}


def test_parameters_are_set_and_refused():
    ridge = Ridge(2.0).set_params(fit_intercept=False)
    assert ridge.get_params() == {"alpha": 2.0, "fit_intercept": False, "solver": "auto", "positive": False}
    assert ridge.fit(X, HEIGHT).intercept_ == 0.0
    with pytest.raises(TypeError, match="unexpected keyword argument 'alfa'"):
        Ridge(alfa=1.0)
    with pytest.raises(ValueError, match="Invalid parameter 'alfa'"):
        ridge.set_params(alfa=1.0)
    for bad, words in [("one", "alpha cannot be"), (-1.0, "not negative"), (float("nan"), "cannot be \"NaN\""), (object(), "alpha: <class 'object'> is of no use"), (10**400, "alpha: .*too large")]:
        with pytest.raises(InvalidParameterError, match=words):
            Ridge(bad).fit(X, HEIGHT)
    with pytest.raises(InvalidParameterError, match="random_state cannot be -1: .*a whole number that is not negative"):
        PCA(random_state=-1).fit(X)
    # Numbers of NumPy are numbers.
    for alpha in [np.float32(0.5), np.int64(2), np.array([0.5]), [0.5], (0.5,)]:
        wanted = Ridge(float(np.ravel(alpha)[0])).fit(X, HEIGHT).coef_
        np.testing.assert_array_equal(Ridge(alpha).fit(X, HEIGHT).coef_, wanted)


def test_warnings_of_fits_are_warnings():
    with pytest.warns(UserWarning, match="the priors sum to 2"):
        LinearDiscriminantAnalysis(priors=[1.0, 0.5, 0.5]).fit(X, CLASSES)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        LogisticRegression(max_iter=1).fit(X, CLASSES)
    with pytest.warns(DataConversionWarning):
        GaussianNB().fit(xp.asarray(X), xp.asarray(CLASSES)[:, None])


def test_weights_of_classes_have_their_labels():
    even = LogisticRegression(max_iter=500).fit(X, NAMES)
    weights = {"setosa": 1.0, "virginica": 50.0}
    given = LogisticRegression(max_iter=500, class_weight=weights).fit(X, NAMES)
    assert np.sum(given.predict(X) == "virginica") > np.sum(even.predict(X) == "virginica")
    with pytest.raises(InvalidParameterError, match="class_weight"):
        LogisticRegression(class_weight={"setosa": "much"}).fit(X, NAMES)


def test_clusters():
    model = KMeans(3, n_init=3).fit(X)
    np.testing.assert_array_equal(model.fit_predict(X), model.labels_)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    assert model.score(X) == pytest.approx(-model.inertia_)
    assert list(model.get_feature_names_out()) == ["kmeans0", "kmeans1", "kmeans2"]
    for seed in [None, np.random.RandomState(0), 7]:
        assert KMeans(3, n_init=5, random_state=seed).fit(X).inertia_ == pytest.approx(78.85, rel=1e-3)


def test_mistakes():
    with pytest.raises(NotFittedError):
        Ridge().predict(X)
    fitted = LinearRegression().fit(xp.asarray(X), xp.asarray(HEIGHT))
    with pytest.raises(ValueError, match="X has 2 features, but LinearRegression is expecting 4"):
        fitted.predict(xp.asarray(X[:, :2]))
    with pytest.raises(ValueError, match="two-dimensional"):
        LinearRegression().fit(xp.asarray(HEIGHT), xp.asarray(HEIGHT))
    with pytest.raises(ValueError, match="contains NaN"):
        LinearRegression().fit(xp.asarray(X * np.nan), xp.asarray(HEIGHT))
    with pytest.raises(ValueError, match="samples"):
        GaussianNB().fit(xp.asarray(X), CLASSES[:-1])
    # A fit that fails leaves the model of the last one, not a half of each.
    with pytest.raises(ValueError, match="rows"):
        fitted.fit(xp.asarray(X), xp.asarray(HEIGHT[:-1]))
    assert fitted.score(X, HEIGHT) == pytest.approx(1.0)


def in_parts(estimator, x, y, weights, parts):
    """Fits to parts of the samples, one after the other."""
    for part in parts:
        keywords = {} if weights is None else {"sample_weight": weights[part]}
        if is_classifier(estimator):
            keywords["classes"] = np.unique(y)
        estimator.partial_fit(x[part], y[part], **keywords)
    return estimator


@pytest.mark.parametrize("estimator", [e for e in ALL if hasattr(e, "partial_fit")], ids=repr)
def test_parts_of_the_samples_give_the_fit_of_all(estimator):
    y, weights = target(estimator), None
    if estimator._about["takes_sample_weight"]:
        weights = np.linspace(0.5, 2.0, len(X))
    keywords = {} if weights is None else {"sample_weight": weights}
    whole = clone(estimator).fit(X, y, **keywords)
    # These estimators take at least two samples at a time.
    few = 2 if isinstance(estimator, (PCA, LinearDiscriminantAnalysis)) else 1
    parts = [slice(0, 60), slice(60, 60 + few), slice(60 + few, 150)]
    got = in_parts(clone(estimator), X, y, weights, parts)
    again = pickle.loads(pickle.dumps(in_parts(clone(estimator), X, y, weights, parts[:2])))
    again = in_parts(again, X, y, weights, parts[2:])
    for name in estimator._about["attributes"]:
        if hasattr(whole, name) and name not in ("solver_", "singular_"):
            wanted = getattr(whole, name)
            for fitted in [got, again]:
                value = getattr(fitted, name)
                if np.asarray(wanted).dtype.kind in "if":
                    np.testing.assert_allclose(value, wanted, rtol=1e-8, atol=1e-10, err_msg=name)
                else:
                    np.testing.assert_array_equal(value, wanted)


def test_scikit_learn_s_incremental_estimators_go_on_from_a_fit():
    scaler = StandardScaler().fit(X[:90]).partial_fit(X[90:])
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0), rtol=1e-12)
    order = np.argsort(np.arange(150) % 50)
    bayes = GaussianNB().fit(X[order][:90], NAMES[order][:90]).partial_fit(X[order][90:], NAMES[order][90:])
    np.testing.assert_allclose(bayes.theta_, GaussianNB().fit(X, NAMES).theta_, rtol=1e-12)
    for estimator in [PCA(), LinearRegression(), Ridge()]:
        with pytest.raises(ValueError, match="start with partial_fit"):
            estimator.fit(X, HEIGHT).partial_fit(X, HEIGHT)


def test_parts_have_the_labels_that_were_announced():
    with pytest.raises(ValueError, match="classes must be passed"):
        GaussianNB().partial_fit(X, NAMES)
    model = GaussianNB().partial_fit(X[:50], NAMES[:50], classes=["setosa", "versicolor"])
    assert model.classes_.tolist() == ["setosa"] and model.predict_proba(X).shape == (150, 1)
    with pytest.raises(ValueError, match="do not exist in the initial classes"):
        model.partial_fit(X, NAMES)
    with pytest.raises(ValueError, match="not the same as on the first call"):
        model.partial_fit(X[50:100], NAMES[50:100], classes=NAMES)
    model.partial_fit(X[50:100], NAMES[50:100])
    assert model.classes_.tolist() == ["setosa", "versicolor"] and model.score(X[:100], NAMES[:100]) == 1.0
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.partial_fit(X[:, :2], NAMES)
    with pytest.raises(ValueError, match="shrinkage = auto"):
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").partial_fit(X, NAMES, classes=NAMES)


def readme():
    """The README's example of estimators."""
    text = (Path(__file__).parents[3] / "README.md").read_text()
    blocks = [block.split("```")[0] for block in text.split("```python\n")[1:]]
    [block] = [block for block in blocks if "array_api_rust.ml" in block]
    return block


def test_the_readme_s_example_runs(capsys):
    exec(compile(readme(), "README.md", "exec"), {})
    score, model = capsys.readouterr().out.splitlines()
    assert float(score) > 0.95 and model == "cpu (150, 1) setosa"


def test_stubs_are_those_of_the_table():
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import stubs

    written = {str(path.relative_to(stubs.FOLDER)): path.read_text() for path in stubs.FOLDER.rglob("*.*")}
    assert written == stubs.stubs(estimators()), "run crates/array-api-python/stubs.py"


def test_a_type_checker_takes_the_readme_s_example_and_no_mistakes(tmp_path):
    stubs = Path(__file__).parents[1] / "array_api_rust-stubs"
    shutil.copytree(stubs, tmp_path / "path" / "array_api_rust")
    mistakes = {
        "from array_api_rust.ml.linear_model import Rigde": "attr-defined",
        "from array_api_rust.ml.linear_model import Ridge\nRidge(alfa=1.0)": "call-arg",
        "from array_api_rust.ml.linear_model import Ridge\nRidge(fit_intercept='no')": "arg-type",
        "from array_api_rust.ml.linear_model import Ridge\nRidge().transform([[1.0]])": "attr-defined",
    }
    for k, code in enumerate([readme(), *mistakes]):
        (tmp_path / f"code_{k}.py").write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir", str(tmp_path / "cache")]
    files = [f"code_{k}.py" for k in range(len(mistakes) + 1)]
    done = subprocess.run([*command, *files], cwd=tmp_path, env={**os.environ, "MYPYPATH": str(tmp_path / "path")}, capture_output=True, text=True)
    said = done.stdout.splitlines()
    assert not any(line.startswith("code_0") for line in said), done.stdout
    for k, kind in enumerate(mistakes.values(), start=1):
        assert any(line.startswith(f"code_{k}") and f"[{kind}]" in line for line in said), done.stdout


def in_another_process(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)


def test_scikit_learn_is_needed_for_estimators_alone():
    done = in_another_process(
        """
        import sys
        import array_api_rust
        assert not any(name.split(".")[0] in ("sklearn", "numpy", "scipy") for name in sys.modules)
        sys.modules["sklearn"] = None
        try:
            import array_api_rust.ml
        except ImportError as error:
            assert "needs scikit-learn" in str(error), error
        else:
            raise AssertionError("scikit-learn is not there")
        assert float(array_api_rust.sum(array_api_rust.ones(3))) == 3.0
        """
    )
    assert done.returncode == 0, done.stderr


def test_modules_are_found_by_every_way_of_import():
    for line in [
        "from array_api_rust.ml.linear_model import Ridge",
        "import array_api_rust.ml.linear_model as m; Ridge = m.Ridge",
        "from array_api_rust import ml; Ridge = ml.linear_model.Ridge",
        "from array_api_rust.ml.linear_model import *",
    ]:
        done = in_another_process(f"{line}\nassert Ridge.__module__ == 'array_api_rust.ml.linear_model'")
        assert done.returncode == 0, done.stderr
