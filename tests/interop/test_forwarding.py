"""A SIP telephone that sends its calls on by itself (302): to a line, to another telephone, to no foreign place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone, header
from tests.interop.site import PASSWORDS, Site


class ForwardingPhone(RawPhone):
    """Answers every INVITE with 302 to `onward`."""

    onward = ""

    def _serve(self, request: str) -> None:
        if not request.startswith("INVITE"):
            super()._serve(request)
            return
        self.send(
            f"SIP/2.0 302 Moved Temporarily\r\nVia: {header(request, 'Via')}\r\nFrom: {header(request, 'From')}\r\n"
            f"To: {header(request, 'To')};tag={self.tag}\r\nCall-ID: {header(request, 'Call-ID')}\r\n"
            f"CSeq: {header(request, 'CSeq')}\r\nContact: {self.onward}\r\nContent-Length: 0\r\n\r\n"
        )


@contextmanager
def forwarding(site: Site, contact: str) -> Iterator[None]:
    """User 201's only telephone sends everything on to `contact`."""
    phone = ForwardingPhone("201", PASSWORDS["201"], site.sip_port)
    phone.onward = contact
    phone.register()
    try:
        yield
    finally:
        phone.register(expires_s=0)
        phone.stop()


def test_a_call_is_sent_on_to_a_line(site: Site) -> None:
    with forwarding(site, f"<sip:102@127.0.0.1:{site.sip_port}>"):
        site.phone("fxs1", "lift")
        site.phone("fxs1", "dial", digits="201")
        eventually("fxs2 rings", lambda: site.phone("fxs2", "state")["ringing"], 5)
        site.phone("fxs2", "lift")
        eventually("both talk", lambda: site.port("fxs1")["state"] == site.port("fxs2")["state"] == "talking", 5)
        site.phone("fxs1", "hangup")
        site.phone("fxs2", "hangup")
        site.wait_idle()
        record = eventually("the record", lambda: next(r for r in site.records() if r["to"] == "201" and r["end"]))
        assert record["answer"] and "fxs2/" in record["legs"] and record["talk_ms"] > 0


def test_a_call_is_sent_on_to_another_telephone_that_learns_by_whom(
    site: Site, raw_phone: Callable[..., RawPhone]
) -> None:
    other, caller = raw_phone("202", "486"), raw_phone("203")
    with forwarding(site, "<tel:202>"):
        assert caller.call("201").startswith("SIP/2.0 486")
    rung = next(message for message in other.received if message.startswith("INVITE"))
    assert "<sip:201@" in header(rung, "Diversion") and "counter=1" in header(rung, "Diversion")


def test_a_call_is_not_sent_on_to_a_foreign_place_or_to_nobody(site: Site, raw_phone: Callable[..., RawPhone]) -> None:
    other, caller = raw_phone("204"), raw_phone("203")
    for contact in (f"<sip:x@127.0.0.1:{other.port}>", f"<sip:999@127.0.0.1:{site.sip_port}>", "<tel:201>"):
        with forwarding(site, contact):
            assert caller.call("201").startswith("SIP/2.0 480")
    assert not [message for message in other.received if message.startswith("INVITE")]
