"""Which caller ID standard an exchange uses: what comes over the resting line is read in every way at once.

One FSK receiver runs at a time, so a second call tries the other kind; digits are heard beside it. Nothing is read of
the network of Japan, whose lines must be answered to tell. Who uses it: `teach_session.py`.
"""

from __future__ import annotations

from firmware.lines.caller_id.receiving import DigitReader, OctetReader
from firmware.lines.fxo_caller import KINDS
from firmware.lines.teach_proposal import Proposed
from firmware.media.events import DataKind

FORMS = ("A-C", "D-C", "A-#", "D-#", "-C", "-#", "-")
"""Of a number in DTMF, the plainer ones last: those fit nearly every other too."""
_OF_KIND: dict[DataKind, str] = {"v23": "etsi-fsk", "bell-202": "bellcore"}
READ = 0.95
"""A message whose checksum is right, in the way that is proposed."""
DIGITS = 0.8
"""A number in DTMF: nothing but its letters says that it is one."""
BARE_DIGITS = 0.65


class CallerTrial:
    """standard: the line's own, "" for none: it is tried first, and proposed when it can read what comes."""

    def __init__(self, standard: str) -> None:
        self._own = standard if standard != "japan" else ""
        own_kind = KINDS.get(self._own)
        self._kinds: list[DataKind] = ["bell-202", "v23"] if own_kind == "bell-202" else ["v23", "bell-202"]
        self._octets = OctetReader()
        self._digits = ""
        self._found: list[Proposed] = []

    @property
    def kind(self) -> DataKind:
        """What to listen for now."""
        return self._kinds[0]

    def octet(self, octet: int | None) -> None:
        """From the FSK receiver; None when the carrier is gone."""
        if octet is None:
            self._octets.end()
        elif self._octets.put(octet) is not None:
            standard = self._own if KINDS.get(self._own) == self.kind else _OF_KIND[self.kind]
            self._found = [Proposed("caller_id", standard, READ, "a message was read")]

    def digit(self, digit: str) -> None:
        """From the digit receiver, while the line rests."""
        self._digits += digit

    def call_came(self) -> None:
        """The call rings or was taken: the digits before it are all."""
        digits, self._digits = self._digits, ""
        form = next((form for form in FORMS if _reads(form, digits)), None)
        if form is not None and not self._found:
            sure = DIGITS if form[0] in "AD" else BARE_DIGITS
            self._found = [
                Proposed("caller_id", "dtmf", sure, "digits came before the call was answered"),
                Proposed("caller_id_dtmf", form, sure, "what stood round them"),
            ]

    def call_over(self) -> None:
        """Nothing was read: the other kind is tried in the next call."""
        self.call_came()
        if not self._found:
            self._kinds.reverse()

    def settings(self) -> list[Proposed]:
        """What is proposed, [] when no caller was read."""
        return list(self._found)


def _reads(form: str, digits: str) -> bool:
    """Whether the digits are a number in just that form."""
    first, last = form.split("-")
    inner = digits[len(first) : len(digits) - len(last)]
    framed = digits.startswith(first) and digits.endswith(last) and inner.isdigit() and len(inner) >= 2
    reader = DigitReader(form)
    read = [reader.put(ord(digit)) for digit in digits] if framed else []
    return framed and ((bool(read) and read[-1] is not None) or reader.end() is not None)
