"""Data frames, Arrow, and whatever else hands out numbers."""

import array
import ctypes
import datetime
import decimal
import subprocess
import sys

import array_api_rust as xp
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse

DEVICES = xp.__array_namespace_info__().devices()
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


def is_as(x, wanted):
    """Whether an array of ours is one of NumPy's, to the dtype and the last bit."""
    assert x.dtype.name == wanted.dtype.name and x.shape == wanted.shape
    np.testing.assert_array_equal(np.from_dlpack(x, device="cpu"), wanted)


def numbers(dtype):
    return np.array([1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1], bool) if dtype == "bool" else (np.arange(11) * 7 % 5).astype(dtype)


class OnlyArrow:
    """An object that knows Arrow and nothing else."""

    def __init__(self, inner):
        self.inner = inner

    def __arrow_c_array__(self, requested_schema=None):
        return self.inner.__arrow_c_array__(requested_schema)


class OnlyStream:
    def __init__(self, inner):
        self.inner = inner

    def __arrow_c_stream__(self, requested_schema=None):
        return self.inner.__arrow_c_stream__(requested_schema)


class OnlyArray:
    """An object that knows NumPy and nothing else."""

    def __init__(self, inner):
        self.inner = inner

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.inner, dtype=dtype)


class OnlyInterface:
    def __init__(self, inner):
        self.inner = inner
        self.__array_interface__ = inner.__array_interface__


@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_of_every_dtype(dtype):
    values = numbers(dtype)
    arrow = pa.array(values)
    nullable = {"bool": "boolean"}.get(dtype, dtype.replace("i", "I", 1).replace("uI", "UI").replace("f", "F", 1))
    for column in [
        pd.Series(values), pd.Series(values, name="a", index=list("abcdefghijk")), pd.Series(values, dtype=nullable), pd.Series(pd.arrays.ArrowExtensionArray(arrow)),
        pd.Series(values).array, pd.Index(values), pl.Series(values), pl.Series("a", values), arrow, pa.chunked_array([arrow[:4], arrow[4:4], arrow[4:]]),
        OnlyArrow(arrow), OnlyStream(pa.chunked_array([arrow])), OnlyArray(values), OnlyArray(pd.Series(values)), OnlyInterface(values),
    ]:
        is_as(xp.asarray(column), values)
    for frame in [
        pd.DataFrame({"a": values, "b": values}), pd.DataFrame({"a": values, "b": values}, index=list("abcdefghijk"), dtype=nullable),
        pl.DataFrame({"a": values, "b": values}), pa.table({"a": values, "b": values}), pa.record_batch({"a": values, "b": values}),
        OnlyArrow(pa.record_batch({"a": values, "b": values})), OnlyStream(pl.DataFrame({"a": values, "b": values})),
    ]:
        is_as(xp.asarray(frame), np.stack([values, values], axis=1))
    is_as(xp.asarray(pl.DataFrame({"a": values})), values[:, None])


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_of_columns(dtype):
    values = numbers(dtype)
    for part in [slice(3, None), slice(1, 10), slice(8, 9), slice(5, 5), slice(0, 8)]:
        for column in [pa.array(values)[part], pl.Series(values)[part], pd.Series(values)[part], OnlyArrow(pa.array(values)[part])]:
            is_as(xp.asarray(column), values[part])
        table = pa.record_batch({"a": values, "b": values})
        table = table.slice(part.start, (part.stop or 11) - part.start)
        is_as(xp.asarray(OnlyArrow(table)), np.stack([values, values], axis=1)[part])
        # Records whose offset is their own, not their columns'.
        records = pa.array([{"a": v} for v in values.tolist()], pa.struct({"a": pa.from_numpy_dtype(values.dtype)}))[part]
        is_as(xp.asarray(OnlyArrow(records)), values[part][:, None])


