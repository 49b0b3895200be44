"""A board of four ports, two of each chip family, for tests in which several telephones ring."""

from __future__ import annotations

from pathlib import Path

PORTS = ("fxs1", "fxs2", "fxs3", "fxs4")


def board_file(folder: Path, ring_at_once: int = 16) -> str:
    """Write the board's file; returns its path."""
    head = [
        'name = "four"', 'title = "Four ports"', f"ring_at_once = {ring_at_once}",
        '[bus]', 'kind = "simboard"', '[highway]', 'kind = "simboard"',
    ]  # fmt: skip
    for number, name in enumerate(PORTS):
        chip = "si3215" if number % 2 else "si3210"
        head += [
            "[[port]]",
            f'name = "{name}"',
            'kind = "fxs"',
            f'chip = "{chip}"',
            f"cs = {number}",
            f"slot = {number}",
        ]
    path = folder / "four.toml"
    path.write_text("\n".join(head) + "\n", encoding="utf-8")
    return str(path)
