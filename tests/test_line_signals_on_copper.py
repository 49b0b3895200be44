"""What a line signals besides the caller's number, on stepped copper: messages, answer and end of calls, ring
classes, and how many telephones ring at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.measure_ringing import ringing
from drivers.sim.phone import Phone
from firmware.config.ring_settings import Ring
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Leg, Party
from tests.fake_time import run
from tests.lines.adsi_judge import Message, decode
from tests.lines.called_telephone import house, place, rung
from tests.lines.four_ports import PORTS, board_file
from tests.stepped_house import SteppedHouse

QUIET_V = 20.0


async def dial_tone(made: SteppedHouse, phone: Phone) -> list[tuple[float, float]]:
    """Lift; the bursts of what is heard then, begin and length in ms; hang up."""
    phone.lift()
    frame = phone.frame
    await made.pass_ms(2500)
    heard = [(burst.start_ms, burst.ms) for burst in measure.bursts(phone.heard_since(frame)) if burst.tones]
    phone.hang_up()
    await made.until("idle", lambda: made.state("fxs1") == "idle", 2000)
    await made.pass_ms(300)
    return heard


def lamp(phone: Phone, frame: int, standard: str) -> list[Message]:
    return decode(phone.heard_since(frame), standard)


# -- message waiting -----------------------------------------------------------------------


def test_dial_tone_stutters_while_messages_wait(tmp_path: Path) -> None:
    with house(tmp_path, "us", caller_id="off") as made:
        phone = made.sim.copper["fxs1"]

        async def day() -> None:
            await made.pass_ms(200)
            assert len(await dial_tone(made, phone)) == 1
            made.lines["fxs1"].sender.message_waiting(2)
            stuttered = await dial_tone(made, phone)
            assert len(stuttered) > 5 and stuttered[1][1] == pytest.approx(100, abs=15)
            made.lines["fxs1"].sender.message_waiting(0)
            assert len(await dial_tone(made, phone)) == 1

        run(day())


@pytest.mark.parametrize(
    ("country", "line", "standard", "kind", "on", "off"),
    [
        ("es", {}, "etsi", 0x82, {11: b"\xff", 0x13: b"\x03"}, {11: b"\x00", 0x13: b"\x00"}),
        ("es", {"caller_id_alert": "rp-as"}, "etsi", 0x82, {11: b"\xff", 0x13: b"\x03"}, {11: b"\x00", 0x13: b"\x00"}),
        ("uk", {}, "etsi", 0x82, {11: b"\xff", 0x13: b"\x03"}, {11: b"\x00", 0x13: b"\x00"}),
        ("us", {}, "bellcore", 0x82, {11: b"\xff"}, {11: b"\x00"}),
        ("us", {"caller_id": "bellcore-number"}, "bellcore", 0x06, {0: b"BBB"}, {0: b"ooo"}),
    ],
)
def test_the_lamp_is_told_by_data_on_the_hook(
    country: str, line: dict[str, str], standard: str, kind: int, on: dict[int, bytes], off: dict[int, bytes],
    tmp_path: Path,
) -> None:  # fmt: skip
    with house(tmp_path, country, message_waiting=("fsk",), **line) as made:
        phone, sender = made.sim.copper["fxs1"], made.lines["fxs1"].sender

        async def told(count: int) -> Message:
            frame = phone.frame
            sender.message_waiting(count)
            await made.pass_ms(2000)
            sound = phone.heard_since(frame)
            data = max(measure.bursts(sound, bridge_ms=20), key=lambda burst: burst.ms)
            (message,) = decode(sound[max(0, round(data.start_ms - 40)) * 8 :], standard)
            assert made.state("fxs1") == "idle" and phone.line().linefeed == 1
            return message

        async def day() -> None:
            await made.pass_ms(500)
            assert await told(3) == Message(kind, on)
            assert await told(0) == Message(kind, off)

        run(day())


def test_a_lamp_waits_for_the_end_of_a_call_and_gives_way_to_one(tmp_path: Path) -> None:
    with house(tmp_path, "us", message_waiting=("fsk",)) as made:
        phone, sender = made.sim.copper["fxs1"], made.lines["fxs1"].sender

        async def day() -> None:
            await made.pass_ms(500)
            phone.lift()
            await made.pass_ms(500)
            sender.message_waiting(1)
            await made.pass_ms(500)
            phone.hang_up()
            frame = phone.frame
            await made.pass_ms(1400)
            leg = place(made)
            assert made.state("fxs1") == "ringing"
            await made.pass_ms(300)
            assert ringing(phone.volts_last(0.25)) is not None
            leg.release(Cause.NORMAL_CLEARING)
            await made.pass_ms(2000)
            (message,) = lamp(phone, frame, "bellcore")
            assert message.fields == {11: b"\xff"}

        run(day())


def test_a_reversed_line_lights_the_lamp_through_calls_and_recovery(tmp_path: Path) -> None:
    with house(tmp_path, "es", message_waiting=("reversal",), caller_id="off") as made:
        phone, sender = made.sim.copper["fxs1"], made.lines["fxs1"].sender

        async def day() -> None:
            await made.pass_ms(300)
            sender.message_waiting(1)
            await made.pass_ms(300)
            assert phone.line().phone_v < -40
            place(made).release(Cause.NORMAL_CLEARING)
            await made.pass_ms(500)
            assert phone.line().phone_v < -40
            phone.lift()
            await made.until("dial tone", lambda: made.state("fxs1") == "dialling", 500)
            phone.hang_up()
            await made.until("idle", lambda: made.state("fxs1") == "idle", 2000)
            await made.pass_ms(300)
            assert phone.line().phone_v < -40
            sender.message_waiting(0)
            await made.pass_ms(300)
            assert phone.line().phone_v > 40

        run(day())


@pytest.mark.parametrize(("ring_v_rms", "lamp_v"), [(60.0, 79.5), (45.0, 60.0)])
def test_a_neon_lamp_has_its_voltage_and_ringing_and_calls_go_on(
    ring_v_rms: float, lamp_v: float, tmp_path: Path
) -> None:
    line = {"message_waiting": ("neon",), "ring_v_rms": ring_v_rms}
    with house(tmp_path, "es", **line) as made:
        phone, sender = made.sim.copper["fxs1"], made.lines["fxs1"].sender

        async def day() -> None:
            await made.pass_ms(300)
            assert phone.line().phone_v == pytest.approx(48, abs=1)
            sender.message_waiting(1)
            await made.pass_ms(400)
            assert phone.line().phone_v == pytest.approx(lamp_v, abs=1.6)
            frame = phone.frame
            place(made)
            await made.pass_ms(4000)
            assert len(decode(phone.heard_since(frame), "etsi")) == 1
            phone.lift()
            await made.until("the answer", lambda: made.state("fxs1") == "talking", 600)
            assert phone.line().loop_ma == pytest.approx(20, abs=1)
            phone.hang_up()
            await made.until("the end", lambda: made.state("fxs1") == "idle", 1000)
            await made.pass_ms(400)
            assert phone.line().phone_v == pytest.approx(lamp_v, abs=1.6)
            sender.message_waiting(0)
            await made.pass_ms(600)
            assert phone.line().phone_v == pytest.approx(48, abs=1)

        run(day())


# -- answer and end of a call --------------------------------------------------------------


async def dialled(made: SteppedHouse) -> tuple[Phone, Phone]:
    """fxs1 calls fxs2, which rings."""
    one, two = made.sim.copper["fxs1"], made.sim.copper["fxs2"]
    one.lift()
    await made.pass_ms(400)
    one.dial("102")
    await made.until("fxs2 rings", lambda: made.state("fxs2") == "ringing", 1500)
    await made.pass_ms(300)
    return one, two


def turned_at(volts: NDArray[np.float32], to: int) -> float:
    """ms at which the line's voltage first has the sign `to` for good."""
    wrong = np.flatnonzero(np.sign(volts) != to)
    return 0.0 if wrong.size == 0 else float((wrong[-1] + 1) / 8)


