"""Nodes of the engine's graph: a slot of the PCM highway, an RTP stream, a mixer.

Made by `Engine.open_slot` and `Engine.open_stream`, joined by `Engine.join`. Every
method is one short call into the native engine (under 0.1 ms); none waits for audio.
"""

from __future__ import annotations

import errno
from typing import Any

from firmware.media._engine import ffi, lib
from firmware.media.errors import PortsExhausted
from firmware.media.events import DataKind, DigitWay, EchoStats, StreamStats
from firmware.media.native_forms import checked, ip_octets, remote_octets, tone_spec
from firmware.telephony.cadence import Tone

NATIVE_CODECS = {"PCMA": lib.G711_A, "PCMU": lib.G711_U, "G722": lib.G722}
_DIGIT_WAYS = {
    "agreed": lib.ENGINE_DIGITS_AGREED,
    "tones": lib.ENGINE_DIGITS_TONES,
    "told": lib.ENGINE_DIGITS_TOLD,
}
_DATA: dict[DataKind, int] = {
    "bell-202": lib.ENGINE_HEAR_BELL_202,
    "v23": lib.ENGINE_HEAR_V23,
    "dtmf": lib.ENGINE_HEAR_DTMF_DATA,
}


class Node:
    """What all nodes share: an id, and an end."""

    def __init__(self, native: Any, endpoint_id: int) -> None:
        self._native = native
        self.id = endpoint_id
        """Above 0, not used again."""

    def close(self) -> None:
        """Ends all edges from and to it and gives its slot or port back. Closing again does nothing."""
        lib.engine_close(self._native, self.id)


class Endpoint(Node):
    """What slots and streams share: tones and digits of their own."""

    def play_tone(self, tone: Tone) -> None:
        """Play `tone` towards this end until `stop_tone`, in place of whatever it is joined to."""
        checked(lib.engine_play_tone(self._native, self.id, tone_spec(tone)), f"tone {tone.name}")

    def stop_tone(self) -> None:
        """Fade the tone out within 5 ms."""
        lib.engine_stop_tone(self._native, self.id)

    def play_digit(self, digit: str, ms: int = 100) -> None:
        """Play a DTMF tone pair towards this end, after those already queued (at most 32, 50 ms between).

        digit: one of 0-9 * # A-D. ms: 40 and more. Level -9 dBm0 low, -7 dBm0 high group.
        """
        checked(lib.engine_play_digit(self._native, self.id, digit.encode("ascii"), ms), f"digit {digit}")

    def play_clip(self, pcm: bytes) -> None:
        """Play samples worked out beforehand (`clip.py`) towards this end, over everything, exact to a sample.

        pcm: 16-bit values at 8 kHz, at most 10 s. They take the place of a clip before them; b"" ends it. What a
        telephone says meanwhile reaches nobody, but digits are told as ever.
        """
        samples = ffi.from_buffer("int16_t[]", pcm)
        checked(lib.engine_play_clip(self._native, self.id, samples, len(samples)), f"clip of {len(pcm)} octets")

    def listen_digits(self, on: bool) -> None:
        """Tell `DigitHeard` for tones from this end: of a stream only while a slot, mixer or recorder hears it.

        A stream whose far end gets digits beside the audio is sent them in any case.
        """
        checked(lib.engine_listen_digits(self._native, self.id, on), "listen for digits")

    def listen_signals(self, *, modems: bool = False, progress: bool = False, data: DataKind | None = None) -> None:
        """Tell `SignalHeard` of faxes and modems, `SegmentHeard` of call progress, `DataHeard` of that kind of data.

        OSError(ENOMEM): as before.
        """
        kinds = modems * lib.ENGINE_HEAR_MODEMS | progress * lib.ENGINE_HEAR_PROGRESS | (_DATA[data] if data else 0)
        checked(lib.engine_listen_signals(self._native, self.id, kinds), "listen for signals")


class Mixer(Node):
    """A conference: every party hears the others and not himself. `Engine.open_mixer`, `Engine.join`.

    Whoever only listens to it hears everyone; whom it only listens to is heard and hears nothing of it.
    """


class Slot(Endpoint):
    """A time slot of the PCM highway: one telephone or exchange line."""

    def yield_tone(self) -> None:
        """Let the tone go on until there is something to hear; of a stream, until its first packet.

        Many far ends announce early media and send none.
        """
        checked(lib.engine_yield_tone(self._native, self.id), "yield tone")

    def set_echo(self, tail_ms: int) -> None:
        """Take the line's echo out (ITU-T G.168), also of what the digit listener hears.

        tail_ms: longest echo, 32 to 128; 0 does without. It begins to learn the line anew.
        OSError(ENOMEM): nothing changes.
        """
        checked(lib.engine_set_echo(self._native, self.id, tail_ms), f"echo canceller of {tail_ms} ms")

    def watch_modems(self, on: bool) -> None:
        """Keep calls still in which a fax or modem speaks, either way.

        From CNG, CED, ANSam or a V.21 preamble on to the call's end the stream it hears has a fixed delay (100 ms, or
        what `Stream.set_jitter` says) without concealment, and the echo canceller turns nothing down.
        OSError(ENOMEM): as before.
        """
        checked(lib.engine_watch_modems(self._native, self.id, on), "watch for modems")

    def stats(self) -> EchoStats | None:
        """What the echo canceller has measured; None without one. ValueError once the slot is closed."""
        native = ffi.new("struct echo_figures *")
        checked(lib.engine_echo(self._native, self.id, native), "echo")
        if not native.tail_ms:
            return None
        known = bool(native.known)
        return EchoStats(
            tail_ms=native.tail_ms,
            off_by_tone=bool(native.off_by_tone),
            linear=bool(native.linear),
            erl_db=native.erl_db if known else None,
            erle_db=native.erle_db if known else None,
            delay_ms=native.delay_ms if known else None,
        )


