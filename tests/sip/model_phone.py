"""A telephone of the state model: what it does and when stands in its `Script`, how it speaks in `model_wire.py`.

What it believes (`state`, `up_at_s`, `over_at_s`) is compared with what the house believes by `call_judge.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.sip.model_wire import NEVER_S, Ask, Wire, cseq_of, same_transaction
from tests.sip.pairs import Network, header, sdp_of

RINGS_MOST_S = 200.0
"""A phone stops ringing by itself at last: nobody can tell it when all that is sent to it is lost."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a phone will do. Times in s; NEVER_S: it does not.

    patience_s: a caller gives up that long after its INVITE; early_bye: with BYE instead of CANCEL.
    rings_s, final: a called phone's final response ("": none) and when; early_media: 183 with SDP instead of 180.
    talk_s: hangs up that long after the answer. asks: (time after the answer, what): "hold", "resume" or a method.
    dies_s: from then on, since the start of the call, it neither hears nor speaks.
    """

    patience_s: float = NEVER_S
    early_bye: bool = False
    rings_s: float = 1.0
    final: str = "200 OK"
    early_media: bool = False
    talk_s: float = NEVER_S
    asks: tuple[tuple[float, str], ...] = ()
    dies_s: float = NEVER_S


@dataclass(slots=True)
class Talk:
    """A dialog as this phone sees it. acks: by CSeq, to be sent again for a resent 2xx."""

    call_id: str
    local: str
    remote: str
    target: str
    cseq: int
    acks: dict[int, str] = field(default_factory=dict)


class ModelPhone(Wire):
    """state: idle, calling, ringing, up, over. why: how it came to its end. status: of the failure a caller got."""

    def __init__(self, network: Network, ip: str, user: str, script: Script) -> None:
        super().__init__(network, ip, user)
        self.script = script
        self.state = "idle"
        self.why = ""
        self.status = 0
        self._made_s = asyncio.get_running_loop().time()
        self.up_at_s = self.over_at_s = 0.0
        self.talk: Talk | None = None
        self._invite = ""
        self._ask: Ask | None = None
        self._given_up = self._cancelled = self._bye_waits = False
        self._after(script.dies_s, self.die)

    def _after(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        if delay_s != NEVER_S:
            asyncio.get_running_loop().call_later(delay_s, act, *args)

    # -- caller ------------------------------------------------------------------------
    def call(self, number: str) -> None:
        self.state = "calling"
        call_id = f"{self.user}@{self.address[0]}"
        self._invite = self.request("INVITE", f"sip:{number}@10.0.0.1", call_id=call_id, **self._with_body(""))
        self._ask = self.ask(self._invite, self._call_answered, lambda: self._end("INVITE unanswered"))
        self._after(self.script.patience_s, self._give_up)

    def _give_up(self) -> None:
        if self.state != "calling" or self.dead:
            return
        self._given_up = True
        if self.script.early_bye and self.talk is not None:
            self._end("gave up with BYE")
            self._bye()
        else:
            self._cancel()

    def _cancel(self) -> None:
        assert self._ask is not None
        if self._ask.may_cancel and not self._cancelled:
            self._cancelled = True
            self._ask.restart_life()
            self.ask(same_transaction("CANCEL", self._invite, header(self._invite, "To")))

    def _call_answered(self, text: str, status: int) -> None:
        if status < 200:
            if "tag=" in header(text, "To") and self.talk is None:
                self.talk = talk_from(text)
            if self._given_up:
                self._cancel()
        elif status < 300:
            self._accepted(text)
        elif self.state != "over":
            self.status = status
            self._end(f"refused with {status}")

    def _accepted(self, text: str) -> None:
        if self.talk is not None and 1 in self.talk.acks:
            self.send(self.talk.acks[1])  # a copy of the 200: our ACK was lost
            return
        cseq = self.talk.cseq if self.talk is not None else 1
        self.talk = talk_from(text)
        self.talk.cseq = cseq
        self._acknowledge(1)
        if self.state == "calling" and not self._given_up:
            self._is_up()
        else:
            self._end("answered after giving up")
            self._bye()

    def _acknowledge(self, cseq: int) -> None:
        assert self.talk is not None
        if cseq not in self.talk.acks:
            self.talk.acks[cseq] = self._inside("ACK", cseq)
        self.send(self.talk.acks[cseq])

    # -- called ------------------------------------------------------------------------
    def _called(self, invite: str) -> None:
        if self.state != "idle":
            self.reply_finally(invite, "486 Busy Here", ignore)
            return
        self.state = "ringing"
        self._invite = invite
        local = f"{header(invite, 'To')};tag=t{self.address[0]}"
        self.talk = Talk(header(invite, "Call-ID"), local, header(invite, "From"), contact_of(invite), 0)
        if self.script.early_media:
            self.reply(invite, "183 Session Progress", body=sdp_of(self.address[0]))
        else:
            self.reply(invite, "180 Ringing")
        self._after(RINGS_MOST_S, self._decide, "480 Rang Out")
        if self.script.final:
            self._after(self.script.rings_s, self._decide, self.script.final)

    def _decide(self, final: str) -> None:
        if self.state != "ringing" or self.dead:
            return
        if final.startswith("2"):
            self._accept(self._invite)
            self._is_up()
        else:
            self.reply_finally(self._invite, final, ignore)
            self._end(f"refuses with {final}")

    def _accept(self, invite: str) -> None:
        body = sdp_of(self.address[0], direction="recvonly" if "a=sendonly" in invite else "")
        self.reply_finally(invite, "200 OK", self._acknowledged, body=body)

    def _acknowledged(self, came: bool) -> None:
        """The ACK to a 200 of ours came, or never did (RFC 3261 13.3.1.4: BYE)."""
        if self._bye_waits:
            self._bye()
        elif not came:
            self.hang_up("no ACK")

    # -- the call ------------------------------------------------------------------------
    def _is_up(self) -> None:
        self.state = "up"
        self.up_at_s = asyncio.get_running_loop().time()
        self._after(self.script.talk_s, self.hang_up, "hung up")
        for delay_s, what in self.script.asks:
            self._after(delay_s, self._ask_inside, what)

    def hang_up(self, why: str) -> None:
        """BYE, which waits for the ACK to our 200 (RFC 3261 15)."""
        if self.state != "up" or self.dead:
            return
        self._end(why)
        if self.waits_for_ack:
            self._bye_waits = True
        else:
            self._bye()

    def _bye(self) -> None:
        self._no_bye_waits()
        self._ask_in_dialog("BYE")

    def _no_bye_waits(self) -> None:
        """A call whose BYE had to wait goes on until now: the other end could not know before."""
        if self._bye_waits:
            self.over_at_s = asyncio.get_running_loop().time()
        self._bye_waits = False

    def _ask_inside(self, what: str) -> None:
        """Something in the middle of a call; a re-INVITE waits its turn (RFC 3261 14.1)."""
        if self.state != "up" or self.dead:
            return
        if what not in {"hold", "resume"}:
            self._ask_in_dialog(what)
        elif self.reinviting or self.waits_for_ack:
            self._after(0.7, self._ask_inside, what)
        else:
            self._ask_in_dialog("INVITE", "sendonly" if what == "hold" else "sendrecv")

    @property
    def reinviting(self) -> bool:
        """A re-INVITE of ours has no final response yet."""
        return any(ask.is_invite and not ask.final for ask in self.asks.values())

    def _ask_in_dialog(self, method: str, direction: str = "") -> None:
        assert self.talk is not None
        self.talk.cseq += 1
        parts = self._with_body(direction) if method == "INVITE" else {}
        self.ask(self._inside(method, self.talk.cseq, **parts), self._answered_inside)

    def _answered_inside(self, text: str, status: int) -> None:
        invite = "INVITE" in header(text, "CSeq")
        if 200 <= status < 300 and invite:
            self._acknowledge(cseq_of(text))
        elif status in {408, 481}:
            self.hang_up(f"{status} inside the call")
        elif status == 491:
            self._after(2.5, self._ask_inside, "hold")

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
        """Of the last re-INVITE of ours, if the house took it: "sendrecv" or "sendonly"; else ""."""
        last = [ask for ask in self.asks.values() if ask.is_invite and "tag=" in header(ask.text, "To")][-1:]
        found = re.search(r"a=(sendonly|sendrecv)", last[0].text) if last and last[0].final == 200 else None
        return found.group(1) if found else ""

    def _end(self, why: str) -> None:
        if self.state != "over":
            self.state = "over"
            self.why = why
            self.over_at_s = asyncio.get_running_loop().time()

    # -- from the house ------------------------------------------------------------------
    def asked(self, text: str) -> None:
        method = text[: text.index(" ")]
        ours = self.talk is not None and header(text, "Call-ID") == self.talk.call_id
        if method == "INVITE" and "tag=" not in header(text, "To"):
            self._called(text)
        elif method == "CANCEL":
            self._got_cancel(text)
        elif method == "BYE" and ours:
            self.forget_finals()
            self._no_bye_waits()
            self.reply(text, "200 OK")
            self._end("the other end hung up")
        elif not ours or self.state != "up":
            self._refuse(text, "481 No Such Call")
        elif method != "INVITE":
            self.reply(text, "200 OK")
        elif self.reinviting:
            self._refuse(text, "491 Request Pending")
        else:
            self._accept(text)

    def _refuse(self, text: str, status: str) -> None:
        if text.startswith("INVITE"):
            self.reply_finally(text, status, ignore)
        else:
            self.reply(text, status)

    def _got_cancel(self, text: str) -> None:
        self.reply(text, "200 OK")
        if self.state == "ringing":
            self.reply_finally(self._invite, "487 Request Terminated", ignore)
            self._end("cancelled")

    # -- text ------------------------------------------------------------------------
    def _inside(self, method: str, cseq: int, **parts: str) -> str:
        talk = self.talk
        assert talk is not None
        return self.request(
            method, talk.target, from_=talk.local, to=talk.remote, call_id=talk.call_id, cseq=cseq, **parts
        )

    def _with_body(self, direction: str) -> dict[str, str]:
        return {"headers": "Content-Type: application/sdp\r\n", "body": sdp_of(self.address[0], direction=direction)}


def talk_from(response: str) -> Talk:
    """The dialog a response to our INVITE makes."""
    return Talk(header(response, "Call-ID"), header(response, "From"), header(response, "To"), contact_of(response), 1)


def ignore(_: bool) -> None:
    """Whether a refusal is acknowledged changes nothing."""


def contact_of(text: str) -> str:
    found = re.search(r"<(.*?)>", header(text, "Contact"))
    assert found
    return found.group(1)
