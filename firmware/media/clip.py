"""Sound worked out beforehand, for what has to be exact to a sample: data for telephones and what goes with them.

Each function gives 16-bit samples at 8 kHz as octets; put one after the other they are a clip for
`Endpoint.play_clip`. What is said in them: `lines/caller_id/`. Levels are dBm0, -60 to +3.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware.media._engine import ffi, lib
from firmware.media.native_forms import tone_spec
from firmware.telephony.cadence import Tone, ToneSegment

SAMPLES_PER_MS = 8


def silence(ms: float) -> bytes:
    """Nothing, for ms."""
    return bytes(2 * round(ms * SAMPLES_PER_MS))


def clip_ms(clip: bytes) -> float:
    """How long a clip lasts."""
    return len(clip) / 2 / SAMPLES_PER_MS


def tones(hz: tuple[float, ...], ms: int, each_dbm0: float) -> bytes:
    """One or two sines together for ms, their rise and fall of 5 ms included."""
    both_dbm0 = each_dbm0 + 3.0103 * (len(hz) - 1)
    return _played(tone_spec(Tone("clip", (ToneSegment(hz, ms),), both_dbm0)), ms)


def digits(text: str, on_ms: int, off_ms: int) -> bytes:
    """DTMF digits 0-9 * # A-D, each followed by silence. ValueError for anything else."""
    return b"".join(_digit(digit, on_ms) + silence(off_ms) for digit in text)


def data(bits: Sequence[int], mark_hz: float, space_hz: float, dbm0: float) -> bytes:
    """Bits at 1200 bit/s by frequency-shift keying; a 1 is a mark."""
    pcm = ffi.new("int16_t[]", lib.fsk_samples(len(bits)))
    lib.fsk_render(bytes(bits), len(bits), mark_hz, space_hz, dbm0, pcm)
    return bytes(ffi.buffer(pcm))


def _digit(digit: str, ms: int) -> bytes:
    spec = ffi.new("struct tone_spec *")
    if lib.tone_digit(spec, digit.encode("ascii", "replace"), ms) != 0:
        raise ValueError(f"{digit!r} is no digit: allowed 0-9 * # A-D")
    return _played(spec, ms)


def _played(spec: object, ms: int) -> bytes:
    tone = ffi.gc(lib.tone_new(), lib.tone_free)
    spec.repeat = 0  # type: ignore[attr-defined]
    if tone == ffi.NULL or lib.tone_start(tone, spec) != 0:
        raise ValueError("tones are 1 to 3999 Hz and at most +3 dBm0")
    pcm = ffi.new("int16_t[]", ms * SAMPLES_PER_MS)
    lib.tone_block(tone, pcm, len(pcm))
    return bytes(ffi.buffer(pcm))
