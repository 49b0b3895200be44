"""Session timers: a call whose peer has vanished ends by itself (RFC 4028).

Why: without them a held call whose telephone lost power lasts for ever. Wherever the rules
leave the choice we are the refresher, since a peer that promises to refresh and does not is
what cuts calls after half an hour. Here is who refreshes and when; `keeper.py` does it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

from firmware.sip.messages.headers import parse_number, parse_params
from firmware.sip.messages.message import Message, Request
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.timer_heap import Timer, TimerHeap

MIN_SE_S = 90
"""The shortest interval anybody may ask for (RFC 4028 4)."""
_FLOOR_S = 20
"""A peer that answers with less than `MIN_SE_S` breaks the rule; it is refreshed in time all the same."""
_MOST_S = 2**32 - 1


class Terms(NamedTuple):
    """What both sides keep to. we_refresh: else the peer does. agreed: the peer knows timers."""

    interval_s: int
    we_refresh: bool
    agreed: bool


class SessionTimer(ABC):
    """Of one session; at most one timer runs. wanted_s: the interval we ask for. terms: None until agreed."""

    __slots__ = ("_min_se_s", "_timer", "_timers", "_wanted_s", "terms")

    def __init__(self, timers: TimerHeap, wanted_s: int) -> None:
        self._timers = timers
        self._wanted_s = wanted_s
        self._min_se_s = 0
        self._timer: Timer | None = None
        self.terms: Terms | None = None

    @abstractmethod
    def refresh(self) -> None:
        """It is time for our refresh."""

    @abstractmethod
    def expired(self) -> None:
        """The peer's refresh did not come."""

    # -- the peer's request ------------------------------------------------------------
    def judge(self, request: Request) -> Terms:
        """The terms on which we accept an INVITE, re-INVITE or UPDATE (RFC 4028 9, table 2).

        Raises Refusal 422, and 400 for a broken header.
        """
        refuse_short(request)
        asked = read_session_expires(request)
        knows = _knows_timers(request)
        least_s = max(MIN_SE_S, read_min_se(request))
        interval_s = max(self._wanted_s, least_s)
        we_refresh = self.terms is None or self.terms.we_refresh
        if asked is not None:
            interval_s = max(MIN_SE_S, min(asked[0], interval_s))
            if asked[1]:
                we_refresh = asked[1] == "uas"
        return Terms(interval_s, we_refresh or not knows, knows)

    def accept(self, terms: Terms) -> str:
        """Keep `terms` from now on; the header lines of our 2xx."""
        self._start(terms)
        line = f"Session-Expires: {terms.interval_s};refresher={'uas' if terms.we_refresh else 'uac'}\r\n"
        return line if terms.we_refresh else line + "Require: timer\r\n"

    # -- our request -------------------------------------------------------------------
    def ask(self) -> str:
        """The header lines of a refresh of ours."""
        terms = self.terms or Terms(self._wanted_s, True, False)
        return asking_lines(terms.interval_s, self._min_se_s, "uac" if terms.we_refresh else "uas")

    def granted(self, response: Message) -> None:
        """The 2xx to our INVITE, re-INVITE or UPDATE (RFC 4028 7.2)."""
        told = read_session_expires(response)
        if told is None:
            self._start(Terms(self._wanted_s, True, False))
        else:
            self._start(Terms(max(told[0], _FLOOR_S), told[1] != "uas", True))

    def want_longer(self, least_s: int) -> None:
        """The peer refused our interval with 422 and this Min-SE."""
        self._min_se_s = max(self._min_se_s, least_s)
        self._wanted_s = max(self._wanted_s, least_s)
        if self.terms is not None:
            self.terms = self.terms._replace(interval_s=max(self.terms.interval_s, least_s))

    # -- time --------------------------------------------------------------------------
    def _start(self, terms: Terms) -> None:
        self.terms = terms
        interval_s = terms.interval_s
        if terms.we_refresh:
            self._set(interval_s / 2, self.refresh)
        else:
            self._set(interval_s - min(32.0, interval_s / 3), self.expired)

    def try_later(self) -> None:
        """The refresh failed but the peer has the dialog: again before the session would end."""
        if self.terms is not None:
            self._set(self.terms.interval_s / 8, self.refresh)

    def stop(self) -> None:
        """The session is over."""
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, delay_s: float, call: Callable[[], None]) -> None:
        self._cancel()
        self._timer = self._timers.after(delay_s, call)


def asking_lines(interval_s: int, min_se_s: int = 0, refresher: str = "uac") -> str:
    """Session-Expires of a request of ours, with the Min-SE a 422 taught us if any (RFC 4028 7.1, 7.3)."""
    line = f"Session-Expires: {interval_s};refresher={refresher}\r\n"
    return f"{line}Min-SE: {min_se_s}\r\n" if min_se_s else line


def refuse_short(request: Request) -> None:
    """Raise Refusal 422 for an interval below `MIN_SE_S`, if the peer can read that (RFC 4028 9); 400 for nonsense."""
    asked = read_session_expires(request)
    if asked is not None and asked[0] < MIN_SE_S and _knows_timers(request):
        raise Refusal(422, headers=f"Min-SE: {MIN_SE_S}\r\n")
    read_min_se(request)


def _knows_timers(request: Request) -> bool:
    return request.lists("supported", "timer") or request.lists("require", "timer")


def read_session_expires(message: Message) -> tuple[int, str] | None:
    """(interval in s, "uac", "uas" or ""), None without the header. Raises Refusal 400."""
    line = message.get("session-expires")
    if not line:
        return None
    number, _, rest = line.partition(";")
    refresher = parse_params(rest).get("refresher", "").lower() if rest else ""
    return parse_number(number, _MOST_S, "Session-Expires"), refresher if refresher in {"uac", "uas"} else ""


def read_min_se(message: Message) -> int:
    """The Min-SE in s, 0 without the header. Raises Refusal 400."""
    line = message.get("min-se")
    return parse_number(line.partition(";")[0], _MOST_S, "Min-SE") if line else 0