def test_the_line_is_reversed_while_an_outgoing_call_is_answered(tmp_path: Path) -> None:
    with house(tmp_path, "es", answer_reversal=True) as made:

        async def day() -> None:
            one, two = await dialled(made)
            assert one.line().phone_v > 2
            two.lift()
            await made.until("both talk", lambda: made.state("fxs1") == made.state("fxs2") == "talking", 500)
            frame = one.frame
            await made.pass_ms(300)
            assert turned_at(one.volts_since(frame), -1) <= 20
            assert two.line().phone_v > 2, "the called telephone's line stays as it is"
            two.hang_up()
            await made.until("the end", lambda: made.state("fxs1") == "busy", 2000)
            frame = one.frame
            await made.pass_ms(300)
            assert turned_at(one.volts_since(frame), 1) <= 20

        run(day())


def test_a_call_nobody_answers_is_not_reversed(tmp_path: Path) -> None:
    with house(tmp_path, "es", answer_reversal=True) as made:

        async def day() -> None:
            one, _ = await dialled(made)
            await made.pass_ms(1000)
            one.hang_up()
            await made.until("idle", lambda: made.state("fxs1") == "idle", 2000)
            await made.pass_ms(300)
            assert bool(np.all(one.volts_last(1.5) > 2))

        run(day())


