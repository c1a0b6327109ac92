"""Writes `vectors/functions.jsonl.zst`: calls of functions that the grid does not hold, with NumPy's results.

    python3 -m venv oracle
    oracle/bin/pip install numpy==2.3.5 mpmath==1.3.0 zstandard==0.25.0
    oracle/bin/python crates/array-api-conformance/generate/functions.py

Elementwise functions get their values from mpmath, correctly rounded to the dtype; all other results are NumPy's. Two runs write the same bytes.
"""

import base64
import itertools
import json
import pathlib

import mpmath
import numpy as np
import zstandard

OUT = pathlib.Path(__file__).parents[1] / "vectors" / "functions.jsonl.zst"
REAL = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
FLOATING = ["float32", "float64", "complex64", "complex128"]
NUMERIC = REAL + ["complex64", "complex128"]
ALL = ["bool"] + NUMERIC
SOME = ["bool", "int8", "uint16", "int64", "float32", "complex128"]

lines = []


def encode(value):
    """A Python value in the form that `src/vectors.rs` reads."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value)
        data = value.astype(value.dtype.newbyteorder("<")).tobytes()
        return {"a": value.dtype.name, "s": list(value.shape), "b": base64.b64encode(data).decode()}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": value.hex()}
    if isinstance(value, str):
        return {"str": value}
    if isinstance(value, slice):
        part = lambda x: None if x is None else {"i": str(x)}
        return {"sl": [part(value.start), part(value.stop), part(value.step)]}
    if value is Ellipsis:
        return {"e": 1}
    if isinstance(value, (tuple, list)):
        return {"t": [encode(v) for v in value]}
    raise TypeError(value)


def write(function, arguments, keywords, result):
    lines.append(json.dumps({"f": function, "a": [encode(a) for a in arguments],
                             "k": {k: encode(v) for k, v in keywords.items()}, "r": encode(result)},
                            separators=(",", ":")))


def raises(function, exception, *arguments, **keywords):
    lines.append(json.dumps({"f": function, "a": [encode(a) for a in arguments],
                             "k": {k: encode(v) for k, v in keywords.items()}, "x": exception},
                            separators=(",", ":")))


def array(dtype, *shape, seed=0):
    """Small numbers without a pattern; fractions where the dtype has them."""
    size = int(np.prod(shape))
    k = np.arange(size) + 17 * seed
    numbers = (k * 37 + k * k * 11 + 5) % 23 - 11
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        values = numbers > 0
    elif dtype.kind == "u":
        values = np.abs(numbers)
    elif dtype.kind == "f":
        values = numbers / 4
    elif dtype.kind == "c":
        values = numbers / 4 + 1j * ((numbers * 5 + k) % 13 - 6)
    else:
        values = numbers
    return values.astype(dtype).reshape(shape)


def creation():
    for dtype in ALL:
        for shape, k in itertools.product([(3, 4), (2, 4, 3), (0, 2), (1, 1)], [-9, -1, 0, 2, 9]):
            for function in (np.tril, np.triu):
                x = array(dtype, *shape)
                write(function.__name__, [x], {"k": k}, function(x, k=k))
        for indexing, lengths in itertools.product(["xy", "ij"], [(), (3,), (2, 3), (2, 1, 3), (2, 0)]):
            parts = [array(dtype, n, seed=i) for i, n in enumerate(lengths)]
            write("meshgrid", parts, {"indexing": indexing}, tuple(np.meshgrid(*parts, indexing=indexing)))
    raises("tril", "ValueError", array("int32", 3), k=0)
    raises("meshgrid", "ValueError", array("int32", 3, 2), indexing="xy")
    for arguments in [(5, None, 1), (2, 11, 3), (7, -8, -4), (3, 3, 1), (-3, 9, 5), (0, 1, 7)]:
        start, stop, step = arguments
        result = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
        write("arange", list(arguments), {}, result)
    for start, stop, num, endpoint in [(0.0, 1.0, 5, True), (-2.0, 7.0, 4, False), (3.0, -3.0, 7, True), (1.0, 2.0, 1, True)]:
        write("linspace", [start, stop, num], {"endpoint": endpoint}, np.linspace(start, stop, num, endpoint=endpoint))
    for dtype in NUMERIC:
        for n, m, k in [(3, 3, 0), (2, 5, 1), (4, 2, -2), (2, 2, 9), (0, 3, 0)]:
            write("eye", [n, m], {"k": k, "dtype": None}, np.eye(n, m, k=k, dtype="float64"))


def manipulation():
    for dtype in ALL:
        x = array(dtype, 2, 3, 4)
        for axes in itertools.permutations(range(3)):
            write("permute_dims", [x, axes], {}, np.transpose(x, axes))
        for a, b in itertools.product([-3, 0, 1, 2], repeat=2):
            write("moveaxis", [x, a, b], {}, np.moveaxis(x, a, b))
        for axis in [0, -1, (0, 2), (1, -1), (0, 4), 3]:
            write("expand_dims", [x], {"axis": axis}, np.expand_dims(x, axis))
        for axis in [None, 0, 1, -1, (0, 2), ()]:
            write("flip", [x], {"axis": axis}, np.flip(x, axis))
        for shape in [(24,), (6, 4), (4, 1, 6), (2, 2, 2, 3)]:
            write("reshape", [x, shape], {}, x.reshape(shape))
        write("reshape", [np.swapaxes(x, 0, 2), (-1, 3)], {}, np.swapaxes(x, 0, 2).reshape(-1, 3))
        for shape in [(2, 3, 4), (5, 2, 3, 4)]:
            write("broadcast_to", [x, shape], {}, np.broadcast_to(x, shape))
        write("broadcast_to", [array(dtype, 3, 1), (2, 3, 4)], {}, np.broadcast_to(array(dtype, 3, 1), (2, 3, 4)))
        for axis in [0, 1, -1, None]:
            y = array(dtype, 2, 3, 4, seed=1)
            write("concat", [(x, y)], {"axis": axis}, np.concatenate([x, y], axis=axis))
        for axis in [0, 2, -1]:
            y = array(dtype, 2, 3, 4, seed=1)
            write("stack", [(x, y, x)], {"axis": axis}, np.stack([x, y, x], axis=axis))
        one = array(dtype, 1, 3, 1)
        for axis in [0, -1, (0, 2)]:
            write("squeeze", [one, axis], {}, np.squeeze(one, axis))
        for shift, axis in [(1, None), (-5, None), (2, 0), (-1, 2), ((1, 2), (0, 2)), (1, (1, 2)), ((1, 1), (1, 1)), (24, -1), (0, 1)]:
            write("roll", [x], {"shift": shift, "axis": axis}, np.roll(x, shift, axis))
        for n, axis in [(2, None), (3, 0), (0, 1), (2, -1), (1, 2)]:
            write("repeat", [x, n], {"axis": axis}, np.repeat(x, n, axis))
        for counts, axis in [([2, 0], 0), ([1, 2, 3], 1), ([0, 0, 0, 0], 2), ([3], 1)]:
            counts = np.array(counts, dtype="int64")
            write("repeat", [x, counts], {"axis": axis}, np.repeat(x, counts, axis))
        for repetitions in [(), (2,), (2, 1), (3, 1, 2), (2, 1, 1, 2), (0, 2)]:
            write("tile", [x, repetitions], {}, np.tile(x, repetitions))
        for axis in [0, 1, -1]:
            write("unstack", [x], {"axis": axis}, tuple(np.moveaxis(x, axis, 0)))
    x = array("int32", 2, 3)
    raises("roll", "ValueError", x, shift=(1, 2, 3), axis=(0, 1))
    raises("repeat", "ValueError", x, np.array([1, -1]), axis=0)
    raises("repeat", "ValueError", x, np.array([1, 1, 1]), axis=0)
    raises("expand_dims", "ValueError", x, axis=(0, 0))
    raises("expand_dims", "ValueError", x, axis=4)
    raises("unstack", "ValueError", x, axis=2)


def searching():
    for dtype in REAL:
        sorted_ = np.sort(array(dtype, 11))
        values = array(dtype, 3, 4, seed=1)
        for side in ["left", "right"]:
            write("searchsorted", [sorted_, values], {"side": side}, np.searchsorted(sorted_, values, side))
            mixed = array(dtype, 9, seed=3)
            order = np.argsort(mixed, kind="stable")
            write("searchsorted", [mixed, values], {"side": side, "sorter": order}, np.searchsorted(mixed, values, side, order))
            write("searchsorted", [sorted_, 2], {"side": side}, np.searchsorted(sorted_, np.array(2, dtype=dtype), side))
            empty = array(dtype, 0)
            write("searchsorted", [empty, values], {"side": side}, np.searchsorted(empty, values, side))
    special = np.array([-np.inf, -1.0, 0.0, 0.0, 3.0, np.inf, np.nan, np.nan])
    for side in ["left", "right"]:
        write("searchsorted", [special, special], {"side": side}, np.searchsorted(special, special, side))
    raises("searchsorted", "ValueError", array("int32", 2, 2), array("int32", 2), side="left")
    for dtype in ALL:
        x, y = array(dtype, 3, 5), array(dtype, 4, seed=2)
        for invert in [False, True]:
            write("isin", [x, y], {"invert": invert}, np.isin(x, y, invert=invert))
            write("isin", [x, array(dtype, 0)], {"invert": invert}, np.isin(x, array(dtype, 0), invert=invert))
    write("isin", [array("int32", 7), 3], {"invert": False}, np.isin(array("int32", 7), 3))
    write("isin", [np.array([np.nan, 1.0]), np.array([np.nan, 2.0])], {"invert": False}, np.array([False, False]))
    for dtype in NUMERIC:
        x = array(dtype, 3, 5)
        for axis, n in itertools.product([0, 1, -1], [0, 1, 2, 7]):
            write("diff", [x], {"axis": axis, "n": n}, np.diff(x, n=n, axis=axis))
        before, after = array(dtype, 3, 1, seed=4), array(dtype, 3, 2, seed=5)
        write("diff", [x], {"axis": 1, "prepend": before, "append": after}, np.diff(x, axis=1, prepend=before, append=after))


def indexing():
    for dtype in ALL:
        x = array(dtype, 3, 4, 5)
        i, j = np.array([2, 0, -1]), np.array([[1], [-4]])
        mask = array("bool", 3, 4)
        keys = [(i,), (i, 1), (0, j), (i, i, i), (i, j, 2), (slice(None), i), (i, slice(1, 3)), (i, slice(None), j), (Ellipsis, j),
                (None, i), (slice(None), i, None, j), (mask, i[:1]), (mask, slice(None, None, -1)), (np.array(1), np.array([0, 3])),
                (np.zeros((0,), dtype="int64"),)]
        for key in keys:
            write("__getitem__", [x, key], {}, x[key])
            y = x.copy()
            value = array(dtype, *y[key].shape, seed=6)
            y[key] = value
            write("__setitem__", [x, key, value], {}, y)
            y = x.copy()
            y[key] = value.ravel()[0] if value.size else array(dtype)
            write("__setitem__", [x, key, value.ravel()[0] if value.size else array(dtype)], {}, y)
        flat = array(dtype, 6)
        twice, values = np.array([1, 4, 1, 1]), array(dtype, 4, seed=7)
        y = flat.copy()
        y[twice] = values
        write("__setitem__", [flat, (twice,), values], {}, y)
    x = array("int32", 3, 4)
    raises("__getitem__", "IndexError", x, (np.array([3]),))
    raises("__getitem__", "IndexError", x, (np.array([-4]),))
    raises("__getitem__", "IndexError", x, (np.array([0]), np.array([0]), np.array([0])))
    raises("__getitem__", "IndexError", x, (np.array([0, 1]), np.array([0, 1, 2])))
    raises("__getitem__", "IndexError", x, (np.array([0.5], dtype="float32"),))


def linear_algebra():
    for dtype in NUMERIC:
        x, y = array(dtype, 2, 3, 4), array(dtype, 4, 3, seed=1)
        for axes in [1, 0, ([2], [0]), ([1, 2], [1, 0]), ([-2], [-1])]:
            write("tensordot", [x, y], {"axes": axes}, np.tensordot(x, y, axes))
        a, b = array(dtype, 5, 3), array(dtype, 5, 3, seed=2)
        write("cross", [a, b], {"axis": -1}, np.cross(a, b))
        write("cross", [a.T.copy(), b.T.copy()], {"axis": -2}, np.cross(a.T, b.T, axisa=0, axisb=0, axisc=0))
        write("cross", [a, b[0]], {"axis": -1}, np.cross(a, b[0]))
        write("matmul", [x, y], {}, x @ y)
        write("vecdot", [a, b], {"axis": -1}, np.sum(np.conj(a) * b, axis=-1, dtype=dtype))
        write("outer", [a[0], b[1]], {}, np.outer(a[0], b[1]))
    raises("tensordot", "ValueError", array("int32", 2, 3), array("int32", 2, 3), axes=1)
    raises("cross", "ValueError", array("int32", 2, 4), array("int32", 2, 4), axis=-1)
    for dtype in FLOATING:
        x = array(dtype, 2, 4, 4) + 6 * np.eye(4, dtype=dtype)
        tall, wide = array(dtype, 5, 3), array(dtype, 2, 3, 5)
        low = (array(dtype, 5, 2, seed=3) @ array(dtype, 2, 5, seed=4)).astype(dtype)
        definite = x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(4, dtype=dtype)
        write("det", [x], {}, np.linalg.det(x))
        write("slogdet", [x], {}, tuple(np.linalg.slogdet(x)))
        write("inv", [x], {}, np.linalg.inv(x))
        write("solve", [x, array(dtype, 2, 4, 3)], {}, np.linalg.solve(x, array(dtype, 2, 4, 3)))
        write("cholesky", [definite], {"upper": False}, np.linalg.cholesky(definite))
        write("cholesky", [definite], {"upper": True}, np.conj(np.swapaxes(np.linalg.cholesky(definite), -1, -2)))
        write("eigvalsh", [definite], {}, np.linalg.eigvalsh(definite))
        write("trace", [x], {"offset": 1}, np.trace(x, 1, -2, -1))
        write("diagonal", [x], {"offset": -1}, np.diagonal(x, -1, -2, -1))
        for n in [-2, -1, 0, 1, 3, 5]:
            write("matrix_power", [x[0] / 4], {"n": n}, np.linalg.matrix_power(x[0] / 4, n).astype(dtype))
        for y in [x, tall, wide, low]:
            write("svdvals", [y], {}, np.linalg.svd(y, compute_uv=False))
            write("matrix_rank", [y], {}, np.asarray(np.linalg.matrix_rank(y)))
            write("pinv", [y], {}, np.linalg.pinv(y, rcond=max(y.shape[-2:]) * np.finfo(dtype).eps))
            for ord_ in ["fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")]:
                for keepdims in [False, True]:
                    write("matrix_norm", [y], {"ord": ord_, "keepdims": keepdims},
                          np.asarray(np.linalg.norm(y, ord_, axis=(-2, -1), keepdims=keepdims)))
        for axis, keepdims in itertools.product([None, 0, -1, (0, 2)], [False, True]):
            for ord_ in [2, 1, 0, 3.5, -2, float("inf"), float("-inf")]:
                y = array(dtype, 2, 3, 4, seed=8)
                write("vector_norm", [y], {"axis": axis, "ord": ord_, "keepdims": keepdims},
                      np.asarray(np.linalg.vector_norm(y, axis=axis, ord=ord_, keepdims=keepdims)))
    raises("matrix_power", "ValueError", array("float64", 2, 3), n=2)
    raises("det", "ValueError", array("float64", 2, 3))
    raises("det", "TypeError", array("int32", 2, 2))


def fft():
    for dtype in ["complex64", "complex128"]:
        x = array(dtype, 3, 8)
        for n, axis, norm in itertools.product([None, 5, 11, 1], [-1, 0], ["backward", "ortho", "forward"]):
            for name in ["fft", "ifft", "irfft", "hfft"]:
                write(name, [x], {"n": n, "axis": axis, "norm": norm}, getattr(np.fft, name)(x, n, axis, norm))
        y = array(dtype, 2, 3, 4)
        for s, axes, norm in [(None, None, "backward"), ((3, 5), (0, 2), "ortho"), (None, (1,), "forward"), ((4, 2), (-1, -3), "backward")]:
            for name in ["fftn", "ifftn", "irfftn"]:
                write(name, [y], {"s": s, "axes": axes, "norm": norm}, getattr(np.fft, name)(y, s, axes, norm))
    for dtype in ["float32", "float64"]:
        x = array(dtype, 3, 8)
        for n, axis, norm in itertools.product([None, 5, 11, 1], [-1, 0], ["backward", "ortho", "forward"]):
            for name in ["rfft", "ihfft"]:
                write(name, [x], {"n": n, "axis": axis, "norm": norm}, getattr(np.fft, name)(x, n, axis, norm))
        y = array(dtype, 2, 3, 4)
        for s, axes, norm in [(None, None, "backward"), ((3, 5), (0, 2), "ortho"), (None, (1,), "forward")]:
            write("rfftn", [y], {"s": s, "axes": axes, "norm": norm}, np.fft.rfftn(y, s, axes, norm))
    for n, d in itertools.product([1, 2, 7, 8], [1.0, 0.25]):
        write("fftfreq", [n], {"d": d}, np.fft.fftfreq(n, d))
        write("rfftfreq", [n], {"d": d}, np.fft.rfftfreq(n, d))
    for dtype in SOME:
        x = array(dtype, 4, 5)
        for axes in [None, 0, -1, (0, 1)]:
            write("fftshift", [x], {"axes": axes}, np.fft.fftshift(x, axes))
            write("ifftshift", [x], {"axes": axes}, np.fft.ifftshift(x, axes))
    raises("fft", "ValueError", array("complex64", 4), n=0, axis=-1, norm="backward")
    raises("fft", "TypeError", array("int32", 4), n=None, axis=-1, norm="backward")
    raises("rfft", "TypeError", array("complex64", 4), n=None, axis=-1, norm="backward")


def transcendental():
    mpmath.mp.prec = 400
    any_ = [s * m * 2.0**e for s in (1, -1) for m in (1.0, 1.2345678, 1.9) for e in (-40, -9, -3, -1, 0, 1, 2, 4)] + [0.75, -0.3, 13.7, -19.2, 31.4]
    positive = [abs(x) for x in any_] + [2.0**90, 2.0**-90, 1 + 2.0**-20, 1 - 2.0**-20]
    unit = [x / 32 for x in range(-31, 32)] + [2.0**-30, -2.0**-20, 1 - 2.0**-20]
    functions = {
        "acos": unit, "asin": unit, "atanh": unit, "acosh": [1 + abs(x) for x in any_], "asinh": any_, "atan": any_, "cos": any_ + [1e5, 1e8],
        "cosh": any_, "exp": any_, "expm1": any_, "log": positive, "log1p": [x for x in any_ if x > -1] + positive, "log2": positive,
        "log10": positive, "sin": any_ + [1e5, 1e8], "sinh": any_, "tan": any_ + [1e5], "tanh": any_,
    }
    other = {"log2": lambda x: mpmath.log(x) / mpmath.log(2), "log10": lambda x: mpmath.log(x) / mpmath.log(10)}
    for name, values in functions.items():
        for dtype in ["float32", "float64"]:
            x = np.array(values, dtype=dtype)
            f = other.get(name) or getattr(mpmath, name)
            if dtype == "float32":
                # Rounded to double precision first and then to single: ties between do not occur here.
                y = np.array([float(f(mpmath.mpf(float(v)))) for v in x]).astype(dtype)
            else:
                y = np.array([float(f(mpmath.mpf(float(v)))) for v in x])
            write(name, [x], {}, y)
    pairs = [(a, b) for a in (0.5, 1.1, 3.0, 17.0, 2.0**-7) for b in (-3.5, -1.0, 0.25, 2.0, 7.7)]
    for name, f in [("pow", mpmath.power), ("atan2", mpmath.atan2), ("hypot", mpmath.hypot)]:
        for dtype in ["float32", "float64"]:
            a, b = (np.array(v, dtype=dtype) for v in zip(*pairs))
            y = np.array([float(f(mpmath.mpf(float(p)), mpmath.mpf(float(q)))) for p, q in zip(a, b)]).astype(dtype)
            write(name, [a, b], {}, y)


def near_the_unit_circle(center):
    """Complex numbers whose distance from `center` is 1 or nearly so, and others all around."""
    values = [0.6 + 0.8j, 0.8 - 0.6j, -5 / 13 + 12j / 13, 1j, -1j, 1 + 1e-9j, 1 - 3e-12j, 1 + 0j, -1 + 1e-5j]
    for k in range(48):
        direction = np.exp(1j * (0.13 + k * 0.131))
        for distance in [0.0, 2.0**-50, -(2.0**-48), 2.0**-22, -(2.0**-20), 1e-3, -1e-3, 0.2, -0.3, 1.5]:
            values.append(direction * (1 + distance))
    for k in range(12):
        direction = np.exp(1j * (0.05 + k * 0.52))
        values += [center + direction * size for size in (1e-12, 1e-6, 1e-3, 0.02, 3.0, 1e6, 1e15)]
    return [value - center for value in values]


def complex_logarithms():
    mpmath.mp.prec = 400
    functions = {
        "log": (0, mpmath.log),
        "log1p": (1, lambda z: mpmath.log(1 + z)),
        "log2": (0, lambda z: mpmath.log(z) / mpmath.log(2)),
        "log10": (0, lambda z: mpmath.log(z) / mpmath.log(10)),
    }
    for name, (center, f) in functions.items():
        for dtype in ["complex64", "complex128"]:
            x = np.array(near_the_unit_circle(center)).astype(dtype)
            results = [f(mpmath.mpc(complex(z))) for z in x]
            y = np.array([complex(float(w.real), float(w.imag)) for w in results]).astype(dtype)
            # Devices may take numbers beyond these for 0.
            usual = (np.abs(y.real) > 1e-30) & (np.abs(y.imag) > 1e-30)
            write(name, [x[usual]], {}, y[usual])


def exactly(x, dtype, f):
    """What a function of mpmath's numbers gives for the elements, rounded to the dtype."""
    if np.dtype(dtype).kind == "c":
        parts = [f([mpmath.mpf(float(v)) for v in part]) for part in (x.real, x.imag)]
        return np.array(complex(*map(float, parts))).astype(dtype)
    return np.array(float(f([mpmath.mpf(float(v)) for v in x]))).astype(dtype)


