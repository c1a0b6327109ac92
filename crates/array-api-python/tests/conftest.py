"""Tests of the Python module. `cargo xtask test` builds the module into a virtual environment and runs them."""

import os

# Before SciPy is imported, which reads it once.
os.environ["SCIPY_ARRAY_API"] = "1"


def pytest_sessionstart():
    """Fails where `cargo xtask test` has named a device that the machine has, and the module does not find it."""
    import array_api_rust

    found = {name.split(":")[0] for name in array_api_rust.__array_namespace_info__().devices()}
    required = set(os.environ.get("ARRAY_API_REQUIRE", "").split(",")) & {"wgpu"}
    assert required <= found, f"ARRAY_API_REQUIRE says that this machine has {required}; the module found {found}"
