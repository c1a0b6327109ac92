"""In and out: sequences, buffers, DLPack, NumPy."""

import array
import gc

import array_api_rust as xp
import numpy as np
import pytest

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "complex64", "complex128",
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_arrays_go_round(dtype):
    source = (np.arange(24).reshape(2, 3, 4) % 7 > 2).astype(dtype) if dtype == "bool" else np.arange(24).reshape(2, 3, 4).astype(dtype)
    for x in [source, source.T, source[:, ::-2, 1:], source[0, 0, 0:0], source[0, 1, 2]]:
        y = xp.asarray(x)
        assert y.dtype == getattr(xp, dtype) and y.shape == x.shape
        back = np.from_dlpack(y)
        assert back.dtype == x.dtype and np.array_equal(back, x)
        assert np.array_equal(np.asarray(y), x)


def test_export_shares_memory_and_import_copies():
    x = xp.reshape(xp.arange(6.0), (2, 3))
    a, b = np.from_dlpack(x), np.from_dlpack(x[:, 1:])
    assert np.shares_memory(a, b) and not a.flags.writeable
    # Writing moves the array to memory of its own; what was handed out stays as it was.
    x[0, 0] = 100.0
    assert a[0, 0] == 0.0 and float(x[0, 0]) == 100.0
    copy = np.from_dlpack(x, copy=True)
    copy[0, 0] = 5.0
    assert copy.flags.writeable and float(x[0, 0]) == 100.0
    source = np.zeros(3)
    y = xp.from_dlpack(source)
    source[0] = 1.0
    assert float(y[0]) == 0.0
    with pytest.raises(BufferError):
        xp.from_dlpack(source, copy=False)
    assert np.array_equal(np.from_dlpack(xp.flip(x)), np.flip(np.from_dlpack(x)))
    with pytest.raises(BufferError, match="16-bit"):
        xp.from_dlpack(np.zeros(3, dtype=np.float16))


def test_memory_outlives_its_array():
    a = np.from_dlpack(xp.arange(1e5))
    gc.collect()
    others = [xp.zeros(100_000) for _ in range(4)]
    assert a.sum() == sum(range(100_000)) and len(others) == 4


@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (1, 1), (2, 0)])
def test_capsules(version):
    x = xp.arange(3)
    capsule = x.__dlpack__(max_version=version)
    versioned = version is not None and version[0] >= 1
    assert ("dltensor_versioned" if versioned else "dltensor") in repr(capsule)
    assert x.__dlpack_device__() == (1, 0)

    class Producer:
        def __dlpack__(self, **_):
            return capsule

        def __dlpack_device__(self):
            return (1, 0)

    y = xp.from_dlpack(Producer())
    assert bool(xp.all(x == y)) and "used_" in repr(capsule)
    with pytest.raises(BufferError):
        xp.from_dlpack(Producer())
    with pytest.raises(BufferError):
        x.__dlpack__(dl_device=(2, 0))


def test_asarray_of_python_s_objects():
    assert xp.asarray(True).dtype == xp.bool and xp.asarray(1).dtype == xp.int64
    assert xp.asarray(1.0).dtype == xp.float64 and xp.asarray(1j).dtype == xp.complex128
    assert xp.asarray([[1, 2], [3, 4.5]]).dtype == xp.float64 and xp.asarray([]).dtype == xp.float64
    x = xp.asarray([[xp.asarray(1, dtype=xp.int8), 2], (3, xp.asarray(4, dtype=xp.int8))])
    assert x.dtype == xp.int8 and x.shape == (2, 2) and int(x[1, 1]) == 4
    assert xp.asarray([xp.ones(3), xp.zeros(3)]).shape == (2, 3)
    assert xp.asarray(range(4)).shape == (4,) and xp.asarray([1, 0], dtype=xp.bool).dtype == xp.bool
    assert xp.asarray(array.array("f", [1.0, 2.0])).dtype == xp.float32
    assert xp.asarray(np.float32(1.5)).dtype == xp.float32 and xp.asarray(np.array(1.5, np.float32)).dtype == xp.float32
    assert xp.asarray([True, 2]).dtype == xp.asarray([True, False], dtype=xp.int64).dtype == xp.int64
    assert xp.asarray([True, 0], dtype=xp.bool).dtype == xp.bool
    assert xp.asarray([1.0, 2.0], dtype=xp.float32).dtype == xp.float32
    for wrong, kind in [
        ([[1], [1, 2]], ValueError), ("text", TypeError), (object(), TypeError), ([300], OverflowError),
        (np.array(["a"]), TypeError), (np.zeros(1, ">f8"), TypeError), (np.zeros(1, "f2"), TypeError),
    ]:
        with pytest.raises(kind):
            xp.asarray(wrong, dtype=xp.uint8 if kind is OverflowError else None)


