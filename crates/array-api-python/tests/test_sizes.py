"""Small arguments that ask for a lot end in an exception that names what is wrong, on every device."""

import array_api_rust as xp
import pytest

DEVICES = xp.__array_namespace_info__().devices()
N = 2**32


def ones(shape, device):
    """Ones of any shape in the memory of one element."""
    return xp.broadcast_to(xp.ones((), dtype=xp.float32, device=device), shape)


REFUSED = {
    "add": lambda a, b: a + b,
    "equal": lambda a, b: a == b,
    "where": lambda a, b: xp.where(xp.broadcast_to(xp.ones((), dtype=xp.bool, device=a.device), (N, 1)), a, b),
    "matmul": lambda a, b: a @ b,
    "vecdot": lambda a, b: xp.vecdot(a[..., None], b[..., None]),
    "cross": lambda a, b: xp.linalg.cross(xp.broadcast_to(a[..., None], (N, 1, 3)), xp.broadcast_to(b[..., None], (1, N, 3))),
    "outer": lambda a, b: xp.linalg.outer(a[:, 0], b[0, :]),
    "tensordot": lambda a, b: xp.tensordot(a[:, 0], b[0, :], axes=0),
    "broadcast_arrays": lambda a, b: xp.broadcast_arrays(a, b),
    "concat": lambda a, b: xp.concat([xp.broadcast_to(a[0, ...], (2**58,))] * 64),
    "stack": lambda a, b: xp.stack([xp.broadcast_to(a[0, ...], (2**58,))] * 64),
    "meshgrid": lambda a, b: xp.meshgrid(a[:, 0], b[0, :]),
    "tile": lambda a, b: xp.tile(a, (1, N)),
    "repeat": lambda a, b: xp.repeat(a, N, axis=1),
    "svd": lambda a, b: xp.linalg.svd(b),
    "qr": lambda a, b: xp.linalg.qr(a, mode="complete"),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("function", REFUSED)
def test_more_elements_than_memory_holds_are_refused_with_the_shapes(function, device):
    with pytest.raises(ValueError, match="more elements than any memory holds") as caught:
        REFUSED[function](ones((N, 1), device), ones((1, N), device))
    text = str(caught.value)
    assert text.startswith(f"{function}: ") and (str(N) in text or str(2**58) in text)


NO_ROOM = {
    "zeros": lambda d: xp.zeros(2**45, dtype=xp.float32, device=d),
    "eye": lambda d: xp.eye(2**23, dtype=xp.float32, device=d),
    "add": lambda d: ones((2**23, 1), d) + ones((1, 2**23), d),
    "svd": lambda d: xp.linalg.svd(ones((1, 2**24), d), full_matrices=True),
    "qr": lambda d: xp.linalg.qr(ones((2**24, 1), d), mode="complete"),
    "inv": lambda d: xp.linalg.inv(ones((2**40, 1, 1), d)),
    "fft": lambda d: xp.fft.fft(ones((1,), d), n=2**40),
    "sort": lambda d: xp.sort(ones((2**45,), d)),
    "sum": lambda d: xp.sum(xp.zeros((0, 2**45), dtype=xp.float32, device=d), axis=0),
    "unstack": lambda d: xp.unstack(xp.zeros((2**50, 0), dtype=xp.float32, device=d)),
    "copy to the host": lambda d: xp.asarray(ones((2**45,), d), copy=True),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("function", NO_ROOM)
def test_what_has_no_room_is_a_memory_error(function, device):
    with pytest.raises(MemoryError):
        NO_ROOM[function](device)


@pytest.mark.parametrize("device", DEVICES)
def test_counts_of_repetitions_do_not_wrap(device):
    x = xp.asarray([1, 2, 3, 4], dtype=xp.int32, device=device)
    wide = "int64" in xp.__array_namespace_info__().dtypes(device=device)
    counts = [2**62] * 4 if wide else [2**30] * 4
    with pytest.raises(ValueError, match="add up to more"):
        xp.repeat(x, xp.asarray(counts, device=device))
    assert [int(v) for v in xp.repeat(x, xp.asarray([0, 2, 1, 0], device=device))] == [2, 2, 3]


@pytest.mark.parametrize("device", DEVICES)
def test_any_number_of_empty_matrices_is_no_work(device):
    x = xp.zeros((2**40, 0, 0), dtype=xp.float32, device=device)
    assert xp.linalg.inv(x).shape == (x @ x).shape == xp.linalg.eigh(x)[1].shape == x.shape
    assert xp.sum(x, axis=0).shape == (0, 0) and float(xp.sum(x)) == 0.0
    assert xp.diff(x, axis=0, n=2**40).shape == (0, 0, 0)
    # A factor of ones has a place in memory for each, for which there is no room.
    with pytest.raises(MemoryError):
        xp.linalg.svd(xp.zeros((2**40, 1, 0), dtype=xp.float32, device=device))
