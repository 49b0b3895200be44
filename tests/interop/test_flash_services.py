"""Two telephones on copper and two real SIP telephones: all services of R and hook, and who hears whom, by tones.

Everybody hums a note of his own; an ear is asked which notes are in it. The SIP telephones (PJSIP and baresip)
are held, brought together and left to each other without one re-INVITE: it is all done in the media engine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.handset import Handset
from tests.interop.pjsua import Pjsua
from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.sounds import RATE_HZ, Samples, read_wav, sine, tone_level_dbm0, write_wav

MUSIC_HZ = 760.0
NOTES_HZ = {"101": 540.0, "102": 820.0, "201": 1010.0, "202": 1130.0}
HEARD_DBM0 = -20.0
EAR_S = 0.4
FLASH_MS = 400
FLASH_WINDOW = "flash_min_ms = 100\nflash_max_ms = 900\n"
"""Wider than any country's: a machine that is busy with other tests may be late by more than Spain's 30 ms."""
HUM_S = 0.8


class Four:
    """101 and 102 on copper, 201 is PJSIP, 202 is baresip."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self.folder = folder
        self.one, self.two = Handset(site, folder), Handset(site, folder, "fxs2")
        self.pjsua, self.baresip = Pjsua(folder, site.account("201")), Baresip(folder, site.account("202"))
        self.pjsua.say(sine(NOTES_HZ["201"], 60, -13))
        self.baresip.say(sine(NOTES_HZ["202"], 60, -13))
        for port, number in (("fxs1", "101"), ("fxs2", "102")):
            write_wav(folder / f"{port}.wav", sine(NOTES_HZ[number], HUM_S, -13))
        self.pjsua.registered()
        self.baresip.registered()

    def stop(self) -> None:
        self.pjsua.stop()
        self.baresip.stop()

    # -- what 101 does -------------------------------------------------------------------
    def flash(self, digit: str = "") -> None:
        """R, and a digit after it."""
        self.site.phone("fxs1", "flash", ms=FLASH_MS)
        if digit:
            self.one.wait_state("ordering")
            self.one.dial(digit)

    def consult(self, number: str) -> None:
        """R, recall dial tone, the number."""
        self.flash()
        self.one.wait_state("dialling")
        self.one.dial(number)

    def talks_with_201(self) -> None:
        self.one.lift()
        self.one.wait_state("dialling")
        self.one.dial("201")
        self.pjsua.wait_incoming()
        self.one.wait_state("ringback")
        self.pjsua.accept()
        self.pjsua.wait_up()
        self.one.wait_state("talking")

    # -- ears ----------------------------------------------------------------------------
    def ear(self, number: str) -> Samples:
        """What arrived there lately."""
        if number == "201":
            return self.pjsua.heard()[-int(EAR_S * RATE_HZ) :]
        if number == "202":
            return self.baresip.heard()[-int(EAR_S * RATE_HZ) :]
        port = {"101": "fxs1", "102": "fxs2"}[number]
        wav = self.folder / f"{port}-ear.wav"
        self.site.phone(port, "hear", seconds=EAR_S, file=str(wav))
        return read_wav(wav)

    def level(self, number: str, hz: float) -> float:
        """Of that frequency in that ear, in dBm0."""
        return tone_level_dbm0(self.ear(number), hz)

    def hears(self, number: str, *others: str, music: bool = False) -> None:
        """Until these, and nobody else, are in that ear."""
        notes = {**NOTES_HZ, "music": MUSIC_HZ}
        expected = {*others, *(["music"] if music else [])}

        def now() -> bool:
            samples = self.ear(number)
            assert len(samples) >= EAR_S * RATE_HZ / 2, "nothing was recorded yet"
            heard = {who for who, hz in notes.items() if who != number and tone_level_dbm0(samples, hz) > HEARD_DBM0}
            assert heard == expected, f"{number} hears {sorted(heard)}"
            return True

        eventually(f"{number} hears {sorted(expected)}", now, 5)

    def talk(self, *numbers: str, held: str = "") -> None:
        """These hear each other and nobody else; who is held hears music."""
        enough = threading.Event()

        def hum(port: str) -> None:
            while not enough.is_set():
                self.site.phone(port, "say", file=str(self.folder / f"{port}.wav"))

        ports = [port for number, port in (("101", "fxs1"), ("102", "fxs2")) if number in (*numbers, held)]
        hums = [threading.Thread(target=hum, args=(port,)) for port in ports]
        for thread in hums:
            thread.start()
        try:
            for number in numbers:
                self.hears(number, *(other for other in numbers if other != number))
            if held:
                self.hears(held, music=True)
        finally:
            enough.set()
            for thread in hums:
                thread.join()

    # -- the end -------------------------------------------------------------------------
    def leave(self, *sip_phones: str) -> None:
        """Everybody hangs up. sip_phones: those that had a call. Nothing is left."""
        changes = [e for e in self.pjsua.events[self.pjsua.call_began :] if e["event"] == "media"]
        self.site.phone("fxs1", "hangup")
        self.site.phone("fxs2", "hangup")
        for number, phone in (("201", self.pjsua), ("202", self.baresip)):
            if number in sip_phones:
                phone.wait_closed()
        self.site.wait_idle()
        assert not any(self.site.core("debug")["exchange"].values())
        eventually("no stream is left", lambda: self.site.core("debug")["media"]["streams"] == 0, 2)
        assert self.site.core("debug")["media"]["mixers"] == 1, "of the music"
        assert "201" not in sip_phones or len(changes) == 1, "201 was sent a re-INVITE without need"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site with music on hold for all tests of this file."""
    folder = tmp_path_factory.mktemp("site")
    music = write_wav(folder / "music.wav", sine(MUSIC_HZ, 2.0, -13))
    with Site(folder, media_extra=f'music_on_hold = "{music}"\n', line_extra=FLASH_WINDOW) as running:
        yield running


@pytest.fixture(scope="module")
def four(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    people = Four(tmp_path_factory.mktemp("four"), site)
    yield people
    people.stop()


def test_consult_return_and_change_over(four: Four) -> None:
    four.talks_with_201()
    four.talk("101", "201")
    four.consult("202")
    four.hears("201", music=True)
    four.baresip.wait_incoming()
    four.baresip.accept()
    four.one.wait_state("talking")
    four.talk("101", "202", held="201")
    held = next(call for call in four.site.status()["calls"] if call["to"] == "201")
    assert held["held_by"] and "202, 201 (on hold)" in four.site.tipring("status").stdout
    four.flash("2")
    four.talk("101", "201", held="202")
    four.flash("1")
    four.talk("101", "202")
    four.pjsua.wait_closed()
    four.leave("202")


def test_three_talk_and_two_stay(four: Four) -> None:
    four.talks_with_201()
    four.consult("102")
    four.two.answer()
    four.two.wait_state("talking")
    four.flash("3")
    four.talk("101", "102", "201")
    assert "Three-way call" in four.site.tipring("status").stdout
    four.one.hang_up()
    four.one.wait_state("idle")
    four.talk("102", "201")
    four.leave("201")
    last, consult, first = four.site.records()[:3]
    assert (last["from"], last["to"]) == ("201", "102")
    assert last["services"] == {"transfer_of": [first["id"], consult["id"]], "by": "fxs1"}
    assert consult["services"]["three_way_with"] == first["id"] and consult["services"]["three_way_ms"] > 0
    assert all(record["talk_ms"] > 0 for record in (last, consult, first))


def test_transfer_of_one_sip_telephone_to_another_that_still_rings(four: Four) -> None:
    four.talks_with_201()
    four.consult("202")
    four.baresip.wait_incoming()
    four.one.wait_state("ringback")
    four.one.hang_up()
    four.one.wait_state("idle")
    eventually("201 hears ringback", lambda: four.level("201", 425) > HEARD_DBM0, 5)
    four.baresip.accept()
    four.baresip.wait_up()
    four.talk("201", "202")
    four.baresip.hangup()
    four.leave("201", "202")


def test_call_waiting_from_a_sip_telephone(four: Four) -> None:
    four.one.lift()
    four.one.wait_state("dialling")
    four.one.dial("102")
    four.two.answer()
    four.one.wait_state("talking")
    four.pjsua.dial("101")
    eventually("the waiting tone", lambda: four.level("101", 425) > HEARD_DBM0 - 10, 6)
    assert four.site.port("fxs1")["other"] == "waiting" and four.site.port("fxs1")["other_peer"] == "201"
    four.flash("2")
    four.pjsua.wait_up()
    four.talk("101", "201", held="102")
    four.flash("2")
    four.talk("101", "102", held="201")
    four.one.hang_up()
    four.one.answer()  # it rings back for the one who is held
    four.talk("101", "201")
    four.leave("201")


def test_a_sip_telephone_that_is_held_hangs_up_and_one_that_is_consulted_refuses(four: Four) -> None:
    four.talks_with_201()
    four.consult("202")
    four.baresip.wait_incoming()
    four.baresip.hangup()
    four.one.wait_state("busy")
    four.baresip.wait_closed()
    four.flash()
    four.talk("101", "201")
    four.consult("102")
    four.pjsua.hangup()
    four.pjsua.wait_closed()
    four.two.answer()
    four.talk("101", "102")
    assert four.site.port("fxs1")["other"] == ""
    four.leave()


def test_do_not_disturb_by_code_for_a_sip_caller(four: Four) -> None:
    four.one.lift()
    four.one.wait_state("dialling")
    four.one.dial("*26#")
    four.one.wait_state("talking")  # the house confirms
    four.one.hang_up()
    four.one.wait_state("idle")
    four.pjsua.dial("101")
    four.pjsua.wait_event("state", state="DISCONNECTED", code=486)
    four.pjsua.wait_closed()
    four.one.lift()
    four.one.wait_state("dialling")
    four.one.dial("#26#")
    four.one.wait_state("talking")
    four.leave()
