"""Arrays of any library: from theirs to ours, and results back to theirs."""

import array_api_rust as ours
import numpy as np
from sklearn.externals import array_api_compat
from sklearn.utils._array_api import _convert_to_numpy

# What stands in for a dtype on a device that lacks it.
NARROWER = {"float64": "float32", "int64": "int32", "uint64": "uint32"}


def is_ours(x):
    return isinstance(x, ours.Array)


def is_foreign(x):
    """Whether this is an array of the array API standard and none of NumPy: it has a library and a device that results follow."""
    return array_api_compat.is_array_api_obj(x) and not isinstance(x, (np.ndarray, np.generic))


def on_host(x):
    """An array of any library as one of NumPy. What is no array stays as it is."""
    if is_ours(x):
        return np.asarray(x.to_device("cpu"))
    if not is_foreign(x):
        return np.from_dlpack(x) if hasattr(x, "__dlpack__") and not hasattr(x, "__array__") else x
    try:
        return np.from_dlpack(x, device="cpu")
    # What libraries raise that do not hand out memory of this device, or know an older DLPack.
    except (AttributeError, BufferError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return _convert_to_numpy(x, array_api_compat.array_namespace(x))


def as_ours(x, device):
    """An array of any library as one of ours, on a device. A dtype that the device lacks is narrowed."""
    if not is_ours(x):
        x = np.asarray(on_host(x))
        known = ours.__array_namespace_info__().dtypes(device=device)
        if x.dtype.name not in known and x.dtype.name in NARROWER:
            x = x.astype(NARROWER[x.dtype.name])
    return ours.asarray(x, device=device)


class Home:
    """The library and the device of an array: where results go."""

    def __init__(self, x):
        self.xp = array_api_compat.array_namespace(x) if is_foreign(x) else np
        self.device = array_api_compat.device(x) if is_foreign(x) else "cpu"

    def bring(self, x):
        """An array of ours, or of NumPy, as one of this library."""
        if self.xp is ours and is_ours(x):
            return x.to_device(self.device)
        if self.xp is ours:
            return as_ours(x, self.device)
        x = on_host(x)
        if self.xp is np:
            # As NumPy's own functions, which return no arrays without axes.
            return x[()] if x.ndim == 0 else x
        return self.xp.asarray(x, device=self.device)
