"""cffi builder of `drivers.sim._sim`, the simulated board in C.

The headers `simboard.h` and `simoffice.h` are the whole surface; `spi.h` and `highway.h` are added
because its two faces for drivers are structs of those. Run as a script from the
project's root it compiles in place; setup.py takes `ffi`.
"""

from pathlib import Path

from cffi import FFI

HERE = "drivers/sim/native"
SOURCES = sorted(str(source) for source in Path(HERE).glob("*.c"))
HEADERS = ("drivers/native/spi.h", "drivers/native/highway.h", f"{HERE}/simboard.h", f"{HERE}/simoffice.h")

ffi = FFI()
for header in HEADERS:
    ffi.cdef(Path(header).read_text(encoding="utf-8"))
ffi.set_source(
    "drivers.sim._sim",
    '#include "spi.h"\n#include "highway.h"\n#include "simboard.h"\n#include "simoffice.h"\n',
    sources=SOURCES,
    include_dirs=["drivers/native", HERE],
    depends=[*HEADERS, *sorted(str(header) for header in Path(HERE).glob("*.h"))],
    extra_compile_args=["-std=c11", "-O2", "-Wall", "-Wextra"],
    libraries=["m", "pthread"],
)

if __name__ == "__main__":
    ffi.compile(verbose=False)
