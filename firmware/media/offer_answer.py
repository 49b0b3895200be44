"""Offer and answer of one session (RFC 3264): what both sides agreed to send each other.

Why: a SIP leg hands in the peer's description and gets the text to send back, plus an
`Agreement` the media engine understands. We take one audio line with a codec of ours and
telephone-event; every other line is kept in its place with port 0. Which codec: the one in
use or `prefer`red, else the first of the device's order. Look next at `sdp.py` for the text itself.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from firmware.media import sdp
from firmware.media.codec_table import CODECS, ORDER, CodecName, first

NOWHERE = "0.0.0.0"
"""As an address in SDP: nothing is to be sent (the hold of RFC 2543)."""
EVENT_PT = 101
_PTIMES_MS = (10, 20, 30, 40, 50, 60)
_PTIME_MS = 20
"""Where the peer does not say."""
_MIRRORED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class NotAcceptable(Exception):
    """Nothing in the description can be used; SIP answers 488. The text says why."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What goes to the engine. send, receive: from our side. held: the peer put us on hold.

    event_pt: payload type for RFC 4733, None when not agreed. ptime_ms: of what we send; ptime_asked: the peer
    wants no other. rtcp_port: where its RTCP goes, 0: one above; rtcp_mux: on the same port (RFC 5761).
    """

    ip: str
    port: int
    payload_type: int
    codec: CodecName
    event_pt: int | None
    ptime_ms: int
    send: bool
    receive: bool
    held: bool
    ptime_asked: bool = False
    rtcp_port: int = 0
    rtcp_mux: bool = False


class OfferAnswer:
    """Our half of a session: the numbers of o=, the place of each media line, the last agreement.

    codecs: those that are allowed, the preferred one first.
    """

    def __init__(self, local_ip: str, local_port: int, codecs: Sequence[CodecName] = ORDER) -> None:
        self._ip = local_ip
        self._port = local_port
        self._session_id = secrets.randbits(31)
        self._version = self._session_id
        self._media = ""
        self._lines: list[sdp.MediaLine] = []
        self._audio = 0
        self._event_pt = EVENT_PT
        self._order = tuple(codecs)
        self.agreed: Agreement | None = None

    def offer(self) -> str:
        """Our description as an offer: all we can, in both directions, lines where they were."""
        codecs = [(CODECS[name].payload_type, name) for name in self._order]
        if not self._lines:
            return self._text(sdp.audio_line(self._port, codecs, self._event_pt, "sendrecv"))
        parts = [sdp.refused_line(line) for line in self._lines]
        parts[self._audio] = sdp.audio_line(self._port, codecs, self._event_pt, "sendrecv")
        return self._text("".join(parts))

    def prefer(self, names: Iterable[str]) -> None:
        """From now on offer and take these first, where they are allowed: what the other end of the call speaks."""
        self._order = first(names, self._order)

    @property
    def order(self) -> tuple[CodecName, ...]:
        """The codecs allowed, the preferred one first."""
        return self._order

    def allowed(self, offered: sdp.Description) -> tuple[CodecName, ...]:
        """Which codecs `offered` leaves us to choose from, the preferred one first."""
        lines = (_names(line) for line in offered.media if _usable(line, self._ip))
        names = next((found for found in lines if found), ())
        return tuple(name for name in self._order if name in names)

    def repeat(self) -> str:
        """Our last description, word for word, as an offer that changes nothing (RFC 3264 8, RFC 4028 7.4)."""
        return self._text(self._media)

    @property
    def ip(self) -> str:
        """Our own address, as the peer is told it."""
        return self._ip

    def fork(self, ip: str = "") -> OfferAnswer:
        """Another half like this one, for the next peer that answers the same offer (RFC 3264 4).

        ip: what that peer is told as our address; "" for the same.
        """
        twin = copy.copy(self)
        twin._ip = ip or self._ip
        return twin

    def refuse(self, offered: sdp.Description) -> str:
        """An answer that takes nothing, where the carrier cannot be told 488 (RFC 6337 3.2). Unsets `agreed`."""
        self.agreed = None
        return self._text("".join(sdp.refused_line(line) for line in offered.media))

    def answer(self, offered: sdp.Description) -> str:
        """The answer to `offered`; `agreed` is then set. Raises NotAcceptable and changes nothing."""
        found = next(
            ((i, line, got) for i, line in enumerate(offered.media) if (got := _agree(line, self._ip, self._order))),
            None,
        )
        if found is None and self._parks(offered):
            return self._park(offered)
        if found is None:
            raise NotAcceptable(f"no audio line with {' or '.join(self._order)} over plain RTP")
        index, line, agreed = found
        direction = _MIRRORED[line.direction]
        if agreed.ip == NOWHERE:
            direction = "recvonly" if agreed.receive else "inactive"
        parts = [sdp.refused_line(other) for other in offered.media]
        codecs = [(agreed.payload_type, agreed.codec)]
        noise = line.offers(sdp.COMFORT_NOISE)
        parts[index] = sdp.audio_line(
            self._port, codecs, agreed.event_pt, direction, rtcp_mux=agreed.rtcp_mux, comfort_noise=noise
        )
        self._remember(offered, index, agreed)
        return self._text("".join(parts))

    def _parks(self, offered: sdp.Description) -> bool:
        """Whether the peer takes the audio line in use out of the session for now (RFC 3264 8.2)."""
        line = offered.media[self._audio] if self._audio < len(offered.media) else None
        return self.agreed is not None and line is not None and line.kind == "audio" and line.port == 0

    def _park(self, offered: sdp.Description) -> str:
        assert self.agreed is not None
        self._remember(offered, self._audio, replace(self.agreed, send=False, receive=False, held=True))
        return self._text("".join(sdp.refused_line(line) for line in offered.media))

    def take_answer(self, answer: sdp.Description) -> Agreement:
        """The peer's answer to our offer; sets and returns `agreed`. Raises NotAcceptable."""
        index = self._audio if self._lines else 0
        line = answer.media[index] if index < len(answer.media) else None
        agreed = _agree(line, self._ip, first(_names(line), self._order)) if line is not None else None
        if agreed is None:
            raise NotAcceptable("the answer holds no audio we offered")
        if not self._lines:
            self._remember(sdp.Description("", answer.media[:1]), 0, agreed)
        self.agreed = agreed
        self.prefer((agreed.codec,))
        return agreed

    def _remember(self, description: sdp.Description, index: int, agreed: Agreement) -> None:
        self._lines = description.media
        self._audio = index
        self._event_pt = agreed.event_pt or self._event_pt
        self.prefer((agreed.codec,))
        self.agreed = agreed

    def _text(self, media: str) -> str:
        """Around the media lines; the version rises only when they changed (RFC 3264 8)."""
        if self._media and media != self._media:
            self._version += 1
        self._media = media
        return sdp.session_text(self._session_id, self._version, self._ip, media)


