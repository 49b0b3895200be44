"""The leg of a call we make over SIP: to the telephones of a user, or to a URI anywhere.

Why: this is the leg that the exchange sees. Who is rung in which order is in `hunt.py`, a
single INVITE's life in `branch.py`, the life after the answer in `leg.py`.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from firmware.media.errors import PortsExhausted
from firmware.media.offer_answer import NotAcceptable
from firmware.sip.accounts.signer import Credentials
from firmware.sip.calls.branch import Branch
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import dialog_key
from firmware.sip.calls.directory import Directory
from firmware.sip.calls.failures import Failure
from firmware.sip.calls.hunt import Hunt
from firmware.sip.calls.journey import MAX_DIVERSIONS
from firmware.sip.calls.leg import SipLeg
from firmware.sip.calls.offer_exchange import OfferExchange
from firmware.sip.calls.session import Session
from firmware.sip.calls.targets import Target, Way
from firmware.sip.dns.locate import Lookup
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.reason import ELSEWHERE, reason_line
from firmware.sip.messages.status import Refusal
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Diversion, Journey, Party

log = logging.getLogger(__name__)


class CalledLeg(SipLeg):
    """targets: whom to ring; uri: where to look for them when there are none. credentials: for who is found there."""

    def __init__(
        self,
        context: SipContext,
        directory: Directory,
        party: Party,
        targets: list[Target],
        uri: str = "",
        credentials: Credentials | None = None,
    ) -> None:
        super().__init__(context, party.number, party)
        self._directory = directory
        self._targets = targets
        self._uri = uri
        self._credentials = credentials
        self._lookup: Lookup | None = None
        self._request: CallRequest | None = None
        self._hunt: Hunt | None = None
        self._progressing = False
        self._late_caller: Party | None = None
        """Who calls, where that became known after the INVITE."""

    def place(self, request: CallRequest) -> None:
        self._context.legs.add(self)
        self._request = request
        self.call_id = request.call_id
        self.called = request.called
        if self._uri:
            self._lookup = self._directory.servers(self._uri, self._located)
            return
        instance = request.journey.instance.lower()
        targets = [target for target in self._targets if not instance or target.instance.lower() == instance]
        if targets:
            self._begin(targets)
        else:
            self._finish(Cause.SUBSCRIBER_ABSENT)

    def show_caller(self, party: Party) -> None:
        self._late_caller = party
        if self._request is not None:
            self._request = replace(self._request, caller=party)
        if self.answered and self._session is not None:
            self._session.tell_caller(party)
        elif self._hunt is not None:
            self._hunt.show_caller(party)

    def _located(self, ways: list[Way]) -> None:
        self._lookup = None
        if ways:
            self._begin([Target(self.party.number, tuple(ways), credentials=self._credentials)])
        else:
            self._finish(Cause.NETWORK_OUT_OF_ORDER)

    def _begin(self, targets: list[Target]) -> None:
        assert self._request is not None
        hops = [way.hop for target in targets for way in target.ways]
        told = {transport.local_ip(address[0]) for transport, address in hops}
        transport, address = hops[0]
        try:
            self._stream, media = self._context.open_media(self, transport, address[0], several=len(told) > 1)
        except PortsExhausted:
            self._finish(Cause.RESOURCE_UNAVAILABLE)
            return
        self.endpoint = self._stream.id
        media.prefer(codec for codec in media.order if codec in self._request.codecs)
        self._hunt = Hunt(self, self._context, self._directory, self._request, OfferExchange(media), targets)
        self._hunt.begin()

    # -- told by branches and hunt ---------------------------------------------------------
    def branch_rang(self, branch: Branch, response: Response) -> None:
        """A provisional response. Early media is taken only where a single target rings."""
        if response.status == 100 or self._hunt is None:
            return
        self._context.dialogs[branch.key] = self
        if self._late_caller is not None:
            branch.tell_caller(self._late_caller)
        if (response.body or response.status == 199) and self._early_branch() is not None:
            self.session_changed()
            if not self._progressing:
                self._progressing = True
                self.listener.leg_progress(self)
        elif response.status in {180, 181, 182} and not self._hunt.rang:
            self._hunt.rang = True
            self.listener.leg_ringing(self)

    def _early_branch(self) -> Branch | None:
        """The one that rings alone, if it has agreed on early media."""
        branch = self._hunt.only_branch if self._hunt is not None else None
        return branch if branch is not None and branch.early_media is not None else None

    def session_changed(self) -> None:
        if self.answered:
            super().session_changed()
        elif (branch := self._early_branch()) is not None and branch.early_media is not None:
            way = branch.target.ways[0]
            self._apply_media(branch.early_media.media.agreed, way.hop.address[0], direct=not way.routes)

    def _session_of(self, request: Request) -> Session | None:
        if self._session is not None or self._hunt is None:
            return self._session
        key = dialog_key(request.call_id, request.to.tag)
        return next((branch.session(request.from_.tag) for branch in self._hunt.branches if branch.key == key), None)

    def branch_answered(self, branch: Branch, session: Session, response: Response) -> None:
        """The first 200: this target has the call."""
        assert self._hunt is not None
        self._hunt.won(branch)
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
        if self._late_caller is not None:
            session.tell_caller(self._late_caller)
        log.info("%s: call %s: answered by %s:%d", self.leg_id, self.call_id, *response.source)
        self.listener.leg_answered(self)

    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None:
        if self._hunt is not None:
            self._hunt.failed(branch, status, response)

    def hand_on(self, number: str, diversions: tuple[Diversion, ...], breadth: int) -> bool:
        """Send the call on to a number of this house that has no telephones of ours; False when it cannot go there."""
        assert self._request is not None
        before = self._request.journey.diversions
        if len(before) + len(diversions) >= MAX_DIVERSIONS or any(number == diversion.number for diversion in before):
            return False
        return self.listener.leg_diverted(self, number, Journey(breadth, (*diversions, *before)))

    def hunt_failed(self, failure: Failure) -> None:
        self.sip_status, cause = failure
        self._finish(cause)

    # -- the end ---------------------------------------------------------------------
    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        if self._hunt is not None:
            self._hunt.stop(ELSEWHERE if elsewhere else reason_line(cause))

    def _finish(self, cause: Cause) -> None:
        if self._lookup is not None:
            self._lookup.cancel()
            self._lookup = None
        if self._hunt is not None:
            self._hunt.let_go()
            self._hunt = None
        super()._finish(cause)

    def proceed(self) -> None:
        raise RuntimeError(f"{self.leg_id} is a called leg")

    show_ringing = show_progress = accept = proceed
