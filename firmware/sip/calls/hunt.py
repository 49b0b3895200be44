"""The search for somebody who takes a call: whom to ring when, and when to stop (RFC 3261 16.5 to 16.8).

Why: forking in groups of q, other ways to the same target, redirections and the cancelling
of losers are one machine with one list of branches; `called.py` only hears that somebody rang,
answered, or that nobody will. The order is in `targets.py`, what failures add up to in `failures.py`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from firmware.sip.calls.branch import Branch, BranchOwner
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.directory import Directory
from firmware.sip.calls.failures import LOST_ITS_WAY, Failure, best_of, failure_of
from firmware.sip.calls.following import Following
from firmware.sip.calls.invite import first_invite
from firmware.sip.calls.offer_exchange import OfferExchange
from firmware.sip.calls.redirection import FOLLOWED, MAX_REDIRECTIONS, diversion_of
from firmware.sip.calls.targets import Target, TargetSet
from firmware.sip.messages.message import Response
from firmware.sip.messages.reason import ELSEWHERE, failure_line
from firmware.sip.transactions.timer_heap import Timer
from firmware.telephony.leg import CallRequest, Diversion, Party

log = logging.getLogger(__name__)

_NEXT_WAY = frozenset({408, 430, 503})
"""After these another way to the same target is tried (RFC 3263 4.3, RFC 5626 5.3)."""


class Hunter(BranchOwner, Protocol):
    """The called leg, as its hunt sees it. Told of every branch itself; what fails it hands to `Hunt.failed`."""

    call_id: str

    def hand_on(self, number: str, diversions: tuple[Diversion, ...], breadth: int) -> bool:
        """Have a number of this house rung that is not ours to ring; False when that cannot be."""

    def hunt_failed(self, failure: Failure) -> None:
        """Nobody is left to ring."""


class Hunt:
    """Of one leg. request: the call. exchange: holds the offer that every INVITE makes. targets: whom to ring."""

    __slots__ = (
        "_context", "_directory", "_exchange", "_failures", "_following", "_handed_on", "_leg", "_offer",
        "_request", "_step", "_targets", "branches", "rang",
    )  # fmt: skip

    def __init__(
        self,
        leg: Hunter,
        context: SipContext,
        directory: Directory,
        request: CallRequest,
        exchange: OfferExchange,
        targets: list[Target],
    ) -> None:
        self._leg = leg
        self._context = context
        self._directory = directory
        self._request = request
        self._exchange = exchange
        self._offer = exchange.offer()
        self._targets = TargetSet(targets)
        self._failures: list[Failure] = []
        self._following: list[Following] = []
        self._step: Timer | None = None
        self._handed_on = False
        self.branches: list[Branch] = []
        self.rang = False
        """A target said that it rings."""

    # -- for the leg ---------------------------------------------------------------------
    def begin(self) -> None:
        """Ring the first."""
        self._go_on()

    def show_caller(self, party: Party) -> None:
        """Who calls has become known: whoever rings is told, and the next ones hear it from their INVITE."""
        self._request = replace(self._request, caller=party)
        for branch in self.branches:
            branch.tell_caller(party)

    @property
    def only_branch(self) -> Branch | None:
        """The one that rings, if no other does or will."""
        alone = len(self.branches) == 1 and not self._targets and not self._following
        return self.branches[0] if alone else None

    def won(self, branch: Branch) -> None:
        """This one answered: all others are cancelled, and told that it was elsewhere."""
        self._works(branch)
        self._offer = ""
        self.branches.remove(branch)
        self.stop(ELSEWHERE)
        self.branches = [branch]

    def stop(self, headers: str = "") -> None:
        """Cancel everybody. headers: a Reason line for them."""
        self._stop_step()
        self._targets.drop_rest()
        for following in self._following:
            following.cancel()
        self._following = []
        for branch in self.branches:
            self._cancel(branch, headers)
        self.branches = []

    def let_go(self) -> None:
        """The leg is dead."""
        for branch in self.branches:
            branch.let_go()
        self.branches = []
        self.stop()

    def failed(self, branch: Branch, status: int, response: Response | None) -> None:
        """A target refused or did not answer. 6xx ends the search at once (RFC 3261 16.7 step 5)."""
        self.branches.remove(branch)
        self._context.dialogs.pop(branch.key, None)
        if not branch.wanted:
            return
        log.info("%s: call %s: %s", self._leg.leg_id, self._leg.call_id, failure_line(status, response))
        target = branch.target
        if status in _NEXT_WAY:
            self._directory.failed(target.ways[0], status, response)
        else:
            self._works(branch)
        if status in _NEXT_WAY and len(target.ways) > 1:
            log.info("%s: call %s: trying another way", self._leg.leg_id, self._leg.call_id)
            self._try(target._replace(ways=target.ways[1:]))
        elif response is not None and status in FOLLOWED and self._may_follow(target):
            self._follow(target, response)
            return
        else:
            self._fail(failure_of(status, response))
        self._go_on()

    # -- whom to ring next ---------------------------------------------------------------
    def _go_on(self) -> None:
        """Ring the next group, unless somebody is still being rung; with nobody left the hunt is over."""
        while not self._waits():
            self._stop_step()
            group = self._targets.next_group()
            if not group:
                self._leg.hunt_failed(best_of(self._failures))
                return
            self._ring(group, self._request.journey.breadth)
        if self._targets and self._step is None:
            self._step = self._context.timers.after(self._context.settings.step_ring_s, self._rung_long_enough)

    def _waits(self) -> bool:
        """For somebody who is being rung or looked up, or for the time that a number handed on has to answer."""
        ringing = any(branch.wanted for branch in self.branches)
        return ringing or bool(self._following) or (self._handed_on and bool(self._targets))

    def _ring(self, group: list[Target], breadth: int) -> None:
        """Ring all of `group` at once, each with its share of `breadth` (RFC 5393 5.3.3)."""
        share = breadth // len(group)
        if share < 1:
            log.info("%s: call %s: too many telephones ring for it already", self._leg.leg_id, self._leg.call_id)
            self._fail(failure_of(440, None))
            return
        log.info("%s: call %s: ringing %d contact(s)", self._leg.leg_id, self._leg.call_id, len(group))
        for target in group:
            self._try(target._replace(breadth=share))

    def _try(self, target: Target) -> None:
        """Have `target` rung."""
        if target.ways:
            self._invite(target)
        elif self._leg.hand_on(target.number, target.diversions, target.breadth):
            self._handed_on = True
            self._fail(failure_of(302, None))
        else:
            self._say_not_followed(target, "there is no such number that may be reached")
            self._fail(failure_of(302, None))

    def _invite(self, target: Target) -> None:
        """Send the INVITE by the first way of `target`."""
        exchange, offer = self._exchange, self._offer
        transport, address = target.ways[0].hop
        ip = transport.local_ip(address[0])
        if ip != exchange.media.ip and (":" in ip) == (":" in exchange.media.ip):  # of another network than the first
            exchange = exchange.fork(ip)
            offer = exchange.media.repeat()
        invite, tag = first_invite(self._context, self._request, target, offer)
        hops = max(self._request.hops, 0)
        self.branches.append(Branch(self._leg, self._context, invite, tag, target, hops, exchange))

    def _rung_long_enough(self) -> None:
        """Those of higher q had their time; a late answer of theirs is still taken."""
        self._step = None
        self._handed_on = False
        for branch in self.branches:
            if branch.wanted:
                self._fail(failure_of(480, None))
                branch.stop_ringing()
        self._go_on()

    def _fail(self, failure: Failure) -> None:
        """Note it. After some failures nobody else is tried; after 6xx those that still ring are stopped too."""
        self._failures.append(failure)
        if failure.status >= 600:
            self.stop()
        elif failure.status in LOST_ITS_WAY:
            self._targets.drop_rest()

    # -- redirections ----------------------------------------------------------------------
    def _may_follow(self, target: Target) -> bool:
        if self._context.settings.follow_redirects != "no" and len(target.diversions) < MAX_REDIRECTIONS:
            return True
        self._say_not_followed(target, "the settings forbid it, or it was sent on too often")
        return False

    def _follow(self, target: Target, response: Response) -> None:
        """Take up where a 3xx points (RFC 3261 16.7 step 4)."""
        diversions = (diversion_of(response, target.number, rang=self.rang), *target.diversions)
        following = Following(self._context, self._directory, target, diversions, response, self._followed)
        self._following.append(following)
        following.start()

    def _followed(self, following: Following) -> None:
        """It is known where a redirection leads."""
        self._following.remove(following)
        ring_now = False
        for targets in following.groups:
            ring_now = self._targets.put_first(targets) or ring_now
        if ring_now:
            self._ring(self._targets.next_group(), following.target.breadth)
        else:
            self._say_not_followed(following.target, "it points to nobody new who can be reached")
            self._fail(failure_of(following.status, None))
        self._go_on()

    def _say_not_followed(self, target: Target, why: str) -> None:
        leg = self._leg
        log.info("%s: call %s: redirection at %s not followed: %s", leg.leg_id, leg.call_id, target.number, why)

    # -- small things ------------------------------------------------------------------------
    def _works(self, branch: Branch) -> None:
        self._directory.worked(branch.target.ways[0])

    def _cancel(self, branch: Branch, headers: str) -> None:
        self._context.dialogs.pop(branch.key, None)
        branch.cancel(headers)

    def _stop_step(self) -> None:
        if self._step is not None:
            self._step.cancel()
            self._step = None