def _usable(line: sdp.MediaLine, local_ip: str) -> bool:
    """Whether it is audio over plain RTP that can be reached from `local_ip`."""
    plain = line.kind == "audio" and line.port != 0 and line.proto.upper() == "RTP/AVP" and line.ip != ""
    return plain and (":" in line.ip) == (":" in local_ip)


def _types(line: sdp.MediaLine) -> dict[str, int]:
    """Codec name, and TELEPHONE-EVENT, to the payload type it has in `line`, in its order."""
    types: dict[str, int] = {}
    for text in line.formats:
        payload_type = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 128
        name, clock_hz = (line.codec(payload_type) if payload_type < 128 else None) or ("", 0)
        if clock_hz == 8000:
            types.setdefault(name, payload_type)
    return types


def _names(line: sdp.MediaLine) -> tuple[CodecName, ...]:
    """The codecs of ours in `line`, in its order."""
    return tuple(CODECS[name].name for name in _types(line) if name in CODECS)


def _agree(line: sdp.MediaLine, local_ip: str, order: Sequence[CodecName]) -> Agreement | None:
    """What a line of the peer means for us; the first codec of `order` it has. None when it cannot be used."""
    types = _types(line) if _usable(line, local_ip) else {}
    codec = next((name for name in order if name in types), None)
    if codec is None:
        return None
    nowhere = line.ip in {NOWHERE, "::"}
    direction = line.direction
    ptime_ms = _ptime_ms(line)
    return Agreement(
        NOWHERE if nowhere else line.ip,
        line.port,
        types[codec],
        codec,
        types.get("TELEPHONE-EVENT"),
        ptime_ms or _PTIME_MS,
        send=direction in {"sendrecv", "recvonly"} and not nowhere,
        receive=direction in {"sendrecv", "sendonly"},
        held=nowhere or direction in {"sendonly", "inactive"},
        ptime_asked=ptime_ms != 0,
        rtcp_port=line.rtcp_port,
        rtcp_mux=line.rtcp_mux,
    )


def _ptime_ms(line: sdp.MediaLine) -> int:
    """The packet length the peer asks for, where the engine can do it, else 0. maxptime alone asks when it is short."""
    wished = line.ptime_ms if line.ptime_ms in _PTIMES_MS else 0
    if 0 < line.maxptime_ms < (wished or _PTIME_MS):
        return max(10, line.maxptime_ms // 10 * 10)
    return wished
