"""Whatever stands in the file: settings within their limits, or mistakes with a key and words in both languages."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmware.config.check import Checker
from firmware.config.cross_check import cross_check
from firmware.config.settings import Settings
from firmware.telephony.numbering import Numbering

WORDS = (
    "country language sip udp_port listen trusted_networks media rtp_first rtp_last lines fxs1 fxs2 number "
    "ring_v_rms flash_min_ms users 201 ha1_md5 pbx howler_s web x"
)
NAMES = st.one_of(st.sampled_from(WORDS.split()), st.sampled_from(["", "a\nb", "\x1b[31m", "\x9b"]))
VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["101", "es", "127.0.0.1", "a" * 32]),
)
TABLES = st.recursive(
    VALUES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=25,
)


@given(st.dictionaries(NAMES, TABLES, max_size=8))
def test_any_table_is_settings_or_mistakes(table: dict[str, Any]) -> None:
    checker = Checker("x.toml")
    settings = checker.table(Settings, table)
    cross_check(settings, checker, {"es": Numbering()})
    for mistake in checker.mistakes:
        assert mistake.text("en").startswith("x.toml: ") and mistake.text("es").startswith("x.toml: ")
        assert mistake.text().isprintable() and len(mistake.text()) < 1500
    for line in settings.lines.values():
        assert 40 <= line.ring_v_rms <= 90 and math.isfinite(line.tx_gain_db)
    assert 1 <= settings.sip.udp_port <= 65535 and isinstance(settings.sip.listen, tuple)


def test_a_name_that_a_terminal_would_obey_is_told_in_plain_characters() -> None:
    checker = Checker("x.toml")
    cross_check(checker.table(Settings, {"lines": {"a\nb": {"country": "xx"}}}), checker, {"es": Numbering()})
    assert [m.text() for m in checker.mistakes if "country" in m.key] == [
        'x.toml: lines.a\\u000ab.country is "xx", allowed "es"'
    ]
