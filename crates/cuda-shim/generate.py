#!/usr/bin/env python3
"""Writes src/generated.rs: the driver functions that `cust` names, with the prototypes of `cust_raw`.

Run it after a new release of either, or after a change of ALSO. Both sources are found by `cargo metadata`, so they are
the ones of Cargo.lock. tests/coverage.rs fails when it is due.
"""

import json
import re
import subprocess
from pathlib import Path

# Called by this project through `cust_raw`; `cust` does not have them.
ALSO = [
    "cuDeviceGetDefaultMemPool",
    "cuDeviceGetUuid",
    "cuFuncSetAttribute",
    "cuMemHostAlloc",
    "cuMemPoolGetAttribute",
    "cuMemPoolSetAttribute",
    "cuMemPoolTrimTo",
    "cuStreamQuery",
]
# The shim knows an answer of its own when the driver has none: src/errors.rs.
ANSWERED = ["cuGetErrorName", "cuGetErrorString"]

HERE = Path(__file__).resolve().parent


def sources():
    """The source folders of the packages of Cargo.lock, by the package's name."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    metadata = json.loads(subprocess.check_output(command, cwd=HERE))
    return {package["name"]: Path(package["manifest_path"]).parent / "src" for package in metadata["packages"]}


def prototypes(bindings):
    """The argument lists of all functions that `cust_raw` declares, by the function's name."""
    found = re.findall(r"pub fn (cu\w+)\(\s*(.*?),?\s*\)\s*->\s*CUresult;", bindings, re.S)
    return {name: re.sub(r"\s+", " ", arguments).replace("::std::os::raw::", "") for name, arguments in found}


def main():
    source = sources()
    known = prototypes((source["cust_raw"] / "cuda.rs").read_text())
    words = {word for file in source["cust"].rglob("*.rs") for word in re.findall(r"\w+", file.read_text())}
    names = sorted((words & known.keys()) | set(ALSO) | set(ANSWERED))
    lines = {name: f"        fn {name}({known[name]});" for name in names}
    forwarded = "\n".join(line for name, line in lines.items() if name not in ANSWERED)
    answered = "\n".join(lines[name] for name in ANSWERED)
    text = f"""\
// Written by generate.py; a change here is lost.

crate::symbols::driver_symbols! {{
    forwarded {{
{forwarded}
    }}
    answered {{
{answered}
    }}
}}
"""
    (HERE / "src/generated.rs").write_text(text)
    print(f"{len(names)} symbols")


if __name__ == "__main__":
    main()
