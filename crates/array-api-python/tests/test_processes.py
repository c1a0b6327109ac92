"""Processes and threads: forks, the end of a program, interrupts, memory. Each program runs in an interpreter of its own, which is given so long."""

import os
import subprocess
import sys
import textwrap

import array_api_rust as xp
import pytest

PATIENCE = 300

GPUS = [name for name in xp.__array_namespace_info__().devices() if name != "cpu"]

on_every_device = pytest.mark.parametrize("device", ["cpu", *GPUS])
on_every_gpu = pytest.mark.parametrize("device", GPUS)


def run(program, *arguments):
    """What the program prints; it must end with exit code 0."""
    text = "import array_api_rust as xp\n" + textwrap.dedent(program)
    command = [sys.executable, "-c", text, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 0, (result.returncode, result.stdout, result.stderr)
    return result.stdout


# Every chapter that is spread over threads, in sizes for which it is.
WORK = """
import os, sys, threading, time

def work(seed=0):
    x = xp.reshape(xp.arange(410 * 410, dtype=xp.float64) * (7.0 + seed), (410, 410)) % 11.0
    m = xp.matmul(x, x.mT) / 410 + xp.eye(410) * 10
    parts = [
        m, xp.exp(x) * 2 + x, xp.sum(x, axis=0), xp.sort(xp.reshape(x, (-1,))), xp.argsort(x, axis=1),
        xp.cumulative_sum(x, axis=1), xp.nonzero(x > 3.0)[0], xp.take(x, xp.arange(400), axis=0),
        xp.linalg.solve(m, x), xp.linalg.svdvals(x), xp.linalg.eigvalsh(m), xp.linalg.qr(x).R, xp.linalg.cholesky(m),
        xp.abs(xp.fft.rfft(x)),
    ]
    return [float(xp.sum(xp.abs(part))) for part in parts]

def same(a, b):
    return len(a) == len(b) and all(abs(x - y) <= 1e-9 * abs(y) for x, y in zip(a, b))

def child_says(work):
    "The exit code of a child that works; one that hangs is killed by the time of the whole program."
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
class TestFork:
    def test_a_child_computes_what_its_parent_does(self):
        run(
            WORK
            + """
wanted = work()
assert child_says(lambda: same(work(), wanted)) == 0
assert child_says(lambda: child_says(lambda: same(work(), wanted)) == 0) == 0
assert same(work(), wanted)
"""
        )

    def test_a_pool_of_forked_processes(self):
        run(
            WORK
            + """
import multiprocessing
wanted = [work(k) for k in range(3)]
with multiprocessing.get_context("fork").Pool(2) as pool:
    got = pool.map(work, range(3))
assert all(map(same, got, wanted))
"""
        )

    def test_a_child_of_a_parent_whose_threads_compute(self):
        run(
            WORK
            + """
wanted = work()
stop = False
def busy():
    while not stop:
        work()
threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads:
    thread.start()
codes = [child_says(lambda: same(work(), wanted)) for _ in range(4)]
stop = True
for thread in threads:
    thread.join()
assert codes == [0] * 4, codes
"""
        )

    @on_every_gpu
    def test_a_child_of_a_gpu_program_is_told_what_to_do(self, device):
        run(
            WORK
            + """
device = sys.argv[1]
x = xp.asarray([1.0, 2.0], dtype=xp.float32, device=device)
y = x * 2

def refused(call):
    try:
        call()
    except Exception as error:
        return "spawn" in str(error) and "forkserver" in str(error)
    return False

def child():
    calls = [
        # Of x, a small upload, the host keeps a copy; y was computed on the device.
        lambda: x + 1, lambda: xp.sum(x), lambda: float(y[0]), lambda: y.to_device("cpu"),
        lambda: xp.zeros(3, dtype=xp.float32, device=device), lambda: xp.asarray([1], device=device),
    ]
    return all(map(refused, calls)) and float(xp.sum(xp.ones(10))) == 10

assert child_says(child) == 0
# A child that ends as every program does drops what it has.
pid = os.fork()
if pid == 0:
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
assert [float(y[0]), float(y[1])] == [2, 4]
""",
            device,
        )

    @on_every_gpu
    def test_a_child_may_be_the_first_to_use_a_gpu(self, device):
        run(
            WORK
            + """
device = sys.argv[1]
wanted = work()
total = lambda: float(xp.sum(xp.ones(1000, dtype=xp.float32, device=device))) == 1000
assert child_says(total) == 0
assert total()
""",
            device,
        )


@on_every_device
def test_a_program_ends_while_another_thread_works(device):
    run(
        """
        import sys, threading, time
        x = xp.ones((300, 300), dtype=xp.float32, device=sys.argv[1])
        started = threading.Event()
        def busy():
            while True:
                y = xp.matmul(x, x)
                float(xp.sum(xp.exp(y * 1e-9)))
                started.set()
        for _ in range(3):
            threading.Thread(target=busy, daemon=True).start()
        started.wait()
        time.sleep(0.05)
        """,
        device,
    )


@on_every_device
def test_an_interrupt_harms_nothing(device):
    out = run(
        """
        import os, signal, sys, threading, time
        n = 500
        x = xp.ones((n, n), dtype=xp.float32, device=sys.argv[1])
        y = xp.zeros((n, n), dtype=xp.float32, device=sys.argv[1])
        interrupts = 0
        for k in range(10):
            try:
                threading.Timer(0.02 * k, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
                while True:
                    y += xp.matmul(x, x)
                    xp.sum(y)
            except KeyboardInterrupt:
                interrupts += 1
        # Whole products have been added, and a call is either done or not.
        assert float(xp.max(y)) == float(xp.min(y)) and float(y[0, 0]) % n == 0
        assert float(xp.sum(x)) == n * n
        print(interrupts)
        """,
        device,
    )
    assert out.strip() == "10"


@on_every_device
def test_threads_share_a_device(device):
    run(
        """
        import concurrent.futures, sys
        device = sys.argv[1]
        def work(k):
            x = xp.reshape(xp.arange(6400, dtype=xp.float32, device=device), (80, 80)) + k
            y = xp.matmul(x, x) * 1e-3
            y += xp.sort(x, axis=0, descending=True)
            return float(xp.sum(y)), float(xp.max(xp.cumulative_sum(y, axis=1)))
        wanted = [work(k) for k in range(40)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                assert list(pool.map(work, range(40))) == wanted
        """,
        device,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@on_every_device
def test_memory_stays_bounded(device):
    run(
        """
        import gc, os, sys
        device = sys.argv[1]
        def resident():
            return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
        values = memoryview(bytes(8000)).cast("f")
        x = xp.ones(2000, dtype=xp.float32, device=device)
        def upload(n):
            for _ in range(n):
                kept = xp.asarray(values, device=device)
        def chain(n):
            y = x
            for _ in range(n):
                y = y + x
            assert float(y[0]) == n + 1
        def download(n):
            for k in range(n):
                float(x[k % 2000])
        for work in (upload, chain, download):
            work(500)
            before = resident()
            work(30_000)
            growth = resident() - before
            assert growth < 64 << 20, (work.__name__, growth)
        """,
        device,
    )
