"""Each setting has an "ok" and a "fail" list; a new setting without them turns this red."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware.config.code_settings import Codes
from firmware.config.declaration import declarations
from firmware.config.load import load
from firmware.config.mistake import SettingsError
from firmware.config.settings import Settings
from firmware.telephony.numbering import Numbering

HEX = "0123456789abcdef"
CODES = tuple(declarations(Codes))
Cases = tuple[list[object], list[object]]
CASES: dict[str, Cases] = {
    "country": (["es", "fr"], ["xx", "", 34, True]),
    "language": (["es", "en"], ["fr", "ES", 1]),
    "sip.listen": (
        ["0.0.0.0", "127.0.0.1", "::", ["::1"], ["0.0.0.0", "::"], ["2001:db8::1", "10.0.0.1"]],
        ["localhost", "256.1.1.1", "fe80::1%eth0", "10.0.0.1/8", 0, [], ["0.0.0.0", "10.0.0.1"], [["::"]]],
    ),
    "sip.udp_port": ([1, 5060, 65535], [0, 65536, -1, "5060", 5060.5, True]),
    "sip.tcp_port": ([0, 5060, 65535], [-1, 65536, "5060", False]),
    "sip.tls_port": ([5061, 65535], [0, 65536, "5061", 5060]),
    "sip.tls_certificate": (["/etc/tipring/sip.pem"], ["sip.pem", "", 1, "/a\nb"]),
    "sip.tls_key": (["/k"], ["k", []]),
    "sip.tls_client_ca": (["/ca"], ["ca"]),
    "sip.tls_ca": (["/ca"], ["ca"]),
    "sip.size_switch": (["auto", "always", "never"], ["on", True]),
    "sip.advertise": (["192.0.2.1"], ["my.host", "", 7]),
    "sip.public_address": (["auto", "203.0.113.5"], ["", "my.host", "Auto", "2001:db8::1", 7]),
    "sip.stun_server": (
        ["stun.example.com", "stun.example.com:3478", "192.0.2.9:1", "192.0.2.9"],
        ["", ":3478", "stun.example.com:0", "a:65536", "a:b", "a b", "[::1]:3478", 3478],
    ),
    "sip.local_networks": ([[], ["10.8.0.0/16", "2001:db8::/64"]], [["10.0.0.1/8"], "10.0.0.0/8", [1]]),
    "sip.force_rport": ([True, False], [1, "yes"]),
    "sip.keepalive_s": ([0, 25.5, 120], [-1, 121, "25"]),
    "sip.trusted_networks": (
        [[], ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/64"]],
        [["10.0.0.1/8"], "10.0.0.0/8", [1], ["x"]],
    ),
    "sip.dns_servers": (
        [[], ["192.0.2.53", "2001:db8::53"]],
        [["dns.example.com"], ["192.0.2.53:53"], "192.0.2.53", [""]],
    ),
    "sip.min_expires_s": ([10, 300], [9, 3601, "60"]),
    "sip.max_expires_s": ([300, 86400], [86401, 59, 1.5]),
    "sip.default_expires_s": ([60, 3600], [9, 86401, 3601, [300]]),
    "sip.domains": (
        [[], ["pbx.example.com", "a"]],
        [["Pbx.example.com"], ["10.0.0.1:5060"], ["a..b"], ["-a"], ["a" * 254], "pbx", [1]],
    ),
    "sip.dtmf": (["auto", "rtp", "inband", "info"], ["", "sip", True, "RTP", 1]),
    "sip.follow_redirects": (["no", "users", "any"], ["yes", "", True, "ANY"]),
    "sip.session_expires_s": ([90, 1800, 86400], [89, 86401, 90.5, "1800"]),
    "sip.require_100rel": ([True, False], ["yes", 1]),
    "sip.step_ring_s": ([5, 20.5, 180], [4.9, 181, "20"]),
    "media.rtp_first": ([1024, 10000, 10996], [1023, 10001, 65536, "10000"]),
    "media.rtp_last": ([10003, 65535], [65536, 10002, 10999.0]),
    "media.codecs": ([["g722", "pcma", "pcmu"], ["pcmu"], []], [["G722"], ["opus"], "g722", [8]]),
    "media.jitter": (["adaptive", "fixed"], ["", "Fixed", "none", 60]),
    "media.jitter_fixed_ms": ([20, 100, 300], [19, 301, 0, "100", 60.0]),
    "media.dscp": ([0, 46, 63], [-1, 64, "46", 46.0]),
    "media.music_on_hold": (["/usr/share/asterisk/moh", "/a b.wav"], ["", "moh", "moh/a.wav", 1, ["/moh"]]),
    "web.listen": (["127.0.0.1", "0.0.0.0"], ["", "localhost", 80]),
    "web.port": ([1, 8080, 65535], [0, 65536, "8080"]),
    "pbx.first_digit_s": ([3, 15.5, 120], [2.9, 121, "15", float("nan"), float("inf")]),
    "pbx.inter_digit_s": ([1, 4.0, 30], [0.9, 31, False]),
    "pbx.complete_s": ([0.5, 4, 30], [0.4, 31, "4"]),
    "pbx.digit_map": (
        [[], ["[679]xxxxxxxx", "00x.T", "*xx", "0[1-7]x", "[*#]1"]],
        ["112", [""], ["a"], ["T"], ["[]"], ["[1-]"], ["x" * 33], [".x"], ["x..", "1T1"], [112]],
    ),
    "pbx.no_answer_s": ([5, 600], [4, 601, "60 s"]),
    **{f"codes.{name}": (["*12", "#12#", "*98*#", ""], ["12", "*", "*12345678", "*a", 66]) for name in CODES},
    "pbx.dial_in_ban_s": ([600, 604_800], [599, 604_801, 60.5, "3600"]),
    "pbx.recall_s": ([5, 30.5, 300], [4.9, 301, "30"]),
    "pbx.congestion_s": ([5, 300], [4.99, 300.1, []]),
    "pbx.howler_s": ([0, 600], [-1, 601]),
    "lines.fxs1.number": (["101", "10", "12345678"], ["1", "123456789", "10a", "", 101]),
    "lines.fxs1.rotary_star": (["11", "1", "999"], ["", "1111", "*", 11]),
    "lines.fxs1.rotary_hash": (["12"], ["#", 12]),
    "lines.fxs1.rotary_recall": (["1", "0"], ["", "11", 1]),
    "lines.fxs1.hotline": (["201", "*97", "00441234567890#"], ["", "2O1", "0" * 33, 201]),
    "lines.fxs1.hotline_s": ([0, 4.5, 30], [-1, 31, "4"]),
    "lines.fxs1.quiet_hours": (["22:00-07:30", "00:00-23:59"], ["22-7", "24:00-01:00", "22:00", "22:60-07:00", ""]),
    "lines.fxs1.flash_services": (["country", "codes", "hook", "off"], ["", "on", "R", True]),
    "lines.fxs1.call_waiting": ([True, False], ["off", 1]),
    "lines.fxs1.transfer_by_hanging_up": ([True, False], ["no", 0]),
    "lines.fxs1.name": (["", "Recepción", "x" * 60], ["x" * 61, "a\nb", 3]),
    "lines.fxs1.use": (["telephone", "fax", "trunk"], ["", "modem", True]),
    "lines.fxs1.did": ([[], ["301", "302"]], [["1"], "301", [301], ["30a"]]),
    "lines.fxs1.did_digits": ([0, 8], [-1, 9, "3"]),
    "lines.fxs1.did_pause_s": ([0, 0.5, 10], [-1, 11]),
    "lines.fxs1.ring_v_rms": ([40, 60.5, 90], [39.9, 140, "60", True]),
    "lines.fxs1.loop_ma": ([20, 41], [19, 42, 20.5]),
    "lines.fxs1.tx_gain_db": ([-12, 0, 6], [-12.1, 6.1, "0"]),
    "lines.fxs1.rx_gain_db": ([-12, 0, 6], [-13, 7]),
    "lines.fxs1.long_line": ([True, False], [1, "long"]),
    "lines.fxs1.country": (["fr", "es"], ["xx", "", 34]),
    "lines.fxs1.impedance": (["600", "tbr21", "220+820||120n"], ["", "50", 600]),
    "lines.fxs1.ring_hz": ([16, 25.5, 60], [15.9, 61, "25"]),
    "lines.fxs1.caller_id": (
        ["country", "off", "etsi-fsk", "bellcore", "bellcore-number", "uk", "japan", "dtmf"],
        ["", "on", True],
    ),
    "lines.fxs1.caller_id_alert": (
        ["country", "during", "dt-as", "rp-as", "lr+dt-as", "reversal", "none"],
        ["", "before", 1],
    ),
    "lines.fxs1.caller_id_dtmf": (["country", "A-C", "D-C", "A-#", "D-#", "-#", "-C", "-"], ["", "E-C", "AC"]),
    "lines.fxs1.message_waiting": (
        [[], ["stutter"], ["stutter", "fsk", "reversal", "neon"]],
        [["lamp"], "stutter", [1], [""]],
    ),
    "lines.fxs1.answer_reversal": ([True, False], [1, "yes"]),
    "lines.fxs1.metering": (["off", "12", "16"], ["", "50", 16, True]),
    "lines.fxs1.metering_s": ([1, 60.5, 3600], [0.5, 3601, "60"]),
    "lines.fxs1.disconnect_ms": ([0, 200, 1000], [1, 199, 1001, -1, "500", 500.5]),
    "callers.spam.numbers": ([[], ["803*", "+34*", "*"]], [["a"], [""], "803", [803]]),
    "callers.spam.withheld": ([True, False], [1, "yes"]),
    "callers.spam.lines": ([[]], [["fxs1"], ["fxo2"], "fxo1"]),
    "callers.spam.target": (["101", "201"], ["", "999", 101]),
    "dial_in.ana.pin": (
        ["482913", "112358132134", "100000000002"],
        ["48291", "4829130000000", "", "111111", "121212", "123456", "890123", "654321", "135791", "48a913", 482913],
    ),
    "dial_in.ana.lines": ([["fxo1"]], [[], ["fxs1"], ["fxo2"], "fxo1"]),
    "dial_in.ana.outside": ([True, False], [1, "yes"]),
    "dial_in.ana.unknown_callers": ([True, False], [0, "no"]),
    "rings.boss.cadence": (
        ["800,400,800,4000", "1000,4000", "100,10000"],
        ["", "1000", "99,1000", "1000,10001", "1,2,3", "a,b", "1000, 4000", "1,1,1,1,1,1,1,1,1,1", 5],
    ),
    "rings.boss.callers": ([[], ["201", "3491*", "*", "+34*"]], [["a"], [""], "201", ["1*2"], [201]]),
    "rings.boss.called": ([["600"]], [["6 0"], [6]]),
    "rings.boss.alert": (["", "Bellcore-dr2", "alert-group"], ["a b", "ñ", "x" * 65, 2]),
    "lines.fxs1.flash_min_ms": ([30, 80], [29, 1501, 80.0, 131]),
    "lines.fxs1.flash_max_ms": ([81, 1500], [80, 29, 1501, "130"]),
    "lines.fxs1.echo": (["off", "32", "48", "64", "96", "128"], ["", "31", "129", "on", 64, False]),
    "lines.fxs1.pulse_dialling": ([True, False], [0, 1, "true", "yes"]),
    "lines.fxo1.target": (["101", "201"], ["", "999", "1", 101]),
    "lines.fxo1.number": (["912345678", "1"], ["", "abc", 912345678]),
    "lines.fxo1.name": (["", "City"], ["x" * 61, 3]),
    "lines.fxo1.fax_to": (["101", "201"], ["", "999", 101]),
    "lines.fxo1.busy_out": ([True, False], [1, "yes"]),
    "lines.fxo1.did_digits": ([0, 3, 8], [-1, 9, "3"]),
    "lines.fxo1.rings": ([1, 10], [0, 11, 1.5]),
    "lines.fxo1.caller_id": (["country", "off", "dtmf"], ["", "etsi", True]),
    "lines.fxo1.caller_id_dtmf": (["country", "D-#", "-"], ["", "A", 1]),
    "lines.fxo1.caller_form": (["as-sent", "national", "international", "e164"], ["", "+", 1]),
    "lines.fxo1.caller_add": (["0", "*31#"], ["", "+", 0]),
    "lines.fxo1.caller_id_wait_s": ([0, 3.5, 10], [-1, 11, "5"]),
    "lines.fxo1.dial": (["tones", "pulses"], ["", "dtmf", True]),
    "lines.fxo1.dial_tone_s": ([1, 4.5, 20], [0.9, 21, "4"]),
    "lines.fxo1.without_dial_tone": (["fail", "dial"], ["", True]),
    "lines.fxo1.answer_by": (
        [["polarity", "ringback-end", "voice", "metering", "dialled"], []],
        ["voice", ["hope"], [1]],
    ),
    "lines.fxo1.hang_up_by": ([["loop-break"], ["polarity", "tones"], []], ["tones", ["silence"], [1]]),
    "lines.fxo1.busy_tone": (
        ["425/200, -/200", "480+620/500,-/500", "425/200, -/200, 425/200, -/600"],
        ["", "425", "-", "425/200", "425/200, -", "3x(425/200, -/200)", "5/200, -/200", "busy", 425],
    ),
    "lines.fxo1.loop_break_ms": ([20, 3000], [19, 3001, "80"]),
    "lines.fxo1.flash_ms": ([50, 1000], [49, 1001, "100"]),
    "lines.fxo1.pass_flash": ([True, False], ["exchange", 1]),
    "lines.fxo1.silence_s": ([0, 3600], [-1, 3601]),
    "lines.fxo1.max_call_s": ([60, 86_400], [59, 86_401]),
    "lines.fxo1.guard_s": ([0.3, 60], [0.2, 61]),
    "lines.fxo1.ring_timeout_s": ([4, 30], [3.9, 31]),
    "lines.fxo1.in_use_v": ([5, 40], [4, 41]),
    "lines.fxo1.tx_gain_db": ([-12, 0, 6], [-12.1, 6.1, "0"]),
    "lines.fxo1.rx_gain_db": ([-12, 0, 6], [-13, 7]),
    "lines.fxo1.echo": (["off", "64"], ["", 64]),
    "lines.fxo1.termination": (["datasheet", "dahdi"], ["", "vendor"]),
    "groups.sales.number": (["600", "61"], ["", "1", "101", "201", 600]),
    "groups.sales.name": (["", "Sales"], ["x" * 61, 3]),
    "groups.sales.members": ([["101"], ["201", "101"]], [[], ["600"], ["999"], ["101", "101"], "101", [101]]),
    "groups.sales.ring_s": ([5, 30.5, 600], [4.9, 601, "30"]),
    "inbound.office.numbers": (
        [[], ["912345678"], ["912345600-912345699", "+3491*", "7"], ["1000-9999", "912340000-912349999"]],
        [
            ["9-8"],
            ["91-912"],
            ["+91-92"],
            ["*"],
            ["91*2"],
            ["1" * 16],
            ["1-10000"],
            ["00000-10000"],
            "91",
            [91],
            ["91", "91"],
            ["910-919", "915-924"],
        ],
    ),
    "inbound.office.lines": ([[], ["fxo1"]], [["fxo2"], ["fxs1"], "fxo1"]),
    "inbound.office.target": (["101", "201"], ["", "999", "1", "101-102", "101-120", 101]),
    "inbound.office.keep": ([0, 3, 8], [-1, 9, "3"]),
    "inbound.office.add": (["1", "12345678"], ["", "*", "123456789", 1]),
    "outbound.city.prefix": (["0", "12345678", "+", "+34"], ["", "*", "123456789", "++", "0+", 0]),
    "outbound.city.form": (["as-dialled", "national", "international"], ["e164", "", 0]),
    "outbound.city.strip": ([0, 8], [-1, 9]),
    "outbound.city.add": (["00", "*31#"], ["", "a"]),
    "outbound.city.lines": ([["fxo1"]], [["fxs1"], ["fxo2"], [], "fxo1"]),
    "outbound.city.order": (["ascending", "cyclic-descending", "by-number"], ["", "random", True]),
    "outbound.city.calls_most": ([0, 99], [-1, 100, "4"]),
    "tones.busy.pattern": (
        ["425/200, -/200", "425", "2x(350+440/100, -/100), 350+440", "400*25/60000, 440@-6/10", "1x(-/500)"],
        ["", "loud", "425/9, -", "9/100", "3901/100", "425, -/100", "20x(425/100, -/100)", "425@-31", "425/60001", 425],
    ),
    "tones.busy.level_dbm0": ([-40, -9.5, 0], [-40.1, 0.5, "-10"]),
    "users.201.ha1_md5": ([HEX * 2], [HEX, HEX.upper() * 2, "g" * 32, "", 1]),
    "users.201.ha1_sha256": ([HEX * 4], [HEX * 2, 5]),
    "users.201.name": (["Ana", ""], ["x" * 61, "\x07"]),
    "users.201.codecs": ([[], ["pcma", "g722"]], [["g729"], "pcma", [0]]),
}
COUNTRIES = {"es": Numbering(), "fr": Numbering()}


def toml(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def site(key: str, value: object) -> str:
    """A small valid site in which `key` has `value`."""
    wanted: dict[str, dict[str, object]] = {
        "": {},
        "sip": {"tls_certificate": "/sip.pem", "tls_key": "/sip.key"},
        "lines.fxs1": {"number": "101", "flash_min_ms": 80, "flash_max_ms": 130},
        "lines.fxo1": {},
        "groups.sales": {"number": "600", "members": ["201"]},
        "inbound.office": {"numbers": ["912345678"], "lines": ["fxo1"], "target": "201", "keep": 2},
        "outbound.city": {"prefix": "0"},
        "rings.boss": {"cadence": "800,400,800,4000"},
        "users.201": {"ha1_md5": HEX * 2, "ha1_sha256": HEX * 4},
    }
    table, _, name = key.rpartition(".")
    if table == "dial_in.ana":  # where somebody dials in, the line's echo cannot be off
        wanted[table] = {"pin": "48291306", "lines": ["fxo1"]}
    wanted.setdefault(table, {})[name] = value
    lines: list[str] = []
    for title, entries in wanted.items():
        lines += [f"[{title}]"] if title else []
        lines += [f"{n} = {toml(v)}" for n, v in entries.items()]
    return "\n".join(lines)


def walk(cls: type, prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, declared in declarations(cls).items():
        if declared.group is None:
            found.append(prefix + name)
        else:
            inner = f"{name}." if declared.named is None else f"{declared.table or name}.{declared.example}."
            found += walk(declared.group, prefix + inner)
    return found


def attributes(key: str) -> list[str]:
    """Where `key` is found in the settings: exchange lines stand among [lines] and are kept apart."""
    return key.replace("lines.fxo1", "exchange_lines.fxo1").split(".")


def test_every_setting_has_both_lists() -> None:
    assert sorted(walk(Settings)) == sorted(CASES)


@pytest.mark.parametrize("key", CASES)
def test_ok(key: str, tmp_path: Path) -> None:
    for value in CASES[key][0]:
        file = tmp_path / "tipring.toml"
        file.write_text(site(key, value), encoding="utf-8")
        found: object = load(file, COUNTRIES)
        for part in attributes(key):
            found = found[part] if isinstance(found, dict) else getattr(found, part)
        alone = key == "sip.listen" and isinstance(value, str)  # one address may stand without its brackets
        assert found == ((value,) if alone else tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("key", CASES)
def test_fail(key: str, tmp_path: Path) -> None:
    for value in CASES[key][1]:
        file = tmp_path / "tipring.toml"
        file.write_text(site(key, value), encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load(file, COUNTRIES)
        keys = [m.key for m in caught.value.mistakes]
        related = {"lines.fxs1.flash_min_ms": "lines.fxs1.flash_max_ms"}
        assert key in keys or related.get(key) in keys, (value, keys)
        assert all(m.allowed.en and m.allowed.es for m in caught.value.mistakes)


@pytest.mark.parametrize("key", walk(Settings))
def test_every_setting_has_help_in_both_languages(key: str) -> None:
    cls: type = Settings
    *tables, name = attributes(key)
    for table in tables:
        inner = declarations(cls).get(table)
        cls = cls if inner is None or inner.group is None else inner.group
    words = declarations(cls)[name].help
    assert len(words.en) > 10 and len(words.es) > 10 and words.en != words.es
