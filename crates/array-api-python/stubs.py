"""Writes the type stubs of `array_api_rust` from the table of estimators: `python stubs.py` after the module was built.

They are a package of their own, `array_api_rust-stubs`, because the module is a single file.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "array_api_rust-stubs"

MODULE = """\
from typing import Any

class Array:
    def __getattr__(self, name: str) -> Any: ...

# The functions of the standard.
def __getattr__(name: str) -> Any: ...
"""

ESTIMATOR = """\
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from typing_extensions import Self

# Arrays of any library, data frames and lists go in; arrays of the samples' library come out.
ArrayLike: TypeAlias = Any
Array: TypeAlias = Any
# One of a few words, a number, several, or one for each label: the class says what is meant.
Choice: TypeAlias = str | float | Sequence[Any] | Mapping[Any, float]
Seed: TypeAlias = Any

class Estimator:
    n_features_in_: int
    feature_names_in_: Array
    def get_params(self, deep: bool = ...) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
"""

TRANSFORMER = """\
    def fit_transform(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> Array: ...
    def get_feature_names_out(self, input_features: Any = None) -> Array: ...
    def set_output(self, *, transform: str | None = None) -> Self: ...
"""

PYTHON = {"bool": "bool", "usize": "int", "u64": "int", "i64": "int", "f64": "float", "String": "str"}


def stubs(table):
    """The text of each file."""
    modules = {}
    for about in table:
        modules.setdefault(about["module"], []).append(about)
    names = "".join(f"from . import {name} as {name}\n" for name in sorted(modules))
    files = {"py.typed": "", "__init__.pyi": MODULE, "ml/__init__.pyi": names, "ml/_estimator.pyi": ESTIMATOR}
    for name, estimators in modules.items():
        head = "from collections.abc import Sequence\nfrom typing import Any\n\nfrom typing_extensions import Self\n\n"
        head += "from ._estimator import Array, ArrayLike, Choice, Estimator, Seed\n"
        files[f"ml/{name}.pyi"] = head + "".join(stub(about) for about in estimators)
    return files


def stub(about):
    lines = ["", f"class {about['name']}(Estimator):"]
    lines += [f"    {name}: {'Array' if axes else 'Any'}" for name, (axes, _) in about["attributes"].items()]
    parameters = [f"{name}: {python(name, of)} = {default!r}" for name, (default, of, _) in about["parameters"].items()]
    parameters.insert(1, "*")
    lines.append(f"    def __init__(self, {', '.join(parameters) if len(parameters) > 2 else parameters[0]}) -> None: ...")
    y = "y: ArrayLike" if about["is_supervised"] else "y: None = None"
    weight = ", sample_weight: ArrayLike | None = None" if about["takes_sample_weight"] else ""
    lines.append(f"    def fit(self, X: ArrayLike, {y}{weight}) -> Self: ...")
    classifies = "classes_" in about["attributes"]
    if about["is_incremental"]:
        classes = ", classes: ArrayLike | None = None" if classifies else ""
        lines.append(f"    def partial_fit(self, X: ArrayLike, {y}{classes}{weight}) -> Self: ...")
    lines += [f"    def {method}(self, X: ArrayLike) -> Array: ..." for method in about["methods"]]
    if about["is_supervised"]:
        lines.append("    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float: ...")
    elif about["has_score"]:
        lines.append(f"    def score(self, X: ArrayLike, y: None = None{weight}) -> float: ...")
    if "labels_" in about["attributes"]:
        lines.append("    def fit_predict(self, X: ArrayLike, y: None = None, **kwargs: Any) -> Array: ...")
    text = "\n".join(lines) + "\n"
    return text + TRANSFORMER if "transform" in about["methods"] else text


def python(name, of):
    """Python's type for a parameter of a type of Rust's."""
    of = of.replace(" ", "")
    if name == "random_state":
        return "Seed"
    if inner := re.fullmatch(r"Option<(.*)>", of):
        return f"{python(name, inner[1])} | None"
    if inner := re.fullmatch(r"Vec<(.*)>", of):
        return f"Sequence[{python(name, inner[1])}]"
    return PYTHON.get(of, "Choice")


if __name__ == "__main__":
    from array_api_rust._ml import estimators

    for file, text in stubs(estimators()).items():
        path = FOLDER / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
