"""The leg of a call we make to a SIP user: rings all contacts, the first to answer has it.

Why: forking, the choice of the worst-off answer and the cancelling of losers (RFC 3261 16.7,
RFC 3326) are here; a single INVITE's life is in `branch.py`, the rest in `leg.py`.
"""

from __future__ import annotations

import logging

from firmware.media import sdp
from firmware.media.errors import PortsExhausted
from firmware.media.offer_answer import NotAcceptable
from firmware.sip.accounts.binding_store import Binding
from firmware.sip.calls.branch import Branch
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.leg import SDP_TYPE, SipLeg
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.headers import quote
from firmware.sip.messages.identifiers import new_call_id, new_tag
from firmware.sip.messages.message import Response
from firmware.sip.messages.reason import ELSEWHERE, failure_line, reason_cause, reason_line
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import escape_user
from firmware.telephony.cause import Cause, from_sip
from firmware.telephony.leg import CallRequest, Party

log = logging.getLogger(__name__)

_PREFERRED = (486, 415, 420, 484, 488)


class CalledLeg(SipLeg):
    """bindings: where the user can be reached; at least one."""

    def __init__(self, context: SipContext, party: Party, bindings: list[Binding]) -> None:
        super().__init__(context, party.number, party)
        self._bindings = bindings
        self._branches: list[Branch] = []
        self._failures: list[tuple[int, Cause]] = []
        self._ringing = False

    def place(self, request: CallRequest) -> None:
        self._context.legs.add(self)
        self.call_id = request.call_id
        self.called = request.called
        first = self._bindings[0]
        try:
            opened = self._context.open_media(self, self._context.hop_to(first).transport, first.source_ip)
        except PortsExhausted:
            log.warning("%s: call %s: no audio port is free", self.leg_id, self.call_id)
            self._finish(Cause.RESOURCE_UNAVAILABLE)
            return
        except Refusal as refusal:
            log.info("%s: call %s: %s", self.leg_id, self.call_id, refusal)
            self._finish(from_sip(refusal.status))
            return
        self._stream, self._media = opened
        self.endpoint = self._stream.id
        body = self._media.offer()
        for binding in self._bindings:
            self._invite(binding, request, body)
        log.info("%s: call %s: ringing %d contact(s)", self.leg_id, self.call_id, len(self._branches))

    def _invite(self, binding: Binding, request: CallRequest, body: str) -> None:
        uri = binding.contact.partition("?")[0]
        hop = self._context.hop_to(binding)
        transport, address = hop
        place = transport.contact_place(address[0])
        number = escape_user(request.caller.number) or "anonymous"
        name = f"{quote(request.caller.name)} " if request.caller.name else ""
        tag = new_tag()
        outgoing = Outgoing(
            "INVITE",
            uri,
            from_line=f"{name}<sip:{number}@{place}>;tag={tag}",
            to_line=f"<sip:{escape_user(binding.user)}@{place}>",
            call_id=new_call_id(place),
            cseq=1,
            headers=f"Contact: {transport.contact(address[0], number)}\r\n{self._context.common_headers}{SDP_TYPE}",
            body=body,
        )
        hops = max(request.hops, 0)
        self._branches.append(Branch(self, self._context, outgoing, tag, hop, hops))

    # -- told by the branches ------------------------------------------------------
    def branch_rang(self, branch: Branch, response: Response) -> None:
        """A provisional response. Early media is taken only where a single contact rings."""
        if response.status == 100:
            return
        alone = len(self._bindings) == 1
        if alone and response.body and self._take_early_media(response):
            self.listener.leg_progress(self)
        elif response.status in {180, 181, 182} and not self._ringing:
            self._ringing = True
            self.listener.leg_ringing(self)

    def _take_early_media(self, response: Response) -> bool:
        assert self._media is not None
        if response.media_type() != "application/sdp":
            return False
        try:
            self._media.take_answer(sdp.parse(response.body))
        except (sdp.SdpError, NotAcceptable):
            return False
        self._apply_media()
        return True

    def branch_answered(self, branch: Branch, dialog: Dialog, response: Response) -> None:
        """The first 200: this contact has the call."""
        assert self._media is not None
        for other in self._branches:
            if other is not branch:
                other.cancel(ELSEWHERE)
        self._branches = [branch]
        self._dialog = dialog
        self._context.dialogs[dialog.key] = self
        self.answered = True
        try:
            if response.body or self._media.agreed is None:
                self._media.take_answer(sdp.parse(response.body))
        except (sdp.SdpError, NotAcceptable) as error:
            log.info("%s: call %s: answered without usable audio: %s", self.leg_id, self.call_id, error)
            self.release(Cause.INCOMPATIBLE_DESTINATION)
            return
        self._apply_media()
        log.info("%s: call %s: answered by %s:%d", self.leg_id, self.call_id, *response.source)
        self.listener.leg_answered(self)

    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None:
        """A contact refused or did not answer. 6xx ends the search at once (RFC 3261 16.7 step 5)."""
        self._branches.remove(branch)
        log.info("%s: call %s: %s", self.leg_id, self.call_id, failure_line(status, response))
        self._failures.append((status, _cause_of(status, response)))
        if self._branches and status < 600:
            return
        for other in self._branches:
            other.cancel()
        self._branches = []
        self.sip_status, cause = min(self._failures, key=_rank)
        self._finish(cause)

    # -- the end ---------------------------------------------------------------------
    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        for branch in self._branches:
            branch.cancel(ELSEWHERE if elsewhere else reason_line(cause))
        self._branches = []

    def _finish(self, cause: Cause) -> None:
        for branch in self._branches:
            branch.let_go()
        self._branches = []
        super()._finish(cause)

    def proceed(self) -> None:
        raise RuntimeError(f"{self.leg_id} is a called leg")

    show_ringing = show_progress = accept = proceed


def _cause_of(status: int, response: Response | None) -> Cause:
    """The cause of a failure: the peer's own Q.850 one, else by its status."""
    if response is not None:
        try:
            return reason_cause(response) or from_sip(status)
        except Refusal:
            return from_sip(status)
    return from_sip(status)


def _rank(failure: tuple[int, Cause]) -> tuple[int, int]:
    """Which failure stands for all: 6xx, then busy and the like, then the lowest class; no answer comes last."""
    status = failure[0]
    if status >= 600:
        return 0, status
    if status in _PREFERRED:
        return 1, _PREFERRED.index(status)
    if status in {408, 503}:
        return 3, status
    return 2, status
