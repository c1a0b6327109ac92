"""What Python and its libraries ask of an array beyond the standard: lists, formats, NumPy, xarray, dask."""

import math
import pickle

import array_api_rust as xp
import dask.array
import numpy as np
import pytest
import xarray

INFO = xp.__array_namespace_info__()
DEVICES = INFO.devices()


@pytest.mark.parametrize("device", DEVICES)
def test_lists(device):
    for name in INFO.dtypes(device=device):
        source = np.arange(6).reshape(2, 3).astype(name)
        x = xp.asarray(source, device=device)
        for part in [(), (1, 2), (slice(None), slice(None, None, -1)), (slice(0, 0),), (slice(None), slice(0, 0))]:
            wanted = source[part].tolist()
            got = x[part].tolist()
            assert got == wanted and type(got) is type(wanted)
        assert x.mT.tolist() == source.T.tolist() and type(x[0, 1].item()) is type(source[0, 1].item())
        assert x.nbytes == source.nbytes and x.dtype.itemsize == source.dtype.itemsize
    assert math.isnan(xp.asarray(xp.nan, dtype=xp.float32, device=device).tolist())
    with pytest.raises(ValueError):
        xp.ones(2, dtype=xp.float32, device=device).item()
    with pytest.raises(MemoryError):
        xp.zeros((1 << 55, 0)).tolist()


@pytest.mark.parametrize("device", DEVICES)
def test_formats(device):
    for value, dtype in [(1.5, "float32"), (-7, "int32"), (1 + 2j, "complex64"), (True, "bool")]:
        x, y = xp.asarray(value, dtype=getattr(xp, dtype), device=device), np.asarray(value, dtype=dtype)
        for specification in ["", ".2f", "8.3e", "5d", "<9"]:
            try:
                wanted = format(y, specification)
            except (ValueError, TypeError) as error:
                with pytest.raises(type(error)):
                    format(x, specification)
            else:
                assert format(x, specification) == wanted
    matrix = xp.ones((1, 2), dtype=xp.float32, device=device)
    assert f"{matrix}" == str(matrix) == repr(matrix)
    with pytest.raises(TypeError, match=r"\(1, 2\)"):
        f"{matrix:.2f}"


@pytest.mark.parametrize("device", DEVICES)
def test_in(device):
    source = np.array([[1.0, 2.0], [np.nan, 4.0]], np.float32)
    x = xp.asarray(source, device=device)
    for value in [1.0, 2, 3.0, np.nan, 4 + 0j, "2"]:
        assert (value in x) == (isinstance(value, (int, float, complex)) and value in source)
    assert x[0, 0] in x and xp.asarray([1.0, 2.0], dtype=xp.float32, device=device) in x and 1.0 not in x[:, 0:0]


@pytest.mark.parametrize("device", DEVICES)
def test_python_s_own_functions(device):
    x = xp.asarray([3.0, 1.0, 2.0], dtype=xp.float32, device=device)
    assert float(sum(x)) == 6.0 and float(max(x)) == 3.0 and [float(v) for v in sorted(x)] == [1.0, 2.0, 3.0]
    assert math.sqrt(x[0] + 1) == 2.0 and math.floor(x[0] + 0.5) == 3 and len(x) == 3 and [float(v) for v in reversed(x)] == [2.0, 1.0, 3.0]
    assert dict(zip("abc", x.tolist())) == {"a": 3.0, "b": 1.0, "c": 2.0} and range(int(x[0]))[-1] == 2
    first, *rest = x
    assert first.shape == () and len(rest) == 2
    with pytest.raises(TypeError):
        {x: 1}


