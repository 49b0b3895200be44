"""What becomes of a request: judged in the order of RFC 3261 8.2, then to its call, the registrar or the exchange.

Why: a request that begins something is judged here before anybody keeps state for it. Look next at
`calls/reception.py` (new calls), `calls/leg.py` (what belongs to a call) and `accounts/registrar.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from firmware.sip.accounts.gate import Gate
from firmware.sip.accounts.outbound import OPTION_TAGS
from firmware.sip.accounts.registrar import Registrar
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import dialog_key
from firmware.sip.calls.directory import Directory
from firmware.sip.calls.late_answer import dialog_of, hang_up_late
from firmware.sip.calls.reception import Reception
from firmware.sip.messages.compose import ACCEPT, ALLOW, EXTENSIONS, METHODS, retry_after
from firmware.sip.messages.identifiers import new_tag
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.transport import Transport

log = logging.getLogger(__name__)

_STANDARD_METHODS = {"SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER", "MESSAGE"}


class Dispatch:
    """stopping: set when the agent ends; new work is refused from then on."""

    def __init__(self, context: SipContext, registrar: Registrar, gate: Gate, directory: Directory) -> None:
        self._context = context
        self._registrar = registrar
        self._gate = gate
        self._directory = directory
        self._reception = Reception(context, gate, directory)
        self._beginning: dict[str, Callable[[Request, Transport], None]] = {
            "INVITE": self._invite,
            "REGISTER": self._register,
            "OPTIONS": self._options,
        }
        self.stopping = False

    def request_arrived(self, request: Request, transport: Transport) -> None:
        """A new request. Raises Refusal."""
        _check_method(request)
        if "require" in request.headers:
            known = OPTION_TAGS if request.method == "REGISTER" else EXTENSIONS
            strange = [tag for tag in request.values("require") if tag.lower() not in known]
            if strange:
                raise Refusal(420, headers=f"Unsupported: {', '.join(strange)}\r\n")
        if request.to.tag:
            self._in_dialog(request, transport)
            return
        if parse_uri(request.uri).headers:
            raise Refusal(400, "Headers in the Request-URI")
        begin = self._beginning.get(request.method)
        if begin is None:
            raise Refusal(481)
        begin(request, transport)

    def ack_arrived(self, request: Request) -> None:
        leg = self._context.dialogs.get(dialog_key(request.call_id, request.to.tag))
        if leg is not None:
            leg.acknowledged(request)

    def answered_too(self, response: Response, transport: Transport) -> tuple[bytes, Hop]:
        return hang_up_late(self._context, dialog_of(response, transport), response.cseq[0])

    def _in_dialog(self, request: Request, transport: Transport) -> None:
        """To its leg. A refusal keeps state here, since the request's CSeq is spent and it may be resent."""
        leg = self._context.dialogs.get(dialog_key(request.call_id, request.to.tag))
        if leg is None:
            raise Refusal(481)
        try:
            leg.in_dialog(request, transport)
        except Refusal as refusal:
            log.info("%s: %s refused: %s", leg.leg_id, request.method, refusal)
            transaction = self._context.transactions.accept(request, transport)
            transaction.respond(refusal.status, reason=refusal.why, headers=refusal.headers)

    def _register(self, request: Request, transport: Transport) -> None:
        self._refuse_if_stopping()
        self._check_domain(request)
        user = self._gate.register(request)
        headers = self._registrar.register(request, user, transport.name)
        self._context.transactions.accept(request, transport).respond(200, to_tag=new_tag(), headers=headers)

    def _options(self, request: Request, transport: Transport) -> None:
        headers = f"{self._context.common_headers}{ACCEPT}Accept-Language: es, en\r\n"
        self._context.transactions.answer_without_state(request, transport, 200, headers=headers)

    def _invite(self, request: Request, transport: Transport) -> None:
        self._refuse_if_stopping()
        if request.hops() == 0:
            raise Refusal(483)
        self._check_domain(request)
        leg = self._reception.take(request, transport)
        log.info("%s: calls %s from %s:%d", leg.leg_id, leg.called.number, *request.source)
        self._context.listener.leg_arrived(leg)

    def _check_domain(self, request: Request) -> None:
        """RFC 3261 10.3 step 1, 16.5: we are no relay for the domains of others."""
        if not self._directory.serves(request.uri):
            raise Refusal(404, "Not our domain")

    def _refuse_if_stopping(self) -> None:
        """Refuse new work while stopping (RFC 3261 21.5.4)."""
        if self.stopping:
            raise Refusal(503, headers=retry_after())


def _check_method(request: Request) -> None:
    if request.method not in METHODS:
        raise Refusal(405 if request.method in _STANDARD_METHODS else 501, headers=ALLOW)
