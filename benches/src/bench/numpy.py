"""Times NumPy's operations, each as a line of JSON asks for it; answers with the median in seconds."""

import json
import statistics
import sys
import time

import numpy as np

for line in sys.stdin:
    asked = json.loads(line)
    shape, dtype = asked["shape"], asked["dtype"]
    k = np.arange(int(np.prod(shape)), dtype="float64")
    a, b, c = (((k + seed) * 0.6180339887498949 % 1.0 * 2.0 + 1e-3).reshape(shape).astype(dtype) for seed in (0.0, 0.25, 0.75))
    m = b.real > 1
    if len(shape) == 2 and shape[0] == shape[1] <= 1024:
        h = a @ a.T / shape[0] + np.eye(shape[0], dtype=dtype)
    run = eval(f"lambda: {asked['python']}")
    times = []
    for _ in range(asked["repeat"] + 1):
        start = time.perf_counter()
        for _ in range(asked["runs"] - 1):
            run()
        result = run()
        times.append(time.perf_counter() - start)
        del result
    print(statistics.median(times[1:]), flush=True)
