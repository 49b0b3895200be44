"""The engine's C under sanitizers (address, undefined behaviour): a plain binary, fed with mutated packets."""

import os
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).resolve().parents[2] / "firmware/media/native"
FUZZ = Path(__file__).parent / "native/test_media_sanitized.c"
LIBRARIES = ["-lm", "-lpthread", "-lspandsp", "-lspeexdsp"]
ROUNDS = 200_000 if os.environ.get("TIPRING_SOAK") else 15_000


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    binary = tmp_path_factory.mktemp("fuzz") / "fuzz"
    flags = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [str(path) for path in (*sorted(NATIVE.glob("*.c")), FUZZ)]
    command = ["gcc", *flags, *sanitize, f"-I{NATIVE}", "-o", str(binary), *sources, *LIBRARIES]
    subprocess.run(command, check=True)
    return binary


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_read_or_written_astray(fuzz: Path, seed: int) -> None:
    result = subprocess.run([str(fuzz), str(seed), str(ROUNDS)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    assert int(result.stdout.split()[0]) > 100
