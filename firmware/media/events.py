"""What the media engine tells, and how a stream has fared.

`Engine.drain` gives these; the C side's records are in `native/engine.h`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from firmware.media.codec_table import CODECS

UNIMPAIRED_R = 93.2
"""The transmission rating of the E-model with its default values."""
DataKind = Literal["bell-202", "v23", "dtmf"]
"""How data come over a resting line: FSK of one of two modems (1200 bit/s), or DTMF digits."""
DigitWay = Literal["agreed", "tones", "told"]
"""How the far end of a stream gets digits: see `Stream.set_digits`."""


FLASH = "!"
"""In place of a digit: a hook flash (RFC 4733 3.2, event 16)."""


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """A DTMF digit. by "dtmf": heard as tones, told as soon as it is certain; by "rtp":
    received as RTP events (RFC 4733), told at its end. ms: its length so far. By "rtp" also FLASH, a hook flash."""

    endpoint: int
    digit: str
    by: Literal["dtmf", "rtp"]
    ms: int


@dataclass(frozen=True, slots=True)
class DigitDue:
    """A digit that must be sent to the far end of stream `endpoint`, whose `set_digits` is "told". ms: its length."""

    endpoint: int
    digit: str
    ms: int


@dataclass(frozen=True, slots=True)
class SignalHeard:
    """Of a fax or modem: "cng" (1,100 Hz), "ced" (2,100 Hz, also ANSam), "ced_reversed" (the same with the phase
    reversals that switch echo cancellers off), "v21" (flags of a fax preamble). Told each time it begins."""

    endpoint: int
    signal: Literal["cng", "ced", "ced_reversed", "v21"]


@dataclass(frozen=True, slots=True)
class SegmentHeard:
    """A piece of what an exchange says, told at its end, and when it has lasted 1 and 3 s; see `lines/fxo_tones.py`.

    kind "tone": hz has one or two frequencies, the lower first. ms: its length, within 20 ms. dbm0: of everything.
    lasts: it goes on, ms is its length so far.
    """

    endpoint: int
    kind: Literal["silence", "tone", "sound"]
    hz: tuple[float, ...]
    dbm0: float
    ms: int
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class DataHeard:
    """An octet of a kind of data that `listen_signals` asked for; of "dtmf" a digit in ASCII. octet: 0 to 255, None
    when the carrier or the train of digits has ended."""

    endpoint: int
    octet: int | None


@dataclass(frozen=True, slots=True)
class SourceLocked:
    """The stream has learnt where the far end sends from; it sends there and hears nobody else."""

    endpoint: int
    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class SourceRefused:
    """A stranger sends to the stream. Told once until the source is learnt anew."""

    endpoint: int
    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class MediaTimeout:
    """Nothing was received for the engine's media time-out although the stream should receive."""

    endpoint: int


@dataclass(frozen=True, slots=True)
class PlayerEnded:
    """The player came to the end of its file. fault: errno when it could not be read that far, else 0."""

    endpoint: int
    fault: int


@dataclass(frozen=True, slots=True)
class RecorderError:
    """fault: errno of the write that failed; nothing is recorded any more. Else 0, and lost_ms of sound
    are missing because the disk was blocked for longer than 10 s: told when that begins and when it ends."""

    endpoint: int
    fault: int
    lost_ms: int


MediaEvent = (
    DigitHeard
    | DigitDue
    | SignalHeard
    | SegmentHeard
    | DataHeard
    | SourceLocked
    | SourceRefused
    | MediaTimeout
    | PlayerEnded
    | RecorderError
)


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counts since the stream was opened. rtt_ms is None until the far end's RTCP tells it.

    far_lost, far_loss, far_jitter_ms: what of ours the far end misses, in all and lately (0 to 1), by its RTCP;
    far_lost is None until it tells.
    packets_late: came after their turn in the jitter buffer. invalid: no RTP, or a payload type
    not agreed. refused: from strangers. buffer_ms: time that the packets
    least delayed wait in the jitter buffer. drift_ppm: how much faster than ours the far clock runs, 0 until that is
    known (a minute or so; only of what is heard here, not of what is relayed).
    """

    codec: str = ""
    packets_sent: int = 0
    octets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    duplicates: int = 0
    jitter_ms: float = 0.0
    max_gap_ms: float = 0.0
    rtt_ms: float | None = None
    far_lost: int | None = None
    far_loss: float = 0.0
    far_jitter_ms: float = 0.0
    invalid: int = 0
    refused: int = 0
    concealed_ms: int = 0
    buffer_ms: float = 0.0
    drift_ppm: float = 0.0

    @property
    def mos(self) -> float | None:
        """Mean opinion score of what was received, 1.0 to 4.4; None when nothing was."""
        if not self.packets_received:
            return None
        missing = self.packets_lost + self.packets_late
        delay_ms = (self.rtt_ms or 0.0) / 2 + self.buffer_ms + 20
        return mos(100 * missing / (self.packets_received + self.packets_lost), delay_ms, self.codec)


@dataclass(frozen=True, slots=True)
class EchoStats:
    """A line's echo canceller. erl_db, erle_db and delay_ms are None until it has learnt the line.

    tail_ms: the longest echo it can take out. off_by_tone: a modem's 2,100 Hz has switched it off until
    the line is silent. linear: a fax or modem speaks in this call, so that nothing is turned down. erl_db: what
    the line itself keeps from coming back; erle_db: what is taken out of the rest, lately; delay_ms: of the
    strongest echo, the card's own delay included.
    """

    tail_ms: int
    off_by_tone: bool = False
    erl_db: float | None = None
    erle_db: float | None = None
    delay_ms: float | None = None
    linear: bool = False


def mos(loss_percent: float, delay_ms: float, codec: str = "PCMA") -> float:
    """MOS by the E-model (ITU-T G.107) from random loss, one-way delay and the codec's Ie and Bpl; all else at rest."""
    spoken = CODECS.get(codec, CODECS["PCMA"])
    delay_factor = 0.024 * delay_ms + 0.11 * max(delay_ms - 177.3, 0)
    lost_factor = loss_percent / (loss_percent + spoken.robustness)
    r = UNIMPAIRED_R - delay_factor - spoken.impairment - (95 - spoken.impairment) * lost_factor
    if r <= 0:
        return 1.0
    return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
