"""The leg of a call that comes to us: a received INVITE (RFC 3261 13.3).

Why: the exchange only says proceed, ring, accept or release; what that is in responses is
here. Look next at `leg.py` for the life after the answer.
"""

from __future__ import annotations

import logging

from firmware.media import sdp
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.leg import SDP_TYPE, SipLeg, read_offer
from firmware.sip.messages.identifiers import new_tag
from firmware.sip.messages.message import Request
from firmware.sip.messages.reason import failure_line, reason_line
from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transports.transport import Transport
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import CallRequest, Party

log = logging.getLogger(__name__)

_TOLD_ON = frozenset({402, 403, 404, 410, 433, 480, 484, 485, 486, 488, 600, 603, 604, 606, 607, 608})
"""What a callee says of itself, so that it holds for our caller too. The rest is between the callee and us."""


class CallingLeg(SipLeg):
    """Made by `take`; the agent then tells the exchange."""

    def __init__(self, context: SipContext, user: str, party: Party) -> None:
        super().__init__(context, user, party)
        context.legs.add(self)
        self._invite: ServerTransaction | None = None
        self._cseq = 0
        self._text = ""
        self._late_offer = False
        self._record_routes = ""

    @classmethod
    def take(
        cls, context: SipContext, request: Request, transport: Transport, party: Party, called: Party
    ) -> CallingLeg:
        """A leg for an accepted INVITE; 100 is sent.

        Raises Refusal (400, 415, 488) or PortsExhausted, and leaves nothing behind then.
        """
        offered = read_offer(request)
        dialog = Dialog.as_server(request, new_tag(), transport)
        routes = "".join(f"Record-Route: {value}\r\n" for value in request.values("record-route"))
        leg = cls(context, party.number, party)
        try:
            leg._open(offered, transport, request.source[0])
        except BaseException:
            leg.abandon()
            raise
        leg.called = called
        leg._record_routes = routes
        leg._dialog = dialog
        leg._cseq = request.cseq[0]
        context.dialogs[dialog.key] = leg
        leg._invite = context.transactions.accept(request, transport, leg)
        leg._invite.to_tag = dialog.local_tag
        leg._invite.respond(100)
        return leg

    def _open(self, offered: sdp.Description | None, transport: Transport, remote_ip: str) -> None:
        self._stream, self._media = self._context.open_media(self, transport, remote_ip)
        self.endpoint = self._stream.id
        self._text = self._answer_text(offered)
        self._late_offer = offered is None
        if offered is not None:
            self._apply_media()

    def abandon(self) -> None:
        """Undo a leg that was never told to anybody."""
        self.released = True
        self._context.legs.discard(self)
        if self._stream is not None:
            self._context.endpoints.pop(self._stream.id, None)
            self._stream.close()

    def proceed(self) -> None:
        """Nothing to send: 100 went out when the INVITE came."""

    def show_ringing(self) -> None:
        self._provisional(180, "", "")

    def show_progress(self) -> None:
        if self._late_offer:
            self._provisional(183, "", "")  # our offer belongs into the 200; nothing flows before
        else:
            self._provisional(183, SDP_TYPE, self._text)

    def _provisional(self, status: int, headers: str, body: str) -> None:
        invite, dialog = self._invite, self._dialog
        if invite is None or dialog is None or invite.answered:
            return
        headers = self._record_routes + self._contact_line(invite) + headers
        invite.respond(status, to_tag=dialog.local_tag, headers=headers, body=body)

    def accept(self) -> None:
        invite = self._invite
        if invite is None or invite.answered or self.released:
            return
        self.answered = True
        self._invite = None
        log.info("%s: call %s: answered", self.leg_id, self.call_id)
        self._send_ok(invite, self._cseq, self._text, late=self._late_offer, routes=self._record_routes)

    def place(self, request: CallRequest) -> None:
        raise RuntimeError(f"{self.leg_id} is a calling leg")

    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        status = _status_for(cause, self.far_status)
        log.info("%s: call %s: refused: %s", self.leg_id, self.call_id, failure_line(status, None))
        self._fail(status, reason_line(cause))

    def cancelled(self) -> None:
        """The caller gave up (CANCEL)."""
        log.info("%s: call %s: cancelled by the caller", self.leg_id, self.call_id)
        self._fail(487, "")
        self._finish(Cause.NORMAL_CLEARING)

    def _peer_hung_up(self, cause: Cause) -> None:
        """BYE, which a caller may also send before the answer (RFC 3261 15)."""
        self._fail(487, "")
        super()._peer_hung_up(cause)

    def _fail(self, status: int, headers: str) -> None:
        invite, dialog = self._invite, self._dialog
        if invite is not None and dialog is not None:
            self._invite = None
            self.sip_status = status
            invite.respond(status, to_tag=dialog.local_tag, headers=headers)


def _status_for(cause: Cause, far_status: int) -> int:
    """What to tell a caller: the callee's own status where it holds for the caller too, else what the cause becomes."""
    if far_status in _TOLD_ON:
        return far_status
    if cause is Cause.CALL_REJECTED and 400 <= far_status < 600:
        return 403  # 603 is for the refusal of a person (RFC 3398 8.2.6.1)
    return CAUSES[cause].sip
