"""Offer and answer of one session (RFC 3264): what both sides agreed to send each other.

Why: a SIP leg hands in the peer's description and gets the text to send back, plus an
`Agreement` the media engine understands. We take one audio line with G.711 A-law or
mu-law and telephone-event; every other line is kept in its place with port 0.
Look next at `sdp.py` for the text itself.
"""

from __future__ import annotations

import copy
import secrets
from dataclasses import dataclass, replace
from typing import Literal

from firmware.media import sdp

Codec = Literal["PCMA", "PCMU"]
"""What the engine speaks."""
NOWHERE = "0.0.0.0"
"""As an address in SDP: nothing is to be sent (the hold of RFC 2543)."""
EVENT_PT = 101
_OWN_TYPES: list[tuple[int, Codec]] = [(8, "PCMA"), (0, "PCMU")]
_CODECS: dict[str, Codec] = {"PCMA": "PCMA", "PCMU": "PCMU"}
_PTIMES_MS = (10, 20, 30, 40, 60)
_MIRRORED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class NotAcceptable(Exception):
    """Nothing in the description can be used; SIP answers 488. The text says why."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What goes to the engine. send, receive: from our side. held: the peer put us on hold.

    event_pt: payload type for RFC 4733, None when not agreed. ptime_ms: of what we send.
    """

    ip: str
    port: int
    payload_type: int
    codec: Codec
    event_pt: int | None
    ptime_ms: int
    send: bool
    receive: bool
    held: bool


class OfferAnswer:
    """Our half of a session: the numbers of o=, the place of each media line, the last agreement."""

    def __init__(self, local_ip: str, local_port: int) -> None:
        self._ip = local_ip
        self._port = local_port
        self._session_id = secrets.randbits(31)
        self._version = self._session_id
        self._media = ""
        self._lines: list[sdp.MediaLine] = []
        self._audio = 0
        self._event_pt = EVENT_PT
        self.agreed: Agreement | None = None

    def offer(self) -> str:
        """Our description as an offer: all we can, in both directions, lines where they were."""
        if not self._lines:
            return self._text(sdp.audio_line(self._port, _OWN_TYPES, self._event_pt, "sendrecv"))
        parts = [sdp.refused_line(line) for line in self._lines]
        codecs = sorted(_OWN_TYPES, key=lambda entry: self.agreed is not None and entry[1] != self.agreed.codec)
        parts[self._audio] = sdp.audio_line(self._port, codecs, self._event_pt, "sendrecv")
        return self._text("".join(parts))

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
        found = next(((i, line, got) for i, line in enumerate(offered.media) if (got := _agree(line, self._ip))), None)
        if found is None and self._parks(offered):
            return self._park(offered)
        if found is None:
            raise NotAcceptable("no audio line with G.711 over plain RTP")
        index, line, agreed = found
        direction = _MIRRORED[line.direction]
        if agreed.ip == NOWHERE:
            direction = "recvonly" if agreed.receive else "inactive"
        parts = [sdp.refused_line(other) for other in offered.media]
        codecs = [(agreed.payload_type, agreed.codec)]
        parts[index] = sdp.audio_line(self._port, codecs, agreed.event_pt, direction)
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
        agreed = _agree(answer.media[index], self._ip) if index < len(answer.media) else None
        if agreed is None:
            raise NotAcceptable("the answer holds no audio we offered")
        if not self._lines:
            self._remember(sdp.Description("", answer.media[:1]), 0, agreed)
        self.agreed = agreed
        return agreed

    def _remember(self, description: sdp.Description, index: int, agreed: Agreement) -> None:
        self._lines = description.media
        self._audio = index
        self._event_pt = agreed.event_pt or self._event_pt
        self.agreed = agreed

    def _text(self, media: str) -> str:
        """Around the media lines; the version rises only when they changed (RFC 3264 8)."""
        if self._media and media != self._media:
            self._version += 1
        self._media = media
        return sdp.session_text(self._session_id, self._version, self._ip, media)


def _agree(line: sdp.MediaLine, local_ip: str) -> Agreement | None:
    """What an audio line of the peer means for us, None when it cannot be used or reached from `local_ip`."""
    if line.kind != "audio" or line.port == 0 or line.proto.upper() != "RTP/AVP" or not line.ip:
        return None
    if (":" in line.ip) != (":" in local_ip):
        return None
    chosen: tuple[int, Codec] | None = None
    event_pt: int | None = None
    for text in line.formats:
        payload_type = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 128
        found = line.codec(payload_type) if payload_type < 128 else None
        if found is None or found[1] != 8000:
            continue
        if found[0] in _CODECS:
            chosen = chosen or (payload_type, _CODECS[found[0]])
        elif found[0] == "TELEPHONE-EVENT" and event_pt is None:
            event_pt = payload_type
    if chosen is None:
        return None
    nowhere = line.ip in {NOWHERE, "::"}
    direction = line.direction
    return Agreement(
        NOWHERE if nowhere else line.ip,
        line.port,
        chosen[0],
        chosen[1],
        event_pt,
        _ptime_ms(line),
        send=direction in {"sendrecv", "recvonly"} and not nowhere,
        receive=direction in {"sendrecv", "sendonly"},
        held=nowhere or direction in {"sendonly", "inactive"},
    )


def _ptime_ms(line: sdp.MediaLine) -> int:
    """The packet length the peer wishes, where the engine can do it; 20 ms otherwise."""
    wished = line.ptime_ms if line.ptime_ms in _PTIMES_MS else 20
    return 10 if 0 < line.maxptime_ms < 20 else wished
