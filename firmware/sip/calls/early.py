"""The early dialogs of one INVITE of ours: one for each telephone a proxy rings with it (RFC 3261 13.2.2.4).

Why: every one has its own tag, route set, target, row of reliable responses (RFC 3262 4) and
session. Whose early media is heard: that of the dialog whose SDP came last. A proxy that tries
places one after the other leaves the earlier dialogs behind, and that is where several early
sessions come from in the field (RFC 3960 3.1 leaves the choice to us); when it says goodbye
with 199 (RFC 6228), the one before is heard again. Look next at `branch.py`, the owner.
"""

from __future__ import annotations

import logging

from firmware.media.offer_answer import NotAcceptable
from firmware.sip.accounts.signer import Signer
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.keeper import KeptLeg
from firmware.sip.calls.offer_exchange import SDP_TYPE, OfferExchange, Turn
from firmware.sip.calls.session import Session
from firmware.sip.calls.signed import send_in_dialog
from firmware.sip.messages.body import session_description
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.headers import parse_number
from firmware.sip.messages.message import Response
from firmware.sip.transports.transport import Transport

log = logging.getLogger(__name__)

_MOST = 32
"""Early dialogs of one INVITE; tags beyond are not kept."""


class EarlyDialog:
    """One of them. session: becomes the leg's when its telephone answers. media_known: SDP came."""

    __slots__ = ("_rseq", "media_known", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.media_known = False
        self._rseq = 0

    def in_turn(self, rseq: int) -> bool:
        """Whether a reliable response is the next one, not one sent again or one that overtook another."""
        if self._rseq and rseq != self._rseq + 1:
            return False
        self._rseq = rseq
        return True

    def prack(self, response: Response, text: str) -> Outgoing:
        """The PRACK for the reliable response just heard. text: our answer, if that held an offer."""
        rack = f"RAck: {self._rseq} {response.cseq[0]} {response.cseq[1]}\r\n"
        return self.session.dialog.request("PRACK", headers=rack + SDP_TYPE if text else rack, body=text)

    def read(self, response: Response, reliable: bool, base: OfferExchange) -> str:
        """Take the SDP of a provisional response; our answer if it is an offer (the INVITE had none)."""
        session = self.session
        if session.exchange is base:
            session.exchange = base.fork()
        exchange = session.exchange
        text = ""
        try:
            if exchange.turn is Turn.NOTHING:
                text = exchange.answer_response(response) if reliable else ""
            elif reliable and exchange.turn is Turn.OURS:
                exchange.take_answer(response)
            else:
                exchange.take_preview(response)
        except NotAcceptable as error:
            log.info("%s: %d: %s", session.owner.leg_id, response.status, error)
        self.media_known = exchange.media.agreed is not None
        return text


class EarlyDialogs:
    """By remote tag, the one whose SDP came last at the end.

    invite, from_tag: what begins them. exchange: as it stands with the INVITE sent. leg: their owner.
    signer: of the INVITE, None where nobody wants credentials.
    """

    __slots__ = ("_context", "_dialogs", "_exchange", "_from_tag", "_invite", "_leg", "_signer")

    def __init__(
        self,
        context: SipContext,
        leg: KeptLeg,
        invite: Outgoing,
        from_tag: str,
        exchange: OfferExchange,
        signer: Signer | None,
    ) -> None:
        self._context = context
        self._leg = leg
        self._invite = invite
        self._from_tag = from_tag
        self._exchange = exchange
        self._signer = signer
        self._dialogs: dict[str, EarlyDialog] = {}

    def __len__(self) -> int:
        return len(self._dialogs)

    def sessions(self) -> list[Session]:
        return [early.session for early in self._dialogs.values()]

    def session(self, remote_tag: str) -> Session | None:
        """The early session with this peer."""
        early = self._dialogs.get(remote_tag)
        return early.session if early is not None else None

    @property
    def heard(self) -> OfferExchange | None:
        """The exchange whose early media is to be heard, None while there is none."""
        for early in reversed(self._dialogs.values()):
            if early.media_known:
                return early.session.exchange
        return None

    def pop(self, remote_tag: str) -> Session | None:
        """The session that a 2xx confirms. A 2xx may name a tag that its 1xx left out."""
        early = self._dialogs.pop(remote_tag, None) or self._dialogs.pop("", None)
        return early.session if early is not None else None

    def take(self, response: Response, transport: Transport) -> bool:
        """A provisional response above 100; a reliable one gets its PRACK.

        False when a reliable one was heard before or is out of turn: then it means nothing. Raises Refusal.
        """
        tag = response.to.tag
        early = self._dialogs.get(tag) or self._begin(tag, response, transport)
        if early is None:
            return True
        early.session.takes_update |= bool(tag) and response.lists("allow", "update")
        reliable = bool(tag) and response.lists("require", "100rel")
        if reliable and not early.in_turn(parse_number(response.get("rseq"), 2**32 - 1, "RSeq")):
            return False
        text = ""
        if session_description(response, strict=False):
            text = early.read(response, reliable, self._exchange)
            self._dialogs[tag] = self._dialogs.pop(tag)
        if reliable:
            dialog = early.session.dialog
            send_in_dialog(self._context, dialog, early.prack(response, text))
        if response.status == 199:
            del self._dialogs[tag]
        return True

    def _begin(self, tag: str, response: Response, transport: Transport) -> EarlyDialog | None:
        if len(self._dialogs) >= _MOST or response.status == 199:
            return None
        dialog = Dialog.as_client(self._invite, self._from_tag, response, transport, self._signer)
        session = Session(self._context, self._leg, dialog, self._exchange, owns_call_id=True)
        early = self._dialogs[tag] = EarlyDialog(session)
        return early
