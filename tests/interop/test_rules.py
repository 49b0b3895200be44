"""Rules of the standards, one sipp scenario each, against a running site.

The rules are written in `rules/*.rules` (notation: `rule_notation.py`); sipp judges: a message that
is missing, unexpected or lacks a demanded header makes it fail.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.processes import Process, eventually, free_port
from tests.interop.rule_notation import Rule, Scenario, read_rules
from tests.interop.sipp import Sipp
from tests.interop.site import PASSWORDS, Site

RULES = [rule for path in sorted((Path(__file__).parent / "rules").glob("*.rules")) for rule in read_rules(path)]
CALLED = {"203": ("callee",), "204": ("callee", "callee2")}
"""Users that stand ready, and the parties behind their contacts."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that trusts loopback for calls to its users."""
    with Site(
        tmp_path_factory.mktemp("rules"), sip_extra='trusted_networks = ["127.0.0.0/8"]\n', rtp_pairs=200
    ) as running:
        yield running


@pytest.fixture(scope="module")
def ports(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], int]:
    """(user, party) -> the UDP port its contact is bound to."""
    found = {}
    for user, parties in CALLED.items():
        for party in parties:
            port = found[user, party] = free_port()
            secret = ("-s", user, "-au", user, "-ap", PASSWORDS[user], "-key", "contact_port", str(port), "-m", "1")
            folder = tmp_path_factory.mktemp("bind")
            done = Sipp(folder, "register", *secret, remote=f"127.0.0.1:{site.sip_port}").run(20)
            assert done.status == 0, done.errors
    return found


def test_there_is_a_rule_for_every_theme() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names)) >= 70


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule(rule: Rule, site: Site, ports: dict[tuple[str, str], int], tmp_path: Path) -> None:
    user = rule.settings.get("user", "203")
    with ExitStack() as stack:
        running = {}
        for party in [*CALLED.get(user, ()), "caller"]:
            if party in rule.parties:
                port = ports.get((user, party)) or free_port()
                remote = "" if party in CALLED.get(user, ()) else f"127.0.0.1:{site.sip_port}"
                running[party] = start(rule, party, user, port, tmp_path, remote)
                stack.callback(running[party].stop)
                eventually(f"{party} listens", lambda port=port: taken(port))
        finish(rule, running, tmp_path)
    site.wait_idle()


def finish(rule: Rule, running: dict[str, Process], folder: Path) -> None:
    """Wait for every party; the first to fail is shown with all it saw."""

    def over() -> bool:
        ended = [process for process in running.values() if not process.alive()]
        return len(ended) == len(running) or any(process.wait(0) for process in ended)

    eventually("the scenarios to end", over, 20)
    for party, process in sorted(running.items(), key=lambda item: item[1].alive()):
        if process.alive() or (status := process.wait(0)):
            told = "".join(path.read_text(errors="replace") for path in sorted((folder / party).glob("*.log")))
            raise AssertionError(f"{rule.name}: {rule.text}\n{party}: sipp ended with {status}\n{told[-6000:]}")


def taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def start(rule: Rule, party: str, user: str, port: int, folder: Path, remote: str = "") -> Process:
    """sipp with this party's lines."""
    me = user if party != "caller" or "REGISTER" in "".join(rule.parties["caller"]) else "900"
    place = folder / party
    place.mkdir()
    scenario = place / "rule.xml"
    scenario.write_text(Scenario(rule.parties[party], party, user, me).xml())
    secret = rule.settings.get("password", PASSWORDS.get(user, ""))
    name = "202" if rule.settings.get("password") else user
    argv = [
        "sipp", *([remote] if remote else []), "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port),
        "-mi", "127.0.0.1", "-m", "1", "-nostdin", "-au", name, "-ap", secret, "-key", "rtp_port", "30000",
        "-timeout", "15", "-timeout_error", "-trace_err", "-trace_msg", "-message_file", str(place / "messages.log"),
    ]  # fmt: skip
    return Process(f"sipp {party}", argv, place / "out.log", cwd=place)
