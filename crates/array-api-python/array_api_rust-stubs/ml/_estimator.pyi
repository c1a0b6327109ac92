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
