"""The leg of a call we make to a SIP user: rings all contacts, the first to answer has it.

Why: forking, the choice of the worst-off answer and the cancelling of losers (RFC 3261 16.7,
RFC 3326) are here; a single INVITE's life is in `branch.py`, the rest in `leg.py`.
"""

from __future__ import annotations

import logging

from firmware.media.errors import PortsExhausted
from firmware.media.offer_answer import NotAcceptable
from firmware.sip.accounts.binding_store import Binding
from firmware.sip.calls.branch import Branch
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import dialog_key
from firmware.sip.calls.leg import SipLeg
from firmware.sip.calls.offer_exchange import SDP_TYPE, OfferExchange
from firmware.sip.calls.session import Session
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.headers import quote
from firmware.sip.messages.identifiers import new_call_id, new_tag
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.reason import ELSEWHERE, reason_cause, reason_line
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
        self._progressing = False

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
        self._stream, media = opened
        self.endpoint = self._stream.id
        exchange = OfferExchange(media)
        body = exchange.offer()
        for binding in self._bindings:
            self._invite(binding, request, exchange, body)
        log.info("%s: call %s: ringing %d contact(s)", self.leg_id, self.call_id, len(self._branches))

    def _invite(self, binding: Binding, request: CallRequest, exchange: OfferExchange, body: str) -> None:
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
        self._branches.append(Branch(self, self._context, outgoing, tag, hop, hops, exchange))

    # -- told by the branches ------------------------------------------------------
    def branch_rang(self, branch: Branch, response: Response) -> None:
        """A provisional response. Early media is taken only where a single contact rings."""
        if response.status == 100:
            return
        self._context.dialogs[branch.key] = self
        if len(self._bindings) == 1 and (response.body or response.status == 199) and branch.early_media is not None:
            self.session_changed()
            if not self._progressing:
                self._progressing = True
                self.listener.leg_progress(self)
        elif response.status in {180, 181, 182} and not self._ringing:
            self._ringing = True
            self.listener.leg_ringing(self)

    def session_changed(self) -> None:
        if self.answered:
            super().session_changed()
        elif len(self._branches) == 1 and self._branches[0].early_media is not None:
            self._apply_media(self._branches[0].early_media.media.agreed)

    def _session_of(self, request: Request) -> Session | None:
        if self._session is not None:
            return self._session
        key = dialog_key(request.call_id, request.to.tag)
        return next((branch.session(request.from_.tag) for branch in self._branches if branch.key == key), None)

    def branch_answered(self, branch: Branch, session: Session, response: Response) -> None:
        """The first 200: this contact has the call."""
        for other in self._branches:
            if other is not branch:
                self._give_up(other, ELSEWHERE)
        self._branches = [branch]
        self._session = session
        self._context.dialogs[session.dialog.key] = self
        self.answered = True
        try:
            session.confirmed(response)
            session.exchange.conclude(response)
        except (Refusal, NotAcceptable) as error:
            log.info("%s: call %s: answered without usable audio: %s", self.leg_id, self.call_id, error)
            self.release(Cause.INCOMPATIBLE_DESTINATION)
            return
        self.session_changed()
        log.info("%s: call %s: answered by %s:%d", self.leg_id, self.call_id, *response.source)
        self.listener.leg_answered(self)

    def _give_up(self, branch: Branch, headers: str = "") -> None:
        self._context.dialogs.pop(branch.key, None)
        branch.cancel(headers)

    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None:
        """A contact refused or did not answer. 6xx ends the search at once (RFC 3261 16.7 step 5)."""
        self._branches.remove(branch)
        self._context.dialogs.pop(branch.key, None)
        self._failures.append((status, _cause_of(status, response)))
        if self._branches and status < 600:
            return
        for other in self._branches:
            self._give_up(other)
        self._branches = []
        status, cause = min(self._failures, key=_rank)
        log.info("%s: call %s: refused with %d", self.leg_id, self.call_id, status)
        self._finish(cause)

    # -- the end ---------------------------------------------------------------------
    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        for branch in self._branches:
            self._give_up(branch, ELSEWHERE if elsewhere else reason_line(cause))
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