def test_numpy_reads_the_cpu_s_arrays_and_no_others():
    x = xp.reshape(xp.arange(6.0), (2, 3))
    for array in [np.asarray(x), np.array(x), np.asarray(x, dtype="float32"), np.asarray(x.mT).T]:
        np.testing.assert_allclose(array, x)
        assert array.flags.writeable
    assert np.asarray(x, dtype=xp.float32).dtype == np.float32 and np.dtype(xp.int8) == np.int8
    np.asarray(x)[0, 0] = 9.0
    assert float(x[0, 0]) == 0.0
    view = np.asarray(x, copy=False)
    assert not view.flags.writeable and np.shares_memory(view, np.from_dlpack(x))
    with pytest.raises(ValueError, match="copy=False"):
        np.asarray(x, dtype="float32", copy=False)
    np.testing.assert_array_equal(x, np.arange(6.0).reshape(2, 3))
    np.testing.assert_allclose(x + 1e-9, x, atol=1e-8)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x + 1, x)
    for device in DEVICES:
        if device != "cpu":
            with pytest.raises(TypeError, match=f"{device}.*to_device"):
                np.asarray(xp.ones(2, dtype=xp.float32, device=device))


@pytest.mark.parametrize("device", DEVICES)
def test_xarray(device):
    x = xp.asarray(np.arange(6, dtype=np.float32).reshape(2, 3), device=device)
    named = xarray.DataArray(x, dims=("row", "column"), coords={"column": [10, 20, 30]})
    assert named.data is x and named.shape == (2, 3) and named.nbytes == 24
    assert "array(" in repr(named) and "Size: 24B" in repr(named)
    assert named.sel(column=20).data.tolist() == [1.0, 4.0] and (named + named).data.tolist() == (x + x).tolist()
    assert named.transpose("column", "row").data.tolist() == x.mT.tolist() and named.isel(row=1).data.device == device
    assert xarray.DataArray(x).dims == ("dim_0", "dim_1")


def test_dask():
    x = xp.reshape(xp.arange(12.0), (3, 4))
    chunked = dask.array.from_array(x, chunks=2, asarray=False)
    assert chunked.shape == (3, 4) and np.dtype(chunked.dtype) == np.float64
    assert (chunked + 1).compute().tolist() == (x + 1).tolist() and chunked[1:, ::2].compute().tolist() == x[1:, ::2].tolist()


def test_large_arrays_show_their_ends():
    x = xp.reshape(xp.arange(1_000_000), (1000, 1000))
    assert repr(x) == (
        "array([[0, 1, 2, ..., 997, 998, 999],\n       [1000, 1001, 1002, ..., 1997, 1998, 1999],\n       [2000, 2001, 2002, ..., 2997, 2998, 2999],\n       ...,\n"
        "       [997000, 997001, 997002, ..., 997997, 997998, 997999],\n       [998000, 998001, 998002, ..., 998997, 998998, 998999],\n"
        "       [999000, 999001, 999002, ..., 999997, 999998, 999999]], shape=(1000, 1000), dtype=int64, device='cpu')"
    )
    assert repr(xp.arange(1001)) == "array([0, 1, 2, ..., 998, 999, 1000], shape=(1001,), dtype=int64, device='cpu')"
    assert "..." not in repr(xp.zeros(1000)) and "shape=" not in repr(xp.zeros(1000))
    assert repr(xp.zeros((2, 0))) == "array([], shape=(2, 0), dtype=float64, device='cpu')"
    # Without memory of their own, and with so many axes that the ends are many, too.
    assert repr(xp.broadcast_to(xp.asarray(1), (1 << 28, 1 << 28))).startswith("array([[1, 1, 1, ..., 1, 1, 1],\n")
    assert repr(xp.broadcast_to(xp.asarray(1), (7,) * 15)) == f"array(shape={(7,) * 15}, dtype=int64, device='cpu')"
    for device in DEVICES:
        text = repr(xp.ones((1001, 2), dtype=xp.float32, device=device))
        assert text.count("[1.0, 1.0]") == 6 and text.endswith(f"shape=(1001, 2), dtype=float32, device='{device}')")


def test_arrays_of_very_many_axes():
    x = xp.reshape(xp.ones(1), (1,) * 100_000)
    assert repr(x).startswith("array(shape=(1, 1, ") and str(x) == f"{x}"
    with pytest.raises(ValueError, match="100000 axes"):
        x.tolist()
    y = pickle.loads(pickle.dumps(x))
    assert y.ndim == 100_000 and float(y) == 1.0 and xp.reshape(y, (1,) * 64).ndim == 64 and 1.0 in y
    deep = xp.reshape(y, (1,) * 64).tolist()
    assert xp.asarray(deep).ndim == 64
