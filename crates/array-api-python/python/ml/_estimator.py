"""What all estimators share. What an estimator is, a table says (`_about`); what it computes, Rust."""

import builtins
import warnings
from typing import NamedTuple

import array_api_rust as ours
import numpy as np
from array_api_rust import _ml
from array_api_rust.ml._arrays import Home, as_ours, is_foreign, is_ours, on_host
from sklearn import exceptions
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

FLOATING = [np.float64, np.float32]


class Labels(NamedTuple):
    """The labels of classes, ascending, in host memory: scikit-learn takes every array of an estimator itself for one of the samples' library."""

    values: np.ndarray




class Estimator(BaseEstimator):
    """An estimator of the table."""

    _about = None
    # Whether `partial_fit` goes on from `fit`, which then keeps what it has seen.
    _goes_on = False

    def _fit(self, X, y, sample_weight, **partial):
        before = dict(vars(self))
        try:
            self._learn(X, y, sample_weight, **partial)
        except BaseException:
            # What was fitted before stays whole.
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _learn(self, X, y, sample_weight, partial=False, classes=None):
        if partial and "_model" in vars(self) and "_seen" not in vars(self):
            raise ValueError("fit keeps nothing to go on from; start with partial_fit, on a clone of this estimator")
        first = not partial or "_seen" not in vars(self)
        parameters = self._parameters(partial)
        x, y = self._data(X, y, first)
        homes = Home(X), Home(y)
        if sample_weight is not None:
            sample_weight = self._weights(sample_weight, X, x)
        if y is not None:
            labels = self._labels_of_parts(classes, first) if partial else None
            y = self._targets(y, x, labels)
        given = self._about["name"], self._for_targets(parameters), x, y, sample_weight
        if partial or self._goes_on:
            self._seen = _ml.observe(None if first else self._seen, *given)
            model = self._seen.conclude()
        else:
            vars(self).pop("_seen", None)
            model = _ml.fit(*given)
        for category, text in model.warnings:
            kind = getattr(exceptions, category, None) or getattr(builtins, category)
            warnings.warn(text, kind, stacklevel=4)
        self._model = model
        self._show(model.attributes, *homes)

    def _labels_of_parts(self, classes, first):
        """The labels that parts of the samples may have: those of the first part's `classes`."""

    def _parameters(self, partial):
        """The parameters as Rust takes them, checked."""
        parameters = self.get_params(deep=False)
        seed = parameters.get("random_state", 0)
        if seed is None or isinstance(seed, np.random.RandomState):
            # Parts of the samples need the same parameters, and nothing is drawn for them.
            parameters["random_state"] = 0 if partial else int(check_random_state(seed).randint(2**31))
        try:
            _ml.check(self._about["name"], self._without_classes(parameters))
        except (TypeError, ValueError) as error:
            raise InvalidParameterError(str(error)) from None
        return parameters

    def _without_classes(self, parameters):
        """The parameters as far as they can be checked before the classes are known."""
        return parameters

    def _for_targets(self, parameters):
        """The parameters for targets that are known now."""
        return parameters

    def _data(self, X, y, reset):
        """Samples, checked and as an array of ours, and targets, checked. `reset` forgets the features of former ones."""
        about = self._about
        if about["is_supervised"] and y is None:
            raise ValueError(
                f"This {about['name']} estimator requires y to be passed, but the target y is None."
            )
        if not about["is_supervised"]:
            y = None
        if is_foreign(X):
            _check_feature_names(self, X, reset=reset)
            if X.ndim == 2:
                _check_n_features(self, X, reset=reset)
            return (X if is_ours(X) else as_ours(X, "cpu")), y
        checks = {
            "reset": reset,
            "dtype": FLOATING,
            "ensure_min_samples": about["min_samples"],
            "ensure_all_finite": self._finite(),
        }
        if y is None:
            X = validate_data(self, on_host(X), **checks)
        else:
            X, y = validate_data(self, on_host(X), on_host(y), **checks, **self._target_checks())
        return as_ours(X, "cpu"), y

    def _finite(self):
        return "allow-nan" if self._about["nan_is_missing"] else True

    def _target_checks(self):
        return {"multi_output": True, "y_numeric": True}

    def _targets(self, y, x, labels):
        """Targets as an array beside the samples."""
        return as_ours(y, x.device)

    def _weights(self, sample_weight, X, x):
        if is_foreign(X) and is_foreign(sample_weight):
            return as_ours(sample_weight, x.device)
        # As many rows as the samples have, whose values do not matter here.
        rows = np.broadcast_to(np.float64(0), (x.shape[0], 1)) if is_foreign(X) else X
        return as_ours(_check_sample_weight(on_host(sample_weight), rows), x.device)

    def _show(self, attributes, home, home_of_y):
        """Makes what a fit has computed attributes of this object, in the library of the samples; classes in that of y."""
        for name in self._about["attributes"]:
            self.__dict__.pop(name, None)
            if self._about["module"] == "preprocessing":
                # So scikit-learn's scalers say what they were not asked for.
                setattr(self, name, None)
        for name, value in attributes.items():
            if isinstance(value, list):
                # One number for all columns, or one for each.
                value = [int(v) if float(v).is_integer() else v for v in value]
                value = value[0] if len(value) == 1 else home.bring(np.asarray(value))
            elif is_ours(value):
                value = home.bring(value)
            setattr(self, name, value)

    def _samples(self, X):
        """Samples for the fitted model: checked, as an array of ours on its device."""
        check_is_fitted(self)
        if is_foreign(X):
            if X.ndim == 2:
                _check_n_features(self, X, reset=False)
            return X if is_ours(X) else as_ours(X, self._model.device)
        X = validate_data(self, on_host(X), reset=False, dtype=FLOATING, ensure_all_finite=self._finite())
        return as_ours(X, self._model.device)

    def _call(self, method, X):
        x = self._samples(X)
        return Home(X).bring(self._model.call(method, x))

    def _back(self, method, X):
        """Calls a method with what `transform` gave, which need not have the columns of the samples."""
        check_is_fitted(self)
        if not is_foreign(X):
            X = check_array(on_host(X), dtype=FLOATING, ensure_all_finite=self._finite())
        x = X if is_ours(X) else as_ours(X, self._model.device)
        return Home(X).bring(self._model.call(method, x))

    @property
    def _n_features_out(self):
        """How many columns `transform` gives; scikit-learn names them by their numbers."""
        one = ours.zeros((1, self.n_features_in_), dtype=ours.float32, device=self._model.device)
        return self._model.call("transform", one).shape[1]

    def __sklearn_is_fitted__(self):
        return "_model" in vars(self)


