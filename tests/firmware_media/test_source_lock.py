"""Whose packets count (symmetric RTP): NAT, moved ports, strangers who come first. Stepped."""

from __future__ import annotations

import pytest

from firmware.media.engine import Engine
from firmware.media.events import MediaEvent, MediaTimeout, SourceLocked, SourceRefused
from tests.firmware_media.card import Far

SAID = ("192.0.2.7", 4000)
NAT_IP = "198.51.100.1"
THIEF = ("203.0.113.9", 9999)


class Call:
    """A stream under test joined to another; the far ends send 20 ms packets whose first octet is their mark."""

    def __init__(self, said: tuple[str, int] = SAID, signal_ip: str = "") -> None:
        self.engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=3, media_timeout_s=5)
        self.now_us = 1_000_000
        self.stream, other = self.engine.open_stream("192.0.2.1"), self.engine.open_stream("192.0.2.1")
        for stream in (self.stream, other):
            stream.set_codec(8, "PCMA", 101)
        self.stream.set_remote(*said, signal_ip)
        self._listener = Far(self.engine, other, "192.0.2.8", 5000)
        other.set_remote("192.0.2.8", 5000)
        self.engine.tick(self.now_us)
        self.engine.join(self.stream.id, other.id)

    def far(self, address: tuple[str, int], ssrc: int = 0xCAFE) -> Far:
        end = Far(self.engine, self.stream, *address)
        end.ssrc = ssrc
        return end

    def say(self, *ends: Far, times: int = 1) -> list[int]:
        """Each of `ends` sends a packet every 20 ms; which of them (by place, from 1) were heard."""
        heard = []
        for _ in range(times):
            self.wait(20)
            for mark, end in enumerate(ends, 1):
                end.send(bytes([mark]) * 160, self.now_us)
                heard += [p[5][0] for p in self._listener.received(self.engine.packets_out())]
        return heard

    def wait(self, ms: int) -> None:
        for _ in range(ms // 5):
            self.now_us += 5000
            self.engine.tick(self.now_us)

    def sends_to(self) -> list[tuple[str, int]]:
        """Where a packet for the far end goes; nowhere: []."""
        self.engine.packets_out()
        self._listener.send(bytes(160), self.now_us)
        return [(ip, port) for stream, ip, port, _ in self.engine.packets_out() if stream == self.stream.id]

    def told(self) -> list[MediaEvent]:
        return self.engine.drain()

    def locked(self, address: tuple[str, int]) -> SourceLocked:
        return SourceLocked(self.stream.id, *address)

    def refused(self, address: tuple[str, int]) -> SourceRefused:
        return SourceRefused(self.stream.id, *address)


# -- the announced source ---------------------------------------------------------------


def test_the_announced_source_is_heard_at_once_and_locked_after_four_packets() -> None:
    call = Call()
    phone, thief = call.far(SAID), call.far(THIEF, 9)
    for i in range(4):
        assert call.say(phone) == [1]
        assert call.told() == ([call.locked(SAID)] if i == 3 else [])
    assert call.say(thief) == []
    assert call.told() == [call.refused(THIEF)]


def test_a_stranger_neither_steals_nor_listens_nor_speaks() -> None:
    call = Call()
    phone, thief = call.far(SAID), call.far(THIEF, 9)
    call.say(phone, times=4)
    call.told()
    assert call.say(thief, times=200) == []
    assert call.sends_to() == [SAID]
    assert call.told() == [call.refused(THIEF)]
    assert call.stream.stats().refused == 200 and call.stream.stats().packets_received == 4


def test_a_stranger_in_the_first_packets_gets_no_foot_in_the_door() -> None:
    call = Call()
    phone, thief = call.far(SAID), call.far(THIEF, 9)
    assert call.say(thief, times=3) == []
    assert call.say(phone, thief, times=4) == [1] * 4
    assert call.told()[0] == call.locked(SAID)


# -- a stranger who is first --------------------------------------------------------------


def test_a_stranger_who_sends_first_is_not_heard_for_a_second_and_never_sent_to() -> None:
    call = Call()
    thief = call.far(THIEF, 9)
    assert call.say(thief, times=50) == []
    call.say(thief, times=10)
    assert call.sends_to() == [SAID]


@pytest.mark.parametrize("address", [SAID, (NAT_IP, 61000)])
def test_the_true_far_end_takes_the_stream_back_from_a_stranger(address: tuple[str, int]) -> None:
    call = Call(signal_ip=NAT_IP)
    phone, thief = call.far(address), call.far(THIEF, 9)
    call.say(thief, times=100)
    assert call.told() == [call.locked(THIEF)]
    call.say(phone, thief, times=4)
    assert call.locked(address) in call.told()
    assert call.say(phone, thief, times=20) == [1] * 20
    assert call.sends_to() == [address]


def test_a_flood_between_its_packets_does_not_keep_a_phone_behind_nat_out() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    phone, thief = call.far((NAT_IP, 61000)), call.far(THIEF, 9)
    call.say(thief, thief, phone, thief, thief, times=5)
    assert call.told()[0] == call.locked((NAT_IP, 61000))
    assert call.sends_to() == [(NAT_IP, 61000)]


@pytest.mark.parametrize("said", [SAID, ("0.0.0.0", 4000)])
def test_of_a_peer_that_is_one_machine_no_stranger_is_ever_heard_or_sent_to(said: tuple[str, int]) -> None:
    call = Call(said, SAID[0])
    assert call.say(call.far(THIEF, 9), times=300) == []
    assert call.sends_to() == ([SAID] if said == SAID else [])
    assert call.say(call.far(SAID)) == [1]


def test_audio_from_a_third_machine_is_heard_and_the_announced_one_still_sent_to() -> None:
    """An operator whose sending and receiving machines differ (RFC 4961 is only recommended)."""
    call = Call(signal_ip="192.0.2.6")
    sender = call.far(("192.0.2.99", 7000))
    assert len(call.say(sender, times=60)) == 10
    assert call.sends_to() == [SAID]
    assert call.told() == [call.locked(("192.0.2.99", 7000))]


# -- NAT ------------------------------------------------------------------------------------


def test_behind_nat_nothing_is_sent_before_the_phone_was_heard() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    assert call.sends_to() == []
    phone = call.far((NAT_IP, 61000))
    assert len(call.say(phone, times=5)) == 2
    assert call.told() == [call.locked((NAT_IP, 61000))]
    assert call.sends_to() == [(NAT_IP, 61000)]


def test_behind_a_router_that_keeps_the_port_the_first_packet_is_heard() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    assert call.say(call.far((NAT_IP, 4000))) == [1]
    assert call.sends_to() == [(NAT_IP, 4000)]


def test_behind_nat_and_proxy_the_phone_is_learnt_from_a_third_address() -> None:
    call = Call(("0.0.0.0", 4000), "")
    call.say(call.far((NAT_IP, 61000)), times=60)
    assert call.sends_to() == [(NAT_IP, 61000)]


def test_a_phone_that_is_never_heard_ends_in_the_media_time_out_also_behind_nat() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    call.wait(6000)
    assert MediaTimeout(call.stream.id) in call.told()


# -- moving -----------------------------------------------------------------------------------


def test_a_phone_behind_nat_moves_when_asked_and_is_heard_without_a_gap_if_it_stays() -> None:
    call = Call(signal_ip=NAT_IP)
    phone, moved = call.far((NAT_IP, 61000)), call.far((NAT_IP, 61002))
    call.say(phone, times=4)
    assert call.say(phone, moved, times=8) == [1] * 8
    call.stream.relearn_source()
    assert call.say(phone, times=4) == [1] * 4
    assert call.told()[-1] == call.locked((NAT_IP, 61000))
    call.stream.relearn_source()
    call.say(moved, times=4)
    assert call.told()[-1] == call.locked((NAT_IP, 61002))
    assert call.sends_to() == [(NAT_IP, 61002)]


def test_last_packets_from_the_old_port_do_not_win_against_the_newly_announced_one() -> None:
    call = Call(signal_ip=SAID[0])
    old, new = call.far(SAID), call.far((SAID[0], 4002), 2)
    call.say(old, times=10)
    call.stream.set_remote(SAID[0], 4002, SAID[0])
    call.stream.relearn_source()
    assert call.say(old, times=12) == []
    assert call.say(old, new, times=5) == [2] * 5
    assert call.say(new, times=5) == [1] * 5
    assert call.sends_to() == [(SAID[0], 4002)]


def test_last_packets_through_the_old_nat_port_do_not_win_against_the_new_one() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    old, new = call.far((NAT_IP, 61000)), call.far((NAT_IP, 61002), 2)
    call.say(old, times=10)
    call.stream.set_remote("0.0.0.0", 4002, NAT_IP)
    call.stream.relearn_source()
    call.say(old, times=12)
    call.say(old, new, times=4)
    assert call.say(new, times=5) == [1] * 5
    assert call.sends_to() == [(NAT_IP, 61002)]


def test_a_port_that_was_left_in_the_sdp_only_is_heard_again_after_a_second() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    phone = call.far((NAT_IP, 61000))
    call.say(phone, times=10)
    call.stream.set_remote("0.0.0.0", 4002, NAT_IP)
    call.stream.relearn_source()
    assert call.say(phone, times=50) == []
    assert call.say(phone, times=5) != []
    assert call.sends_to() == [(NAT_IP, 61000)]


def test_a_router_that_forgot_the_port_is_followed_after_a_silence() -> None:
    call = Call(("0.0.0.0", 4000), NAT_IP)
    before, after, thief = call.far((NAT_IP, 61000)), call.far((NAT_IP, 62000), 2), call.far(THIEF, 9)
    call.say(before, times=10)
    assert call.say(after, thief, times=95) == []
    assert 1 in call.say(after, thief, times=20)
    assert call.sends_to() == [(NAT_IP, 62000)]


def test_a_silence_opens_nothing_to_strangers() -> None:
    call = Call()
    call.say(call.far(SAID), times=10)
    assert call.say(call.far(THIEF, 9), times=500) == []
    assert call.sends_to() == [SAID]


def test_saying_the_same_address_again_keeps_what_was_learnt() -> None:
    call = Call(signal_ip=NAT_IP)
    call.say(call.far((NAT_IP, 61000)), times=4)
    call.stream.set_remote(*SAID, NAT_IP)
    call.stream.relearn_source()
    assert call.sends_to() == [(NAT_IP, 61000)]
    call.stream.set_remote("192.0.2.77", 4002, NAT_IP)
    assert call.sends_to() == [("192.0.2.77", 4002)]