def test_dtypes_that_differ_from_column_to_column():
    for wanted, columns in [
        ("int16", {"a": np.zeros(2, "int8"), "b": np.ones(2, "int16")}),
        ("int64", {"a": np.zeros(2, "int64"), "b": np.ones(2, "uint8")}),
        ("float64", {"a": np.array([1, 2]), "b": np.array([0.5, 1.5])}),
        ("float64", {"a": np.array([1, 2], "int32"), "b": np.ones(2, "float32")}),
        ("float32", {"a": np.array([1, 2], "int16"), "b": np.ones(2, "float32")}),
        ("float64", {"a": np.ones(2, "float32"), "b": np.ones(2, "float64")}),
    ]:
        for frame in [pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)]:
            is_as(xp.asarray(frame), np.stack(list(columns.values()), axis=1).astype(wanted))
    for columns in [{"whole": np.ones(2, "int64"), "truth": np.ones(2, bool)}, {"whole": np.ones(2, "int64"), "truth": np.ones(2, "uint64")}]:
        for frame in [pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)]:
            with pytest.raises(TypeError, match="`whole` and `truth`"):
                xp.asarray(frame)


def test_what_is_missing_is_nan_among_floating_point_numbers():
    wanted = np.array([1.5, np.nan, 2.5])
    values = [1.5, None, 2.5]
    for column in [pd.Series(values), pd.Series(values, dtype="Float64"), pl.Series(values), pa.array(values), pa.array([0.0, *values])[1:], pa.chunked_array([values])]:
        is_as(xp.asarray(column), wanted)
    is_as(xp.asarray(pd.Series(values, dtype="Float32")), wanted.astype("float32"))
    is_as(xp.asarray(pa.array(values, pa.float32())), wanted.astype("float32"))
    for frame in [pd.DataFrame({"a": values}), pl.DataFrame({"a": values}), pa.table({"a": values})]:
        is_as(xp.asarray(frame), wanted[:, None])


@pytest.mark.parametrize("values, nullable, name", [([1, None, 2], "Int64", "int64"), ([True, None, False], "boolean", "bool")])
def test_what_is_missing_elsewhere_is_an_error(values, nullable, name):
    for column in [pd.Series(values, dtype=nullable, name="age"), pl.Series("age", values), pa.array(values)]:
        with pytest.raises(TypeError, match="lacks"):
            xp.asarray(column)
    for frame in [pd.DataFrame({"age": pd.array(values, dtype=nullable)}), pl.DataFrame({"age": values}), pa.table({"age": values})]:
        with pytest.raises(TypeError, match="column `age` lacks.*(fill|drop)"):
            xp.asarray(frame)
    records = pa.array([{"a": 1}, None])
    with pytest.raises(TypeError, match="lacks whole records"):
        xp.asarray(OnlyArrow(records))