class Tags:
    """What scikit-learn asks an estimator about itself. The first of a class's bases, for it completes what the others say."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.input_tags.allow_nan = self._about["nan_is_missing"]
        if tags.regressor_tags is not None:
            tags.target_tags.multi_output = True
        if tags.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class Classifier:
    """Labels of any kind: Rust gets the number of each sample's class."""

    def _target_checks(self):
        return {}

    def _targets(self, y, x, labels):
        y = column_or_1d(np.asarray(on_host(y)), warn=True)
        check_classification_targets(y)
        check_consistent_length(np.empty(x.shape[0]), y)
        if labels is None:
            labels, numbers = np.unique(y, return_inverse=True)
        else:
            numbers = np.minimum(np.searchsorted(labels, y), len(labels) - 1)
            strange = np.unique(y[labels[numbers] != y])
            if strange.size:
                raise ValueError(f"The target label(s) {strange} in y do not exist in the initial classes {labels}")
        self._labels = Labels(labels)
        return ours.asarray(numbers.astype(np.int32), device=x.device)

    def _labels_of_parts(self, classes, first):
        given = None if classes is None else np.unique(on_host(classes))
        if first and given is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if not first and given is not None and not np.array_equal(given, self._labels.values):
            raise ValueError(f"classes={classes!r} is not the same as on the first call to partial_fit: {self._labels.values}")
        return given if first else self._labels.values

    def _without_classes(self, parameters):
        if isinstance(parameters.get("class_weight"), dict):
            # The names of the classes are known once there are targets.
            weights = parameters["class_weight"].values()
            parameters = {**parameters, "class_weight": dict(enumerate(weights))}
        return parameters

    def _for_targets(self, parameters):
        if isinstance(parameters.get("class_weight"), dict):
            numbers = {label: k for k, label in enumerate(self._labels.values.tolist())}
            given = parameters["class_weight"]
            weights = {numbers[label]: weight for label, weight in given.items() if label in numbers}
            parameters = {**parameters, "class_weight": weights}
        return parameters

    def _show(self, attributes, home, home_of_y):
        super()._show(attributes, home, home_of_y)
        # Of labels that partial_fit announces, those seen so far.
        self.classes_ = home_of_y.bring(self._labels.values[on_host(attributes["classes_"])])

    def predict(self, X):
        """The label of each sample's class."""
        x = self._samples(X)
        numbers = self._model.call("predict", x)
        home, labels = Home(X), self._labels.values
        if labels.dtype.kind not in "biuf" or home.xp is np:
            # Only NumPy's arrays hold text.
            return labels[on_host(numbers)]
        return home.bring(ours.take(as_ours(labels, numbers.device), numbers))

    def score(self, X, y, sample_weight=None):
        """The share of samples whose class is predicted rightly."""
        predicted = on_host(self.predict(X))
        return float(accuracy_score(on_host(y), predicted, sample_weight=on_host(sample_weight)))


