"""A phone of the state model inside a call: hold and resume, UPDATE, refreshes, collisions, BYE.

Used by `model_phone.py`, which holds what comes before the answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from tests.sip.model_script import Script, Talk
from tests.sip.model_timer import SessionClock
from tests.sip.model_wire import NEVER_S, Wire, cseq_of
from tests.sip.pairs import Network, header, sdp_of

MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive", "sendrecv": "sendrecv"}
CHANGES = {"hold": ("INVITE", "sendonly"), "resume": ("INVITE", "sendrecv"), "update": ("UPDATE", "sendonly")}


class TalkingPhone(Wire):
    """Subclasses add how a call begins: `called`, `cancelled`, `pracked`."""

    def __init__(self, network: Network, ip: str, user: str, script: Script) -> None:
        super().__init__(network, ip, user)
        self.script = script
        self.state = "idle"
        self.why = ""
        self.status = 0
        self.up_at_s = self.over_at_s = 0.0
        self.talk: Talk | None = None
        self._made_s = asyncio.get_running_loop().time()
        self._direction = "sendrecv"
        self._bye_waits = False
        self.clock = SessionClock(
            script.expires_s, script.refreshes, self._refresh, lambda: self.hang_up("session expired")
        )
        self.after(script.dies_s, self.die)

    def after(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        if delay_s != NEVER_S:
            asyncio.get_running_loop().call_later(delay_s, act, *args)

    def called(self, invite: str) -> None:
        raise NotImplementedError

    def cancelled(self, text: str) -> None:
        raise NotImplementedError

    def pracked(self, text: str) -> None:
        raise NotImplementedError

    # -- beginning and end ---------------------------------------------------------------
    def is_up(self) -> None:
        self.state = "up"
        self.up_at_s = asyncio.get_running_loop().time()
        self.after(self.script.talk_s, self.hang_up, "hung up")
        for delay_s, what in self.script.asks:
            self.after(delay_s, self._ask_for, what)

    def hang_up(self, why: str) -> None:
        """BYE, which waits for the ACK to our 200 (RFC 3261 15)."""
        if self.state != "up" or self.dead:
            return
        self.end(why)
        if self.waits_for_ack:
            self._bye_waits = True
        else:
            self.bye()

    def bye(self) -> None:
        self._no_bye_waits()
        self.ask_in_dialog("BYE")

    def _no_bye_waits(self) -> None:
        """A call whose BYE had to wait goes on until now: the other end could not know before."""
        if self._bye_waits:
            self.over_at_s = asyncio.get_running_loop().time()
        self._bye_waits = False

    def end(self, why: str) -> None:
        if self.state != "over":
            self.state = "over"
            self.why = why
            self.over_at_s = asyncio.get_running_loop().time()
            self.clock.stop()

    def die(self) -> None:
        super().die()
        self.clock.stop()

    # -- in the middle -------------------------------------------------------------------
    def _ask_for(self, what: str) -> None:
        """A change waits its turn: one offer at a time (RFC 3261 14.1, RFC 3311 5.1)."""
        if self.state != "up" or self.dead:
            return
        if what not in CHANGES:
            self.ask_in_dialog(what)
        elif self._changing or self.waits_for_ack:
            self.after(0.7, self._ask_for, what)
        elif what != "update" or self.script.updates:
            self._change(what, *CHANGES[what])

    def _change(self, what: str, method: str, direction: str) -> None:
        def again() -> None:
            self.after(self._serial.uniform(0, 4), self._ask_for, what)

        parts = self.invite_parts(direction)
        self.ask_in_dialog(method, again=again, taken=lambda: self._turned(direction), **parts)

    def _turned(self, direction: str) -> None:
        self._direction = direction

    @property
    def _changing(self) -> bool:
        """An offer of ours has no answer yet."""
        return any(not ask.final for ask in self.asks.values() if ask.text.startswith(("INVITE", "UPDATE")))

    def _refresh(self) -> None:
        if self.state != "up" or self.dead:
            return
        if self._changing or self.waits_for_ack:
            self.after(0.7, self._refresh)
            return

        def again() -> None:
            self.after(self._serial.uniform(0, 4), self._refresh)

        if self.script.updates:
            self.ask_in_dialog("UPDATE", again=again, headers=self._own_lines())
        else:
            self.ask_in_dialog("INVITE", again=again, **self.invite_parts(self._direction))

    def ask_in_dialog(
        self,
        method: str,
        *,
        again: Callable[[], None] = lambda: None,
        taken: Callable[[], None] = lambda: None,
        **parts: str,
    ) -> None:
        """again: it was put off. taken: it was accepted."""
        assert self.talk is not None
        self.talk.cseq += 1
        first = [True]

        def heard(text: str, status: int) -> None:
            if status < 200:
                return
            if status < 300 and method == "INVITE":
                self.acknowledge(cseq_of(text))
            if status < 300 and first and method in {"INVITE", "UPDATE"}:
                first.clear()
                self.clock.answered(text)
                taken()
            elif status in {408, 481} and method != "PRACK":
                self.hang_up(f"{status} inside the call")
            elif status in {491, 500}:
                again()

        def unanswered() -> None:
            if method in {"INVITE", "UPDATE"}:
                self.hang_up("unanswered inside the call")

        self.ask(self._inside(method, self.talk.cseq, **parts), heard, unanswered)

    def acknowledge(self, cseq: int) -> None:
        assert self.talk is not None
        if cseq not in self.talk.acks:
            self.talk.acks[cseq] = self._inside("ACK", cseq)
        self.send(self.talk.acks[cseq])

    # -- from the house ------------------------------------------------------------------
    def asked(self, text: str) -> None:
        method = text[: text.index(" ")]
        ours = self.talk is not None and header(text, "Call-ID") == self.talk.call_id
        if ours and method != "CANCEL" and not self._in_order(text):
            self._refuse(text, "500 Out Of Order")
            return
        if method == "INVITE" and "tag=" not in header(text, "To"):
            self.called(text)
        elif method == "CANCEL":
            self.cancelled(text)
        elif method == "PRACK" and ours:
            self.pracked(text)
        elif method == "BYE" and ours:
            self.forget_finals()
            self._no_bye_waits()
            self.reply(text, "200 OK")
            self.end("the other end hung up")
        elif not ours or self.state != "up":
            self._refuse(text, "481 No Such Call")
        elif method == "INVITE":
            self._refuse(text, "491 Request Pending") if self._changing else self.accept(text)
        else:
            self.reply(text, "200 OK", headers=self.clock.answer_lines(text) if method == "UPDATE" else "")

    def _in_order(self, text: str) -> bool:
        """CSeq rises with each request of the house (RFC 3261 12.2.2); one that was overtaken is refused."""
        assert self.talk is not None
        risen = cseq_of(text) > self.talk.heard_cseq
        self.talk.heard_cseq = max(cseq_of(text), self.talk.heard_cseq)
        return risen

    def accept(self, invite: str) -> None:
        """200 with our description: we send what the other end wants to hear, and hear nothing while we hold."""
        offered = re.search(r"a=(sendonly|recvonly|inactive|sendrecv)", invite)
        direction = MIRRORED[offered.group(1)] if offered else "sendrecv"
        if self._direction == "sendonly" and direction == "sendrecv":
            direction = "sendonly"
        headers = f"Allow: {self._methods()}\r\n{self.clock.answer_lines(invite)}"
        self.reply_finally(
            invite, "200 OK", self._acknowledged, headers=headers, body=sdp_of(self.address[0], direction=direction)
        )

    def _acknowledged(self, came: bool) -> None:
        """The ACK to a 200 of ours came, or never did (RFC 3261 13.3.1.4: BYE)."""
        if self._bye_waits:
            self.bye()
        elif not came:
            self.hang_up("no ACK")

    def _refuse(self, text: str, status: str) -> None:
        if text.startswith("INVITE"):
            self.reply_finally(text, status, ignore)
        else:
            self.reply(text, status)

    # -- for the judge -------------------------------------------------------------------
    @property
    def spoke_s(self) -> float:
        """When this phone last sent audio; now while it talks."""
        if self.dead:
            return self._made_s + self.script.dies_s
        return self.over_at_s if self.state == "over" else asyncio.get_running_loop().time()

    @property
    def moves(self) -> bool:
        """Alive, and something is still going to happen by itself."""
        return not self.dead and (self.busy or self.state in {"calling", "ringing", "up"})

    @property
    def agreed_direction(self) -> str:
        """Of the last offer of ours inside the call, if the house took it: "sendrecv" or "sendonly"; else ""."""
        offers = [ask for ask in self.asks.values() if "tag=" in header(ask.text, "To") and "m=audio" in ask.text]
        if not offers or offers[-1].final != 200:
            return ""
        return "sendonly" if "a=sendonly" in offers[-1].text else "sendrecv"

    # -- text ----------------------------------------------------------------------------
    def _inside(self, method: str, cseq: int, **parts: str) -> str:
        talk = self.talk
        assert talk is not None
        return self.request(
            method, talk.target, from_=talk.local, to=talk.remote, call_id=talk.call_id, cseq=cseq, **parts
        )

    def invite_parts(self, direction: str = "") -> dict[str, str]:
        """Headers and body of an INVITE or of an UPDATE with an offer."""
        return {
            "headers": f"{self._own_lines()}Content-Type: application/sdp\r\n",
            "body": sdp_of(self.address[0], direction=direction),
        }

    def _own_lines(self) -> str:
        tags = ["100rel"] * self.script.reliable + ["timer"] * bool(self.script.expires_s)
        supported = f"Supported: {', '.join(tags)}\r\n" if tags else ""
        return f"Allow: {self._methods()}\r\n{supported}{self.clock.request_lines()}"

    def _methods(self) -> str:
        return "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK" + ", UPDATE" * self.script.updates


def contact_of(text: str) -> str:
    found = re.search(r"<(.*?)>", header(text, "Contact"))
    assert found
    return found.group(1)


def ignore(_: bool) -> None:
    """Whether a refusal is acknowledged changes nothing."""