def test_asarray_copies_when_it_is_asked_to():
    x = xp.zeros(3)
    assert xp.asarray(x) is xp.asarray(x, copy=False) is x
    y = xp.asarray(x, copy=True)
    x[0] = 1.0
    assert float(y[0]) == 0.0
    for other in [np.zeros(3), [0.0], 0.0]:
        with pytest.raises(ValueError):
            xp.asarray(other, copy=False)
    with pytest.raises(ValueError):
        xp.asarray(x, dtype=xp.int8, copy=False)
    assert xp.astype(x, xp.float64, copy=False) is x and xp.astype(x, xp.float64) is not x


def test_reshape_copies_when_it_must():
    x = xp.reshape(xp.arange(6), (2, 3))
    assert xp.reshape(x, (3, 2), copy=False).shape == (3, 2)
    with pytest.raises(ValueError):
        xp.reshape(x.T, (6,), copy=False)


def test_numpy_s_scalars_on_both_sides():
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    for y in [np.float64(2) * x, x * np.float64(2), np.int64(2) * x, x * np.float32(2)]:
        assert y.dtype == xp.float32 and float(y[1]) == 4.0
    with pytest.raises(TypeError):
        np.ones(2) + x


def test_devices():
    for device in xp.__array_namespace_info__().devices():
        x = xp.asarray(np.ones(3, np.float32), device=device)
        assert x.device == device and x.to_device("cpu").device == "cpu" and x.to_device(device) is x
        assert np.from_dlpack(xp.exp(x), device="cpu").shape == (3,)
        if device != "cpu":
            with pytest.raises(ValueError):
                x + xp.ones(3, dtype=xp.float32, device="cpu")


def test_a_sequence_that_holds_itself_is_an_error():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError):
        xp.asarray(loop)


def test_functions_of_the_extensions_are_numpy_s():
    a = np.random.default_rng(0).standard_normal((4, 4))
    x = xp.asarray(a)
    for got, wanted in [
        (xp.linalg.det(x), np.linalg.det(a)),
        (xp.linalg.matrix_norm(x, ord="nuc"), np.linalg.matrix_norm(a, ord="nuc")),
        (xp.linalg.matrix_norm(x, ord=-xp.inf), np.linalg.matrix_norm(a, ord=-np.inf)),
        (xp.linalg.vector_norm(x, axis=(0, 1)), np.linalg.vector_norm(a, axis=(0, 1))),
        (xp.linalg.pinv(x), np.linalg.pinv(a)),
        (xp.linalg.slogdet(x).logabsdet, np.linalg.slogdet(a).logabsdet),
        (abs(xp.linalg.qr(x, mode="complete").R), abs(np.linalg.qr(a, mode="complete").R)),
        (xp.tensordot(x, x, axes=((0,), (1,))), np.tensordot(a, a, axes=((0,), (1,)))),
        (xp.linalg.tensordot(x, x), np.tensordot(a, a)),
        (xp.fft.fft(x, n=6, norm="ortho"), np.fft.fft(a, n=6, norm="ortho")),
        (xp.fft.irfftn(xp.fft.rfftn(x)), a),
        (xp.fft.fftfreq(5, d=0.5), np.fft.fftfreq(5, d=0.5)),
    ]:
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError):
        xp.fft.fft(x, norm="none")
    with pytest.raises(ValueError):
        xp.linalg.matrix_norm(x, ord="none")


def test_functions_with_arguments_of_several_kinds():
    x = xp.asarray([1, 2, 3])
    assert np.asarray(xp.repeat(x, 2)).tolist() == [1, 1, 2, 2, 3, 3]
    assert np.asarray(xp.repeat(x, xp.asarray([0, 1, 2]))).tolist() == [2, 3, 3]
    assert np.asarray(xp.roll(x, 1)).tolist() == [3, 1, 2] and xp.tile(x, (2, 2)).shape == (2, 6)
    assert np.asarray(xp.isin(x, 2)).tolist() == [False, True, False]
    assert np.asarray(xp.searchsorted(x, xp.asarray([2, 4]), side="right")).tolist() == [2, 3]
    assert np.asarray(xp.diff(x, prepend=xp.asarray([0]))).tolist() == [1, 1, 1]
    assert xp.expand_dims(x, axis=(0, 2)).shape == (1, 3, 1)
    assert [g.shape for g in xp.meshgrid(x, xp.zeros(2, dtype=xp.int64), indexing="ij")] == [(3, 2)] * 2
    assert xp.eye(2, k=1 << 70).shape == (2, 2) and xp.moveaxis(xp.zeros((1, 2, 3)), (0, 1), (1, 2)).shape == (3, 1, 2)
    assert xp.linspace(0, 1j, 3).dtype == xp.complex128 and int(xp.arange(2**63, 2**63 + 1, dtype=xp.uint64)[0]) == 2**63
    assert [int(v) for v in xp.unstack(x)] == [1, 2, 3]
    assert np.asarray(x[xp.asarray([2, 0])]).tolist() == [3, 1]
