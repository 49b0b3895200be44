"""A network of bad links for the state-model test, with notes of every datagram's fate.

Each phone hangs on a link of its own with loss, copies, delay and jitter drawn by dice; a wide
jitter also changes the order. The judge reads the notes, and `ladder` prints them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.sip.pairs import Address, Network, header


@dataclass(frozen=True, slots=True)
class Link:
    """Odds of losing and of copying a datagram, 0 to 1; least and most delay in s."""

    loss: float
    copies: float
    least_s: float
    most_s: float

    @classmethod
    def thrown(cls, dice: random.Random) -> Link:
        """From a cable to something that hardly works."""
        least_s = dice.choice((0.0005, 0.01, 0.08))
        return cls(
            dice.choice((0.0, 0.0, 0.05, 0.15, 0.3)),
            dice.choice((0.0, 0.0, 0.1)),
            least_s,
            least_s + dice.choice((0.001, 0.02, 0.3, 1.2)),
        )


@dataclass(slots=True)
class Note:
    """One datagram sent: when, between whom, and when its copies arrived (none: it was lost)."""

    at_s: float
    source: Address
    target: Address
    text: str
    arrived: list[float] = field(default_factory=list)

    @property
    def method(self) -> str:
        """Of a request, or of the request a response answers."""
        return self.text[: self.text.index(" ")] if self.is_request else header(self.text, "CSeq").split()[1]

    @property
    def is_request(self) -> bool:
        return not self.text.startswith("SIP/2.0")

    @property
    def status(self) -> int:
        """0 for a request."""
        return 0 if self.is_request else int(self.text[8:11])

    @property
    def cseq(self) -> int:
        return int(header(self.text, "CSeq").split()[0])


class BadNetwork(Network):
    """links: by the phone's address. notes: in order of sending. deliveries: (time, note) in order of arrival."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self._dice = dice
        self.links: dict[str, Link] = {}
        self.notes: list[Note] = []
        self.deliveries: list[tuple[float, Note]] = []

    def send(self, data: bytes, source: Address, target: Address) -> None:
        loop = asyncio.get_running_loop()
        note = Note(loop.time(), source, target, data.decode("latin-1"))
        self.notes.append(note)
        link, dice = self.link(note), self._dice
        if dice.random() < link.loss:
            return
        for _ in range(1 + (dice.random() < link.copies)):
            loop.call_later(dice.uniform(link.least_s, link.most_s), self._arrive, note, data)

    def _arrive(self, note: Note, data: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        note.arrived.append(now_s)
        self.deliveries.append((now_s, note))
        if note.target in self.ends:
            self.ends[note.target](data, note.source)

    def link(self, note: Note) -> Link:
        return self.links.get(note.source[0]) or self.links[note.target[0]]

    def between(self, source: Address, target: Address) -> Iterator[Note]:
        return (note for note in self.notes if note.source == source and note.target == target)


def ladder(network: BadNetwork, names: dict[str, str], begin_s: float) -> str:
    """What was sent, in order: seconds since the call began, from whom to whom, what, and its fate."""
    lines = []
    for note in network.notes:
        what = f"{note.method} {note.cseq}" if note.is_request else f"{note.status} ({note.method} {note.cseq})"
        fate = " ".join(f"{at_s - begin_s:.3f}" for at_s in note.arrived) or "lost"
        ends = f"{names.get(note.source[0], '?'):>7} -> {names.get(note.target[0], '?'):<7}"
        lines.append(f"{note.at_s - begin_s:9.3f} {ends} {what:<22} {fate}")
    return "\n".join(lines)