@pytest.mark.parametrize(("country", "line", "open_ms"), [
    ("us", {}, 500), ("es", {"disconnect_ms": 200}, 200), ("es", {"disconnect_ms": 1000}, 1000), ("es", {}, 0),
])  # fmt: skip
@pytest.mark.parametrize("answer_reversal", [False, True])
def test_the_loop_opens_when_the_far_end_hangs_up_and_then_comes_the_tone(
    country: str, line: dict[str, int], open_ms: int, answer_reversal: bool, tmp_path: Path
) -> None:
    with house(tmp_path, country, answer_reversal=answer_reversal, **line) as made:

        async def day() -> None:
            one, two = await dialled(made)
            two.lift()
            await made.until("both talk", lambda: made.state("fxs1") == made.state("fxs2") == "talking", 500)
            await made.pass_ms(200)
            two.hang_up()
            await made.until("the end", lambda: made.state("fxs1") == "busy", 3000)
            frame = one.frame - 80
            await made.pass_ms(open_ms + 1500)
            open_ = np.abs(one.volts_since(frame)) < 1.0
            assert np.count_nonzero(open_) / 8 == pytest.approx(open_ms, abs=15)
            assert made.state("fxs1") == "busy", "the opening is no hang-up"
            busy = made.lines["fxs1"]._country.tone("busy").segments[0]
            heard = [burst for burst in measure.bursts(one.heard_last(1.4)) if burst.tones]
            assert sorted(round(tone.hz) for tone in heard[0].tones) == sorted(round(hz) for hz in busy.hz)

        run(day())


# -- ring classes --------------------------------------------------------------------------

RINGS = {
    "boss": Ring("400,400,400,2000", callers=("201", "34600*")),
    "group": Ring("800,400,800,3000", called=("600",)),
    "door": Ring("200,200,200,200,1000,2500", alert="Door-Bell"),
}


@pytest.mark.parametrize(
    ("request_", "cadence"),
    [
        ({"caller": Party("201")}, (400, 400, 400, 2000)),
        ({"caller": Party("34600123456")}, (400, 400, 400, 2000)),
        ({"caller": Party("2011")}, (1500, 3000)),
        ({"caller": Party("202"), "called": Party("600")}, (800, 400, 800, 3000)),
        ({"caller": Party("202"), "alert": "door-bell"}, (200, 200, 200, 200, 1000, 2500)),
        ({"caller": Party("202"), "alert": "bellcore-dr2"}, (800, 400, 800, 4000)),
        ({"caller": Party("202"), "alert": "bellcore-dr3"}, (400, 200, 400, 200, 800, 4000)),
        ({"caller": Party("202"), "alert": "bellcore-dr4"}, (300, 200, 1000, 200, 300, 4000)),
        ({"caller": Party("202"), "alert": "bellcore-dr5"}, (500, 5500)),
        ({"caller": Party("202"), "alert": "bellcore-dr1"}, (1500, 3000)),
        ({"caller": Party("202"), "alert": "nonsense"}, (1500, 3000)),
    ],
)
def test_each_class_has_its_cadence(request_: dict[str, object], cadence: tuple[int, ...], tmp_path: Path) -> None:
    made = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path, rings=RINGS)
    seen = rung(made, request_.pop("caller"), sum(cadence) + 700, **request_)  # type: ignore[arg-type]
    measured = ringing(seen.volts)
    assert measured is not None
    assert measured.cadence_ms[: len(cadence)] == pytest.approx(cadence, abs=80)
    (message,) = decode(seen.sound, "etsi")
    assert message.kind == 0x80, "the number is sent with every cadence"
    assert made.sim.violations() == []
    made.close()


# -- several telephones --------------------------------------------------------------------


def most_ringing(phones: list[Phone], frame: int) -> int:
    """Most lines that swing by more than a feed does within the same 20 ms."""
    volts = np.stack([phone.volts_since(frame) for phone in phones])
    windows = volts[:, : volts.shape[1] // 160 * 160].reshape(len(phones), -1, 160)
    return int((np.ptp(windows, axis=2) > QUIET_V).sum(axis=0).max())


@pytest.mark.parametrize("most", [1, 2, 4])
def test_never_more_telephones_ring_at_once_than_the_board_can_feed(most: int, tmp_path: Path) -> None:
    board = board_file(tmp_path, most)
    made = SteppedHouse(
        {port: f"10{n}" for n, port in enumerate(PORTS, 1)}, tmp_path, board=board,
        settings={"fxs3": {"caller_id_alert": "dt-as"}},
    )  # fmt: skip
    phones = [made.sim.copper[port] for port in PORTS]

    async def day() -> None:
        await made.pass_ms(300)
        frame = phones[0].frame
        for port in PORTS:
            leg = made.lines[port].make_leg()
            assert isinstance(leg, Leg)
            leg.place(CallRequest("1", Party("34911234567"), Party("600")))
        await made.pass_ms(12_000)
        assert most_ringing(phones, frame) == most
        for phone in phones:
            seen = ringing(phone.volts_since(frame))
            assert seen is not None and len(seen.bursts) >= min(most, 2)
            messages = decode(phone.heard_since(frame), "etsi")
            assert [message.fields.get(2) for message in messages] == [b"34911234567"]

    run(day())
    assert made.sim.violations() == []
    made.close()
