"""Makes a class of each row of the table of estimators."""

import re
from importlib import import_module
from inspect import Parameter, Signature

from array_api_rust.ml import _estimator as parts
from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    OneToOneFeatureMixin,
    RegressorMixin,
    TransformerMixin,
)

METHODS = {
    "predict": "What the model says of samples: `(n, p) → (n,)`.",
    "predict_proba": "The probability of each class: `(n, p) → (n, K)`.",
    "predict_log_proba": "The log of the probability of each class: `(n, p) → (n, K)`.",
    "predict_joint_log_proba": "The log of the probability of each sample together with each class: `(n, p) → (n, K)`.",
    "decision_function": "How much speaks for each class, `(n, p) → (n, K)`; for two classes what speaks for the second, `(n,)`.",
    "transform": "The samples in another form: `(n, p) → (n, q)`.",
    "inverse_transform": "Samples that `transform` gave in their first form again: `(n, q) → (n, p)`.",
    "score_samples": "The log-likelihood of each sample: `(n, p) → (n,)`.",
}


def estimator_class(about, home):
    """The class of an estimator, in a module of the name `home`."""
    classifies = "classes_" in about["attributes"]
    bases = [parts.Tags]
    # scikit-learn's own bases, and ours with the same meaning before them.
    if classifies:
        bases += [parts.Classifier, ClassifierMixin]
    elif about["is_supervised"]:
        bases += [parts.Regressor, RegressorMixin]
    elif about["has_score"]:
        weighted = about["takes_sample_weight"]
        bases.append(parts.WeightedUnsupervisedScore if weighted else parts.UnsupervisedScore)
    if "labels_" in about["attributes"]:
        bases.append(ClusterMixin)
    if "transform" in about["methods"]:
        # What only prepares features keeps them, and their names.
        prepares = about["module"] == "preprocessing"
        bases += [OneToOneFeatureMixin if prepares else ClassNamePrefixFeaturesOutMixin, TransformerMixin]
    if about["is_incremental"]:
        bases.append(parts.PARTIAL_FITS[classifies, about["takes_sample_weight"]])
    bases += [parts.FITS[about["is_supervised"], about["takes_sample_weight"]], parts.Estimator]
    members = {
        "__module__": home,
        "__doc__": documentation(about),
        "__init__": constructor(about),
        "_about": about,
        "_goes_on": about["is_incremental"] and hasattr(scikit_learn_s(about), "partial_fit"),
    }
    for name in about["methods"]:
        if name != "predict" or not classifies:
            members[name] = method(name, about["name"], home)
    return type(about["name"], tuple(bases), members)


def scikit_learn_s(about):
    """scikit-learn's class of the same name, if it has one."""
    return getattr(import_module(f"sklearn.{about['module']}"), about["name"], None)


def constructor(about):
    """`__init__` with the parameters of the table: the first by its place or its name, the others by their names."""
    parameters = [Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)]
    for k, (name, (default, *_)) in enumerate(about["parameters"].items()):
        kind = Parameter.POSITIONAL_OR_KEYWORD if k == 0 else Parameter.KEYWORD_ONLY
        parameters.append(Parameter(name, kind, default=default))
    signature = Signature(parameters)

    def __init__(*args, **kwargs):
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        self, *_ = args
        for name, value in given.arguments.items():
            if name != "self":
                setattr(self, name, value)

    __init__.__signature__ = signature
    __init__.__qualname__ = f"{about['name']}.__init__"
    return __init__


def method(name, owner, home):
    """A method that takes samples and gives an array."""
    call = parts.Estimator._back if name == "inverse_transform" else parts.Estimator._call

    def function(self, X):
        return call(self, name, X)

    function.__name__, function.__qualname__, function.__module__ = name, f"{owner}.{name}", home
    function.__doc__ = METHODS[name]
    return function


def documentation(about):
    """The text of an estimator, as NumPy's style has it."""
    lines = [plain(about["doc"]), "", "Parameters", "----------"]
    for name, (default, _, doc) in about["parameters"].items():
        lines += [f"{name} : default={default!r}", indented(plain(doc))]
    lines += ["", "Attributes", "----------"]
    for name, (_, doc) in about["attributes"].items():
        lines += [name, indented(plain(doc))]
    lines += ["n_features_in_ : int", "feature_names_in_ : array of shape (p,), if the samples name their columns"]
    return "\n".join(lines)


def plain(text):
    """Rust's documentation without its links and its example, which is Rust's."""
    text = text.split("```")[0]
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[(`[^\]]+`)\]", r"\1", text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def indented(text):
    return "\n".join("    " + line for line in text.splitlines())
