"""The account of a call: when it was answered, how long it was held, who hung up, how well they heard.

`Call` tells it what happens; it writes the call's row (`records.py`) at the beginning, at the answer and at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from firmware.pbx.records import CallEnd
from firmware.telephony.cause import Cause
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Leg, LegStats


class Records(Protocol):
    """Where a call is written down (`records.CallRecords`)."""

    def new_id(self) -> str: ...
    def begin(self, call_id: str, caller: str, called: str, leg: str) -> None: ...
    def name_caller(self, call_id: str, caller: str) -> None: ...
    def answer(self, call_id: str) -> None: ...
    def end(self, call_id: str, end: CallEnd) -> None: ...


class Account:
    """Of one call, opened when it begins. services: see `records.CallEnd`."""

    __slots__ = ("_answered_s", "_call_id", "_held_ms", "_held_since_s", "_hung_up_by", "_records", "_talk_ms",
                 "began_s", "services")  # fmt: skip

    def __init__(self, records: Records, call_id: str, caller: str, called: str, leg_id: str) -> None:
        self._records = records
        self._call_id = call_id
        self.began_s = now_s()
        self.services: dict[str, Any] = {}
        self._answered_s = 0.0
        self._held_since_s = 0.0
        self._held_ms = 0
        self._talk_ms = 0
        self._hung_up_by = ""
        records.begin(call_id, caller, called, leg_id)

    def name_caller(self, caller: str) -> None:
        """The caller's number has become known after the call began."""
        self._records.name_caller(self._call_id, caller)

    def answer(self) -> None:
        """They are connected from now on; told twice it counts once."""
        if not self._answered_s:
            self._answered_s = now_s()
            self._records.answer(self._call_id)

    def hold(self, held: bool) -> None:
        """Whether one end holds the other from now on."""
        if self._held_since_s:
            self._held_ms += round((now_s() - self._held_since_s) * 1000)
        self._held_since_s = now_s() if held else 0.0

    def stop(self, by: Leg | None) -> None:
        """They talk no more. by: who ended it, None for the exchange."""
        self.hold(False)
        if self._answered_s:
            gone_for_s = by.gone_for_s if by is not None else 0.0
            self._talk_ms = max(0, round((now_s() - self._answered_s - gone_for_s) * 1000))
        self._hung_up_by = side(by)

    def write(self, cause: Cause, legs: Sequence[Leg], pair: Sequence[Leg], teller: Leg | None) -> None:
        """Every leg is gone. pair: the two that were joined, if any were. teller: whose failure decided the call."""
        heard = {leg.leg_id: leg.stats() for leg in pair}
        stats = _worse(list(heard.values()))
        expected = stats.packets_received + stats.packets_lost
        if self._held_ms:
            self.services["held_ms"] = self._held_ms
        if pulses := sum(leg.metered for leg in legs):
            self.services["metered"] = pulses
        self._records.end(
            self._call_id,
            CallEnd(
                cause=cause,
                hung_up_by=self._hung_up_by,
                talk_ms=self._talk_ms,
                legs=" ".join(leg.leg_id for leg in legs),
                codec=stats.codec,
                loss=stats.packets_lost / expected if expected else None,
                jitter_ms=stats.jitter_ms,
                mos=stats.mos,
                failures=_failures(legs, teller),
                quality={leg_id: known for leg_id, of in heard.items() if (known := _figures(of))},
                ports=" ".join(side(leg) for leg in legs if not leg.leg_id.startswith("sip:")),
                services=self.services,
            ),
        )


def side(leg: Leg | None) -> str:
    """The port or user of a leg: "fxs1" of "fxs1/3"; "" without a leg."""
    return leg.leg_id.rsplit("/", 1)[0] if leg is not None else ""


def most_telling(refusals: Sequence[tuple[Cause, Leg]]) -> tuple[Cause, Leg]:
    """Of several telephones that did not take the call, the caller hears of a busy one or a refusal first."""
    return min(refusals, key=lambda refusal: telling(refusal[0]))


def telling(cause: Cause) -> int:
    """How much that cause says of a telephone that did not take a call; the least number says most."""
    return {Cause.USER_BUSY: 0, Cause.CALL_REJECTED: 1, Cause.NO_ANSWER: 2}.get(cause, 3)


def _figures(stats: LegStats) -> dict[str, str | int | float]:
    """What is known of a leg's audio, for the record; {} without packets."""
    if not stats.packets_received and not stats.packets_lost:
        return {}
    known = {name: getattr(stats, name) for name in LegStats.__slots__}
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in known.items() if v is not None}


def _worse(heard: Sequence[LegStats]) -> LegStats:
    """The figures of the leg that heard worse; a leg without packets knows nothing."""
    known = [s for s in heard if s.packets_received or s.packets_lost]
    if not known:
        return LegStats(codec=next((s.codec for s in heard if s.codec), ""))
    return min(known, key=lambda s: s.mos if s.mos is not None else 5.0)


def _failures(legs: Sequence[Leg], teller: Leg | None) -> dict[str, int]:
    """The SIP status of each leg that failed with one; the leg that decided the call comes first."""
    in_order = sorted(legs, key=lambda leg: leg is not teller)
    return {leg.leg_id: leg.sip_status for leg in in_order if leg.sip_status}
