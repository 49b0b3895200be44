"""Digits dialled on a telephone line, as real SIP telephones get them when the setting `sip.dtmf` says how.

RFC 4733, which is what `auto` chooses for them, and the ways from the phones are part of `test_matrix.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from drivers.sim.measure_dtmf import digits
from tests.interop.fleet import Fleet
from tests.interop.handset import Handset
from tests.interop.matrix import PHONES
from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.soft_phone import SoftPhone

HEARD: dict[str, Callable[[SoftPhone], str]] = {
    "info": lambda phone: phone.digits_heard(),
    "inband": lambda phone: digits((phone.heard() * 32767).astype(np.int16)),
}


@pytest.mark.parametrize("way", HEARD)
def test_digits_reach_every_phone(tmp_path: Path, way: str) -> None:
    with Site(tmp_path, sip_extra=f'dtmf = "{way}"\n') as site:
        handset = Handset(site, tmp_path)
        for kind in PHONES:
            with ExitStack() as stack:
                fleet = Fleet(site, tmp_path, stack)
                phone = fleet.start(kind, fleet.account("201", "UDP")).registered()
                phone.dial("101")
                handset.answer()
                phone.wait_up()
                handset.wait_tone(1000)
                handset.dial("159#")
                eventually(f"{kind} heard the digits", lambda p=phone: HEARD[way](p) == "159#", 4)
                assert ("INFO sip:" in phone.output()) == (way == "info")
                phone.hangup()
                phone.wait_closed()
                handset.hang_up()
                site.wait_idle()
