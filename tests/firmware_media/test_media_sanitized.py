"""The engine's C under sanitizers: plain binaries with mutated packets, refused memory, and their true threads."""

import os
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).resolve().parents[2] / "firmware/media/native"
TESTS = Path(__file__).parent / "native"
LIBRARIES = ["-lm", "-lpthread", "-lspandsp", "-lspeexdsp"]
ROUNDS = 200_000 if os.environ.get("TIPRING_SOAK") else 15_000


def build(folder: Path, test: str, sanitizers: str, *more: str) -> Path:
    flags = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]
    sanitize = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    sources = [str(path) for path in (*sorted(NATIVE.glob("*.c")), TESTS / f"{test}.c")]
    command = ["gcc", *flags, *sanitize, *more, f"-I{NATIVE}", "-o", str(folder / test), *sources, *LIBRARIES]
    subprocess.run(command, check=True)
    return folder / test


def run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("fuzz"), "test_media_sanitized", "address,undefined")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_read_or_written_astray(fuzz: Path, seed: int) -> None:
    assert int(run(str(fuzz), str(seed), str(ROUNDS)).split()[0]) > 100


def test_every_allocation_and_every_thread_may_fail_and_a_blocked_disk_is_told(tmp_path: Path) -> None:
    made = (
        "calloc",
        "pthread_create",
        "g722_decode_init",
        "g722_encode_init",
        "speex_resampler_init",
        "speex_echo_state_init",
        "modem_connect_tones_rx_init",
        "pwrite",
        "pwrite",
    )
    wraps = [f"-Wl,--wrap={name}" for name in made]
    out = run(str(build(tmp_path, "test_media_memory", "address,undefined", *wraps)))
    assert int(out.split()[0]) >= 50  # each opened thing has a few, with threads and stepped


def test_threads_share_nothing_unguarded(tmp_path: Path) -> None:
    out = run(str(build(tmp_path, "test_media_threads", "thread")), str(tmp_path))
    assert int(out.split()[0]) > 4000
