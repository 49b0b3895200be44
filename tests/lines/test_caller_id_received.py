"""What an exchange's octets and digits say of the caller, and that broken ones say nothing and raise nothing.

The senders' own coding (`caller_id/messages.py`, `japan.py`, `dtmf.py`) and the simulated exchange's, which share no
code, must both be understood.
"""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from drivers.sim import exchange_data
from drivers.sim.exchange_data import IncomingCall
from firmware.lines.caller_id import dtmf, messages
from firmware.lines.caller_id.caller import PRIVATE, UNAVAILABLE, Caller
from firmware.lines.caller_id.receiving import DigitReader, Heard, OctetReader
from firmware.lines.caller_id.sending import STANDARDS

AT = datetime(2026, 11, 28, 8, 15)
ANA = Caller("600123456", "Ana Ibanez", AT)
FSK = [name for name, standard in STANDARDS.items() if standard.modem is not None]
SEIZURE = b"\x55" * 30


def read(octets: bytes, *, japan: bool = False) -> list[Heard]:
    reader = OctetReader(japan=japan)
    return [heard for octet in octets if (heard := reader.put(octet)) is not None]


def dialled(digits: str, form: str) -> list[Heard]:
    reader = DigitReader(form)
    found = [heard for digit in digits if (heard := reader.put(ord(digit))) is not None]
    last = reader.end()
    return [*found, last] if last is not None else found


@pytest.mark.parametrize("standard", FSK)
def test_what_our_lines_send_is_read_back(standard: str) -> None:
    octets = SEIZURE + STANDARDS[standard].setup(ANA)
    (heard,) = read(octets, japan=standard == "japan")
    assert heard.number == "600123456"
    assert heard.name == ("" if standard in ("japan", "bellcore-number") else "Ana Ibanez")
    assert heard.stamp == ("" if standard == "japan" else "11280815")
    for absent in (PRIVATE, UNAVAILABLE):
        (heard,) = read(STANDARDS[standard].setup(Caller("", "", AT, absent)), japan=standard == "japan")
        assert (heard.number, heard.absent) == ("", absent)


def test_the_frame_of_japan_as_the_simulated_exchange_writes_it() -> None:
    assert read(exchange_data.japan_frame(IncomingCall("0312345678")), japan=True) == [Heard("0312345678")]


@pytest.mark.parametrize("form", dtmf.FORMS)
def test_digits_of_every_form(form: str) -> None:
    assert dialled(dtmf.digits(ANA, form), form) == [Heard("600123456")]
    for absent in (PRIVATE, UNAVAILABLE):
        if sent := dtmf.digits(Caller("", "", AT, absent), form):
            assert dialled(sent, form) == [Heard(absent=absent)]


@pytest.mark.parametrize(
    "digits", ["600123456C", "A600123456", "A600?123456C", "AC", "A6C", "C", "", "?", "B60C1", "A*9C"]
)
def test_digits_that_are_not_whole_are_no_number(digits: str) -> None:
    assert dialled(digits, "A-C") == []


def test_who_sent_the_call_on_is_told_after_the_caller() -> None:
    assert [heard.number for heard in dialled("A600123456D912345678C", "A-C")] == ["600123456", "912345678"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("José Ñúñez".encode("latin-1"), "José Ñúñez"),
        ("José Ñúñez".encode(), "José Ñúñez"),
        ("Żółć".encode(), "Żółć"),
        (b"  Ana \x00\x1b[31m  \x85 B ", "Ana [31m B"),
        (b"x" * 60, "x" * 50),
    ],
)
def test_names_with_accents_and_without_control_characters(sent: bytes, shown: str) -> None:
    octets = messages.message(messages.CALL_SETUP, messages.parameter(messages.NAME, sent))
    assert [heard.name for heard in read(octets)] == [shown]


@pytest.mark.parametrize("number", [b"12a", b"", b"1" * 33, b"\xff\x00", b"1 2", b"<sip:x>"])
def test_a_number_that_cannot_be_dialled_is_none(number: bytes) -> None:
    octets = messages.message(messages.CALL_SETUP, messages.parameter(messages.NUMBER, number))
    assert [heard.number for heard in read(octets)] == [""]


@pytest.mark.parametrize("standard", FSK)
def test_one_wrong_bit_a_lost_octet_or_a_cut_end_gives_nothing(standard: str) -> None:
    octets = STANDARDS[standard].setup(ANA)
    for at in range(len(octets)):
        bent = bytearray(octets)
        bent[at] ^= 1 << at % 8
        if standard != "japan" or at % 8 != 7:  # the parity bit of Japan's own two octets in front is not asked for
            assert [heard.number for heard in read(bytes(bent), japan=standard == "japan")] in ([], ["600123456"][:0])
        assert read(octets[:at], japan=standard == "japan") == []


def test_messages_that_are_no_calls_are_passed_over() -> None:
    assert read(messages.waiting(3, counted=True)) == []
    assert len(read(messages.waiting_single(1) + STANDARDS["etsi-fsk"].setup(ANA))) == 1


@pytest.mark.parametrize("japan", [False, True])
def test_garbage_never_raises_and_says_nothing(japan: bool) -> None:
    draw = random.Random(5)
    octets, digits = OctetReader(japan=japan), DigitReader("-")
    for _ in range(30_000):
        heard = octets.put(draw.choice([0x80, 0x04, 0x10, 2, 3, 5, 0x90, draw.randrange(256)]))
        assert heard is None or len(heard.number) <= 32
        digits.put(draw.randrange(256))
