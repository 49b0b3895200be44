"""What an exchange line's slot listens for: who calls while the line rests, tones while it dials, keys in a call.

`fxo_line.py` and `fxo_wires.py` say when; a teach-in hears all of it too (`teach_session.py`).
"""

from __future__ import annotations

from firmware.lines.fxo_caller import FxoCaller
from firmware.lines.fxo_voice import TrunkVoice
from firmware.lines.teach_session import TeachSession


class LineEar:
    """lesson: the teach-in that watches the line, if any."""

    def __init__(self, voice: TrunkVoice, caller: FxoCaller) -> None:
        self.lesson: TeachSession | None = None
        self._voice = voice
        self._caller = caller

    def to_who_calls(self) -> None:
        """The line rests, or dials. A teach-in listens for what it tries, and for digits."""
        self._voice.listen_signals(data=self._caller.kind if self.lesson is None else self.lesson.caller.kind)
        self._voice.listen_digits(self.lesson is not None)

    def to_progress(self) -> None:
        """What the exchange says is awaited."""
        self._voice.listen_signals(progress=True)

    def to_call(self, *, faxes: bool = False) -> None:
        """Keys, tones that end the call, and fax machines where they are to be noticed."""
        self._voice.listen_signals(modems=faxes, progress=True)
        self._voice.listen_digits(True)

    def data(self, octet: int | None) -> None:
        """An octet or digit of who calls, None at their end."""
        if self.lesson is not None:
            self.lesson.caller.octet(octet)
        if self.lesson is None or self.lesson.caller.kind == self._caller.kind:
            self._caller.heard(octet)
