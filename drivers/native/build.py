"""cffi builder of `drivers._native`: SPI transports, registers, line scanner, PCM highway, stepper.

The headers below are the whole surface; each is read by the compiler and by cffi as it stands.
Run as a script from the project's root it compiles in place; setup.py takes `ffi`.
"""

from pathlib import Path

from cffi import FFI

HERE = "drivers/native"
SOURCES = sorted(str(source) for source in Path(HERE).glob("*.c"))
FACE = (
    "spi",
    "highway",
    "pcm_shm",
    "registers",
    "spi_socket",
    "spi_dev",
    "spi_trace",
    "hook",
    "scanner_event",
    "scanner",
    "ring_heard",
    "scanner_daa",
    "daa_registers",
    "clock_drift",
    "pcm_highway",
    "stepper",
)
"""Headers that Python sees; each builds on those before it. What ends in _watch or _state is the scanner's own."""
HEADERS = [f"{HERE}/{name}.h" for name in FACE]

ffi = FFI()
for header in HEADERS:
    ffi.cdef(Path(header).read_text(encoding="utf-8"))
ffi.set_source(
    "drivers._native",
    "".join(f'#include "{Path(header).name}"\n' for header in HEADERS),
    sources=SOURCES,
    include_dirs=[HERE],
    depends=sorted(str(header) for header in Path(HERE).glob("*.h")),
    extra_compile_args=["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"],
    libraries=["pthread"],
)

if __name__ == "__main__":
    ffi.compile(verbose=False)
