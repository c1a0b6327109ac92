"""What the tests of scikit-learn share: devices, data, and the comparison with NumPy's results."""

import array_api_rust as xp
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris

ARRAY = type(xp.asarray(0))
X, CLASSES = load_iris(return_X_y=True)


def _places():
    """Devices with their most precise dtype; the CPU with both."""
    info = xp.__array_namespace_info__()
    for device in info.devices():
        dtypes = [name for name in ("float64", "float32") if name in info.dtypes(device=device)]
        for dtype in dtypes if device == "cpu" else dtypes[:1]:
            yield device, dtype


PLACES = list(_places())


def moved(value, device, dtype):
    """Arrays of NumPy as arrays of ours, floating-point ones in one dtype; also in dictionaries and tuples."""
    if isinstance(value, dict):
        return {name: moved(part, device, dtype) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(moved(part, device, dtype) for part in value)
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "f":
        value = value.astype(dtype)
    kinds = xp.__array_namespace_info__().dtypes(device=device)
    if value.dtype.name not in kinds:
        value = value.astype({"int64": "int32"}[value.dtype.name])
    return xp.asarray(value, device=device)


def rounded(value, dtype):
    """The same arrays of NumPy, floating-point ones in one dtype."""
    if isinstance(value, dict):
        return {name: rounded(part, dtype) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(rounded(part, dtype) for part in value)
    return value.astype(dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def on_host(value):
    return np.from_dlpack(value.to_device("cpu")) if isinstance(value, ARRAY) else np.asarray(value)


def attributes(estimator):
    """What fitting has left in an estimator."""
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")}


def compare(got, wanted, device, tolerance, name, up_to_sign=(), follows_x=True):
    """Whether results are NumPy's, and arrays where NumPy's are arrays, on the device of the input."""
    if isinstance(wanted, BaseEstimator):
        assert type(got) is type(wanted), name
        compare(attributes(got), attributes(wanted), device, tolerance, name, up_to_sign, follows_x)
    elif isinstance(wanted, dict):
        assert got.keys() == wanted.keys(), name
        for key, value in wanted.items():
            compare(got[key], value, device, tolerance, f"{name}.{key}", up_to_sign, follows_x)
    elif isinstance(wanted, (list, tuple)):
        assert len(got) == len(wanted), name
        for k, (one, other) in enumerate(zip(got, wanted)):
            compare(one, other, device, tolerance, f"{name}[{k}]", up_to_sign, follows_x)
    elif isinstance(wanted, (np.ndarray, np.generic, float)):
        if isinstance(wanted, np.ndarray) and follows_x:
            assert got.__array_namespace__() is xp and got.device == device, name
        numbers = on_host(got)
        assert numbers.shape == np.shape(wanted), name
        if name.rsplit(".", 1)[-1] in up_to_sign:
            numbers, wanted = abs(numbers), abs(wanted)
        np.testing.assert_allclose(numbers, wanted, rtol=tolerance, atol=tolerance, err_msg=name)
    else:
        assert got == wanted, name