DAY = datetime.date(2020, 1, 1)
NO_NUMBERS = {
    "text": ["x", "y"],
    "day": [DAY, DAY],
    "time": [datetime.datetime(2020, 1, 1)] * 2,
    "span": [datetime.timedelta(1)] * 2,
    "price": [decimal.Decimal("1.5")] * 2,
    "lists": [[1], [1, 2]],
    "bytes": [b"a", b"b"],
    "nothing": [None, None],
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_columns_of_no_numbers_are_refused_by_name(name):
    values = NO_NUMBERS[name]
    good = [1.0, 2.0]
    for frame in [pd.DataFrame({"good": good, name: values}), pl.DataFrame({"good": good, name: values}), pa.table({"good": good, name: values})]:
        with pytest.raises(TypeError, match=f"column `{name}`"):
            xp.asarray(frame)
    for column in [pd.Series(values, name=name), pl.Series(name, values)]:
        with pytest.raises(TypeError, match=f"column `{name}`"):
            xp.asarray(column)
    with pytest.raises(TypeError):
        xp.asarray(pa.array(values))


def test_categories_are_refused():
    for column in [
        pd.Series(["a", "b"], dtype="category", name="kind"), pd.Series([1, 2], dtype="category", name="kind"), pd.DataFrame({"kind": pd.Categorical([1, 2])}),
        pl.Series("kind", ["a"], dtype=pl.Categorical), pl.Series("kind", ["a"], dtype=pl.Enum(["a", "b"])), pa.table({"kind": pa.array([1, 2]).dictionary_encode()}),
    ]:
        with pytest.raises(TypeError, match="column `kind`"):
            xp.asarray(column)
    with pytest.raises(TypeError):
        xp.asarray(pd.Categorical([1, 2]))


def test_frames_of_odd_shapes():
    assert xp.asarray(pd.DataFrame()).shape == (0, 0) and xp.asarray(pd.DataFrame(index=range(3))).shape == (3, 0)
    assert xp.asarray(pl.DataFrame({"a": []}, schema={"a": pl.Int8})).shape == (0, 1) and xp.asarray(pl.Series([], dtype=pl.Int16)).dtype == xp.int16
    assert xp.asarray(pa.chunked_array([], pa.float32())).shape == (0,)
    # Columns of one name, and names that are no texts.
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])
    is_as(xp.asarray(frame), np.array([[1, 2], [3, 4]]))
    is_as(xp.asarray(pd.DataFrame(np.eye(3))), np.eye(3))
    is_as(xp.asarray(pd.DataFrame(np.eye(3)).iloc[::-1, 1:]), np.eye(3)[::-1, 1:])
    is_as(xp.asarray(pd.Series([0.0, 1.0], dtype="Sparse[float64]")), np.array([0.0, 1.0]))
    lists = [[1, 2, 3], [4, 5, 6]]
    is_as(xp.asarray(pl.Series(lists, dtype=pl.Array(pl.Int64, 3))), np.array(lists))
    is_as(xp.asarray(pl.Series(lists, dtype=pl.Array(pl.Int64, 3))[1:]), np.array(lists)[1:])
    is_as(xp.asarray(pa.array([[lists, lists]], pa.list_(pa.list_(pa.list_(pa.int8(), 3), 2), 2))), np.array([[lists, lists]], "int8"))
    with pytest.raises(TypeError, match="lacks"):
        xp.asarray(pa.array([[1, 2], None], pa.list_(pa.int64(), 2)))
    with pytest.raises(TypeError):
        xp.asarray(pl.LazyFrame({"a": [1]}))


def test_a_stream_is_read_once():
    reader = pa.table({"a": [1, 2]}).to_reader()
    assert xp.asarray(OnlyStream(reader)).shape == (2, 1)

    class Twice:
        capsule = pa.chunked_array([[1.0]]).__arrow_c_stream__()

        def __arrow_c_stream__(self, requested_schema=None):
            return self.capsule

    assert xp.asarray(Twice()).shape == (1,)
    with pytest.raises((TypeError, RuntimeError)):
        xp.asarray(Twice())


def test_capsules_that_hold_something_else():
    for given in [(1, 2), None, pa.array([1]).__arrow_c_array__()[::-1], (pa.chunked_array([[1]]).__arrow_c_stream__(),) * 2]:
        class Wrong:
            def __arrow_c_array__(self, requested_schema=None):
                return given

        with pytest.raises((TypeError, ValueError)):
            xp.asarray(Wrong())


def test_frames_on_every_device():
    frame = pd.DataFrame({"a": np.array([1, 2], "float32"), "b": np.array([0.5, 1.5], "float32")})
    for device in DEVICES:
        for source in [frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), frame["a"]]:
            x = xp.asarray(source, device=device)
            assert x.device == device and np.array_equal(np.from_dlpack(x, device="cpu"), np.asarray(source))
        assert xp.asarray(pd.DataFrame({"a": [1, 2]}), dtype=xp.float32, device=device).dtype == xp.float32
    with pytest.raises(ValueError, match="copy"):
        xp.asarray(frame, copy=False)


