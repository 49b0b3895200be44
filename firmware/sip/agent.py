"""The SIP agent: registrar, gate and maker of legs on one set of transports.

Why: this is what `app.py` starts and the exchange gets its SIP legs from. Look next at `dispatch.py`,
where what arrives is sent to those whom it concerns, then at `calling.py`, `called.py` and `registrar.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from firmware.config.load import Notice
from firmware.media.events import FLASH, DigitDue, DigitHeard, MediaEvent, MediaTimeout, SourceRefused
from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.accounts.gate import Gate
from firmware.sip.accounts.registrar import Registrar, Registration
from firmware.sip.accounts.signer import Credentials
from firmware.sip.calls.called import CalledLeg
from firmware.sip.calls.context import MediaEngine, SipContext
from firmware.sip.calls.directory import Directory
from firmware.sip.dispatch import Dispatch
from firmware.sip.dns.locate import Names
from firmware.sip.dns.opening import open_locator
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import dialled_number, parse_uri
from firmware.sip.nat.care import NatCare
from firmware.sip.nat.public_address import Known
from firmware.sip.settings import SipSettings, SipUser
from firmware.sip.transactions.layer import TransactionLayer
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.opening import Listening, describe, open_transports
from firmware.sip.transports.transport import Address, OpenTransport, Transport, host_text
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg, LegListener, Party

log = logging.getLogger(__name__)

_SWEEP_S = 30.0


class SipAgent:
    """The house's SIP side: `start` and `stop` it; `call_user` and `call_uri` make legs.

    open_transport: makes the only transport, in place of those of the settings; tests put a pipe there.
    names: who is asked for host names, in place of the name servers of the settings.
    """

    def __init__(
        self,
        settings: SipSettings,
        users: Mapping[str, SipUser],
        engine: MediaEngine,
        listener: LegListener,
        bindings: BindingStore,
        *,
        open_transport: OpenTransport | None = None,
        names: Names | None = None,
    ) -> None:
        self._settings = settings
        self._users = users
        self._engine = engine
        self._listener = listener
        self._store = bindings
        self._open_transport = open_transport
        self._names = names
        self._registrar = Registrar(settings, bindings)
        self._sweeping: asyncio.TimerHandle | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._context: SipContext
        self._directory: Directory
        self._gate: Gate
        self._nat: NatCare
        self._dispatch: Dispatch

    async def start(self) -> None:
        """Load the registrations and listen. Raises OSError: the port is taken, the data folder is not writable."""
        loop = asyncio.get_running_loop()
        layer = TransactionLayer(self, force_rport=self._settings.force_rport)
        self._context = SipContext(self._settings, self._engine, self._listener, layer)
        self._registrar.load(self._store.start())
        self._registrar.keep_only(set(self._users))
        if self._open_transport is not None:
            self._context.transports["UDP"] = self._open_transport(layer.arrivals.receive)
        else:
            self._context.transports.update(open_transports(self._settings, layer.arrivals))
        self._context.locator = open_locator(self._settings, self._context.transports, self._names)
        layer.size_switch.allowed = self._may_switch
        self._directory = Directory(self._settings, self._context.transports, self._registrar, self._context.locator)
        self._gate = Gate(self._settings, self._users, loop.time)
        self._dispatch = Dispatch(self._context, self._registrar, self._gate, self._directory)
        await self.refresh()
        self._nat = layer.beside = NatCare(self._context, self._registrar, self._directory)
        self._nat.start()
        self._sweep()

    async def stop(self, deadline_s: float = 1.5) -> None:
        """End every call with BYE, CANCEL or 503, wait for the answers at most `deadline_s`, and close."""
        self._dispatch.stopping = True
        self._nat.stop()
        for leg in list(self._context.legs):
            leg.release(Cause.NORMAL_CLEARING if leg.answered else Cause.TEMPORARY_FAILURE)
        await self._context.transactions.settle(deadline_s)
        self._context.transactions.close()
        self._context.locator.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._refreshing is not None:
            self._refreshing.cancel()
        for transport in self._context.transports.values():
            transport.close()
        self._store.stop()

    async def refresh(self, *, force: bool = False) -> None:
        """Look for new certificates; living connections stay as they are. force: even if they seem unchanged."""
        for transport in list(self._context.transports.values()):
            await transport.refresh(force=force)

    def refresh_soon(self) -> None:
        """`refresh` from a signal handler, whatever the files look like."""
        self._refreshing = asyncio.create_task(self.refresh(force=True), name="sip-certificates")

    def _may_switch(self, address: Address) -> bool:
        """Most phones that register over UDP listen there only; "auto" leaves them alone (RFC 3261 18.1.1)."""
        if self._settings.size_switch != "auto":
            return self._settings.size_switch == "always"
        udp = (place for place in self._registrar.all_bindings() if place.transport == "UDP")
        return all(address[0] != place.source_ip for place in udp)

    # -- for the rest of the house -----------------------------------------------------
    @property
    def udp_port(self) -> int:
        """The port in use."""
        return self._context.transports["UDP"].port

    def listening(self) -> list[Listening]:
        """Where calls may come from, for people to read."""
        return describe(self._context.transports.values(), self._settings.listen)

    def port_of(self, transport: str) -> int:
        """The port in use of "UDP", "TCP" or "TLS"; KeyError when there is none."""
        return self._context.transports[transport].port

    def public_address(self) -> Known | None:
        """What peers outside are told as our address, None while that is the local one."""
        return self._nat.public_address()

    def notices(self) -> list[Notice]:
        """What somebody should mend in the network."""
        return self._nat.notices()

    def call_user(self, user: str) -> Leg | None:
        """A leg towards all contacts of `user`, None when there is none."""
        telephones = self._directory.telephones(user)
        account = self._users.get(user)
        if not telephones or account is None or self._dispatch.stopping:
            return None
        return CalledLeg(self._context, self._directory, Party(user, account.name), telephones)

    def call_uri(self, uri: str, credentials: Credentials | None = None) -> Leg | None:
        """A leg towards the servers of any sip or sips URI; None while stopping. credentials: for their challenges.

        Raises Refusal 400 or 416 for a URI that cannot be called.
        """
        parsed = parse_uri(uri)
        if parsed.scheme == "tel":
            raise Refusal(416)
        if self._dispatch.stopping:
            return None
        return CalledLeg(self._context, self._directory, Party(dialled_number(parsed)), [], uri, credentials)

    def registrations(self) -> list[Registration]:
        now_s = self._registrar.wall_s()
        return [
            Registration(
                binding.user,
                self._users[binding.user].name if binding.user in self._users else "",
                binding.contact,
                f"{host_text(binding.source_ip)}:{binding.source_port}",
                binding.transport,
                binding.agent,
                round(binding.expires_wall_s - now_s),
            )
            for binding in self._registrar.all_bindings()
        ]

    def set_users(self, users: Mapping[str, SipUser]) -> None:
        """New accounts from now on; calls in progress stay, registrations of vanished users go."""
        self._users = users
        self._gate.set_users(users)
        self._registrar.keep_only(set(users))

    def media_event(self, event: MediaEvent) -> bool:
        """Take an event of the media engine; False when its endpoint is no stream of ours."""
        leg = self._context.endpoints.get(event.endpoint)
        if leg is None:
            return False
        if isinstance(event, DigitHeard):
            if event.digit == FLASH:
                self._listener.leg_flashed(leg)
            else:
                self._listener.leg_digit(leg, event.digit)
        elif isinstance(event, DigitDue):
            leg.digit_due(event.digit, event.ms)
        elif isinstance(event, MediaTimeout):
            leg.media_stopped()
        elif isinstance(event, SourceRefused):
            log.warning("%s: audio from a stranger at %s:%d refused", leg.leg_id, event.ip, event.port)
        return True

    def debug(self) -> dict[str, int]:
        """Counts that return to zero after calls: transactions, dialogs, legs, timers and so on."""
        counts = self._context.transactions.debug()
        counts["dialogs"] = len(self._context.dialogs)
        counts["legs"] = len(self._context.legs)
        counts["streams"] = len(self._context.endpoints)
        counts["lookups"] = len(self._context.locator)
        return counts

    # -- for the transaction layer -----------------------------------------------------
    def request_arrived(self, request: Request, transport: Transport) -> None:
        """A new request. Raises Refusal."""
        self._dispatch.request_arrived(request, transport)

    def ack_arrived(self, request: Request) -> None:
        self._dispatch.ack_arrived(request)

    def answered_too(self, response: Response, transport: Transport) -> tuple[bytes, Hop]:
        return self._dispatch.answered_too(response, transport)

    def _sweep(self) -> None:
        self._registrar.sweep()
        if "TLS" in self._context.transports:
            self._refreshing = asyncio.create_task(self.refresh(), name="sip-certificates")
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)
