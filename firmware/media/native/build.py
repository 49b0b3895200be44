"""Builds `firmware.media._engine` from the C files beside it.

setup.py calls for `ffi`; run as a script from the project's root it compiles in
place: `.venv/bin/python firmware/media/native/build.py`. The headers listed here
are read by compiler and cffi alike; `firmware/media/engine.py` is the face.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

HERE = Path("firmware/media/native")
HEADERS = (
    "g711.h",
    "g722.h",
    "resample.h",
    "rtp.h",
    "jitter.h",
    "drift.h",
    "tone.h",
    "fsk.h",
    "dtmf_rx.h",
    "dtmf_events.h",
    "echo.h",
    "progress.h",
    "engine.h",
)

ffi = FFI()
ffi.cdef("\n".join((HERE / name).read_text(encoding="utf-8") for name in HEADERS))
ffi.set_source(
    "firmware.media._engine",
    "#include <stdint.h>\n" + "".join(f'#include "{name}"\n' for name in HEADERS),
    sources=[str(path) for path in sorted(HERE.glob("*.c"))],
    include_dirs=[str(HERE)],
    # hidden: libspandsp has functions of the same names as some of ours, and each must find its own
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"],
    libraries=["m", "pthread", "spandsp", "speexdsp"],
)

if __name__ == "__main__":
    ffi.compile(verbose=False)
