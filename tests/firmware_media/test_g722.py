"""G.722 against ffmpeg's, an implementation of its own; G.711 against ffmpeg's too; the way between 16 and 8 kHz."""

import subprocess
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import decision_values
from tests.firmware_media.judge import encode as judge_encode

RATE_HZ = 16000
QMF_SAMPLES = 22
"""What coder and decoder delay together, at 16 kHz (ITU-T G.722 clause 3)."""
Pcm = NDArray[np.int16]
lib.g711_init()


def ffmpeg(data: bytes, arguments: str) -> bytes:
    """What ffmpeg makes of `data`; the arguments name the formats on both sides."""
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", *arguments.split()]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def ffmpeg_encode(pcm: Pcm) -> bytes:
    return ffmpeg(pcm.tobytes(), "-f s16le -ar 16000 -ac 1 -i - -c:a g722 -f g722 -")


def ffmpeg_decode(octets: bytes) -> Pcm:
    return np.frombuffer(ffmpeg(octets, "-f g722 -i - -c:a pcm_s16le -f s16le -"), np.int16)


def pcm_in(pcm: Pcm) -> Any:
    return ffi.from_buffer("int16_t[]", np.ascontiguousarray(pcm))


def encode(pcm: Pcm, wide: bool = True) -> bytes:
    """By our coder, in blocks of 5 ms."""
    coder, block, out = ffi.gc(lib.g722_out_new(), lib.g722_out_free), ffi.new("uint8_t[40]"), b""
    run, step = (lib.g722_out_wide, 80) if wide else (lib.g722_out_narrow, 40)
    for at in range(0, len(pcm) - step + 1, step):
        run(coder, pcm_in(pcm[at : at + step]), block, 40)
        out += bytes(ffi.buffer(block))
    return out


def decode(octets: bytes, wide: bool = True) -> Pcm:
    """By our decoder, in blocks of 5 ms."""
    decoder, out = ffi.gc(lib.g722_in_new(), lib.g722_in_free), []
    run, size = (lib.g722_in_wide, 80) if wide else (lib.g722_in_narrow, 40)
    for at in range(0, len(octets) - 39, 40):
        block = np.zeros(size, np.int16)
        run(decoder, octets[at : at + 40], pcm_in(block), 40)
        out.append(block)
    return np.concatenate(out)


