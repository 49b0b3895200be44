"""The media engine's Python face: Python decides, C computes.

One native thread carries all audio and never takes the GIL. Python opens
endpoints (`endpoints.py`), says who hears whom, and drains what the engine has to
tell (`events.py`). Stepped mode has no thread and no sockets: `tick` advances it,
packets are handed in and out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from firmware.media._engine import ffi, lib
from firmware.media.endpoints import Mixer, Slot, Stream
from firmware.media.events import (
    DataHeard,
    DigitDue,
    DigitHeard,
    MediaEvent,
    MediaTimeout,
    PlayerEnded,
    RecorderError,
    SegmentHeard,
    SignalHeard,
    SourceLocked,
    SourceRefused,
)
from firmware.media.files import Player, Recorder
from firmware.media.native_forms import checked, ip_octets, ip_text, tone_spec
from firmware.telephony.cadence import Tone

DRAIN_MOST = 128
DATAGRAM_MAX = 2048
_SIGNALS: dict[int, Literal["cng", "ced", "ced_reversed", "v21"]] = {
    lib.ENGINE_CNG: "cng",
    lib.ENGINE_CED: "ced",
    lib.ENGINE_CED_REVERSED: "ced_reversed",
    lib.ENGINE_V21_PREAMBLE: "v21",
}
_SEGMENTS: dict[int, Literal["silence", "tone", "sound"]] = {
    lib.PROGRESS_SILENCE: "silence",
    lib.PROGRESS_TONE: "tone",
    lib.PROGRESS_SOUND: "sound",
}


class Engine:
    """Slots, streams, mixers, players, recorders, and who hears whom.

    highway_address: of a `struct highway` (drivers/native/highway.h), 0 without a card.
    rtp_ports: the UDP ports to use, in pairs. stepped: see the module. seed: for SSRCs and
    sequence numbers in stepped tests; 0 takes the kernel's random numbers. dscp: marks every
    packet, 0 to 63, else ValueError. jitter_fixed_ms: see `Stream.set_jitter`.
    """

    def __init__(
        self,
        *,
        highway_address: int = 0,
        rtp_ports: range,
        local_ip: str = "0.0.0.0",
        stepped: bool = False,
        seed: int = 0,
        media_timeout_s: float = 30.0,
        dscp: int = 46,
        jitter_fixed_ms: int = 0,
    ) -> None:
        native = lib.engine_new(
            highway_address, rtp_ports.start, rtp_ports.stop - 1, stepped, seed, round(media_timeout_s * 1000)
        )
        if native == ffi.NULL:
            raise ValueError(f"RTP ports {rtp_ports.start} to {rtp_ports.stop - 1} hold no pair")
        self._native = ffi.gc(native, lib.engine_free)
        checked(lib.engine_set_dscp(native, dscp), f"DSCP {dscp}")
        self.local_ip = local_ip
        self.jitter_fixed_ms = jitter_fixed_ms
        """For streams opened from now on."""
        self.tick_address = int(lib.engine_tick_address())
        """Stepped mode: address of fn(void *context, long long now_us)."""
        self.ctx_address = int(ffi.cast("intptr_t", native))

    def start(self) -> None:
        """Start the native thread. OSError when the kernel refuses."""
        checked(lib.engine_start(self._native), "start the media engine")

    def stop(self) -> None:
        """End the native thread; endpoints stay open but silent."""
        lib.engine_stop(self._native)

    def fileno(self) -> int:
        """Readable when `drain` has something."""
        return int(lib.engine_news_fd(self._native))

    def drain(self) -> list[MediaEvent]:
        """Everything told since the last call, in order."""
        buffer = ffi.new("struct media_news[]", DRAIN_MOST)
        events: list[MediaEvent] = []
        while count := lib.engine_drain(self._native, buffer, DRAIN_MOST):
            events += [_event(buffer[i]) for i in range(count)]
        return events

    def debug(self) -> dict[str, int]:
        """Counts for `tipring status` and bug reports; worst_tick_us is the longest block's work."""
        native = ffi.new("struct engine_debug *")
        lib.engine_debug(self._native, native)
        return {name: int(getattr(native, name)) for name, _ in ffi.typeof("struct engine_debug").fields}

    def trim(self) -> None:
        """Give memory that a rush of calls has left unused back to the system; takes up to some ms."""
        lib.engine_trim()

    def open_slot(self, slot: int) -> Slot:
        """Take a slot of the highway. ValueError: there is no such slot; OSError(EBUSY): it is taken."""
        return Slot(self._native, checked(lib.engine_open_slot(self._native, slot), f"slot {slot}"))

    def open_stream(self, local_ip: str = "") -> Stream:
        """Bind the next free port pair. PortsExhausted when there is none."""
        stream = Stream(self._native, local_ip or self.local_ip)
        if self.jitter_fixed_ms:
            stream.set_jitter(self.jitter_fixed_ms)
        return stream

    def open_mixer(self) -> Mixer:
        """A conference of up to 16 parties: `join` each of them to it."""
        return Mixer(self._native, checked(lib.engine_open_mixer(self._native), "open a mixer"))

    def open_player(self, path: Path, *, loop: bool = False) -> Player:
        """Play a WAV file to whoever listens to it. OSError: cannot be opened; BadSoundFile: cannot be played.

        Waits for the disk (`files.py`).
        """
        return Player(self._native, path, loop)

    def open_recorder(self, path: Path) -> Recorder:
        """Record into a new WAV file. OSError, FileExistsError among them. Waits for the disk (`files.py`)."""
        return Recorder(self._native, path)

    # -- who hears whom -----------------------------------------------------------------

    def join(self, a_id: int, b_id: int) -> None:
        """Let two hear each other. Each leaves the one it was joined to; a mixer keeps its other parties.

        Faded over 5 ms, as every change here. OSError(EBUSY): the mixer is full.
        """
        checked(lib.engine_join(self._native, a_id, b_id), f"join {a_id} and {b_id}")

    def part(self, endpoint_id: int) -> None:
        """It hears nothing any more, and whoever was joined to it does not hear it; those who only
        `listen` to it stay. Parting one that is not joined, or closed, does nothing."""
        lib.engine_part(self._native, endpoint_id)

    def listen(self, hearer_id: int, heard_id: int) -> None:
        """One way: the hearer hears heard_id, in place of what it heard (a mixer: beside it).

        Of a join it leaves, the other way stays: `join` both again to resume. Any number may listen
        to one. OSError(EBUSY): the mixer is full.
        """
        checked(lib.engine_listen(self._native, hearer_id, heard_id), f"let {hearer_id} hear {heard_id}")

    def mute(self, hearer_id: int, heard_id: int, on: bool = True) -> None:
        """The hearer gets silence in place of heard_id, in the same packets, until unmuted or led elsewhere.

        ValueError: hearer_id does not hear heard_id.
        """
        checked(lib.engine_mute(self._native, hearer_id, heard_id, on), f"mute {heard_id} for {hearer_id}")

    def play_tone(self, endpoint_id: int, tone: Tone) -> None:
        """As `Endpoint.play_tone`, of a slot or stream known by its id."""
        checked(lib.engine_play_tone(self._native, endpoint_id, tone_spec(tone)), f"tone {tone.name}")

    def stop_tone(self, endpoint_id: int) -> None:
        """As `Endpoint.stop_tone`; does nothing to an endpoint that is closed."""
        lib.engine_stop_tone(self._native, endpoint_id)

    # -- stepped mode -------------------------------------------------------------------

    def tick(self, now_us: int) -> None:
        """Do the blocks of 5 ms that are due at now_us."""
        lib.engine_tick(self._native, now_us)

    def packet_in(self, stream: int, ip: str, port: int, data: bytes, now_us: int) -> None:
        """One datagram arrives at the stream's RTP port."""
        checked(lib.engine_packet_in(self._native, stream, ip_octets(ip), port, data, len(data), now_us), "packet in")

    def packets_out(self) -> list[tuple[int, str, int, bytes]]:
        """(stream id, ip, port, data) of everything sent since the last call."""
        buffer = ffi.new("uint8_t[]", DATAGRAM_MAX)
        stream, ip, port = ffi.new("int *"), ffi.new("uint8_t[16]"), ffi.new("int *")
        packets = []
        while (size := lib.engine_packet_out(self._native, stream, ip, port, buffer, DATAGRAM_MAX)) >= 0:
            packets.append((stream[0], ip_text(bytes(ip)), port[0], bytes(ffi.buffer(buffer, size))))
        return packets


