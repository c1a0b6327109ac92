"""scikit-learn's estimators on every device, under scikit-learn's names: `array_api_rust.ml.linear_model.Ridge`.

They are estimators of scikit-learn, for its pipelines and searches, and compute in Rust. NumPy's arrays, lists, data frames and arrays of any library of the array API
standard go in. What comes out follows the samples: their library and their device.
"""

try:
    import sklearn.externals.array_api_compat  # noqa: F401
except ImportError as error:
    raise ImportError("array_api_rust.ml needs scikit-learn 1.8 or newer: `pip install scikit-learn`") from error

import sys
from types import ModuleType

from array_api_rust._ml import estimators
from array_api_rust.ml._classes import estimator_class

__all__ = []


def _module(name):
    """A module of this one, made where there is none yet."""
    path = f"{__name__}.{name}"
    if path not in sys.modules:
        module = ModuleType(path, f"Estimators of scikit-learn's module `{name}`.")
        module.__all__ = []
        sys.modules[path] = globals()[name] = module
        __all__.append(name)
    return sys.modules[path]


for _about in estimators():
    _home = _module(_about["module"])
    _class = estimator_class(_about, _home.__name__)
    setattr(_home, _class.__name__, _class)
    _home.__all__.append(_class.__name__)
del _about, _home, _class
