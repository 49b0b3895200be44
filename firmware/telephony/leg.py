"""A leg: one end of a call. Everything that can speak is a leg.

The exchange (`firmware/pbx/exchange.py`) knows nothing but this file. A telephone, a SIP dialog, an exchange line or a
desk of the house fulfils `Leg`; the exchange fulfils `LegListener`. Two kinds of life:

* a *calling* leg came to us: it announces itself with `listener.leg_arrived(leg)`,
  then the exchange says `proceed`, `show_ringing` or `show_progress`, `accept`, `release`;
* a *called* leg is made by a line or the SIP agent, and the exchange says `place(request)`;
  it tells `leg_ringing`, `leg_progress`, `leg_answered`, `leg_released`.

Commands never wait and never raise for what the far end does: the outcome comes as
an event. Both directions end with exactly one `leg_released`, whoever began it; after
that the leg is dead. `endpoint` is the leg's node in the media engine, 0 while it has
none; the exchange joins two endpoints, it never touches a frame.

A telephone with two calls has a leg in each. They share its one endpoint: the leg that the
telephone is busy with has it, the other one has 0 and was told to be on hold (`leg_held`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from firmware.telephony.cause import Cause


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at one end: the number that can be dialled, and a name to show ("" if none)."""

    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Diversion:
    """A number that sent the call on. reason: "unconditional", "user-busy" ... (RFC 5806 4). count: how many times."""

    number: str
    reason: str = "unknown"
    count: int = 1


@dataclass(frozen=True, slots=True)
class Journey:
    """What a call brings along from box to box, so that it can neither run in circles nor multiply.

    breadth: how many telephones may still be rung at one time (RFC 5393 5). diversions: newest first.
    instance: the one telephone of its user that is meant ("urn:uuid:..."), "" for any (RFC 5627).
    """

    breadth: int = 60
    diversions: tuple[Diversion, ...] = ()
    instance: str = ""


SETTING_OUT = Journey()
"""Of a call that begins here."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What a called leg is asked to do: alert `called` on behalf of `caller`.

    call_id: the call's id in logs, record and capture. hops: Max-Forwards still allowed (RFC 3261 8.1.1.6).
    codecs: what the caller's end speaks, the best first, so that nothing need be transcoded; () is not known.
    alert: how the caller's end wants it to ring, in small letters ("bellcore-dr2"), "" for ordinary.
    """

    call_id: str
    caller: Party
    called: Party
    hops: int = 70
    journey: Journey = SETTING_OUT
    codecs: tuple[str, ...] = ()
    alert: str = ""


@dataclass(slots=True)
class LegStats:
    """Media figures of a leg for the call record; None where the leg cannot know.

    All but far_loss (0 to 1) is about what we received of it; far_loss is what it missed of ours, by its RTCP.
    """

    codec: str = ""
    packets_received: int = 0
    packets_lost: int = 0
    jitter_ms: float | None = None
    mos: float | None = None
    rtt_ms: float | None = None
    far_loss: float | None = None


class LegListener(Protocol):
    """What a leg tells. Called from the event loop, never re-entrantly from inside a command."""

    def leg_arrived(self, leg: Leg) -> None: ...
    def leg_ringing(self, leg: Leg) -> None: ...
    def leg_progress(self, leg: Leg) -> None:
        """Early media flows from `leg` (SIP 183 with SDP); its endpoint may be joined."""

    def leg_answered(self, leg: Leg) -> None: ...
    def leg_held(self, leg: Leg, held: bool) -> None: ...
    def leg_identified(self, leg: Leg) -> None:
        """The `party` of a calling leg has become known only now: those who are called shall see it."""

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """A digit from `leg`; the audio carries it to the other end."""

    def leg_flashed(self, leg: Leg) -> None:
        """The telephone of `leg`, which calls or talks, asks for a service with its hook (R key, recall)."""

    def leg_signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        """A digit that came beside the audio (SIP INFO): the other end must be told with `send_digit`."""

    def leg_diverted(self, leg: Leg, number: str, journey: Journey) -> bool:
        """The called `leg`, not answered yet, sends the call on to a number of this house; False: it cannot go there.

        journey: with the diversions that led there; who listens need not look for circles.
        """

    def leg_faxed(self, leg: Leg, number: str) -> None:
        """The calling `leg`, answered, is a fax machine's. number: who takes faxes in its place, "" for nobody."""

    def leg_transferred(self, leg: Leg, other: Leg) -> None:
        """A telephone leaves its two calls to each other: the far end of `leg`, which talks, gets that of `other`,
        which talks or rings. Both legs are released by whoever listens, in any case."""

    def leg_conference(self, leg: Leg, other: Leg, together: bool) -> None:
        """A telephone brings its two talking calls together, so that all three hear each other, or apart again."""

    def leg_released(self, leg: Leg, cause: Cause) -> None: ...


