"""A telephone of the state model: what it does and when stands in its `Script`, how it speaks in `model_wire.py`.

What it believes (`state`, `up_at_s`, `over_at_s`) is compared with what the house believes by `call_agreement.py`.
This is the part before the answer; what happens inside a call is in `model_talk.py`.
"""

from __future__ import annotations

from tests.sip.model_script import Talk
from tests.sip.model_talk import TalkingPhone, contact_of, ignore
from tests.sip.model_wire import NEVER_S, Ask, Repeat, same_transaction
from tests.sip.pairs import Address, header, sdp_of

RINGS_MOST_S = 200.0
"""A phone stops ringing by itself at last: nobody can tell it when all that is sent to it is lost."""


class ModelPhone(TalkingPhone):
    """state: idle, calling, ringing, up, over. why: how it came to its end. status: of the failure a caller got."""

    _invite = ""
    _ask: Ask | None = None
    _given_up = _cancelled = False
    _ringing: Repeat | None = None
    _decision = ""
    twin: ModelPhone | None = None
    """The other of two phones behind one contact, that of the first: a forking proxy rings both."""
    stands_behind: ModelPhone | None = None
    """Of the second phone: the first."""

    # -- caller ------------------------------------------------------------------------
    def call(self, number: str) -> None:
        self.state = "calling"
        call_id = f"{self.user}@{self.address[0]}"
        self._invite = self.request("INVITE", f"sip:{number}@10.0.0.1", call_id=call_id, **self.invite_parts())
        self._ask = self.ask(self._invite, self._call_answered, lambda: self.end("INVITE unanswered"))
        self.after(self.script.patience_s, self._give_up)

    def _give_up(self) -> None:
        if self.state != "calling" or self.dead:
            return
        self._given_up = True
        if self.script.early_bye and self.talk is not None:
            self.end("gave up with BYE")
            self.bye()
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
            self._acknowledge_provisional(text)
            if self._given_up:
                self._cancel()
        elif status < 300:
            self._accepted(text)
        elif self.state != "over":
            self.status = status
            self.end(f"refused with {status}")

    def _acknowledge_provisional(self, text: str) -> None:
        """PRACK for a reliable one that is new (RFC 3262 4)."""
        if "RSeq:" in text and self.state == "calling" and self.talk is not None:
            rseq = header(text, "RSeq")
            if rseq not in self.talk.rseqs:
                self.talk.rseqs.add(rseq)
                self.ask_in_dialog("PRACK", headers=f"RAck: {rseq} {header(text, 'CSeq')}\r\n")

    def _accepted(self, text: str) -> None:
        if self.talk is not None and 1 in self.talk.acks:
            self.send(self.talk.acks[1])  # a copy of the 200: our ACK was lost
            return
        cseq = self.talk.cseq if self.talk is not None else 1
        self.talk = talk_from(text)
        self.talk.cseq = cseq
        self.acknowledge(1)
        if self.state == "calling" and not self._given_up:
            self.is_up()
            self.clock.answered(text)
        else:
            self.end("answered after giving up")
            self.bye()

    # -- called ------------------------------------------------------------------------
    def called(self, invite: str) -> None:
        if self.state != "idle":
            self.reply_finally(invite, "486 Busy Here", ignore)
            return
        self.state = "ringing"
        self._invite = invite
        local = f"{header(invite, 'To')};tag=t{self.address[0]}"
        self.talk = Talk(header(invite, "Call-ID"), local, header(invite, "From"), contact_of(invite), 0)
        status = "183 Session Progress" if self.script.early_media else "180 Ringing"
        body = sdp_of(self.address[0]) if self.script.early_media else ""
        if self.script.reliable and "100rel" in invite:
            headers = "Require: 100rel\r\nRSeq: 4711\r\n"
            text = self.reply(invite, status, headers=headers, body=body)
            self._ringing = Repeat(lambda: self.send(text), NEVER_S, lambda: self._decide("480 No PRACK"), now=False)
        else:
            self.reply(invite, status, body=body)
        self.after(RINGS_MOST_S, self._decide, "480 Rang Out")
        if self.script.final:
            self.after(self.script.rings_s, self._decide, self.script.final)

    def pracked(self, text: str) -> None:
        self.reply(text, "200 OK")
        if self._ringing is not None:
            self._ringing.stop()
        if self._decision:
            self._decide(self._decision)

    def _decide(self, final: str) -> None:
        if self.state != "ringing" or self.dead:
            return
        accepts = final.startswith("2")
        if accepts and self._ringing is not None and self._ringing.running:
            self._decision = final  # not before the PRACK (RFC 3262 3)
            return
        if accepts:
            self._stop_ringing()
            self.accept(self._invite)
            self.is_up()
            if self.twin is not None:
                self.after(self._serial.uniform(0, 0.5), self.twin.given_up)
        else:
            self._refuse_call(final, f"refuses with {final}")

    def given_up(self) -> None:
        """The proxy cancels this phone, since the other one answered (RFC 3261 16.7 step 10)."""
        if self.state == "ringing":
            self._stop_ringing()
            self.end("cancelled by the proxy")

    def _refuse_call(self, final: str, why: str) -> None:
        """Of two phones behind a proxy the last one's refusal is passed on, if neither answered."""
        self._stop_ringing()
        self.end(why)
        twin, front = self.twin, self.stands_behind or self
        if twin is None or (twin.state == "over" and not twin.up_at_s):
            front.reply_finally(front._invite, final, ignore)

    def _stop_ringing(self) -> None:
        if self._ringing is not None:
            self._ringing.stop()

    def cancelled(self, text: str) -> None:
        if self.stands_behind is None:
            self.reply(text, "200 OK")
        if self.state == "ringing":
            self._refuse_call("487 Request Terminated", "cancelled")

    def die(self) -> None:
        super().die()
        self._stop_ringing()

    @property
    def busy(self) -> bool:
        return super().busy or (self._ringing is not None and self._ringing.running)

    # -- a proxy's work ------------------------------------------------------------------
    def _take(self, text: str, source: Address) -> None:
        if self.twin is not None and self.stands_behind is None and "tag=" not in header(text, "To"):
            self.twin.heard_too(text)
        super()._take(text, source)

    def heard_too(self, text: str) -> None:
        """What the proxy in front of both passes on to this phone: what begins or cancels the call."""
        super()._take(text, self.address)


def talk_from(response: str) -> Talk:
    """The dialog a response to our INVITE makes."""
    return Talk(header(response, "Call-ID"), header(response, "From"), header(response, "To"), contact_of(response), 1)
