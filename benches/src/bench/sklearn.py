"""Times scikit-learn's LinearDiscriminantAnalysis. Arguments: folder with the data, number of features, repeats."""

import json
import statistics
import sys
import time
import warnings

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

warnings.simplefilter("ignore")
folder, features, repeat = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def load(name):
    x = np.fromfile(f"{folder}/{name}.f64").reshape(-1, features)
    return x, np.fromfile(f"{folder}/{name}.i64", dtype=np.int64)


def median(run):
    run()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


x, y = load("train")
test, _ = load("test")
for dtype in ("float32", "float64"):
    xd, td = x.astype(dtype), test.astype(dtype)
    lda = LinearDiscriminantAnalysis()
    fit = median(lambda: lda.fit(xd, y))
    predict = median(lambda: lda.predict(xd))
    print(json.dumps({"dtype": dtype, "fit": fit, "predict": predict, "labels": lda.predict(td).tolist()}))
