"""Receives INVITEs that begin a call: who calls whom, and may they (RFC 3261 8.2, 13.3.1).

Why: everything that can refuse a call before it costs a leg stands here in one order. Look
next at `accounts/gate.py` (who may call) and `calling.py` (the leg that comes of it).
"""

from __future__ import annotations

from dataclasses import replace

from firmware.media.errors import PortsExhausted
from firmware.sip.accounts.gate import Gate
from firmware.sip.calls.alert_info import alert_of
from firmware.sip.calls.calling import CallingLeg
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.directory import Directory
from firmware.sip.calls.journey import journey_of
from firmware.sip.messages.compose import ACCEPT_SDP, retry_after
from firmware.sip.messages.headers import printable
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import dialled_number, parse_uri
from firmware.sip.settings import SipUser
from firmware.sip.transports.transport import Transport
from firmware.telephony.leg import Journey, Party

_SDP_RANGES = {"application/sdp", "application/*", "*/*"}


class Reception:
    """One per agent."""

    def __init__(self, context: SipContext, gate: Gate, directory: Directory) -> None:
        self._context = context
        self._gate = gate
        self._directory = directory

    def take(self, request: Request, transport: Transport) -> CallingLeg:
        """The leg of an INVITE that may be served. Raises Refusal, and leaves nothing behind then."""
        accepts = request.values("accept")
        if accepts and not any(value.partition(";")[0].strip().lower() in _SDP_RANGES for value in accepts):
            raise Refusal(406, headers=ACCEPT_SDP)
        user = self._gate.invite(request)
        if self._context.transactions.is_merged(request):
            raise Refusal(482)
        journey = journey_of(request)
        if len(self._context.legs) >= self._context.settings.max_calls:
            raise Refusal(503, headers=retry_after())
        number, journey = self._called(request, journey)
        try:
            leg = CallingLeg.take(self._context, request, transport, _caller(request, user), Party(number))
        except PortsExhausted:
            raise Refusal(503, "No audio port is free", retry_after()) from None
        leg.hops = request.hops()
        leg.journey = journey
        leg.alert = alert_of(request.headers.get("alert-info", ()))
        leg.may_call_lines = user is not None
        return leg

    def _called(self, request: Request, journey: Journey) -> tuple[str, Journey]:
        """The number wanted, and in the journey the one telephone of it if a GRUU says so.

        Raises Refusal 404, 484 for an address without a number.
        """
        uri = parse_uri(request.uri)
        number = dialled_number(uri)
        if "gr" in uri.params:
            meant = self._directory.meant_by(uri)
            if meant is None:
                raise Refusal(404, "That address is no longer valid")  # RFC 5627 5.4
            number, instance = meant
            journey = replace(journey, instance=instance)
        if not number:
            raise Refusal(484)
        if not number.isprintable():
            raise Refusal(404)
        return number, journey


def _caller(request: Request, user: SipUser | None) -> Party:
    given = request.from_
    if user is not None:
        return Party(user.user, user.name or printable(given.display))
    number = parse_uri(given.uri).user if given.uri.lower().startswith(("sip", "tel")) else ""
    return Party(printable(number), printable(given.display))
