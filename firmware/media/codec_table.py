"""The audio codecs of the house: one table for SDP, settings, engine and records.

Why: name, payload type and clock belong together, and G.722 has the odd one: its RTP clock
says 8 kHz although it carries 16 kHz (RFC 3551 4.5.2). Who agrees on which: `offer_answer.py`;
what the figures of quality become: `events.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

CodecName = Literal["G722", "PCMA", "PCMU"]
"""As in SDP, which reads it in either case."""


@dataclass(frozen=True, slots=True)
class Codec:
    """payload_type: the static one (RFC 3551). clock_hz: of RTP timestamps; rate_hz: of the audio.

    impairment, robustness: Ie and Bpl of the E-model with concealment (ITU-T G.113 appendix I). G.722 stands there
    only on the wideband scale; on the narrowband one it is taken as G.711.
    """

    name: CodecName
    payload_type: int
    clock_hz: int
    rate_hz: int
    impairment: float
    robustness: float


CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        Codec("G722", 9, 8000, 16000, 0.0, 25.1),
        Codec("PCMA", 8, 8000, 8000, 0.0, 25.1),
        Codec("PCMU", 0, 8000, 8000, 0.0, 25.1),
    )
}
ORDER: tuple[CodecName, ...] = ("G722", "PCMA", "PCMU")
"""Without a setting: the best sound first."""
TELEPHONE: tuple[CodecName, ...] = ("PCMA", "PCMU")
"""What a telephone line carries: either law becomes the other by table."""


def first(names: Iterable[str], order: Iterable[CodecName]) -> tuple[CodecName, ...]:
    """`order` with those of `names` before the rest, among themselves as in `names`."""
    return _first(tuple(names), tuple(order))


@lru_cache(maxsize=64)  # a house knows few orders, and a call asks five times
def _first(names: tuple[str, ...], order: tuple[CodecName, ...]) -> tuple[CodecName, ...]:
    ahead = tuple(dict.fromkeys(known for name in names for known in order if known == name))
    return ahead + tuple(name for name in order if name not in ahead)
