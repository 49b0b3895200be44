"""Fuzzing led by coverage, for `make soak`: `python -m tests.sip.fuzz_atheris --seconds 60`.

Needs atheris (`pip install .[soak]`). An input's first octet says what reads the rest: a target of
`fuzz_targets.py` as it stands, the same after damage chosen by the input, or a whole dialog of
`fuzz_scripts.py`. Seeds: RFC 4475, RFC 5118 and what is said in our dialogs. What fails is kept in
`build/fuzz/` and printed; run it again by giving the file as the argument.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["firmware"], enable_loader_override=False):
    from tests.sip.fuzz_scripts import SCRIPTS
    from tests.sip.fuzz_settings import in_time
    from tests.sip.fuzz_targets import TARGETS, damaged, part_of, seeds_for
    from tests.sip.fuzz_world import BAR_S, play

FOLDER = Path("build/fuzz")
MOST_OCTETS = 8192
_TARGETS = list(TARGETS)
_SCRIPTS = list(SCRIPTS)


def judge(data: bytes) -> None:
    """One input. Raises for what is wrong."""
    if not data:
        return
    kind, rest = data[0], data[1:]
    name = _TARGETS[kind % len(_TARGETS)]
    if kind < 100:
        in_time(lambda: TARGETS[name](rest))
    elif kind < 200:
        in_time(lambda: TARGETS[name](part_of(name, damaged(rest, name))))
    else:
        verdict = play(SCRIPTS[_SCRIPTS[kind % len(_SCRIPTS)]], rest)
        assert not verdict.bugs, verdict.bugs
        assert verdict.slowest_s < BAR_S, verdict.slowest_s


def write_seeds(folder: Path) -> None:
    """Each seed for each target that it suits, and an undamaged dialog of each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for at, name in enumerate(_TARGETS):
        parts = {part_of(name, seed) for seed in seeds_for(name)}
        for serial, part in enumerate(sorted(filter(None, parts))):
            (folder / f"{name}-{serial}").write_bytes(bytes([at]) + part)
    for kind in range(200, 200 + len(_SCRIPTS)):
        (folder / f"dialog-{kind}").write_bytes(bytes([kind, 0]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz the SIP room by coverage.")
    parser.add_argument("--seconds", type=int, default=60, help="how long (default 60)")
    parser.add_argument("again", nargs="*", help="files that failed before, to be judged once more")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    options = [
        sys.argv[0],
        f"-max_len={MOST_OCTETS}",
        f"-artifact_prefix={FOLDER}{os.sep}",
        "-timeout=20",
        "-verbosity=1",
    ]
    if args.again:
        options += args.again
    else:
        write_seeds(FOLDER / "seeds")
        (FOLDER / "found").mkdir(exist_ok=True)
        options += [f"-max_total_time={args.seconds}", str(FOLDER / "found"), str(FOLDER / "seeds")]
    atheris.Setup(options, judge)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
