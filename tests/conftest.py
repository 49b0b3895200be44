"""Which tests want the machine for themselves, and how hypothesis behaves in every test.

Most tests step time, or do not care how fast it goes: `make test` runs those on every core. What looks at real
time, real processes or the network's ports runs after them (`alone`): what can bear company in two rows beside each
other (`company`, `beside`), the rest one test at a time. See `in_parts.sh`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples each time, and no verdict on how fast this machine is.
settings.register_profile("tipring", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tipring")

TESTS = Path(__file__).parent
ALONE = (
    "boards/test_wiring.py",
    "breaks",
    "cli",
    "drivers/test_scanner_thread.py",
    "drivers_sim/test_board_server.py",
    "drivers_sim/test_rig.py",
    "firmware_media/test_card_clock.py",
    "firmware_media/test_real_time.py",
    "firmware_media/test_slow_disk.py",
    "interop",
    "sip/test_agent_with_baresip.py",
    "sip/test_agent_with_sipp.py",
    "sip/test_dns_dnsmasq.py",
    "sip/test_dns_sockets.py",
    "sip/test_hostile_time.py",
    "sip/test_sip_burst.py",
    "sip/test_transports_ipv6.py",
    "sip/test_transports_tcp.py",
    "sip/test_transports_tls.py",
)
"""Folders and files below `tests`."""
BESIDE = ("interop/test_load.py", "interop/test_matrix.py", "interop/test_two_telephones.py")
"""Of those: the second row, about as long as what is left of the first."""
COMPANY = (
    *BESIDE,
    *(
        f"interop/test_{what}.py"
        for what in (
            "baresip",
            "digits_to_phones",
            "exchange_line",
            "flash_services",
            "forwarding",
            "hold_music",
            "ladder",
            "lifeline",
            "machines",
            "nat",
            "operator",
            "page",
            "rules",
            "secrets",
            "transports",
            "wideband_peers",
            "without_dns",
        )
    ),
)
"""Of those: what waits for people, peers and timers, and judges no time narrower than its bounds are wide."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for marker, names in (("alone", ALONE), ("company", COMPANY), ("beside", BESIDE)):
        places = [TESTS / name for name in names]
        for item in items:
            if any(item.path.is_relative_to(place) for place in places):
                item.add_marker(marker)
