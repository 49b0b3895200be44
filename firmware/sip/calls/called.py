"""The leg of a call we make over SIP: rings its targets in order, the first to answer has it.

Why: forking, redirections and the cancelling of losers (RFC 3261 16.6, 16.7, RFC 3326) are
here. In which order targets are rung is in `targets.py`, what their failures add up to in
`failures.py`, a single INVITE's life in `branch.py`, the rest in `leg.py`.
"""

from __future__ import annotations

import logging

from firmware.media.errors import PortsExhausted
from firmware.media.offer_answer import NotAcceptable
from firmware.sip.calls.branch import Branch
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import dialog_key
from firmware.sip.calls.directory import Directory
from firmware.sip.calls.failures import LOST_ITS_WAY, Failure, best_of, failure_of
from firmware.sip.calls.invite import first_invite
from firmware.sip.calls.leg import SipLeg
from firmware.sip.calls.offer_exchange import OfferExchange
from firmware.sip.calls.redirection import FOLLOWED, MAX_REDIRECTIONS, contacts_of, diversion_of
from firmware.sip.calls.session import Session
from firmware.sip.calls.targets import Target, TargetSet
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.reason import ELSEWHERE, failure_line, reason_line
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.timer_heap import Timer
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Party

log = logging.getLogger(__name__)

_NEXT_WAY = frozenset({408, 430, 503})
"""After these another way to the same target is tried (RFC 3263 4.3, RFC 5626 5.3)."""


