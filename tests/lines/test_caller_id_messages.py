"""The octets of caller ID against vectors worked out by hand, and what a receiver makes of each flipped bit."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from firmware.lines.caller_id import japan, messages
from firmware.lines.caller_id.caller import PRIVATE, UNAVAILABLE, Caller, caller_of, plain
from firmware.lines.caller_id.dtmf import FORMS, digits
from firmware.lines.caller_id.frames import BELL_202, V_23, bits, sound
from firmware.lines.caller_id.sending import STANDARDS, Manner, with_ringing
from firmware.media import clip
from firmware.telephony.countries import CALLER_ID_ALERTS, CALLER_ID_DTMF, CALLER_IDS
from firmware.telephony.leg import Party
from tests.lines.adsi_judge import decode

AT = datetime(2026, 9, 23, 12, 34)
JOHN = Caller("6045551212", "JOHN DOE", AT)


def test_the_vectors_of_the_reference_sheet() -> None:
    single = bytes.fromhex("04 12 30 39 32 33 31 32 33 34 36 30 34 35 35 35 31 32 31 32 53")
    multiple = bytes.fromhex(
        "80 20 01 08 30 39 32 33 31 32 33 34 02 0a 36 30 34 35 35 35 31 32 31 32 07 08 4a 4f 48 4e 20 44 4f 45 7e"
    )
    assert messages.call_setup_single(JOHN) == single
    assert messages.call_setup(JOHN, 15) == multiple
    assert messages.waiting(3, counted=False) == bytes.fromhex("82 03 0b 01 ff 70")
    assert messages.waiting(0, counted=False) == bytes.fromhex("82 03 0b 01 00 6f")


@pytest.mark.parametrize(("modem", "standard"), [(BELL_202, "bellcore"), (V_23, "etsi")])
def test_a_receiver_refuses_every_single_bit_that_is_wrong(modem: object, standard: str) -> None:
    whole = messages.waiting(1, counted=False)
    heard = lambda octets: decode(np.frombuffer(sound(modem, octets), np.int16), standard)  # type: ignore[arg-type]  # noqa: E731
    assert len(heard(whole)) == 1
    for at in range(8 * len(whole)):
        wrong = bytearray(whole)
        wrong[at // 8] ^= 1 << at % 8
        assert not [message for message in heard(bytes(wrong)) if message.kind], at


def test_framing_has_seizure_mark_start_and_stop() -> None:
    framed = bits(b"\x55\x80", 300, 180)
    assert framed[:300] == [0, 1] * 150
    assert framed[300:480] == [1] * 180
    assert framed[480:490] == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert framed[490:500] == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert framed[500:] == [1] * 8


def test_a_bit_lasts_a_twelve_hundredth_of_a_second() -> None:
    assert clip.clip_ms(clip.data([1] * 1200, 1200, 2200, -13.5)) == 1000
    alternating = np.frombuffer(clip.data([0, 1] * 600, 500, 3500, 0), np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(alternating))
    assert spectrum[1400] > 0.3 * spectrum.max(), "side band 600 Hz from the middle, 2000 Hz"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("José Núñez", "Jose Nunez"),
        ("ÅÄÖ Straße", "AAO Strasse"),
        ("Łukasz Đ. Þór", "Lukasz D. Thor"),
        ("  a \t b  ", "a b"),
        ("東京", ""),
        ("O’Neill – \x07", "O'Neill -"),
        ("ﬁn½", "fin12"),
    ],
)
def test_names_in_plain_letters(name: str, shown: str) -> None:
    assert plain(name) == shown


@pytest.mark.parametrize(
    ("party", "number", "absent"),
    [
        (Party("+34 911-23 45"), "00349112345", UNAVAILABLE),
        (Party("anonymous", "Somebody"), "", PRIVATE),
        (Party("Restricted"), "", PRIVATE),
        (Party("", "Anonymous"), "", PRIVATE),
        (Party("ana"), "", UNAVAILABLE),
        (Party("*21#"), "*21#", UNAVAILABLE),
        (Party("9" * 30), "9" * 20, UNAVAILABLE),
    ],
)
def test_numbers_as_displays_take_them(party: Party, number: str, absent: str) -> None:
    caller = caller_of(party, AT)
    assert (caller.number, caller.absent) == (number, absent)
    assert caller.stamp == "09231234"


def test_a_number_of_sixteen_digits_in_japan() -> None:
    """Its length is the octet DLE, which has to be doubled."""
    octets = japan.call_setup(Caller("1" * 14, "", AT))
    assert octets[6:8] == b"\x90\x90", "twice, with its parity"
    assert remainder(octets[2:]) == 0


def remainder(octets: bytes) -> int:
    """Of the bits as they go over the line, divided by x^16 + x^12 + x^5 + 1."""
    register = 0
    for bit in (octet >> n & 1 for octet in octets for n in range(8)):
        register = register << 1 | bit
        if register >> 16:
            register ^= 0x11021
    return register


def test_words_of_countries_and_of_lines_are_the_same() -> None:
    assert set(CALLER_IDS) == set(STANDARDS)
    assert set(CALLER_ID_DTMF) == set(FORMS)
    for alert in CALLER_ID_ALERTS[1:]:
        assert with_ringing(Manner("etsi-fsk", alert), JOHN, (1000, 4000)) is not None


@pytest.mark.parametrize(
    ("form", "sent", "private", "unknown"),
    [("A-C", "A6045551212C", "B10C", "B00C"), ("D-#", "D6045551212#", "D1#", "D3#"), ("-", "6045551212", "", "")],
)
def test_digits_for_a_number_and_for_none(form: str, sent: str, private: str, unknown: str) -> None:
    assert digits(JOHN, form) == sent
    assert digits(Caller("", "", AT, PRIVATE), form) == private
    assert digits(Caller("", "", AT), form) == unknown


def test_the_longest_message_fits_into_a_clip() -> None:
    longest = Caller("1" * 20, "x" * 60, AT)
    for standard in CALLER_IDS:
        sending = with_ringing(Manner(standard, "lr+dt-as"), longest, (1000, 4000))
        assert sending is not None and clip.clip_ms(sending.clip) < 10_000
