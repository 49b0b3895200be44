"""Registrar rules of RFC 3261 10.3, and registrations that survive a restart."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

import pytest

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.accounts.registrar import MAX_CONTACTS, Registrar
from firmware.sip.messages.message import Request, parse
from firmware.sip.messages.status import Refusal
from firmware.sip.settings import SipSettings, SipUser

ANA = SipUser("201", "Ana")


def request(*contacts: str, expires: str | None = None, cseq: int = 1, call_id: str = "c") -> Request:
    lines = "".join(f"Contact: {contact}\r\n" for contact in contacts)
    lines += f"Expires: {expires}\r\n" if expires is not None else ""
    text = (
        f"REGISTER sip:t SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
        f"From: <sip:201@t>;tag=1\r\nTo: <sip:201@t>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: {cseq} REGISTER\r\nUser-Agent: Phone 1\r\n{lines}\r\n"
    )
    message = parse(text.encode(), ("10.0.0.9", 5060))
    assert isinstance(message, Request)
    return message


def registrar(store: BindingStore | None = None) -> Registrar:
    return Registrar(
        SipSettings(min_expires_s=60, max_expires_s=3600, default_expires_s=1800), store or BindingStore(None)
    )


def listed(text: str) -> dict[str, int]:
    return {uri: int(left) for uri, left in re.findall(r"Contact: <(.*?)>;expires=(\d+)\r\n", text)}


def test_expiry_comes_from_the_contact_then_the_header_then_the_default_within_limits() -> None:
    house = registrar()
    answer = house.register(
        request("<sip:a@h>;expires=100", "<sip:b@h>", "<sip:c@h>;expires=99999", "<sip:d@h>;expires=x", expires="200"),
        ANA,
    )
    assert listed(answer) == {"sip:a@h": 100, "sip:b@h": 200, "sip:c@h": 3600, "sip:d@h": 1800}
    assert "Date: " in answer
    assert listed(house.register(request("<sip:e@h>", cseq=2), ANA))["sip:e@h"] == 1800


def test_too_brief_is_423_and_changes_nothing() -> None:
    house = registrar()
    with pytest.raises(Refusal) as caught:
        house.register(request("<sip:a@h>", "<sip:b@h>;expires=59"), ANA)
    assert caught.value.status == 423 and caught.value.headers == "Min-Expires: 60\r\n"
    assert not house.bindings("201")


def test_zero_removes_one_and_a_query_lists_the_rest() -> None:
    house = registrar()
    house.register(request("<sip:a@h>;q=0.5, <sip:b@h>"), ANA)
    house.register(request("<sip:a@H>;expires=0", cseq=2), ANA)
    assert set(listed(house.register(request(cseq=3), ANA))) == {"sip:b@h"}


def test_contacts_are_told_apart_as_uris() -> None:
    house = registrar()
    house.register(request("<sip:%61@h>", cseq=1), ANA)
    house.register(request("<sip:a@h:5060>", cseq=2), ANA)
    house.register(request("<sip:a@h>;q=0.1", cseq=3), ANA)
    assert sorted(b.contact for b in house.bindings("201")) == ["sip:a@h", "sip:a@h:5060"]
    house.register(request("<sip:nul%00x@h>, <sip:nul%00y@h>", cseq=4), ANA)
    assert len(house.bindings("201")) == 4


def test_star_removes_all_but_only_alone_and_with_expires_zero() -> None:
    house = registrar()
    house.register(request("<sip:a@h>", "<sip:b@h>"), ANA)
    for bad in (
        request("*", cseq=2),
        request("*", "<sip:a@h>", expires="0", cseq=2),
        request("*", expires="9", cseq=2),
    ):
        with pytest.raises(Refusal) as caught:
            house.register(bad, ANA)
        assert caught.value.status == 400
    assert len(house.bindings("201")) == 2
    assert listed(house.register(request(" * ", expires="0", cseq=2), ANA)) == {}


def test_an_old_cseq_of_the_same_call_id_aborts_the_whole_request() -> None:
    house = registrar()
    house.register(request("<sip:a@h>", cseq=5), ANA)
    for cseq in (4, 5):
        with pytest.raises(Refusal) as caught:
            house.register(request("<sip:new@h>", "<sip:a@h>;expires=0", cseq=cseq), ANA)
        assert caught.value.status == 500
    assert [b.contact for b in house.bindings("201")] == ["sip:a@h"]
    house.register(request("<sip:a@h>;expires=0", cseq=1, call_id="other"), ANA)
    assert not house.bindings("201")


def test_q_orders_and_time_ends_bindings() -> None:
    house = registrar()
    now_s = 1e9
    house.wall_s = lambda: now_s
    house.register(request("<sip:a@h>;q=0.2", "<sip:b@h>", "<sip:c@h>;q=0.7;expires=60", "<sip:d@h>;q=nan"), ANA)
    assert [b.contact[4] for b in house.bindings("201")] == ["b", "d", "c", "a"]
    now_s += 61
    assert [b.contact[4] for b in house.bindings("201")] == ["b", "d", "a"]
    now_s += 2000
    house.sweep()
    assert not house.all_bindings() and not house._bindings


def test_too_many_contacts_and_odd_ones_are_refused() -> None:
    house = registrar()
    with pytest.raises(Refusal) as caught:
        house.register(request(*(f"<sip:{n}@h>" for n in range(MAX_CONTACTS + 1))), ANA)
    assert caught.value.status == 403
    for bad in ("sip:a@h?Route=x", "<tel:123>", "<http://x>", "<sip:>", "<>", '"open <sip:a@h>', "<sip:a@h>;;"):
        with pytest.raises(Refusal):
            house.register(request(bad), ANA)
    assert not house.bindings("201")


def test_parameters_after_a_bare_contact_belong_to_the_header() -> None:
    house = registrar()
    house.register(request("sip:a@h;unknown"), ANA)
    house.register(request("<sip:b@h;unknown>", cseq=2), ANA)
    assert sorted(b.contact for b in house.bindings("201")) == ["sip:a@h", "sip:b@h;unknown"]


def test_registrations_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "registrations.db"
    store = BindingStore(path)
    house = registrar(store)
    house.load(store.start())
    house.register(request("<sip:a@h>;q=0.5", "<sip:b@h>", "<sip:gone@h>"), ANA)
    house.register(request("<sip:gone@h>;expires=0", cseq=2), ANA)
    before = house.bindings("201")
    store.stop()
    again = BindingStore(path)
    later = registrar(again)
    later.load(again.start())
    assert later.bindings("201") == before and len(before) == 2
    assert before[0].agent == "Phone 1" and before[0].source_ip == "10.0.0.9"
    later.keep_only(set())
    again.stop()
    assert BindingStore(path).start() == []


def test_what_expired_meanwhile_is_not_loaded_and_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "registrations.db"
    store = BindingStore(path)
    store.start()
    store.put(Binding("201", "sip:a@h", "c", 1, time.time() - 1, 1.0, "", "10.0.0.9", 5060))
    store.put(Binding("201", "sip:\udce1@h", "c", 1, time.time() + 99, 1.0, "", "10.0.0.9", 5060))
    store.stop()
    assert len(BindingStore(path).start()) == 1
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    base.close()
    path.write_bytes(b"not a database" * 1000)
    for leftover in tmp_path.glob("registrations.db-*"):
        leftover.unlink()
    store = BindingStore(path)
    assert store.start() == []
    store.stop()
    assert (tmp_path / "registrations.damaged").exists()