def _heard(news: Any) -> MediaEvent | None:
    """What a slot or stream heard; None for news of another kind."""
    if news.kind == lib.ENGINE_DIGIT:
        return DigitHeard(news.endpoint, news.digit.decode("ascii"), "rtp" if news.by_rtp else "dtmf", news.ms)
    if news.kind == lib.ENGINE_DIGIT_DUE:
        return DigitDue(news.endpoint, news.digit.decode("ascii"), news.ms)
    if news.kind == lib.ENGINE_SIGNAL:
        return SignalHeard(news.endpoint, _SIGNALS[news.signal])
    if news.kind == lib.ENGINE_DATA:
        return DataHeard(news.endpoint, None if news.signal == lib.ENGINE_DATA_END else news.signal)
    if news.kind == lib.ENGINE_SEGMENT:
        hz = tuple(float(hz) for hz in news.hz if hz > 0)
        return SegmentHeard(news.endpoint, _SEGMENTS[news.signal], hz, news.dbm0, news.ms, lasts=bool(news.lasts))
    return None


def _event(news: Any) -> MediaEvent:
    if heard := _heard(news):
        return heard
    if news.kind == lib.ENGINE_MEDIA_TIMEOUT:
        return MediaTimeout(news.endpoint)
    if news.kind == lib.ENGINE_PLAYER_ENDED:
        return PlayerEnded(news.endpoint, news.fault)
    if news.kind == lib.ENGINE_RECORDER_ERROR:
        return RecorderError(news.endpoint, news.fault, news.ms)
    kind = SourceLocked if news.kind == lib.ENGINE_SOURCE_LOCKED else SourceRefused
    return kind(news.endpoint, ip_text(bytes(news.ip)), news.port)
