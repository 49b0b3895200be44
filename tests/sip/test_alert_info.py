"""Alert-Info in the ways phones and exchanges write it, from the INVITE to what lines are told."""

from __future__ import annotations

import pytest

from firmware.sip.calls.alert_info import alert_of
from tests.fake_time import run
from tests.sip.in_call import Talk


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (["<http://127.0.0.1/Bellcore-dr2>"], "bellcore-dr2"),
        (["<Bellcore-dr3>"], "bellcore-dr3"),
        (["Bellcore-dr4"], "bellcore-dr4"),
        (["Bellcore-dr4;x=y"], "bellcore-dr4"),
        (["<http://www.example.com>;info=alert-group;x-line-id=0"], "alert-group"),
        (['<https://x/y>;info="Door-Bell"'], "door-bell"),
        (["<urn:alert:source:external>"], "source:external"),
        (["<URN:ALERT:priority:high>, <http://a/b>"], "priority:high"),
        (["", "<>", "info=alert-internal;info=two"], "two"),
        (["<http://x/", "Bellcore-dr5"], "bellcore-dr5"),
        (["<"], ""),
        (["ñandú"], ""),
        (["two words"], ""),
        (["x" * 65], ""),
        ([], ""),
    ],
)
def test_the_word_of_a_header(lines: list[str], word: str) -> None:
    assert alert_of(lines) == word


def test_a_calling_leg_says_how_it_wants_to_ring() -> None:
    async def main() -> None:
        talk = await Talk.in_("Alert-Info: <http://127.0.0.1/Bellcore-dr2>\r\n")
        assert talk.leg.alert == "bellcore-dr2"
        await talk.over()
        talk = await Talk.in_('Alert-Info: <unfinished "\r\n')
        assert talk.leg.alert == ""
        await talk.over()

    run(main())