class Leg(ABC):
    """One end of a call. Subclasses set `endpoint` when media exists."""

    def __init__(self, leg_id: str, party: Party, listener: LegListener) -> None:
        self.leg_id = leg_id
        """Unique in this run, begins with the port or user: "fxs1/3", "sip:201/7"."""
        self.party = party
        """Who this end is; for a calling leg the caller."""
        self.called = Party("")
        """For a calling leg: what was dialled."""
        self.listener = listener
        self.endpoint = 0
        self.call_id = ""
        """Filled in by the exchange; every log line of the leg names it."""
        self.hops = 70
        self.journey = SETTING_OUT
        self.alert = ""
        """For a calling leg: how it wants the called telephone to ring, as in `CallRequest`."""
        self.sip_status = 0
        """The SIP status this leg failed with; 0 when it did not fail, or speaks no SIP."""
        self.far_status = 0
        """For a calling leg that is about to be released: `sip_status` of the leg that failed, to be told on."""
        self.steady_ms = 0
        """Not 0 for a fax machine or modem: the delay that its other end's audio must keep (`keep_delay`)."""
        self.connects_later = False
        """For a calling leg: after `accept` it tells `leg_answered` once it is connected; they talk from then on."""
        self.gone_for_s = 0.0
        """For how long this end had hung up already when that was noticed, as by a busy tone: no talk time."""
        self.serves_flash = False
        """Whether this end has services of its own for the R key of the other end's telephone (`send_flash`)."""
        self.passes_flash = False
        """Whether the other end has those: R of this telephone is not for the services of the house then."""
        self.metered = 0
        """Metering pulses that the network of this end has sent for the call."""
        self.beside: Leg | None = None
        """For a calling leg: the leg of the same telephone that is on hold meanwhile."""
        self.may_call_lines = True
        """False for legs that were not authenticated: the exchange refuses them every line port."""
        self.may_call_out = True
        """False: the exchange refuses this caller every way out, also where a telephone that he calls sends him on."""

    @property
    def is_of_house(self) -> bool:
        """For a calling leg: whether its number is its own for certain; others may say any, one of the house too."""
        return self.may_call_lines and not self.connects_later

    # -- to a calling leg ------------------------------------------------------
    @abstractmethod
    def proceed(self) -> None:
        """The number is complete and a destination is being tried (stops dial tone)."""

    @abstractmethod
    def show_ringing(self) -> None:
        """The destination rings: ringback tone, SIP 180."""

    @abstractmethod
    def show_progress(self) -> None:
        """Early media comes from the destination: cut through, SIP 183."""

    @abstractmethod
    def accept(self) -> None:
        """The destination answered: answer the caller."""

    def prefer_codecs(self, codecs: tuple[str, ...]) -> None:  # noqa: B027 - a telephone line has no choice
        """Before show_progress and accept: what the other end speaks; the first one possible spares transcoding."""

    def keep_delay(self, delay_ms: int) -> None:  # noqa: B027 - only packets have a delay that could change
        """From now on what this end says arrives with one delay: the other end is a fax machine or modem."""

    # -- to a called leg -------------------------------------------------------
    @abstractmethod
    def place(self, request: CallRequest) -> None:
        """Alert this end. Outcome: leg_ringing*, leg_progress*, then leg_answered or leg_released."""

    def show_caller(self, party: Party) -> None:  # noqa: B027 - a telephone that rings already cannot be told
        """After place, answered or not: who calls has become known."""

    # -- to both ---------------------------------------------------------------
    @abstractmethod
    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        """End this leg for `cause`. elsewhere: another leg took the call (no missed-call entry, RFC 3326).

        A telephone that is still off hook hears the cause's tone; the *leg* is released at once all the same.
        """

    def codecs(self) -> tuple[str, ...]:
        """What this end speaks or may still agree on, the best first; () while that is not known."""
        return ()

    @abstractmethod
    def stats(self) -> LegStats:
        """Media figures so far; also valid after the leg was released."""

    def send_flash(self) -> None:  # noqa: B027 - not every end can
        """Pass on a hook flash that the other end's telephone sent and we have no service for."""

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:  # noqa: B027 - not every end can
        """Signal a DTMF digit towards this end where the media engine does not do it by itself."""


@dataclass(slots=True)
class Destination:
    """What a route found: legs to ring together, made but not yet placed."""

    legs: list[Leg] = field(default_factory=list)
    party: Party = field(default_factory=lambda: Party(""))
    cause: Cause | None = None
    """Why there is nothing to ring (unallocated, subscriber absent ...)."""
    fall_back: Callable[[Cause], Destination | None] | None = None
    """Asked when all legs were refused for that cause: what to try instead, None when nothing is left."""
    ring_s: float | None = None
    """How long they may ring; None for as long as any call."""
