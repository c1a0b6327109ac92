"""Views that write through: what NumPy's arrays do, on every device."""

import gc
import random
import threading

import array_api_rust as xp
import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

DEVICES = xp.__array_namespace_info__().devices()
DTYPES = ["int32", "uint8", "float32", "bool", "complex64"]


def same(x, y):
    """Whether an array of ours is NumPy's, to the bit."""
    values = np.from_dlpack(x, device="cpu")
    return values.shape == y.shape and values.dtype == y.dtype and np.array_equal(values, y)


def numbers(rng, shape, dtype):
    """Small values, so that sums and products are exact."""
    return np.array([rng.randrange(2 if dtype == "bool" else 7) for _ in range(int(np.prod(shape)))]).reshape(shape).astype(dtype)


def basic_key(rng, shape):
    """A key of integers, slices, an ellipsis and new axes; NumPy gets the same, and an ellipsis so that it gives an array and no scalar."""
    key = []
    for n in shape[: rng.randrange(len(shape) + 1)]:
        if n > 0 and rng.random() < 0.3:
            key.append(rng.randrange(-n, n))
        else:
            bound = lambda: rng.choice([None, rng.randrange(-n - 1, n + 2)])
            key.append(slice(bound(), bound(), rng.choice([None, 1, 2, -1, -2])))
    if rng.random() < 0.3:
        key.insert(rng.randrange(len(key) + 1), None)
    if rng.random() < 0.3:
        key.append(Ellipsis)
    return tuple(key), tuple(key) if Ellipsis in key else (*key, Ellipsis)