def test_scalars_of_numpy_in_lists():
    assert xp.asarray([np.float32(1), np.float32(2)]).dtype == xp.float32 and xp.asarray([np.float32(1), 2]).dtype == xp.float32
    assert xp.asarray([np.int8(1), np.int16(2)]).dtype == xp.int16 and xp.asarray([np.float64(1), np.float32(2)]).dtype == xp.float64
    assert xp.asarray([[np.int64(1)], [np.float64(2.5)]]).tolist() == [[1.0], [2.5]] and xp.asarray([np.int8(1), 2.5]).tolist() == [1.0, 2.5]
    assert xp.asarray([np.bool_(True), np.bool_(False)]).dtype == xp.bool and xp.asarray([np.complex64(1j)]).dtype == xp.complex64
    assert xp.asarray([np.float32(1), 2**0.5], dtype=xp.float64).tolist() == [1.0, 2**0.5]
    for device in DEVICES:
        # What is Python's own by birth, and what the device lacks, takes the device's dtype.
        assert xp.asarray([np.float64(1.5)], device=device).tolist() == [1.5] and xp.asarray([np.int64(3)], device=device).tolist() == [3]


def test_arrays_in_lists():
    row = np.arange(3.0)
    for rows in [[row, row], [xp.asarray(row), row], [row, [0.0, 1.0, 2.0]], (pd.Series(row), pl.Series(row)), [pa.array(row), array.array("d", row)], [memoryview(row), row]]:
        is_as(xp.asarray(rows), np.stack([row, row]))


def test_masked_arrays():
    is_as(xp.asarray(np.ma.array([1, 2], mask=[False, False])), np.array([1, 2]))
    is_as(xp.asarray(np.ma.array([1.0, 2.0])), np.array([1.0, 2.0]))
    for wrong in [np.ma.array([1, 2], mask=[False, True]), np.ma.array(np.eye(2), mask=True)]:
        with pytest.raises(TypeError, match="mask"):
            xp.asarray(wrong)
        assert xp.asarray(wrong.filled(7)).shape == wrong.shape


def test_buffers():
    values = np.arange(6, dtype="int32").reshape(2, 3)
    for source in [memoryview(values), memoryview(values)[1:], memoryview(values.T), (ctypes.c_int32 * 3)(1, 2, 3), bytearray(b"abc"), range(2, 9, 3)]:
        wanted = np.asarray(source)
        is_as(xp.asarray(source), wanted)
    for code in "bBhHiIlLqQfd":
        is_as(xp.asarray(array.array(code, [1, 2])), np.asarray(array.array(code, [1, 2])))


@pytest.mark.parametrize(
    "wrong",
    [
        (i for i in range(3)), {1, 2}, {"a": 1}, map(int, "12"), "12", ["1", "2"], None, [None], object(), [object()], decimal.Decimal(1), DAY, [DAY],
        np.array([DAY], "M8[D]"), np.datetime64("2020-01-01"), [np.datetime64("2020-01-01")], np.timedelta64(1, "D"), np.array(["a"]), np.str_("a"), np.array([1, None]),
        np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), np.void(b"ab"), np.float16(1), np.longdouble(1), np.zeros(2, "f2"), np.zeros(2, ">i4"), array.array("u", "ab"), scipy.sparse.eye(2),
        OnlyArray(np.array(["a"])), OnlyArray(np.array([DAY], "M8[D]")), OnlyArray(np.array([1, "a"], object)), pa.scalar(1),
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_holds_no_numbers_is_refused(wrong):
    with pytest.raises(TypeError) as caught:
        xp.asarray(wrong)
    assert str(caught.value).startswith("asarray: ")


def test_without_numpy():
    code = """
import sys
sys.modules["numpy"] = None  # as if it were not installed
import array, pickle, polars as pl, array_api_rust as xp
assert xp.asarray(pl.DataFrame({"a": [1, 2], "b": [0.5, None]})).tolist()[0] == [1.0, 0.5]
assert xp.asarray(pl.Series([True, False])).tolist() == [True, False]
assert xp.asarray([array.array("d", [1.0]), memoryview(b"a").cast("B")][0]).tolist() == [1.0]
assert xp.asarray([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
assert pickle.loads(pickle.dumps(xp.ones(2))).tolist() == [1.0, 1.0] and f"{xp.asarray(1.5):.2f}" == "1.50"
try:
    xp.ones(2).__array__()
except ImportError:
    print("fine")
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout == "fine\n", said.stderr
