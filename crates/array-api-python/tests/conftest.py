"""Tests of the Python module. `cargo xtask test` builds the module into a virtual environment and runs them."""

import os

# Before SciPy is imported, which reads it once.
os.environ["SCIPY_ARRAY_API"] = "1"
