"""The sender of a line on a port that only takes notes: lateness, refusals, and who gets which event."""

from __future__ import annotations

import random

import numpy as np
import pytest

from drivers.ports import Feed, OffHook, RingPartBegan
from firmware.config.line_settings import FxsLineSettings
from firmware.lines.caller_id import sending
from firmware.lines.caller_id.caller import NUMBER_MOST, caller_of, plain
from firmware.lines.caller_id.sending import Manner
from firmware.lines.fxs_line import FxsLine, LineTimers
from firmware.lines.line_sender import LATE_MOST_S, local_time
from firmware.lines.send_profile import send_profile
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from firmware.telephony.leg import CallRequest, Leg, Party
from firmware.telephony.number import FixedNumbers
from tests.fake_time import run
from tests.lines.adsi_judge import decode
from tests.lines.line_bench import Notes, ScriptedPort, ScriptedSlot, settle


class Bench:
    """A line of a country with its settings, on notes."""

    def __init__(self, country: str = "es", **settings: object) -> None:
        self.port, self.slot, self.notes = ScriptedPort(), ScriptedSlot(), Notes()
        land = load_country(country)
        sends = send_profile(land, FxsLineSettings(number="101", **settings))  # type: ignore[arg-type]
        plan = FixedNumbers({"101"})
        self.line = FxsLine(self.port, self.slot, Party("101"), land, self.notes, plan, LineTimers(), sends=sends)

    def rings(self) -> Leg:
        leg = self.line.make_leg()
        assert isinstance(leg, Leg)
        leg.place(CallRequest("17", Party("201", "Ana"), Party("101")))
        return leg


def test_lateness_is_taken_from_the_silence_before_the_data() -> None:
    async def main() -> None:
        clips = []
        for late_s in (0.0, 0.05):
            bench = Bench()
            bench.rings()
            bench.port.late_s = late_s
            bench.line.port_event(RingPartBegan("fxs1", 0.0, 1))
            clips.append(bench.slot.clips[-1])
        assert clips[0][800:] == clips[1], "50 ms of 16-bit samples at 8 kHz"

    run(main())


def test_data_that_would_run_into_the_ringing_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = Bench()
        bench.rings()
        bench.port.late_s = LATE_MOST_S + 0.4
        bench.line.port_event(RingPartBegan("fxs1", 0.0, 1))
        assert bench.slot.clips == []
        assert "data not sent, core was busy for 500 ms" in caplog.text

    run(main())


@pytest.mark.parametrize("alert", sending.ALERTS)
def test_every_alert_has_silence_enough_to_be_late_in(alert: str) -> None:
    caller = caller_of(Party("201"), local_time())
    planned = sending.with_ringing(Manner("etsi-fsk", alert), caller, (1000, 4000))
    assert planned is not None
    assert not any(planned.clip[: round(LATE_MOST_S * 16000)])


def test_a_line_that_refuses_everything_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = Bench("us", message_waiting=("fsk", "reversal"))
        bench.port.refuses = True
        bench.line.sender.message_waiting(1)
        assert "message lamp not sent" in caplog.text and "line not fed as active-reversed" in caplog.text
        bench.line.port_event(OffHook("fxs1", 0.0))
        assert bench.slot.tone == "dial", "the telephone is served all the same"

    run(main())


def test_a_refused_lamp_is_lit_when_the_telephone_is_next_hung_up() -> None:
    async def main() -> None:
        bench = Bench("us", message_waiting=("fsk", "reversal"))
        bench.port.refuses = True
        bench.line.sender.message_waiting(1)
        bench.port.refuses = False
        leg = bench.rings()
        leg.release(Cause.NORMAL_CLEARING)
        await settle()
        said = [command[0] for command in bench.port.commands]
        assert said[-1] == "ring" and bench.port.commands[-1][1] == (), "the message alone, without ringing"
        assert ("feed", Feed.ACTIVE_REVERSED) in bench.port.commands

    run(main())


def test_anybody_can_be_shown_by_every_standard() -> None:
    """Numbers and names of any characters, of any length: what a receiver reads is what we meant."""
    chance = random.Random(8)
    letters = "aZ09 +*#-()ñßŁ東ж\x00\x7f\u202e'"
    for standard, judge in (("bellcore", "bellcore"), ("etsi-fsk", "etsi"), ("uk", "etsi"), ("japan", "japan")):
        for _ in range(25):
            number, name = ("".join(chance.choices(letters, k=chance.randrange(40))) for _ in range(2))
            caller = caller_of(Party(number, name), local_time())
            heard = np.frombuffer(sending.data_clip(Manner(standard), caller), np.int16)
            if standard == "japan" and len(caller.number) == 14:
                continue  # its receiver does not know the doubled DLE that this length makes
            (message,) = decode(heard, judge)
            assert message.fields.get(2, b"").decode() == caller.number
            assert len(caller.number) <= NUMBER_MOST
            assert plain(name).startswith(message.fields.get(7, b"").decode())
