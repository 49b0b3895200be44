"""Who is put on hold hears music: the true exchange and engine, stepped, with scripted legs at telephones' slots."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.media.events import PlayerEnded
from firmware.media.hold_music import HoldMusic
from firmware.pbx.connection import Sounds
from firmware.pbx.exchange import Exchange
from firmware.pbx.routes import Extension, Routes
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party
from tests.firmware_media.house import TONES_HZ, House, click, tones_in
from tests.firmware_media.test_players import linear, tone, wav
from tests.pbx.exchange_bench import NotedRecords, ScriptedLeg, settle


class Site:
    """Telephones at slots 0 and 1 talk; the music in `folder` is what waits for them."""

    def __init__(self, place: Path | None) -> None:
        self.house = House(2, 0)
        self.music = HoldMusic(self.house.engine, place)
        routes = Routes()
        self.exchange = Exchange(routes, self.house.engine, NotedRecords(), sounds=Sounds(self.music.id))
        one, two = self.house.slots
        self.caller = ScriptedLeg("fxs1/1", self.exchange, one.id)
        self.callee = ScriptedLeg("sip:201/1", self.exchange, two.id)
        routes.add(Extension("201", "Two", lambda: self.callee, is_line=False))
        self.caller.called = Party("201")
        self.exchange.leg_arrived(self.caller)
        self.exchange.leg_answered(self.callee)

    async def talk(self) -> tuple[set[int], set[int]]:
        """Both say their tones for 300 ms: what caller and callee hear of it."""
        for _ in range(3):
            self.house.run(100, {0: TONES_HZ[0], 1: TONES_HZ[1]}, {})
            for event in self.house.engine.drain():
                assert isinstance(event, PlayerEnded)
                self.music.ended(event)
            await asyncio.sleep(0.02)  # a piece is opened in a thread
        return tones_in(self.house.heard_by_slot(0, 150)), tones_in(self.house.heard_by_slot(1, 150))


def piece(folder: Path, name: str, n: int, ms: int) -> Path:
    return wav(folder / name, linear(tone(TONES_HZ[n], ms, dbm0=-22)))


def test_the_held_end_hears_music_until_both_talk_again(tmp_path: Path) -> None:
    async def main() -> None:
        site = Site(piece(tmp_path, "moh.wav", 2, 1000))
        assert await site.talk() == ({1}, {0})
        site.exchange.leg_held(site.callee, True)
        assert await site.talk() == ({2}, {0})
        site.exchange.leg_held(site.caller, True)
        assert await site.talk() == ({2}, {2})
        site.exchange.leg_held(site.callee, False)
        assert await site.talk() == ({1}, {2})
        site.exchange.leg_held(site.caller, False)
        assert await site.talk() == ({1}, {0})
        assert click(site.house.heard_by_slot(0, 1400)) < 100
        site.exchange.leg_held(site.callee, True)
        await site.talk()
        site.exchange.release_all(Cause.NORMAL_CLEARING)
        await settle()
        await site.talk()
        assert await site.talk() == (set(), set())

    asyncio.run(main())


def test_the_pieces_of_a_folder_follow_each_other_and_rest_while_nobody_waits(tmp_path: Path) -> None:
    async def main() -> None:
        piece(tmp_path, "1.wav", 3, 400)
        (tmp_path / "2.wav").write_bytes(b"no sound")
        piece(tmp_path, "3.wav", 4, 400)
        site = Site(tmp_path)
        for _ in range(5):
            assert await site.talk() == ({1}, {0})
        site.exchange.leg_held(site.callee, True)
        heard = [(await site.talk())[0] for _ in range(8)]
        assert heard[0] == {3} and {3} in heard[2:] and {4} in heard
        assert site.house.engine.debug()["players"] == 1

    asyncio.run(main())


@pytest.mark.parametrize("place", [None, "nothing", "bad.wav"])
def test_without_music_the_held_end_hears_what_comes(
    tmp_path: Path, place: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        (tmp_path / "bad.wav").write_bytes(b"RIFF")
        site = Site(tmp_path / place if place else None)
        site.exchange.leg_held(site.callee, True)
        assert await site.talk() == ({1}, {0})
        assert site.music.id == 0

    asyncio.run(main())
    assert ("can be played" in caplog.text) == (place is not None)
