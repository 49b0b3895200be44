"""A real SIP telephone puts a line on hold: the line hears the music of the settings, then the phone again."""

from __future__ import annotations

from pathlib import Path

from tests.interop.handset import Handset
from tests.interop.pjsua import Pjsua
from tests.interop.site import Site
from tests.interop.sounds import sine, write_wav


def test_a_line_on_hold_hears_the_music_of_the_folder(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    write_wav(music / "1.wav", sine(760, 1.5))
    write_wav(music / "2.wav", sine(930, 1.5))
    with Site(tmp_path, media_extra=f'music_on_hold = "{music}"\n') as site:
        phone, handset = Pjsua(tmp_path, site.account("201")), Handset(site, tmp_path)
        try:
            phone.registered()
            phone.dial("101")
            handset.answer()
            phone.wait_up()
            handset.wait_tone(1000)
            phone.hold()
            handset.wait_tone(760)
            handset.wait_tone(930)
            handset.wait_tone(760)
            phone.resume()
            handset.wait_tone(1000)
        finally:
            phone.stop()
