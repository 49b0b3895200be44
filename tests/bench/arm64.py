"""Instructions that a 64-bit ARM machine takes for a packet and for the engine's work: what a Pi 4 is estimated from.

Debian's own arm64 kernel runs in qemu with a clock of 1 ns an instruction (`-icount shift=0`), so that what
`arm64_guest.c` times is a count, the kernel's share among it. The compilers and qemu come from Debian packages; kernel
and libraries are fetched with apt into build/arm64, beside the system's own.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NATIVE = ROOT / "firmware/media/native"
CACHE = ROOT / "build/arm64"
TOOLS = {
    "/usr/bin/qemu-system-aarch64": "qemu-system-arm",
    "/usr/bin/aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "/usr/aarch64-linux-gnu/include/stdio.h": "libc6-dev-arm64-cross",
}
LIBRARIES = ("libspandsp-dev", "libspeexdsp-dev", "libtiff-dev")
LONGEST_S = 600


def missing() -> list[str]:
    """Debian packages to install first."""
    return [package for path, package in TOOLS.items() if not Path(path).exists()]


def counts(folder: Path) -> dict[str, int]:
    """Instructions: "packet", one through the bare relay; others, 20 ms of each kind of work.c. Takes half a minute.

    CalledProcessError when something cannot be fetched or built.
    """
    root = fetch()
    build(root, folder, "relay", [HERE / "relay.c"], [])
    build(root, folder, "init", [HERE / "arm64_guest.c"], [])
    build(root, folder, "work", [*sorted(NATIVE.glob("*.c")), HERE / "work.c"], ["-lspandsp", "-lspeexdsp", "-lm"])
    start_files = folder / "start.cpio.gz"
    start_files.write_bytes(gzip.compress(archive({name: folder / name for name in ("init", "relay", "work")})))
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    machine = subprocess.run(
        ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-m", "512", "-smp", "1", "-nographic",
         "-nic", "none", "-no-reboot", "-icount", "shift=0,sleep=off", "-kernel", str(kernel),
         "-initrd", str(start_files), "-append", "console=ttyAMA0 quiet panic=-1"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=LONGEST_S,
    )  # fmt: skip
    found = {name: int(count) for name, count in re.findall(r"^(\S+) (\d+)\r?$", machine.stdout, re.M)}
    if "end" not in found:
        raise subprocess.CalledProcessError(1, "arm64_guest", machine.stdout[-2000:], machine.stderr[-2000:])
    return found


def build(root: Path, folder: Path, name: str, sources: list[Path], libraries: list[str]) -> None:
    """A static program for the machine, optimised as the engine is."""
    include = [f"-I{NATIVE}", f"-I{root}/usr/include", f"-I{root}/usr/include/aarch64-linux-gnu"]
    found = ["aarch64-linux-gnu-gcc", "-static", "-std=gnu11", "-O2", *include, f"-L{root}/usr/lib/aarch64-linux-gnu"]
    subprocess.run(
        [*found, "-o", str(folder / name), *map(str, sources), *libraries], check=True, capture_output=True, text=True
    )


def fetch() -> Path:
    """A folder with Debian's arm64 kernel and libraries, unpacked; fetched once."""
    root = CACHE / "root"
    if root.exists():
        return root
    shutil.rmtree(CACHE, ignore_errors=True)
    for part in ("state/lists/partial", "cache/archives/partial", "packages", "unpacking"):
        (CACHE / part).mkdir(parents=True)
    status = CACHE / "state/status"
    status.touch()
    settings = {"APT::Architecture": "arm64", "APT::Architectures": "arm64", "APT::Sandbox::User": "root",
                "Dir::State": CACHE / "state", "Dir::State::status": status, "Dir::Cache": CACHE / "cache"}  # fmt: skip
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]

    def run(*command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=CACHE / "packages").stdout

    run("apt-get", *options, "update")
    kernel = re.search(r"Depends: (linux-image-\S+)", run("apt-cache", *options, "depends", "linux-image-arm64"))
    assert kernel, "linux-image-arm64 depends on no kernel"
    run("apt-get", *options, "download", kernel[1], *LIBRARIES)
    for package in (CACHE / "packages").glob("*.deb"):
        run("dpkg-deb", "-x", str(package), str(CACHE / "unpacking"))
    return (CACHE / "unpacking").rename(root)


def archive(programs: dict[str, Path]) -> bytes:
    """A cpio archive ("newc") of programs and an empty /proc, as the kernel wants its first files."""
    out = b""
    entries = [("proc", 0o40755, b""), *((name, 0o100755, path.read_bytes()) for name, path in programs.items())]
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        named = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(named), 0)
        for part in (b"070701" + b"".join(b"%08x" % field for field in fields) + named, data):
            out += part + bytes(-len(part) % 4)
    return out