def sine(hz: float, ms: int, rate: int = RATE_HZ, peak: float = 8000) -> Pcm:
    return (peak * np.sin(2 * np.pi * hz * np.arange(ms * rate // 1000) / rate)).astype(np.int16)


def noise(ms: int) -> Pcm:
    """Like speech: syllables of coloured noise, up to 6 kHz."""
    dice = np.random.default_rng(5)
    count = ms * RATE_HZ // 1000
    white = dice.standard_normal(count + 64)
    coloured = np.convolve(white, np.hanning(7), "same")[:count]
    loudness = np.abs(np.sin(np.arange(count) * np.pi * 4 / RATE_HZ))
    return (coloured * loudness * 2500).clip(-32768, 32767).astype(np.int16)


def snr_db(judged: Pcm, truth: Pcm, shift: int) -> float:
    """shift: how many samples `judged` is behind."""
    heard, said = judged[shift:].astype(float), truth[: len(judged) - shift].astype(float)
    return float(10 * np.log10(np.sum(said**2) / max(np.sum((heard - said) ** 2), 1e-9)))


def gain_db(pcm: Pcm, hz: float, rate: int, peak: float = 8000) -> float:
    """Level of one frequency against a sine of that peak; the first 100 ms are left out."""
    signal = pcm[rate // 10 :].astype(float)
    window = np.hanning(len(signal))
    at = np.exp(-2j * np.pi * hz * np.arange(len(signal)) / rate)
    return float(20 * np.log10(abs(np.sum(signal * window * at)) * 2 / window.sum() / peak + 1e-9))


# -- against ffmpeg -------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_g711_decodes_every_octet_as_ffmpeg_does(codec: str) -> None:
    name = {"PCMA": "alaw", "PCMU": "mulaw"}[codec]
    theirs = np.frombuffer(ffmpeg(bytes(range(256)), f"-f {name} -ar 8000 -ac 1 -i - -f s16le -"), np.int16)
    assert theirs.tolist() == [lib.g711_decode({"PCMA": 0, "PCMU": 1}[codec], octet) for octet in range(256)]


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_g711_encodes_every_sample_as_ffmpeg_does_but_where_the_standard_sides_with_us(codec: str) -> None:
    """ffmpeg takes the nearer level; the standard's steps end beside the middle where their width doubles."""
    name, law = {"PCMA": ("alaw", 0), "PCMU": ("mulaw", 1)}[codec]
    samples = np.arange(-32768, 32768).astype(np.int16)
    theirs = ffmpeg(samples.tobytes(), f"-f s16le -ar 8000 -ac 1 -i - -c:a pcm_{name} -f {name} -")
    ours = ffi.new("uint8_t[]", 65536)
    lib.g711_encode_block(law, pcm_in(samples), ours, 65536)
    differ = np.nonzero(np.frombuffer(ffi.buffer(ours), np.uint8) != np.frombuffer(theirs, np.uint8))[0]
    judged = judge_encode(codec, samples.astype(np.float64))
    against_both = {abs(int(samples[at])) for at in differ if judged[at] != ours[int(at)]}
    assert len(differ) / 65536 < 0.015
    assert against_both <= set(decision_values(codec))  # the very border may go either way


def test_g722_is_bit_for_bit_that_of_ffmpeg_both_ways() -> None:
    said = noise(4000)
    octets = encode(said)
    assert octets == ffmpeg_encode(said)[: len(octets)]
    assert (decode(octets) == ffmpeg_decode(octets)[: 2 * len(octets)]).all()


def test_g722_gives_back_what_was_said() -> None:
    """The SNR of 64 kbit/s on loud and soft noise up to 6 kHz; less would be a wrong delay or band."""
    said = noise(4000)
    assert snr_db(decode(encode(said)), said, QMF_SAMPLES) > 27


@pytest.mark.parametrize("hz", [100, 1000, 3500, 4500, 6000, 6900])
def test_g722_keeps_the_whole_wide_band(hz: int) -> None:
    assert abs(gain_db(decode(encode(sine(hz, 600))), hz, RATE_HZ)) < 0.5


def test_after_a_loss_the_decoder_agrees_again() -> None:
    octets = encode(sine(1000, 1000))
    whole, torn = decode(octets), decode(octets[:3200] + octets[3360:])
    late = slice(3200 * 2 + 3200, 3200 * 2 + 6400)  # from 200 ms after the hole of 20 ms
    assert snr_db(torn[late], whole[late.start + 320 : late.stop + 320], 0) > 25


# -- between 16 and 8 kHz -------------------------------------------------------------------


@pytest.mark.parametrize("hz", [200, 1000, 2000, 3000, 3400])
def test_a_telephone_hears_and_is_heard_without_colour(hz: int) -> None:
    assert abs(gain_db(decode(encode(sine(hz, 600)), wide=False), hz, 8000)) < 0.5
    back = decode(encode(sine(hz, 600, 8000), wide=False))
    assert abs(gain_db(back, hz, RATE_HZ)) < 0.5
    assert gain_db(back, 8000 - hz, RATE_HZ) < -40  # no mirror image in the upper band


@pytest.mark.parametrize("hz", [4600, 5000, 6000, 7000])
def test_what_a_telephone_cannot_carry_is_not_folded_into_its_band(hz: int) -> None:
    assert gain_db(decode(encode(sine(hz, 600)), wide=False), 8000 - hz, 8000) < -40


def test_a_new_beginning_forgets_everything() -> None:
    decoder = ffi.gc(lib.g722_in_new(), lib.g722_in_free)
    block, octets = np.zeros(40, np.int16), encode(sine(1000, 20))

    def run() -> list[int]:
        heard: list[int] = []
        for at in range(0, len(octets), 40):
            lib.g722_in_narrow(decoder, octets[at : at + 40], pcm_in(block), 40)
            heard += block.tolist()
        return heard

    first = run()
    assert run() != first
    lib.g722_in_reset(decoder)
    assert run() == first
