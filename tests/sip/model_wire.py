"""Transactions of the state model's phones, by RFC 3261 section 17: resend, absorb, acknowledge.

Shares no code with the stack, so that a mistake there is not made twice. What is said, and when,
is decided in `model_phone.py`; texts are made by `pairs.Phone`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from tests.sip.pairs import PBX, Address, Network, Phone, header

T1_S, T2_S, LIFE_S = 0.5, 4.0, 32.0
NEVER_S = float("inf")


class Repeat:
    """Does `act` now and again after T1, doubling up to `cap_s`, until `stop`; after 64*T1 calls `gave_up`.

    now: False if it was just done.
    """

    def __init__(self, act: Callable[[], None], cap_s: float, gave_up: Callable[[], None], *, now: bool = True) -> None:
        self._loop = asyncio.get_running_loop()
        self._act = act
        self._cap_s = cap_s
        self._gave_up = gave_up
        self._interval_s = T1_S
        self._ends_s = self._loop.time() + LIFE_S
        self.running = True
        self._timer = self._loop.call_later(T1_S, self._again)
        if now:
            act()

    def _again(self) -> None:
        left_s = self._ends_s - self._loop.time()
        if left_s < 1e-6:
            self.running = False
            self._gave_up()
            return
        self._act()
        self._interval_s = min(self._interval_s * 2, self._cap_s)
        self._timer = self._loop.call_later(min(self._interval_s, left_s), self._again)

    def slow(self) -> None:
        """From now on every T2 (a non-INVITE request with a provisional response)."""
        self._interval_s = self._cap_s

    def stop(self) -> None:
        self.running = False
        self._timer.cancel()


class Ask:
    """A request of ours. heard(text, status): each response until the first final one, and every copy of a 2xx to
    an INVITE. unanswered(): none came in time."""

    def __init__(
        self, wire: Wire, text: str, heard: Callable[[str, int], None], unanswered: Callable[[], None]
    ) -> None:
        self._wire = wire
        self.text = text
        self._heard = heard
        self._unanswered = unanswered
        self.is_invite = text.startswith("INVITE")
        self.final = 0
        self._life: asyncio.TimerHandle | None = None
        self.repeat = Repeat(lambda: wire.send(text), NEVER_S if self.is_invite else T2_S, self._late)

    @property
    def open(self) -> bool:
        """No final response and no time-out yet."""
        return not self.final

    @property
    def may_cancel(self) -> bool:
        """A provisional response came and nothing final (RFC 3261 9.1)."""
        return not self.final and not self.repeat.running

    def restart_life(self) -> None:
        """After a CANCEL: 32 s for the final response."""
        self._life = asyncio.get_running_loop().call_later(LIFE_S, self._late)

    def _late(self) -> None:
        if not self.final:
            self.final = 408
            self._unanswered()

    def stop(self) -> None:
        self.repeat.stop()
        if self._life is not None:
            self._life.cancel()

    def response(self, text: str, status: int) -> None:
        if status < 200:
            if self.final:
                return
            self.repeat.stop() if self.is_invite else self.repeat.slow()
            self._heard(text, status)
            return
        self.stop()
        first, self.final = not self.final, self.final or status
        if status >= 300 and self.is_invite:
            self._wire.send(same_transaction("ACK", self.text, header(text, "To")))
        if first or (self.is_invite and status < 300):
            self._heard(text, status)


class Wire(Phone):
    """A phone's transactions. Subclasses take new requests in `asked`."""

    def __init__(self, network: Network, ip: str, user: str) -> None:
        super().__init__(network, ip, user)
        self.dead = False
        self.asks: dict[str, Ask] = {}
        self._answers: dict[str, str] = {}
        self._finals: dict[int, tuple[Repeat, Callable[[bool], None]]] = {}
        self.react = self._take

    def asked(self, text: str) -> None:
        """A request that is not the copy of an earlier one."""
        raise NotImplementedError

    def ask(
        self,
        text: str,
        heard: Callable[[str, int], None] = lambda text, status: None,
        unanswered: Callable[[], None] = lambda: None,
    ) -> Ask:
        ask = self.asks[key_of(text)] = Ask(self, text, heard, unanswered)
        return ask

    def reply(self, request: str, status: str, *, headers: str = "", body: str = "") -> str:
        """Answer a request; copies of it get the same. The text is returned."""
        to = header(request, "To")
        if "tag=" not in to:
            to += f";tag=t{self.address[0]}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"SIP/2.0 {status}\r\nVia: {header(request, 'Via')}\r\nFrom: {header(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
            f"Contact: <sip:{self.user}@{self.address[0]}:{self.address[1]}>\r\n{headers}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._answers[key_of(request)] = text
        self.send(text)
        return text

    def reply_finally(
        self, invite: str, status: str, done: Callable[[bool], None], *, headers: str = "", body: str = ""
    ) -> None:
        """A final response to an INVITE, sent again until its ACK; done(True): it came, (False): not in 32 s."""
        first: list[str] = []

        def send() -> None:
            if first:
                self.send(first[0])
            else:
                first.append(self.reply(invite, status, headers=headers, body=body))

        self._finals[cseq_of(invite)] = (Repeat(send, T2_S, lambda: done(False)), done)

    @property
    def waits_for_ack(self) -> bool:
        return any(repeat.running for repeat, _ in self._finals.values())

    def forget_finals(self) -> None:
        """The call is over: no ACK is waited for any more."""
        for repeat, _ in self._finals.values():
            repeat.stop()

    def die(self) -> None:
        """Power is gone: nothing is heard or said any more."""
        self.dead = True
        self.forget_finals()
        for ask in self.asks.values():
            ask.stop()

    @property
    def busy(self) -> bool:
        """Something is still on its way."""
        return self.waits_for_ack or any(ask.repeat.running for ask in self.asks.values())

    def send(self, text: str, target: Address = PBX) -> None:
        if not self.dead:
            super().send(text, target)

    def _take(self, text: str, _: Address) -> None:
        if self.dead:
            return
        if text.startswith("SIP/2.0"):
            ask = self.asks.get(key_of(text))
            if ask is not None:
                ask.response(text, int(text[8:11]))
        elif text.startswith("ACK"):
            repeat, done = self._finals.get(cseq_of(text), (None, None))
            if repeat is not None and done is not None and repeat.running:
                repeat.stop()
                done(True)
        elif key_of(text) in self._answers:
            self.send(self._answers[key_of(text)])
        else:
            self.asked(text)


def cseq_of(text: str) -> int:
    return int(header(text, "CSeq").split()[0])


def key_of(text: str) -> str:
    """What request and responses of one transaction share (RFC 3261 17.1.3)."""
    branch = re.search(r"branch=([^;\r]*)", text)
    assert branch
    return f"{header(text, 'CSeq').split()[1]} {branch.group(1)}"


def same_transaction(method: str, invite: str, to: str) -> str:
    """The ACK of a failure, or the CANCEL, of an INVITE."""
    return (
        f"{method} {invite.split()[1]} SIP/2.0\r\nVia: {header(invite, 'Via')}\r\nFrom: {header(invite, 'From')}\r\n"
        f"To: {to}\r\nCall-ID: {header(invite, 'Call-ID')}\r\n"
        f"CSeq: {header(invite, 'CSeq').split()[0]} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