class Regressor:
    def score(self, X, y, sample_weight=None):
        """The coefficient of determination R²: 1 for predictions without error, 0 for those of the mean."""
        predicted = on_host(self.predict(X))
        return float(r2_score(on_host(y), predicted, sample_weight=on_host(sample_weight)))


class SupervisedFit:
    def fit(self, X, y):
        """Fits to samples `X (n, p)` and their `y (n,)`."""
        return self._fit(X, y, None)


class WeightedSupervisedFit:
    def fit(self, X, y, sample_weight=None):
        """Fits to samples `X (n, p)` and their `y (n,)`, which count as much as `sample_weight (n,)` says."""
        return self._fit(X, y, sample_weight)


class UnsupervisedFit:
    def fit(self, X, y=None):
        """Fits to samples `X (n, p)`. There is no `y`."""
        return self._fit(X, None, None)


class WeightedUnsupervisedFit:
    def fit(self, X, y=None, sample_weight=None):
        """Fits to samples `X (n, p)`, which count as much as `sample_weight (n,)` says. There is no `y`."""
        return self._fit(X, None, sample_weight)


# By whether there is a `y`, and whether samples have weights.
FITS = {
    (True, True): WeightedSupervisedFit,
    (True, False): SupervisedFit,
    (False, True): WeightedUnsupervisedFit,
    (False, False): UnsupervisedFit,
}


class PartialFit:
    def partial_fit(self, X, y=None):
        """Goes on with more samples: the fit is that of all parts together."""
        return self._fit(X, y, None, partial=True)


class WeightedPartialFit:
    def partial_fit(self, X, y=None, sample_weight=None):
        """Goes on with more samples: the fit is that of all parts together."""
        return self._fit(X, y, sample_weight, partial=True)


class ClassifierPartialFit:
    def partial_fit(self, X, y, classes=None):
        """Goes on with more samples: the fit is that of all parts together. The first call is given all `classes` that there will be; `classes_` are those seen."""
        return self._fit(X, y, None, partial=True, classes=classes)


class WeightedClassifierPartialFit:
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Goes on with more samples: the fit is that of all parts together. The first call is given all `classes` that there will be; `classes_` are those seen."""
        return self._fit(X, y, sample_weight, partial=True, classes=classes)


# By whether `y` are labels of classes, and whether samples have weights.
PARTIAL_FITS = {
    (True, True): WeightedClassifierPartialFit,
    (True, False): ClassifierPartialFit,
    (False, True): WeightedPartialFit,
    (False, False): PartialFit,
}


class UnsupervisedScore:
    def score(self, X, y=None):
        """How well the model describes samples. There is no `y`."""
        x = self._samples(X)
        return self._model.score(x)


class WeightedUnsupervisedScore:
    def score(self, X, y=None, sample_weight=None):
        """How well the model describes samples, which count as much as `sample_weight (n,)` says. There is no `y`."""
        x = self._samples(X)
        weights = None if sample_weight is None else self._weights(sample_weight, X, x)
        return self._model.score(x, None, weights)
