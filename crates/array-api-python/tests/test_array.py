"""The array class: operators, conversions, indexing, errors."""

import inspect
import math
import operator

import array_api_rust as xp
import pytest


def values(x):
    """The elements of an array as nested lists of Python's scalars."""
    if x.ndim > 0:
        return [values(row) for row in x]
    kind = {"bool": bool, "f": float, "c": complex}
    return kind.get(x.dtype.name, kind.get(x.dtype.name[0], int))(x)


OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]


@pytest.mark.parametrize("name", OPERATORS)
def test_arithmetic_in_every_order(name):
    function = getattr(operator, name)
    x = xp.asarray([1.5, 2.0, 4.0])
    for other in [2, 2.5]:
        assert values(function(x, other)) == pytest.approx([function(v, other) for v in values(x)])
        assert values(function(other, x)) == pytest.approx([function(other, v) for v in values(x)])
    in_place = getattr(operator, f"i{name}")
    y = z = x + 0
    y = in_place(y, 2)
    assert y is z and values(z) == pytest.approx([function(v, 2) for v in values(x)])


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift"])
def test_bits_in_every_order(name):
    function = getattr(operator, name)
    x = xp.asarray([1, 2, 5])
    assert values(function(x, 3)) == [function(v, 3) for v in values(x)]
    assert values(function(3, x)) == [function(3, v) for v in values(x)]
    x_ = x + 0
    assert values(getattr(operator, "i" + name.rstrip("_"))(x_, 1)) == [function(v, 1) for v in values(x)]


def test_scalars_take_the_array_s_dtype():
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    assert (1 + x).dtype == (2.5 * x).dtype == (2**x).dtype == xp.float32
    assert (x + 1j).dtype == xp.complex64
    assert values(2 ** xp.asarray([1, 2, 3])) == [2, 4, 8]


def test_comparisons_and_unary_operators():
    x = xp.asarray([-1, 0, 3])
    assert values(x < 1) == [True, True, False] and values(1 >= x) == [True, True, False]
    assert values(x == 0) == [False, True, False] and values(x != x) == [False] * 3
    assert values(-x) == [1, 0, -3] and values(+x) == [-1, 0, 3] and values(abs(x)) == [1, 0, 3]
    assert values(~x) == [0, -1, -4]
    assert (x == "text") is False
    with pytest.raises(TypeError):
        hash(x)


def test_matrix_products():
    a = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert values(a @ a.T) == [[5.0, 11.0], [11.0, 25.0]]
    b = a + 0
    b @= xp.eye(2)
    assert values(b) == values(a)


def test_an_in_place_operator_keeps_dtype_and_shape():
    x = xp.ones(3, dtype=xp.float32)
    for other in [xp.ones(3, dtype=xp.float64), xp.ones((2, 3), dtype=xp.float32), 1j]:
        with pytest.raises((TypeError, ValueError)):
            x += other
        assert x.dtype == xp.float32 and x.shape == (3,) and values(x) == [1.0] * 3
    y = xp.zeros(2, dtype=xp.int64)
    y += xp.ones(2, dtype=xp.int8)
    assert y.dtype == xp.int64 and values(y) == [1, 1]


def test_conversions_to_python():
    assert int(xp.asarray(3)) == 3 and float(xp.asarray(3)) == 3.0 and complex(xp.asarray(1.5)) == 1.5
    assert bool(xp.asarray(0.5)) and not xp.asarray(False) and [10, 20][xp.asarray(1, dtype=xp.uint8)] == 20
    assert math.isnan(float(xp.asarray(xp.nan)))
    with pytest.raises(TypeError):
        operator.index(xp.asarray(1.0))
    with pytest.raises(TypeError):
        float(xp.asarray(1j))
    with pytest.raises(ValueError):
        bool(xp.ones(2))
    with pytest.raises(TypeError):
        len(xp.asarray(1.0))


def test_indexing():
    x = xp.reshape(xp.arange(24), (2, 3, 4))
    assert values(x[1, 2, 3]) == 23 and x[1, 2, 3].shape == ()
    assert values(x[..., -1]) == [[3, 7, 11], [15, 19, 23]]
    assert values(x[0, ::-2, 1:3]) == [[9, 10], [1, 2]]
    assert x[None, 0, ..., None].shape == (1, 3, 4, 1)
    assert values(x[x > 21]) == [22, 23]
    assert values(x[xp.asarray(1), 0, xp.asarray(2, dtype=xp.uint8)]) == 14
    assert [row.shape for row in x] == [(3, 4), (3, 4)]
    for key in ["0", 1.0, True, [0]]:
        with pytest.raises(IndexError):
            x[key]
    with pytest.raises(IndexError):
        x[2]


