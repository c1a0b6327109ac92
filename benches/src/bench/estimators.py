"""Times scikit-learn's estimators, each as a line of JSON asks for it; answers with medians in seconds and what was learned."""

import json
import statistics
import sys
import time
import warnings

import numpy as np
import sklearn.cluster
import sklearn.decomposition
import sklearn.discriminant_analysis
import sklearn.linear_model
import sklearn.naive_bayes
import sklearn.preprocessing

warnings.simplefilter("ignore")
names = {}
for module in ("cluster", "decomposition", "discriminant_analysis", "linear_model", "naive_bayes", "preprocessing"):
    names.update(vars(getattr(sklearn, module)))


def median(run, repeat, patience):
    """The median of `repeat` runs after one that is not timed; that one's time alone if it is longer than the patience in seconds."""
    times = []
    for k in range(repeat + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        if k == 0 and times[0] > patience:
            return times[0]
    return statistics.median(times[1:])


for line in sys.stdin:
    asked = json.loads(line)
    x = np.fromfile(asked["x"]).reshape(-1, asked["features"]).astype(asked["dtype"])
    y = np.fromfile(asked["y"], dtype=asked["target"]) if asked["y"] else None
    estimator = eval(asked["python"], names)
    fit = median(lambda: estimator.fit(x, y), asked["repeat"], asked["patience"])
    method = getattr(estimator, asked["method"])
    applied = median(lambda: method(x), asked["repeat"], asked["patience"])
    learned = np.ravel(getattr(estimator, asked["attribute"])).tolist()
    score = estimator.score(x, y) if asked["scores"] else None
    print(json.dumps({"fit": fit, "apply": applied, "learned": learned, "score": score}), flush=True)
