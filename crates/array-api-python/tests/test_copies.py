"""Copies and pickles: of arrays, dtypes and results, within a process and between processes."""

import copy
import io
import multiprocessing
import pickle
import subprocess
import sys

import array_api_rust as xp
import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

INFO = xp.__array_namespace_info__()
DEVICES = INFO.devices()
DTYPES = sorted(INFO.dtypes(device="cpu"))
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


def same(x, y):
    assert type(x) is type(y) and x is not y
    assert x.dtype == y.dtype and x.shape == y.shape and x.device == y.device
    # Bytes, so that the NaN of both is the same, too.
    return np.from_dlpack(x, device="cpu").tobytes() == np.from_dlpack(y, device="cpu").tobytes()


def arrays(device):
    """Arrays of all dtypes of a device and of several layouts."""
    for name in INFO.dtypes(device=device):
        numbers = np.arange(24).reshape(2, 3, 4)
        x = xp.asarray(numbers % 3 == 0 if name == "bool" else (numbers * 5 - 7 * (name[0] != "u")).astype(name), device=device)
        yield from [x, x.mT, x[:, ::-2, 1:], x[1, 2, 3], x[:0], xp.broadcast_to(x[0, 0, :], (3, 4))]
    yield xp.asarray(np.array([np.nan, np.inf, -0.0], np.float32), device=device)


@pytest.mark.parametrize("device", DEVICES)
def test_arrays_go_round(device):
    for x in arrays(device):
        for y in [copy.copy(x), copy.deepcopy(x), *[pickle.loads(pickle.dumps(x, protocol)) for protocol in PROTOCOLS]]:
            assert same(x, y)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_does_not_see_what_is_written(copied, device):
    x = xp.zeros(3, dtype=xp.float32, device=device)
    y = copied(x)
    x[0] = 1.0
    y[1] = 2.0
    assert x.tolist() == [1.0, 0.0, 0.0] and y.tolist() == [0.0, 2.0, 0.0]
    # One that has its element many times gets memory for each.
    y = copied(xp.broadcast_to(x[0], (2, 2)))
    y[0, 1] = 5.0
    assert y.tolist() == [[1.0, 5.0], [1.0, 1.0]] and x.tolist() == [1.0, 0.0, 0.0]
    # What holds one array twice holds one copy twice.
    a, b = copy.deepcopy([x, x])
    assert a is b and a is not x


def test_bytes_outside_the_pickle():
    x = xp.arange(1000.0)
    buffers = []
    file = pickle.dumps(x, 5, buffer_callback=buffers.append)
    assert len(file) < 200 and sum(len(b.raw()) for b in buffers) == 8000
    assert same(x, pickle.loads(file, buffers=buffers))
    assert same(x, pickle.loads(file, buffers=[bytearray(buffers[0])]))


def test_dtypes_and_their_limits():
    for name in DTYPES:
        dtype = getattr(xp, name)
        for again in [copy.copy(dtype), copy.deepcopy(dtype), *[pickle.loads(pickle.dumps(dtype, p)) for p in PROTOCOLS], xp.DType(name)]:
            assert again == dtype and hash(again) == hash(dtype)
        if name != "bool":
            limits = xp.iinfo(dtype) if "int" in name else xp.finfo(dtype)
            assert pickle.loads(pickle.dumps(limits)) == copy.deepcopy(limits) == limits and f"bits={limits.bits}" in repr(limits)
    assert xp.finfo(xp.float32) != xp.finfo(xp.float64)
    with pytest.raises(ValueError, match="float16"):
        xp.DType("float16")


def test_results_and_the_module_s_own_objects():
    x = xp.asarray([[2.0, 1.0], [1.0, 3.0]])
    for result in [xp.linalg.svd(x), xp.linalg.eigh(x), xp.linalg.eig(x), xp.linalg.qr(x), xp.linalg.slogdet(x)]:
        again = pickle.loads(pickle.dumps(result))
        assert type(again) is type(result) and all(same(a, b) for a, b in zip(again, result))
    for result in [xp.unique_all(x), xp.unique_counts(x), xp.unique_inverse(x)]:
        assert all(same(a, b) for a, b in zip(copy.deepcopy(result), result))
    for name in ["sum", "asarray", "finfo"]:
        assert pickle.loads(pickle.dumps(getattr(xp, name))) is getattr(xp, name)
    assert pickle.loads(pickle.dumps(xp.linalg.svd)) is xp.linalg.svd
    assert pickle.loads(pickle.dumps(INFO)).devices() == DEVICES


class Listening(pickle.Unpickler):
    """Loads a pickle and keeps the names of what it looks up."""

    def __init__(self, file):
        super().__init__(io.BytesIO(file))
        self.named = set()

    def find_class(self, module, name):
        self.named.add(f"{module}.{name}")
        return super().find_class(module, name)