def test_writing():
    x = xp.zeros((2, 3))
    view = x[0, ...]
    x[0, 1:] = 7
    x[:, 0] = xp.asarray([1.0, 2.0])
    x[x == 0] = -1.0
    assert values(x) == [[1.0, 7.0, 7.0], [2.0, -1.0, -1.0]]
    assert values(view) == [1.0, 7.0, 7.0]
    x[...] = x[:, ::-1]
    assert values(x) == [[7.0, 7.0, 1.0], [-1.0, -1.0, 2.0]]
    with pytest.raises(ValueError):
        x[0, :] = xp.ones(2)
    with pytest.raises(TypeError):
        x[0, 0] = 1j


@pytest.mark.parametrize("device", xp.__array_namespace_info__().devices())
def test_complex_numbers_as_truths(device):
    for name in xp.__array_namespace_info__().dtypes(device=device, kind="complex floating"):
        x = xp.asarray([0j, 1j, 1e-30 + 0j, complex(0, xp.nan)], dtype=getattr(xp, name), device=device)
        assert xp.astype(x, xp.bool).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    "wrong, kind",
    [
        (lambda: xp.ones(2) + xp.ones(3), ValueError),
        (lambda: xp.ones(2) + xp.ones(2, dtype=xp.int8), TypeError),
        (lambda: xp.asarray([1], dtype=xp.int8) + 300, OverflowError),
        (lambda: xp.sum(xp.ones(2), axis=1), ValueError),
        (lambda: xp.linalg.cholesky(-xp.eye(2)), xp.LinAlgError),
        (lambda: xp.take(xp.ones(2), xp.asarray([2])), IndexError),
        (lambda: xp.zeros(2, device="abacus"), ValueError),
        (lambda: xp.zeros((1 << 30, 1 << 40)), (ValueError, MemoryError)),
        (lambda: xp.add(1, 2), ValueError),
        (lambda: xp.add([1], [2]), TypeError),
    ],
)
def test_errors_are_python_s(wrong, kind):
    with pytest.raises(kind) as caught:
        wrong()
    assert str(caught.value)
    assert issubclass(xp.LinAlgError, ValueError)


def test_text_of_an_array():
    x = xp.asarray([[1.0, xp.nan], [xp.inf, -0.0]])
    assert repr(x) == "array([[1.0, nan],\n       [inf, -0.0]], dtype=float64, device='cpu')"
    assert "shape=(100, 100)" in repr(xp.zeros((100, 100)))
    assert repr(xp.float32) == "array_api_rust.float32" and repr(xp.zeros((2, 0)))


def test_signatures_are_the_standard_s():
    for function, signature in {
        xp.sum: "(x, /, *, axis=None, dtype=None, keepdims=False)",
        xp.clip: "(x, /, min=None, max=None)",
        xp.arange: "(start, /, stop=None, step=1, *, dtype=None, device=None)",
        xp.concat: "(arrays, /, *, axis=0)",
        xp.broadcast_arrays: "(*arrays)",
        xp.linalg.svd: "(x, /, *, full_matrices=True)",
    }.items():
        assert str(inspect.signature(function)) == signature
    assert xp.std.__name__ == "std" and xp.where.__doc__.endswith("array_api.where.html")


def test_namespace():
    x = xp.asarray(1.0)
    assert x.__array_namespace__() is x.__array_namespace__(api_version="2025.12") is xp
    with pytest.raises(ValueError):
        x.__array_namespace__(api_version="1999.12")
    info = xp.__array_namespace_info__()
    assert info.default_device() == x.device == "cpu" and "cpu" in info.devices()
    assert info.dtypes(kind=("bool", "real floating")) == {
        "bool": xp.bool, "float32": xp.float32, "float64": xp.float64,
    }
    assert len({xp.float32, xp.float32, xp.float64}) == 2 and xp.float32 != "float32"
    result = xp.unique_counts(xp.asarray([3, 1, 3]))
    assert values(result.values) == [1, 3] and values(result.counts) == [1, 2]
    assert xp.linalg.eigh(xp.eye(2))._fields == ("eigenvalues", "eigenvectors")


