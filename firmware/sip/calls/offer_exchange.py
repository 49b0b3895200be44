"""Whose turn it is to offer and to answer in one dialog (RFC 3261 13.2.1, RFC 3311 5.2, RFC 6337).

Why: an offer may travel in INVITE, 2xx, PRACK, UPDATE or a reliable 1xx, and only one may be
open at a time; whoever handles one of those messages asks here first. What the descriptions
say is settled in `firmware/media/offer_answer.py`.
"""

from __future__ import annotations

import enum
from contextlib import suppress
from random import randrange

from firmware.media import sdp
from firmware.media.offer_answer import NotAcceptable, OfferAnswer
from firmware.sip.messages.body import session_description
from firmware.sip.messages.message import Message
from firmware.sip.messages.status import Refusal

SDP_TYPE = "Content-Type: application/sdp\r\n"


class Turn(enum.Enum):
    """What is open between the two sides."""

    NOTHING = "nothing was offered yet"
    OURS = "our offer waits for its answer"
    THEIRS = "we owe an answer"
    SETTLED = "nothing is open"


class OfferExchange:
    """One dialog's exchange. media: our half of the session."""

    __slots__ = ("_unanswered", "media", "turn")

    def __init__(self, media: OfferAnswer, turn: Turn = Turn.NOTHING) -> None:
        self.media = media
        self.turn = turn
        self._unanswered: sdp.Description | None = None

    def fork(self, ip: str = "") -> OfferExchange:
        """The same exchange with one more peer: a request of ours may begin several dialogs (RFC 3261 13.2.2.4).

        ip: what that peer is told as our address; "" for the same.
        """
        return OfferExchange(self.media.fork(ip), self.turn)

    # -- the peer offers ---------------------------------------------------------------
    def admit(self) -> None:
        """The peer offers. Raises Refusal 491 while our offer is open, 500 while we owe an answer (RFC 3311 5.2)."""
        if self.turn is Turn.OURS:
            raise Refusal(491)
        if self.turn is not Turn.SETTLED:
            raise busy("The first offer is not answered yet")

    def answer(self, offered: sdp.Description, turn: Turn = Turn.SETTLED) -> str:
        """Our answer. turn: THEIRS if it is not sent yet. Raises Refusal 488; then nothing has changed."""
        try:
            text = self.media.answer(offered)
        except NotAcceptable as error:
            raise Refusal(488, headers=f'Warning: 304 tipring "{error}"\r\n') from None
        self.turn = turn
        self._unanswered = offered if turn is Turn.THEIRS else None
        return text

    def choices(self) -> tuple[str, ...]:
        """The codecs an offer still leaves us; the one agreed on when it was answered, () before there is any."""
        if self._unanswered is not None:
            return self.media.allowed(self._unanswered)
        return (self.media.agreed.codec,) if self.media.agreed is not None else ()

    def prefer(self, codecs: tuple[str, ...]) -> str:
        """Take one of `codecs` if that can still be: the new text of the answer we owe, "" when nothing changes."""
        offered, before = self._unanswered, self.media.agreed
        if offered is None and before is not None:
            return ""
        self.media.prefer(codecs)
        if offered is None or before is None or self.choices()[0] == before.codec:
            return ""
        return self.answer(offered, Turn.THEIRS)

    def told(self) -> None:
        """The peer has seen our answer, perhaps: from now on it stays as it is."""
        self._unanswered = None

    def answer_response(self, response: Message) -> str:
        """Our answer to the offer of a reliable response, for its PRACK or ACK; one that takes nothing if need be.

        A response cannot be refused (RFC 6337 3.2); then nothing is agreed, and the caller hangs up.
        """
        self.turn = Turn.SETTLED
        try:
            offered = sdp.parse(session_description(response, strict=False))
        except sdp.SdpError:
            return ""
        try:
            return self.media.answer(offered)
        except NotAcceptable:
            return self.media.refuse(offered)

    def take_prack(self, prack: Message, *, awaited: bool) -> str:
        """The answer to our offer in a reliable 1xx (awaited), or an offer (RFC 3262 5); our answer to that, or "".

        A PRACK cannot be refused for its content either: then nothing is agreed, and the caller hangs up.
        Raises Refusal when it may not offer now (491, 500) or the answer is missing (400).
        """
        offered = read_offer(prack)
        if awaited and offered is None:
            raise Refusal(400, "No answer to our offer")
        if awaited:
            with suppress(NotAcceptable):
                self.take_answer(prack)
        elif offered is not None:
            self.admit()
            return self.answer_response(prack)
        return ""

    # -- we offer ----------------------------------------------------------------------
    def offer(self) -> str:
        """Our offer of all we can; it is open from now on."""
        self.turn = Turn.OURS
        return self.media.offer()

    def repeat(self) -> str:
        """The session as it is, offered once more: it keeps its version and changes nothing."""
        self.turn = Turn.OURS
        return self.media.repeat()

    def take_answer(self, message: Message) -> None:
        """The peer's answer to our offer. Raises NotAcceptable; the exchange is over either way."""
        self.turn = Turn.SETTLED
        self._read_answer(message)

    def take_preview(self, message: Message) -> None:
        """The answer of an unreliable 1xx: where early media goes; the true one is yet to come (RFC 6337 3.1.1).

        Raises NotAcceptable.
        """
        if self.turn is Turn.OURS:
            self._read_answer(message)

    def conclude(self, message: Message) -> None:
        """The 2xx to our INVITE: it answers, unless a reliable 1xx has done so before.

        A 2xx without SDP makes a preview count. Raises NotAcceptable when there is no usable answer at all.
        """
        if self.turn is Turn.OURS and (session_description(message, strict=False) or self.media.agreed is None):
            self.take_answer(message)
        self.turn = Turn.SETTLED
        if self.media.agreed is None:
            raise NotAcceptable("the answer holds no audio we offered")

    def _read_answer(self, message: Message) -> None:
        body = session_description(message, strict=False)
        if not body:
            raise NotAcceptable("there is no answer to our offer")
        try:
            self.media.take_answer(sdp.parse(body))
        except sdp.SdpError as error:
            raise NotAcceptable(str(error)) from None


def busy(why: str) -> Refusal:
    """500 for a request that comes too early, with a random time after which to try again (RFC 3261 14.2)."""
    return Refusal(500, why, f"Retry-After: {randrange(11)}\r\n")


def read_offer(message: Message) -> sdp.Description | None:
    """The SDP of a request, None if it has none. Raises Refusal 400 or 415."""
    body = session_description(message)
    if not body:
        return None
    try:
        return sdp.parse(body)
    except sdp.SdpError as error:
        raise Refusal(400, str(error).capitalize()) from None