def ends_of_the_range():
    """Sums, squares and steps that overflow or vanish on the way to a result that does not."""
    mpmath.mp.prec = 400

    def mean(values):
        return mpmath.fsum(values) / len(values)

    def variance(values, correction=0):
        middle = mean(values)
        return mpmath.fsum([(v - middle) ** 2 for v in values]) / (len(values) - correction)

    for dtype in FLOATING:
        info = np.finfo(dtype)
        large, small = float(info.max) * 0.875, float(info.tiny) * 2.0**20
        shapes = [[1, 1, 1], [1, 1, -1, 0.5], [1, -1, 1, -1, 0.25, 0.75] * 40, [0.5, 0.75, 0.75, 1.0] * 700, [1e-3, 1, 1, 1]]
        for values in shapes:
            for size in [large, small, 1.0]:
                x = np.array(values, dtype="float64") * size
                x = (x + 1j * x[::-1] if "complex" in dtype else x).astype(dtype)
                write("mean", [x], {"axis": None}, exactly(x, dtype, mean))
                both = np.stack([x, np.ones_like(x)])
                write("mean", [both], {"axis": 1}, np.stack([exactly(row, dtype, mean) for row in both]))
                length = np.array(float(mpmath.sqrt(mpmath.fsum([mpmath.mpf(float(v)) ** 2 for v in [*x.real, *x.imag]]))))
                if length <= info.max:
                    write("vector_norm", [x], {"axis": None, "ord": 2.0}, length.astype(info.dtype))
                    write("matrix_norm", [x.reshape(1, -1)], {"ord": "fro"}, length.astype(info.dtype).reshape(()))
                if "complex" in dtype:
                    continue
                for correction in [0.0, 1.0]:
                    deviation = float(mpmath.sqrt(variance([mpmath.mpf(float(v)) for v in x], correction)))
                    if deviation <= info.max:
                        write("std", [x], {"axis": None, "correction": correction}, np.array(deviation).astype(dtype))
                    if size == 1.0:
                        write("var", [x], {"axis": None, "correction": correction},
                              exactly(x, dtype, lambda values: variance(values, correction)))
    for dtype, size in [("float32", 1e-17), ("float32", 1e17), ("float64", 1e-140), ("float64", 1e150)]:
        x = np.array([1.0, 2.0, 4.0, -3.0]).astype(dtype) * np.array(size).astype(dtype)
        write("var", [x], {"axis": None, "correction": 0.0}, exactly(x, dtype, variance))
    for dtype in FLOATING:
        none = np.zeros((0,), dtype=dtype)
        real = np.zeros((), dtype=np.finfo(dtype).dtype)
        for order in [float("inf"), 2.0, 1.0, 0.0, 3.0]:
            write("vector_norm", [none], {"axis": None, "ord": order}, real)
            write("vector_norm", [none.reshape(3, 0)], {"axis": 1, "ord": order, "keepdims": True}, np.zeros((3, 1), real.dtype))
        raises("vector_norm", "ValueError", none, axis=None, ord=float("-inf"))
        for shape in [(3, 0), (0, 3), (0, 0), (2, 0, 3), (0, 2, 2)]:
            x = np.zeros(shape, dtype=dtype)
            for order in ["fro", "nuc", 1, 2, float("inf")]:
                write("matrix_norm", [x], {"ord": order}, np.zeros(shape[:-2], real.dtype))
                write("matrix_norm", [x], {"ord": order, "keepdims": True}, np.zeros((*shape[:-2], 1, 1), real.dtype))
        raises("matrix_norm", "ValueError", np.zeros((3, 0), dtype=dtype), ord=-1)
        raises("matrix_norm", "ValueError", np.zeros((3, 0), dtype=dtype), ord=-2)
        raises("matrix_norm", "ValueError", np.zeros((0, 3), dtype=dtype), ord=float("-inf"))
        write("matrix_norm", [np.zeros((0, 3), dtype=dtype)], {"ord": -1}, real)


def main():
    for chapter in [creation, manipulation, searching, indexing, linear_algebra, fft, transcendental,
                    complex_logarithms, ends_of_the_range]:
        before = len(lines)
        chapter()
        print(f"{chapter.__name__:16} {len(lines) - before:6}")
    text = "\n".join(lines).encode()
    OUT.write_bytes(zstandard.ZstdCompressor(level=19).compress(text))
    print(f"{len(lines)} calls, {len(text)} bytes, {OUT.stat().st_size} compressed")


if __name__ == "__main__":
    main()