class Sequence:
    """Random work on arrays of ours and of NumPy, side by side."""

    def __init__(self, seed, dtype, device):
        self.rng, self.dtype, self.device = random.Random(seed), dtype, device
        self.pairs = []
        for shape in [(4, 5), (3, 2, 4)]:
            self.add_base(shape)

    def add_base(self, shape):
        y = numbers(self.rng, shape, self.dtype)
        self.pairs.append((xp.asarray(y, device=self.device), y))

    def step(self):
        work = self.rng.choice([self.view, self.view, self.write, self.write, self.write, self.write_own, self.operate, self.select, self.copy])
        work(*self.rng.choice(self.pairs))
        del self.pairs[:-12]
        if len(self.pairs) < 2:
            self.add_base((4, 5))

    def view(self, x, y):
        rng, ndim = self.rng, y.ndim
        order = rng.sample(range(ndim), ndim)
        made = rng.choice(["key", "key", "key", "permute", "mT", "flip", "expand", "reshape", "row", "unstack", "diagonal", "move", "squeeze"])
        if made == "permute":
            pair = xp.permute_dims(x, tuple(order)), np.permute_dims(y, order)
        elif made == "mT" and ndim > 1:
            pair = rng.choice([x.mT, xp.matrix_transpose(x), *([x.T] if ndim == 2 else [])]), y.mT
        elif made == "flip" and ndim > 0:  # NumPy gives a scalar, not a view, for no axes.
            pair = xp.flip(x), np.flip(y)
        elif made == "expand":
            axis = rng.randrange(ndim + 1)
            pair = xp.expand_dims(x, axis=axis), np.expand_dims(y, axis)
        elif made == "reshape":
            # NumPy's `reshape` is a view in the same cases.
            shape = rng.choice([(-1,), (*y.shape, 1), y.shape[::-1]]) if y.size else y.shape
            pair = xp.reshape(x, shape), np.reshape(y, shape)
        elif made == "row" and ndim > 1 and y.shape[0]:
            pair = rng.choice(list(zip(x, y, strict=True)))
        elif made == "unstack" and ndim > 1 and y.shape[-1]:
            pair = rng.choice(list(zip(xp.unstack(x, axis=-1), np.moveaxis(y, -1, 0), strict=True)))
        elif made == "diagonal" and ndim > 1:
            diagonal = np.linalg.diagonal(y, offset=1)
            diagonal.flags.writeable = y.flags.writeable
            pair = xp.linalg.diagonal(x, offset=1), diagonal
        elif made == "move" and ndim > 1:
            pair = xp.moveaxis(x, 0, -1), np.moveaxis(y, 0, -1)
        elif made == "squeeze" and 1 in y.shape:
            axis = y.shape.index(1)
            pair = xp.squeeze(x, axis=axis), np.squeeze(y, axis=axis)
        else:
            ours, theirs = basic_key(rng, y.shape)
            pair = x[ours], y[theirs]
        if pair[1].ndim <= 5:
            self.pairs.append(pair)

    def write(self, x, y):
        ours, theirs = basic_key(self.rng, y.shape)
        region = y[theirs].shape
        if self.rng.random() < 0.4:
            value = numbers(self.rng, (), self.dtype).item()
            x[ours] = value
            y[theirs] = value
        else:
            value = numbers(self.rng, region[self.rng.randrange(len(region) + 1) :], self.dtype)
            x[ours] = xp.asarray(value, device=self.device)
            y[theirs] = value

    def write_own(self, x, y):
        """What is written comes from an array that may have the same memory."""
        for u, v in self.rng.sample(self.pairs, len(self.pairs)):
            if v.shape == y.shape:
                x[...], y[...] = u, v
                return
            n = min(v.shape[-1:] + y.shape[-1:], default=0)
            if v.ndim == 1 and y.ndim > 0 and n > 1:
                x[..., 1:n] = u[: n - 1]
                y[..., 1:n] = v[: n - 1]
                return

    def operate(self, x, y):
        others = [(u, v) for u, v in self.pairs if v.shape == y.shape or v.ndim == 0]
        u, v = self.rng.choice(others) if self.rng.random() < 0.6 else (1, 1)
        if self.dtype == "bool":
            u, v = (u, v) if u is not v else (True, True)
            x ^= u
            y ^= v
        elif self.rng.random() < 0.7:
            x += u
            y += v
        else:
            ours, theirs = basic_key(self.rng, y.shape)
            x[ours] += 1
            y[theirs] += 1
        if self.dtype in ["float32", "complex64"]:
            # Numbers stay small, so that sums are exact.
            big = np.abs(y) > 1000
            x[xp.asarray(big, device=self.device)] = 1.0
            y[big] = 1

    def select(self, x, y):
        """Indices that are arrays: their values are copies, but what is written at them is seen."""
        if y.ndim == 0 or y.shape[0] == 0:
            return
        mask, value = numbers(self.rng, y.shape, "bool"), numbers(self.rng, (), self.dtype).item()
        x[xp.asarray(mask, device=self.device)] = value
        y[mask] = value
        index = np.array([self.rng.randrange(y.shape[0]) for _ in range(2)])
        key = xp.asarray(index.astype(np.int32), device=self.device)
        # The order in memory decides where `reshape` copies, and NumPy keeps that of `y`.
        self.pairs.append((x[key], np.ascontiguousarray(y[index])))
        x[key] = value
        y[index] = value

    def copy(self, x, y):
        ours = self.rng.choice([
            lambda: xp.asarray(x, copy=True), lambda: xp.astype(x, x.dtype), lambda: xp.reshape(x, y.shape, copy=True),
            lambda: xp.from_dlpack(x, copy=True), lambda: x[xp.ones(y.shape, dtype=xp.bool, device=self.device)],
        ])()
        theirs = y.copy()
        self.pairs.append((ours, theirs if ours.shape == y.shape else theirs.reshape(-1)))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_random_work_gives_what_numpy_s_gives(dtype, device):
    for seed in range(40 if device == "cpu" else 6):
        sequence = Sequence(seed, dtype, device)
        for number in range(40):
            sequence.step()
            for k, (x, y) in enumerate(sequence.pairs):
                assert same(x, y), f"seed {seed}, step {number}, array {k}: {x} is not {y!r}"


@pytest.fixture(params=DEVICES)
def array(request):
    return lambda values: xp.asarray(np.asarray(values, np.float32), device=request.param)


def values(x):
    return np.from_dlpack(x, device="cpu").tolist()


def test_writes_are_seen_both_ways(array):
    a = array([[1, 2, 3], [4, 5, 6]])
    v = a[0]
    w = v[::-1]
    v[0] = 9
    assert float(a[0, 0]) == 9 and values(w) == [3, 2, 9]
    a[0, 1] = 8
    w[0] = 7
    assert values(v) == [9, 8, 7] and values(a) == [[9, 8, 7], [4, 5, 6]]
    one = v[0]
    assert one.shape == ()
    one += 1
    one[...] = one * 2
    assert float(a[0, 0]) == 20
    a.T[2, 1] = 0
    a.mT[:, 0] -= 1
    a[:, 1:3] *= 2
    a[0] += 1
    for row in a:
        row[1] = -1
    assert values(a) == [[20, -1, 13], [4, -1, 0]]
    b = a
    b += 1
    assert a is b and values(v) == [21, 0, 14]