@pytest.mark.parametrize("dtype", [xp.float32, xp.float64, xp.complex64, xp.complex128])
def test_eigenvectors_of_repeated_complex_pairs(dtype):
    a = xp.asarray([[1, -2, 2, -2], [1, -1, 1, -2], [0, 0, 1, -2], [0, 0, 1, -1]], dtype=dtype)
    w, v = xp.linalg.eig(a)
    tolerance = 1e-12 if w.dtype == xp.complex128 else 1e-5
    assert float(xp.max(xp.abs(xp.matmul(xp.astype(a, w.dtype), v) - v * w))) <= tolerance
    assert values(xp.sum(xp.abs(v) ** 2, axis=0)) == pytest.approx([1] * 4, abs=tolerance)
    # Double eigenvalues move by the root of a rounding error.
    for values_of_a in [w, xp.linalg.eigvals(a)]:
        imaginary = sorted(z.imag for z in values(values_of_a))
        assert imaginary == pytest.approx([-1, -1, 1, 1], abs=tolerance**0.5)


def test_eigenvalues_do_not_change_with_the_units():
    a = xp.asarray([[1.0, 2.0, 0.5], [-1.0, 0.25, 3.0], [0.5, 1.0, -2.0]])
    d = xp.asarray([2.0**60, 1.0, 2.0**-70])
    b = a * d[:, None] / d
    (w, u) = (sorted(values(xp.linalg.eigvals(x)), key=lambda z: (z.real, z.imag)) for x in [a, b])
    assert w == pytest.approx(u, rel=1e-13)


def test_eigenvectors_of_a_long_jordan_block_are_finite():
    n = 60
    a = xp.eye(n) + xp.eye(n, k=1)
    w, v = xp.linalg.eig(a)
    assert values(w) == [1] * n and bool(xp.all(xp.isfinite(v)))
    assert float(xp.max(xp.abs(xp.matmul(xp.astype(a, w.dtype), v) - v * w))) <= 1e-14
def test_numbers_become_true_unless_they_are_zero():
    assert values(xp.astype(xp.asarray([0j, 1j, 1e-30, complex("nan")]), xp.bool)) == [False, True, True, True]
    assert values(xp.astype(xp.asarray([0.0, -0.0, 5e-324, math.nan]), xp.bool)) == [False, False, True, True]
    with pytest.raises(TypeError):
        xp.astype(xp.asarray([1j]), xp.float64)


def test_norms_of_nothing_are_zero():
    nothing = xp.zeros(0)
    for order in [math.inf, 2, 1, 0]:
        assert float(xp.linalg.vector_norm(nothing, ord=order)) == 0.0
    with pytest.raises(ValueError):
        xp.linalg.vector_norm(nothing, ord=-math.inf)
    for order in ["fro", "nuc", 1, 2, math.inf]:
        assert float(xp.linalg.matrix_norm(xp.zeros((3, 0)), ord=order)) == 0.0
        assert xp.linalg.matrix_norm(xp.zeros((2, 0, 3)), ord=order, keepdims=True).shape == (2, 1, 1)
    with pytest.raises(ValueError):
        xp.linalg.matrix_norm(xp.zeros((3, 0)), ord=-2)


def test_lines_reach_over_the_whole_range():
    x = xp.linspace(-3.4e38, 3.4e38, 5, dtype=xp.float32)
    end = float(x[4])
    assert values(x) == [-end, -end / 2, 0.0, end / 2, end] and math.isfinite(end)
    assert values(xp.linspace(-1.7e308, 1.7e308, 3)) == [-1.7e308, 0.0, 1.7e308]


def test_logarithms_near_the_unit_circle():
    z = xp.log(xp.asarray(0.6 + 0.8j))
    assert complex(z).real == pytest.approx(2.2204460492503132e-17, rel=4e-16)
    single = xp.log(xp.asarray(0.6 + 0.8j, dtype=xp.complex64))
    # Of the two single-precision numbers that are nearest to 0.6 and 0.8.
    a, b = 0.60000002384185791015625, 0.800000011920928955078125
    assert complex(single).real == pytest.approx(math.log1p((a - 1) * (a + 1) + b * b) / 2, rel=1e-6)


def test_means_and_deviations_at_the_ends_of_the_range():
    x = xp.asarray([3e38, 3e38, 3e38], dtype=xp.float32)
    assert float(xp.mean(x)) == pytest.approx(3e38, rel=2e-7) and float(xp.std(x)) == 0.0
    assert float(xp.mean(xp.asarray([1.7e308, 1.7e308]))) == 1.7e308
    assert complex(xp.mean(xp.asarray([1e308 + 1e308j] * 3))) == pytest.approx(1e308 + 1e308j)
    for size, dtype in [(1e-30, xp.float32), (1e30, xp.float32), (1e-300, xp.float64), (1e300, xp.float64)]:
        x = xp.asarray([size, 3 * size], dtype=dtype)
        assert float(xp.std(x)) == pytest.approx(size, rel=1e-6)
        assert float(xp.linalg.vector_norm(x)) == pytest.approx(size * 10**0.5, rel=1e-6)