class Stream(Endpoint):
    """An RTP stream with its own port; sends nothing until remote and codec are set.

    local_ip: its family, IPv4 or IPv6, is the stream's: far ends of the other one are not reached.
    """

    def __init__(self, native: Any, local_ip: str) -> None:
        endpoint_id = lib.engine_open_stream(native, ip_octets(local_ip))
        if endpoint_id in (-errno.EBUSY, -errno.ENFILE):
            raise PortsExhausted("no RTP port is free")
        super().__init__(native, checked(endpoint_id, f"open an RTP port on {local_ip}"))
        self._codec = ""
        self.local_ip = local_ip
        self.digits: DigitWay = "agreed"
        """As last set by `set_digits`."""
        self.local_port: int = lib.engine_local_port(native, self.id)
        """Even; RTCP is on the port above."""

    def set_remote(self, ip: str, port: int, signal_ip: str = "") -> None:
        """Where the far end says it receives. Its true source is learnt from its packets (RFC 4961).

        Saying the same again changes nothing; another address is learnt anew. signal_ip: where it
        signals from, "" when not known or a proxy does it for it; another port of that machine is
        trusted before any stranger. ip "0.0.0.0": what it says means nothing here, so nothing is sent
        until it has been heard.
        """
        result = lib.engine_set_remote(self._native, self.id, remote_octets(ip), port, remote_octets(signal_ip))
        checked(result, f"remote {ip}:{port}")

    def set_codec(
        self, pt: int, codec: str, event_pt: int | None, ptime_ms: int = 20, *, ptime_asked: bool = False
    ) -> None:
        """Payload types of both directions.

        codec: "PCMA", "PCMU" or "G722", else ValueError. event_pt: of telephone-event/8000, None without it.
        ptime_ms: what the far end gets, 10 to 60 in steps of 10. ptime_asked: it wants no other, so that audio
        relayed to it is put into packets of that length; without it such packets stay as they are.
        OSError(ENOMEM): without memory nothing changes.
        """
        event = -1 if event_pt is None or event_pt == pt else event_pt
        ptime_ms = max(10, min(60, ptime_ms // 10 * 10))
        if codec not in NATIVE_CODECS:
            raise ValueError(f"codec {codec}: allowed {', '.join(NATIVE_CODECS)}")
        result = lib.engine_set_codec(self._native, self.id, pt, NATIVE_CODECS[codec], event, ptime_ms, ptime_asked)
        checked(result, f"codec {codec} as {pt}, events {event_pt}, {ptime_ms} ms")
        self._codec = codec

    def set_rtcp(self, port: int, *, mux: bool) -> None:
        """Where the far end receives RTCP: at `port` (`a=rtcp`), 0 for one above its RTP; mux: on its RTP port."""
        checked(lib.engine_set_rtcp(self._native, self.id, port, mux), f"RTCP port {port}")

    def set_direction(self, send: bool, receive: bool) -> None:
        """Hold and resume: what is not allowed is neither sent nor heard. RTCP goes on."""
        checked(lib.engine_set_direction(self._native, self.id, send, receive), "direction")

    def set_jitter(self, fixed_ms: int) -> None:
        """fixed_ms: keep this delay, 20 to 300, with no stretching once it has settled (2 s), as fax and modems
        need it; 0: adapt it to the network. ValueError out of range. In both, clock drift is mended."""
        checked(lib.engine_set_jitter(self._native, self.id, fixed_ms), f"jitter buffer of {fixed_ms} ms")

    def relearn_source(self) -> None:
        """Learn anew where the far end sends from, after a re-INVITE that may have moved it."""
        checked(lib.engine_relearn(self._native, self.id), "relearn")

    def set_digits(self, how: DigitWay) -> None:
        """How its far end gets digits. What it sends itself is taken in any form.

        "agreed": as RTP events where those were agreed, else as tones; "tones"; "told": `DigitDue` tells each of
        them at its end. Tones of a far end without events are taken out of the sound where they are sent otherwise.
        """
        checked(lib.engine_set_digits(self._native, self.id, _DIGIT_WAYS[how]), "digits")
        self.digits = how

    def send_digit(self, digit: str, ms: int = 100) -> None:
        """Queue a digit as RTP events (RFC 4733), or as tones when no event payload type was agreed."""
        checked(lib.engine_send_digit(self._native, self.id, digit.encode("ascii"), ms), f"digit {digit}")

    def stats(self) -> StreamStats:
        """Figures so far. ValueError once the stream is closed."""
        native = ffi.new("struct media_stats *")
        checked(lib.engine_stats(self._native, self.id, native), "statistics")
        return StreamStats(
            codec=self._codec,
            packets_sent=native.packets_sent,
            octets_sent=native.octets_sent,
            packets_received=native.packets_received,
            packets_lost=native.packets_lost,
            packets_late=native.packets_late,
            duplicates=native.duplicates,
            jitter_ms=native.jitter_ms,
            max_gap_ms=native.max_gap_ms,
            rtt_ms=native.rtt_ms if native.rtt_ms >= 0 else None,
            far_lost=native.far_lost if native.far_lost >= 0 else None,
            far_loss=native.far_loss,
            far_jitter_ms=native.far_jitter_ms,
            invalid=native.invalid,
            refused=native.refused,
            concealed_ms=native.concealed_ms,
            buffer_ms=native.buffer_ms,
            drift_ppm=native.drift_ppm,
        )