def test_a_value_is_read_before_it_is_written(array):
    a = array(range(6))
    a[1:] = a[:-1]
    assert values(a) == [0, 0, 1, 2, 3, 4]
    a[1:] += a[:-1]
    assert values(a) == [0, 0, 1, 3, 5, 7]
    a[...] = a[::-1]
    assert values(a) == [7, 5, 3, 1, 0, 0]
    m = array([[1, 2], [3, 4]])
    m += m.T
    assert values(m) == [[2, 5], [5, 8]]
    m @= m
    assert values(m) == [[29, 50], [50, 89]]
    m[m > 29] = m[0, 0]
    assert values(m) == [[29, 29], [29, 29]]
    k = xp.asarray(np.asarray([1, 2, 0], np.int32), device=a.device)
    k[k] = k
    assert values(k) == [0, 1, 2]


def test_the_value_of_an_expression_is_that_of_the_moment(array):
    a = array([1, 2])
    b = a + a[::-1]
    c = +a
    a[...] = 0
    assert values(b) == [3, 3] and values(c) == [1, 2]


def test_copies_are_not_written_through(array):
    a = array([[1, 2], [3, 4]])
    k = xp.asarray(np.asarray([0, 1], np.int32), device=a.device)
    copies = [
        a[k], a[k, k], a[a > 0], a[a[0, 0] > 0], +a, xp.real(a), xp.asarray(a, copy=True), xp.astype(a, xp.float32), xp.from_dlpack(a, copy=True),
        xp.reshape(a, (4,), copy=True), xp.reshape(a.T, (4,)), xp.concat([a]), xp.roll(a, 0), xp.repeat(a, 1), xp.tile(a, (1, 1)), xp.take(a, k, axis=0),
        xp.tril(a), xp.clip(a), *xp.meshgrid(a[0], a[0]), xp.stack([a])[0, ...],
    ]
    before = [values(copy) for copy in copies]
    a[...] = 0
    assert [values(copy) for copy in copies] == before
    for copy in copies:
        copy[...] = 5
        assert values(copy) == (np.ones(copy.shape) * 5).tolist()
    assert values(a) == [[0, 0], [0, 0]]


def test_functions_that_give_views(array):
    a = array([[[1, 2], [3, 4]]])
    views = [
        xp.asarray(a), xp.from_dlpack(a), xp.asarray(a, copy=False), xp.astype(a, xp.float32, copy=False), a.to_device(a.device), a[...], a.mT,
        xp.matrix_transpose(a), xp.permute_dims(a, (2, 1, 0)), xp.moveaxis(a, 0, 1), xp.expand_dims(a, axis=0), xp.squeeze(a, axis=0), xp.flip(a),
        xp.reshape(a, (4,)), xp.reshape(a, (2, 2), copy=False), xp.broadcast_to(a, a.shape), *xp.broadcast_arrays(a, a), *xp.unstack(a, axis=0),
        xp.linalg.diagonal(a), xp.linalg.matrix_transpose(a), next(iter(a)),
    ]
    for number, view in enumerate(views):
        view[...] = number
        assert values(a[:, 0, 0]) == [number]
        a[...] = -1
        assert float(xp.min(view)) == float(xp.max(view)) == -1


def test_what_broadcasting_stretches_is_not_written_to(array):
    a = array([1, 2])
    wide = xp.broadcast_to(a, (3, 2))
    part, first = wide[1:, :], xp.broadcast_arrays(a, array(np.zeros((2, 2))))[0]
    for x in [wide, part, first, wide.T]:
        with pytest.raises(ValueError, match="broadcast"):
            x[...] = 0
        with pytest.raises(ValueError, match="broadcast"):
            x += 1
        with pytest.raises(ValueError, match="broadcast"):
            x[x > 0] = 1
    wide[1] += 1
    assert values(wide) == [[2, 3]] * 3
    free = xp.asarray(wide, copy=True)
    free[0, 0] = 9
    assert values(free) == [[9, 3], [2, 3], [2, 3]] and values(a) == [2, 3]


def test_a_mistake_leaves_everything_as_it_was(array):
    a = array([[1, 2], [3, 4]])
    v = a[0]
    for wrong in [
        lambda: v.__setitem__(0, 1j), lambda: v.__setitem__(2, 0), lambda: v.__setitem__(..., array([1, 2, 3])), lambda: v.__iadd__(array([[1, 2]])),
        lambda: v.__setitem__(a > 0, 0), lambda: v.__setitem__(v > 0, array([1, 2, 3])), lambda: v.__iadd__(1j), lambda: v.__imatmul__(array([[1]])),
    ]:
        with pytest.raises((TypeError, ValueError, IndexError)):
            wrong()
    assert values(a) == [[1, 2], [3, 4]] and values(v) == [1, 2]
    v[0] = 0
    assert values(a) == [[0, 2], [3, 4]]


