"""The session timer as the state model's phones keep it (RFC 4028). Shares no code with the stack."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable


class SessionClock:
    """wanted_s: the interval to ask for, 0 for a phone that knows no timers; we_ask: it offers to refresh itself."""

    def __init__(self, wanted_s: int, we_ask: bool, refresh: Callable[[], None], expired: Callable[[], None]) -> None:
        self._wanted_s = wanted_s
        self._we_ask = we_ask
        self._refresh = refresh
        self._expired = expired
        self._interval_s = 0
        self._we_refresh = False
        self._timer: asyncio.TimerHandle | None = None

    def request_lines(self) -> str:
        """Of an INVITE, re-INVITE or UPDATE of ours."""
        if not self._wanted_s:
            return ""
        we = self._we_refresh if self._interval_s else self._we_ask
        return f"Session-Expires: {self._interval_s or self._wanted_s};refresher={'uac' if we else 'uas'}\r\n"

    def answer_lines(self, request: str) -> str:
        """Of our 2xx to such a request; the clock runs from here."""
        asked = session_expires(request)
        if not self._wanted_s or asked is None:
            return ""
        refresher = asked[1] or ("uas" if self._we_ask else "uac")
        self._run(asked[0], refresher == "uas")
        return f"Require: timer\r\nSession-Expires: {asked[0]};refresher={refresher}\r\n"

    def answered(self, response: str) -> None:
        """The 2xx to ours came."""
        told = session_expires(response)
        if told is not None and self._wanted_s:
            self._run(told[0], told[1] == "uac")

    def _run(self, interval_s: int, we_refresh: bool) -> None:
        self.stop()
        self._interval_s, self._we_refresh = interval_s, we_refresh
        loop = asyncio.get_running_loop()
        if we_refresh:
            self._timer = loop.call_later(interval_s / 2, self._refresh)
        else:
            self._timer = loop.call_later(interval_s - min(32, interval_s / 3), self._expired)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def session_expires(text: str) -> tuple[int, str] | None:
    """(interval in s, refresher or "") of a message, None without the header."""
    found = re.search(r"^Session-Expires: *(\d+)(?:;refresher=(uac|uas))?", text, re.MULTILINE)
    return (int(found.group(1)), found.group(2) or "") if found else None