def test_a_pickle_names_nothing_but_the_module():
    for device in DEVICES:
        x = xp.ones(2, dtype=xp.float32, device=device)
        for protocol in PROTOCOLS:
            pickled = Listening(pickle.dumps([x, x.dtype, xp.finfo(x.dtype)], protocol))
            assert same(pickled.load()[0], x)
            # Protocol 2 has no bytes: Python writes them as text that `codecs` encodes.
            assert pickled.named - {"_codecs.encode"} == {"array_api_rust._rebuild_array", "array_api_rust.DType", "array_api_rust.finfo"}


GOOD = ("float64", (2, 3), "cpu", bytes(48))


@pytest.mark.parametrize(
    "place, wrong, kind",
    [
        (0, "float16", ValueError), (0, "os.system", ValueError), (0, 8, TypeError), (0, "float32", ValueError), (0, "complex128", ValueError),
        (1, (2, 4), ValueError), (1, (-2, -3), ValueError), (1, (1 << 62, 1 << 62), ValueError), (1, (1 << 70, 3), (OverflowError, ValueError)),
        (1, (0, 1 << 63), (OverflowError, ValueError)), (1, (), ValueError), (1, (2.0, 3), TypeError), (1, "23", TypeError), (1, None, TypeError),
        (2, "abacus", ValueError), (2, "wgpu:99", ValueError), (2, "cuda:-1", ValueError), (2, "", ValueError), (2, b"cpu", TypeError),
        (3, bytes(47), ValueError), (3, b"", ValueError), (3, "text", TypeError), (3, [0] * 48, TypeError), (3, None, TypeError),
    ],
)
def test_what_is_no_pickle_of_ours_is_an_error(place, wrong, kind):
    assert xp._rebuild_array(*GOOD).shape == (2, 3)
    arguments = list(GOOD)
    arguments[place] = wrong
    with pytest.raises(kind) as caught:
        xp._rebuild_array(*arguments)
    assert "a bug in" not in str(caught.value)
    with pytest.raises(TypeError):
        xp._rebuild_array(*GOOD[:3])


def test_every_byte_of_a_pickle_may_be_wrong():
    file = bytearray(pickle.dumps(xp.arange(6.0), 2))
    rng = np.random.default_rng(0)
    for _ in range(2000):
        damaged = bytearray(file)
        damaged[rng.integers(len(file))] = rng.integers(256)
        try:
            pickle.loads(damaged)
        except RuntimeError as error:
            assert "a bug in" not in str(error)
        except Exception:
            pass


def test_truths_are_zero_or_one_whatever_the_file_says():
    x = xp._rebuild_array("bool", (3,), "cpu", bytes([0, 1, 255]))
    assert x.tolist() == [False, True, True] and np.from_dlpack(x).tobytes() == b"\0\1\1"


def test_another_machine_s_device(monkeypatch):
    file = pickle.dumps(xp.ones(2, dtype=xp.float32)).replace(b"\x8c\x03cpu", b"\x8c\x07wgpu:99")
    # The frame's length is nine bytes into the pickle and has grown by four.
    length = int.from_bytes(file[3:11], "little") + 4
    file = file[:3] + length.to_bytes(8, "little") + file[11:]
    with pytest.raises(ValueError, match="wgpu:99.*ARRAY_API_UNPICKLE_DEVICE"):
        pickle.loads(file)
    monkeypatch.setenv("ARRAY_API_UNPICKLE_DEVICE", "cpu")
    assert pickle.loads(file).device == "cpu"
    for device in DEVICES:
        monkeypatch.setenv("ARRAY_API_UNPICKLE_DEVICE", device)
        assert pickle.loads(file).device == device
    monkeypatch.setenv("ARRAY_API_UNPICKLE_DEVICE", "abacus")
    with pytest.raises(ValueError, match="abacus"):
        pickle.loads(file)


def test_another_process(tmp_path):
    for device in DEVICES:
        x = xp.asarray(np.arange(6, dtype=np.float32).reshape(2, 3), device=device)
        joblib.dump({"x": x, "dtype": x.dtype}, tmp_path / "file")
        line = "import joblib, sys; d = joblib.load(sys.argv[1]); print(d['x'].tolist(), d['x'].device, d['dtype'])"
        said = subprocess.run([sys.executable, "-c", line, tmp_path / "file"], capture_output=True, text=True, check=True)
        assert said.stdout.split("\n")[0] == f"{x.tolist()} {device} float32"


def double(x):
    return x + x


def test_multiprocessing():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        x = xp.arange(5.0)
        assert pool.map(double, [x, x + 1])[1].tolist() == [2.0, 4.0, 6.0, 8.0, 10.0]


class Weighted(BaseEstimator):
    def __init__(self, weights=None):
        self.weights = weights


def test_clone_of_an_estimator_with_an_array_as_a_parameter():
    for device in DEVICES:
        estimator = Weighted(xp.ones(3, dtype=xp.float32, device=device))
        cloned = clone(estimator)
        assert same(cloned.weights, estimator.weights)
        estimator.weights[0] = 7.0
        assert cloned.weights.tolist() == [1.0, 1.0, 1.0]