def test_a_view_keeps_the_memory(array):
    v = array(np.arange(50_000))[5:8]
    gc.collect()
    others = [array(np.zeros(50_000)) for _ in range(4)]
    v[0] = 1
    assert values(v) == [1, 6, 7] and len(others) == 4


def address(x):
    """Where the elements are. What asks is gone afterwards."""
    return np.from_dlpack(x).ctypes.data


def test_writing_copies_nothing_that_nobody_else_has():
    a = xp.zeros((1000, 10), device="cpu")
    start, row = address(a), a[3]
    row[2] = 1
    row += 1
    a[5:, 1:3] *= 2
    a[1:] = a[:-1]
    a[0] = row
    a.T[0, ...] = a[:, 1]
    row[row > 1] = 0
    assert address(a) == start and address(row) == start + 3 * 80
    # What was handed out keeps its values: the elements, and all views of them, move to new memory.
    out = np.from_dlpack(row)
    assert not out.flags.writeable
    kept = out.copy()
    row[...] = 7
    assert np.array_equal(out, kept) and address(a) != start and address(row) == address(a) + 3 * 80
    assert float(a[3, 0]) == 7


def test_what_dlpack_hands_out():
    a = xp.arange(4.0, device="cpu")
    v = a[1:3]

    class Old:
        """A consumer from before version 1 asks without one."""

        def __init__(self, copy=None):
            self.copy = copy

        def __dlpack__(self, **_):
            return v.__dlpack__(copy=self.copy)

        def __dlpack_device__(self):
            return v.__dlpack_device__()

    copy, old, shared = np.from_dlpack(v, copy=True), np.from_dlpack(Old()), np.from_dlpack(v)
    copy[...] = 9
    # NumPy does not write to what comes without a version; other libraries do.
    assert old.tolist() == [1, 2] and not np.shares_memory(old, shared) and not np.shares_memory(copy, shared)
    assert values(a) == [0, 1, 2, 3]
    assert np.shares_memory(np.from_dlpack(Old(copy=False)), shared)
    shared = np.from_dlpack(v, copy=False)
    assert np.shares_memory(shared, np.from_dlpack(a)) and not shared.flags.writeable


def run_all(*work):
    """Runs functions at once; one that never ends fails the test."""
    failed = []

    def guarded(function):
        try:
            function()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(function,), daemon=True) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert not any(thread.is_alive() for thread in threads), "the threads wait for each other"
    assert not failed, failed


def test_threads_do_not_wait_for_each_other_or_see_half_of_a_write(array):
    a, b = array(np.zeros((4, 500))), array(np.ones((4, 500)))
    count = array(np.zeros(3))

    def write(x, y):
        for k in range(60):
            x[k % 4] = y[(k + 1) % 4]
            x += y.T.T
            x[1:] = x[:-1]
            x[...] = k

    def add():
        view = count[2:]
        for _ in range(60):
            view += 1
            count[0] += 1
            count[1:2] += 1

    def read():
        for _ in range(60):
            row = a[1] + 0
            assert float(xp.min(row)) == float(xp.max(row))

    run_all(lambda: write(a, b), lambda: write(b, a), lambda: write(a, a[::-1]), add, add, read)
    assert values(count) == [120, 120, 120]


X, _ = load_iris(return_X_y=True)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_gaussian_mixture_s_regularisation_is_not_lost(covariance_type, device):
    means, precisions = X[[0, 60, 120]], {"full": np.stack([np.eye(4)] * 3), "tied": np.eye(4), "diag": np.ones((3, 4)), "spherical": np.ones(3)}
    dtypes = xp.__array_namespace_info__().dtypes(device=device)
    dtype, tolerance = ("float64", 1e-9) if "float64" in dtypes else ("float32", 1e-3)

    def fit(convert):
        model = GaussianMixture(
            3, covariance_type=covariance_type, reg_covar=0.1, max_iter=5, tol=0.0, init_params="random", random_state=0, weights_init=convert(np.full(3, 1 / 3)), means_init=convert(means),
            precisions_init=convert(precisions[covariance_type]),
        )
        return model.fit(convert(X))

    wanted = fit(lambda x: x)
    with config_context(array_api_dispatch=True):
        got = fit(lambda x: xp.asarray(x.astype(dtype), device=device))
    for name in ["weights_", "means_", "covariances_", "precisions_cholesky_"]:
        own = getattr(got, name)
        assert own.device == device
        np.testing.assert_allclose(np.from_dlpack(own, device="cpu"), getattr(wanted, name), rtol=tolerance, atol=tolerance, err_msg=name)
