"""G.711 against tables made from the standard's formulas; against ffmpeg in `test_g722.py`."""

import numpy as np
import pytest

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import LEVELS, decision_values, encode

LAWS = {"PCMA": 0, "PCMU": 1}
ALL = np.arange(-32768, 32768)
lib.g711_init()


def encoded(law: int) -> np.ndarray:
    pcm = ALL.astype(np.int16)
    out = np.zeros(len(pcm), np.uint8)
    pointer = ffi.cast("int16_t *", pcm.ctypes.data)
    lib.g711_encode_block(law, pointer, ffi.cast("uint8_t *", out.ctypes.data), len(pcm))
    return out


@pytest.mark.parametrize("codec", LAWS)
def test_every_octet_decodes_to_the_level_of_the_standard(codec: str) -> None:
    assert [lib.g711_decode(LAWS[codec], o) for o in range(256)] == LEVELS[codec].tolist()


@pytest.mark.parametrize("codec", LAWS)
def test_every_sample_is_given_the_octet_of_its_step(codec: str) -> None:
    judged = np.frombuffer(encode(codec, ALL.astype(np.float64)), np.uint8)
    wrong = ALL[judged != encoded(LAWS[codec])]
    assert set(np.abs(wrong)) <= set(decision_values(codec))  # a border may go either way
    assert (wrong < 0).all()


@pytest.mark.parametrize("codec", LAWS)
def test_every_octet_survives_decoding_and_encoding(codec: str) -> None:
    octets = [o for o in range(256) if not (codec == "PCMU" and o == 0x7F)]  # 0x7F is the second zero
    assert [lib.g711_encode(LAWS[codec], int(LEVELS[codec][o])) for o in octets] == octets


@pytest.mark.parametrize("codec", LAWS)
def test_the_other_law_gets_the_octet_of_the_same_step(codec: str) -> None:
    other = "PCMU" if codec == "PCMA" else "PCMA"
    octets = np.arange(256, dtype=np.uint8)
    lib.g711_convert(LAWS[codec], LAWS[other], ffi.cast("uint8_t *", octets.ctypes.data), 256)
    wrong = LEVELS[codec][octets != np.frombuffer(encode(other, LEVELS[codec].astype(np.float64)), np.uint8)]
    assert set(np.abs(wrong)) <= set(decision_values(other))


def test_equal_laws_are_left_alone() -> None:
    octets = ffi.new("uint8_t[]", bytes(range(256)))
    lib.g711_convert(0, 0, octets, 256)
    assert bytes(ffi.buffer(octets, 256)) == bytes(range(256))
    assert (lib.g711_idle(0), lib.g711_idle(1)) == (0xD5, 0xFF)
