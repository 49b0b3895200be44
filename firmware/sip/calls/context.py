"""What the legs of one agent share: transports, transactions, engine, dialogs.

Why: legs need these, the agent makes them; this small thing in between keeps the imports
free of circles. Look next at `leg.py` and `agent.py`.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Protocol

from firmware.media.codec_table import CodecName
from firmware.media.errors import PortsExhausted
from firmware.media.events import DigitWay
from firmware.media.offer_answer import OfferAnswer
from firmware.sip.dns.locate import Locator
from firmware.sip.messages.compose import ALLOW, SUPPORTED
from firmware.sip.messages.message import Request
from firmware.sip.settings import SipSettings
from firmware.sip.transactions.layer import TransactionLayer
from firmware.sip.transports.transport import Transport
from firmware.telephony.leg import Leg, LegListener

log = logging.getLogger(__name__)


class StreamFigures(Protocol):
    """The figures a leg reads of a stream."""

    @property
    def packets_received(self) -> int: ...
    @property
    def packets_lost(self) -> int: ...
    @property
    def jitter_ms(self) -> float: ...
    @property
    def mos(self) -> float | None: ...
    @property
    def rtt_ms(self) -> float | None: ...
    @property
    def far_lost(self) -> int | None: ...
    @property
    def packets_sent(self) -> int: ...


class MediaStream(Protocol):
    """The media engine's stream as a leg uses it (`firmware/media/engine.py`)."""

    @property
    def id(self) -> int: ...
    @property
    def local_port(self) -> int: ...
    def set_remote(self, ip: str, port: int, signal_ip: str = "") -> None: ...
    def set_codec(
        self, pt: int, codec: CodecName, event_pt: int | None, ptime_ms: int = 20, *, ptime_asked: bool = False
    ) -> None: ...
    def set_rtcp(self, port: int, *, mux: bool) -> None: ...
    def set_direction(self, send: bool, receive: bool) -> None: ...
    def relearn_source(self) -> None: ...
    def set_jitter(self, fixed_ms: int) -> None: ...
    def set_digits(self, how: DigitWay) -> None: ...
    def send_digit(self, digit: str, ms: int) -> None: ...
    def stats(self) -> StreamFigures: ...
    def close(self) -> None: ...


class MediaEngine(Protocol):
    """The media engine as the agent uses it."""

    def open_stream(self, local_ip: str) -> MediaStream:
        """Raises PortsExhausted."""


class DialogLeg(Leg, ABC):
    """A leg with a SIP dialog, as the agent sees it (`leg.SipLeg`)."""

    answered: bool

    @abstractmethod
    def in_dialog(self, request: Request, transport: Transport) -> None:
        """Take a request of the dialog. Raises Refusal."""

    @abstractmethod
    def acknowledged(self, ack: Request) -> None:
        """The ACK to a 2xx of ours."""

    @abstractmethod
    def digit_due(self, digit: str, ms: int) -> None:
        """The far end sent a digit that the peer must get beside the audio."""

    @abstractmethod
    def media_stopped(self) -> None:
        """No audio has come for the engine's time-out."""


class SipContext:
    """One per agent. legs: every leg that arrived or was placed, until released. dialogs: by `Dialog.key`.

    locator: where the servers for a URI are; set when the transports are open.
    """

    locator: Locator

    def __init__(
        self, settings: SipSettings, engine: MediaEngine, listener: LegListener, transactions: TransactionLayer
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.listener = listener
        self.transactions = transactions
        self.timers = transactions.timers
        self.transports: dict[str, Transport] = {}
        self.legs: set[DialogLeg] = set()
        self.dialogs: dict[str, DialogLeg] = {}
        self.endpoints: dict[int, DialogLeg] = {}
        self.common_headers = f"{ALLOW}{SUPPORTED}User-Agent: {settings.user_agent}\r\n"
        self.change_headers = f"{ALLOW}Supported: timer\r\nUser-Agent: {settings.user_agent}\r\n"
        """Of our re-INVITE: without 100rel, since nothing is gained by acknowledging what comes at once."""
        self._leg_serial = 0

    def new_leg_id(self, user: str) -> str:
        self._leg_serial += 1
        return f"sip:{user}/{self._leg_serial}"

    def open_media(
        self, leg: DialogLeg, transport: Transport, remote_ip: str, *, several: bool = False
    ) -> tuple[MediaStream, OfferAnswer]:
        """A stream for `leg`, with its half of offer and answer. Raises PortsExhausted, and logs which setting helps.

        several: peers in other networks may get the call too, who are told another address of ours.
        """
        ip = transport.local_ip(remote_ip)
        try:
            stream = self.engine.open_stream(transport.own.to_bind(ip, several=several))
        except PortsExhausted:
            log.warning("%s: no audio port is free: [media] rtp_first to rtp_last is used up", leg.leg_id)
            raise
        self.endpoints[stream.id] = leg
        return stream, OfferAnswer(ip, stream.local_port, self.settings.codecs_of(leg.party.number))