class CalledLeg(SipLeg):
    """targets: whom to ring; at least one."""

    def __init__(self, context: SipContext, directory: Directory, party: Party, targets: list[Target]) -> None:
        super().__init__(context, party.number, party)
        self._directory = directory
        self._found = targets
        self._targets = TargetSet(())
        self._request: CallRequest | None = None
        self._branches: list[Branch] = []
        self._failures: list[Failure] = []
        self._ringing = False
        self._progressing = False
        self._offer = ""
        self._exchange: OfferExchange | None = None
        self._step: Timer | None = None

    def place(self, request: CallRequest) -> None:
        self._context.legs.add(self)
        self._request = request
        self.call_id = request.call_id
        self.called = request.called
        instance = request.journey.instance.lower()
        found = [target for target in self._found if not instance or target.instance.lower() == instance]
        if not found:
            self._finish(Cause.SUBSCRIBER_ABSENT)
            return
        self._targets = TargetSet(found)
        transport, address = found[0].ways[0].hop
        try:
            opened = self._context.open_media(self, transport, address[0])
        except PortsExhausted:
            log.warning("%s: call %s: no audio port is free", self.leg_id, self.call_id)
            self._finish(Cause.RESOURCE_UNAVAILABLE)
            return
        self._stream, media = opened
        self.endpoint = self._stream.id
        self._exchange = OfferExchange(media)
        self._offer = self._exchange.offer()
        self._go_on()

    # -- whom to ring next -----------------------------------------------------------
    def _go_on(self) -> None:
        """Ring the next group, unless somebody is still being rung; with nobody left the leg is over."""
        while not any(branch.wanted for branch in self._branches):
            self._stop_step()
            group = self._targets.next_group()
            if not group:
                self._give_up()
                return
            assert self._request is not None
            self._ring(group, self._request.journey.breadth)
        if self._targets and self._step is None:
            self._step = self._context.timers.after(self._context.settings.step_ring_s, self._rung_long_enough)

    def _ring(self, group: list[Target], breadth: int) -> None:
        """Ring all of `group` at once, each with its share of `breadth` (RFC 5393 5.3.3)."""
        share = breadth // len(group)
        if share < 1:
            log.info("%s: call %s: too many telephones ring for this call already", self.leg_id, self.call_id)
            self._failures.append(failure_of(440, None))
            return
        log.info("%s: call %s: ringing %d contact(s)", self.leg_id, self.call_id, len(group))
        for target in group:
            self._try(target._replace(breadth=share))

    def _try(self, target: Target) -> None:
        """Send the INVITE by the first way of `target`."""
        assert self._request is not None and self._exchange is not None
        invite, tag = first_invite(self._context, self._request, target, self._offer)
        hops = max(self._request.hops, 0)
        self._branches.append(Branch(self, self._context, invite, tag, target, hops, self._exchange))

    def _rung_long_enough(self) -> None:
        """Those of higher q had their time; a late answer of theirs is still taken."""
        self._step = None
        for branch in self._branches:
            if branch.wanted:
                self._failures.append(failure_of(480, None))
                branch.stop_ringing()
        self._go_on()

    def _give_up(self) -> None:
        self.sip_status, cause = best_of(self._failures)
        self._finish(cause)

    # -- told by the branches ------------------------------------------------------
    def branch_rang(self, branch: Branch, response: Response) -> None:
        """A provisional response. Early media is taken only where a single target rings."""
        if response.status == 100:
            return
        self._context.dialogs[branch.key] = self
        if self._early_branch() is branch and (response.body or response.status == 199):
            self.session_changed()
            if not self._progressing:
                self._progressing = True
                self.listener.leg_progress(self)
        elif response.status in {180, 181, 182} and not self._ringing:
            self._ringing = True
            self.listener.leg_ringing(self)

    def _early_branch(self) -> Branch | None:
        """The one that rings, if it is the only one to come and has agreed on early media."""
        alone = len(self._branches) == 1 and not self._targets
        return self._branches[0] if alone and self._branches[0].early_media is not None else None

    def session_changed(self) -> None:
        if self.answered:
            super().session_changed()
        elif (branch := self._early_branch()) is not None and branch.early_media is not None:
            self._apply_media(branch.early_media.media.agreed, branch.target.ways[0].hop.address[0])

    def _session_of(self, request: Request) -> Session | None:
        if self._session is not None:
            return self._session
        key = dialog_key(request.call_id, request.to.tag)
        return next((branch.session(request.from_.tag) for branch in self._branches if branch.key == key), None)

    def branch_answered(self, branch: Branch, session: Session, response: Response) -> None:
        """The first 200: this target has the call."""
        self._stop_step()
        for other in self._branches:
            if other is not branch:
                self._cancel(other, ELSEWHERE)
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

    def _cancel(self, branch: Branch, headers: str = "") -> None:
        self._context.dialogs.pop(branch.key, None)
        branch.cancel(headers)

    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None:
        """A target refused or did not answer. 6xx ends the search at once (RFC 3261 16.7 step 5)."""
        self._branches.remove(branch)
        self._context.dialogs.pop(branch.key, None)
        if not branch.wanted:
            return
        log.info("%s: call %s: %s", self.leg_id, self.call_id, failure_line(status, response))
        target = branch.target
        if status == 430 or (status == 503 and response is None):
            self._directory.failed(target.ways[0])
        if status in _NEXT_WAY and len(target.ways) > 1:
            log.info("%s: call %s: trying another way", self.leg_id, self.call_id)
            self._try(target._replace(ways=target.ways[1:]))
        elif response is None or status not in FOLLOWED or not self._follow(target, response):
            self._failures.append(failure_of(status, response))
            self._search_no_more(status)
        self._go_on()

    def _search_no_more(self, status: int) -> None:
        """After some failures nobody else is tried; after 6xx those that still ring are stopped too."""
        if status >= 600:
            for other in self._branches:
                self._cancel(other)
            self._branches = []
        if status >= 600 or status in LOST_ITS_WAY:
            self._targets = TargetSet(())

    # -- redirections ----------------------------------------------------------------
    def _follow(self, target: Target, response: Response) -> bool:
        """Take up where a 3xx points (RFC 3261 16.7 step 4); False when nothing of it may be followed."""
        diversions = (diversion_of(response, target.number, rang=self._ringing), *target.diversions)
        ring_now = False
        if self._context.settings.follow_redirects == "no" or len(diversions) > MAX_REDIRECTIONS:
            return self._not_followed(target, "the settings forbid it, or it was sent on too often")
        for uris in contacts_of(response):
            found = [new._replace(diversions=diversions) for uri in uris for new in self._directory.behind(uri)]
            ring_now = self._targets.put_first(found) or ring_now
        if not ring_now:
            return self._not_followed(target, "it points to nobody new who can be reached")
        self._ring(self._targets.next_group(), target.breadth)
        return True

    def _not_followed(self, target: Target, why: str) -> bool:
        log.info("%s: call %s: redirection by %s not followed: %s", self.leg_id, self.call_id, target.number, why)
        return False

    # -- the end ---------------------------------------------------------------------
    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        for branch in self._branches:
            self._cancel(branch, ELSEWHERE if elsewhere else reason_line(cause))
        self._branches = []

    def _stop_step(self) -> None:
        if self._step is not None:
            self._step.cancel()
            self._step = None

    def _finish(self, cause: Cause) -> None:
        self._stop_step()
        for branch in self._branches:
            branch.let_go()
        self._branches = []
        super()._finish(cause)

    def proceed(self) -> None:
        raise RuntimeError(f"{self.leg_id} is a called leg")

    show_ringing = show_progress = accept = proceed
