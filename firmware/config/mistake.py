"""What the installer can mend: one mistake in the settings, told with file, key, value and what is allowed.

Made by `check.py` and `load.py`; printed by the command line, kept as a notice by core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.config.declaration import Words


def printable(text: str) -> str:
    """Without anything a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend.

    file: its name as given. key: dotted, "" when the whole file is meant. value: as written in
    the file ("" when absent or secret). allowed: what would be right. problem: completes "KEY ...".
    """

    file: str
    key: str
    value: str
    allowed: Words
    problem: Words

    def text(self, language: str = "en") -> str:
        """One sentence: `tipring.toml: lines.fxs1.ring_v_rms is 140, allowed 40 to 90 V rms`."""
        what = f"{self.key} {self.problem.text(language)}" if self.key else self.problem.text(language)
        return printable(f"{self.file}: {what}")

    def __str__(self) -> str:
        return self.text()


class SettingsError(Exception):
    """The settings cannot be used; `mistakes` says everything that is to be mended."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = list(mistakes)
