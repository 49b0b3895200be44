"""Sites and peers that end with the test, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.interop import matrix
from tests.interop.baresip import Baresip
from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for all tests of a file; every test leaves it idle."""
    with Site(tmp_path_factory.mktemp("site")) as running:
        yield running
        violations = running.rig("board.violations")["violations"]
        assert not violations, "data sheet breaches: " + "; ".join(violations)


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site that the test may break."""
    with Site(tmp_path) as running:
        yield running


@pytest.fixture
def raw_phone(site: Site) -> Iterator[Callable[..., RawPhone]]:
    """Makes registered RawPhones."""
    with ExitStack() as stack:

        def make(user: str, answer: str = "200") -> RawPhone:
            phone = RawPhone(user, PASSWORDS[user], site.sip_port, answer)
            stack.callback(phone.stop)
            return phone.register()

        yield make


@pytest.fixture
def baresip(site: Site, tmp_path: Path) -> Iterator[Callable[..., Baresip]]:
    """Makes registered baresips."""
    with ExitStack() as stack:

        def make(user: str, answer: str = "manual", codecs: str = "pcma") -> Baresip:
            phone = Baresip(tmp_path, site.account(user), answer, codecs=codecs)
            stack.callback(phone.stop)
            return phone.registered()

        yield make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The matrix of SIP peers, when its tests ran."""
    if matrix.SEEN:
        terminalreporter.section("SIP peers")
        terminalreporter.write_line(matrix.table())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A failure shows what the shared site said last."""
    report = yield
    running = getattr(item, "funcargs", {}).get("site")
    if report.failed and isinstance(running, Site) and running.process is not None:
        report.sections.append(("the site's log", running.process.output()[-6000:]))
    return report


@pytest.fixture(autouse=True)
def leaves_the_site_idle(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "site" in request.fixturenames:
        running: Site = request.getfixturevalue("site")
        for name in ("fxs1", "fxs2"):
            running.phone(name, "hangup")
        running.wait_idle()
