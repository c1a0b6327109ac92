#!/usr/bin/env python3
"""Remakes the .ptx files beside the .cu files: make.py LIBNVRTC [FILE.cu ...]

NVRTC 12.9 comes with `pip install nvidia-cuda-nvrtc-cu12==12.9.86`; LIBNVRTC is the path of its
libnvrtc.so.12. The header is lowered to what the backend's kernels are shipped with.
"""

import ctypes
import pathlib
import re
import sys

OPTIONS = [b"--gpu-architecture=compute_70", b"--std=c++17", b"--fmad=false"]


def compile(library, source, name):
    program = ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), name.encode(), 0, None, None)
    options = (ctypes.c_char_p * len(OPTIONS))(*OPTIONS)
    failed = library.nvrtcCompileProgram(program, len(OPTIONS), options)
    what = "ProgramLog" if failed else "PTX"
    size = ctypes.c_size_t()
    getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{what}")(program, text)
    if failed:
        raise SystemExit(f"{name}:\n{text.value.decode()}")
    return re.sub(r"^\.version .*$", ".version 6.4", text.value.decode(), flags=re.M)


def main():
    library = ctypes.CDLL(sys.argv[1])
    here = pathlib.Path(__file__).parent
    for path in map(pathlib.Path, sys.argv[2:] or sorted(here.glob("*.cu"))):
        path.with_suffix(".ptx").write_text(compile(library, path.read_text(), path.name))


if __name__ == "__main__":
    main()
