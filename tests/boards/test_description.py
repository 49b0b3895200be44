"""Board files: those that come with Tipring are right, and every mistake is told."""

from pathlib import Path
from typing import Any

import pytest

from boards.description import PortDescription, load, names, parse
from firmware.config.mistake import SettingsError

PORT = {"name": "fxs1", "kind": "fxs", "chip": "si3210", "cs": 0, "slot": 0}
SECOND = {"name": "fxs2", "kind": "fxs", "chip": "si3215", "cs": 1, "slot": 1}
GOOD: dict[str, Any] = {"name": "mine", "bus": {"kind": "spidev", "number": 0}, "port": [PORT, SECOND]}


def test_every_board_of_the_house_loads_under_its_own_name() -> None:
    assert {"sim", "rpi-oak"} <= set(names())
    assert all(load(name).name == name for name in names())


def test_the_simulated_board_has_one_chip_of_each_family() -> None:
    described = load("sim")
    assert [(p.name, p.chip, p.cs, p.slot) for p in described.ports] == [
        ("fxs1", "si3215", 0, 0),
        ("fxs2", "si3210", 1, 1),
    ]


def test_a_board_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[bus]\nkind = "simboard"\n[[port]]\nname = "fxs1"\nkind = "fxs"\n'
                    'chip = "si3210"\ncs = 3\nslot = 4\n', encoding="utf-8")  # fmt: skip
    assert load(str(path)).ports == (PortDescription("fxs1", "fxs", "si3210", 3, 4),)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bus": {"kind": "usb"}}, 'my.toml: bus.kind is "usb", allowed "simboard", "spidev"'),
        ({"bus": {}}, 'my.toml: bus.kind is missing, allowed "simboard", "spidev"'),
        ({"bus": {"kind": "spidev", "speed": 1}}, "my.toml: bus.speed is not a setting; did you mean speed_hz?"),
        ({"bus": {"kind": "spidev", "reset_gpio": 99}}, "my.toml: bus.reset_gpio is 99, allowed -1 to 63"),
        ({"highway": {"kind": "i2s"}}, 'my.toml: highway.kind is "i2s", allowed "none", "simboard"'),
        ({"port": []}, "my.toml: port is missing, allowed one [[port]] table for every line"),
        ({"port": 3}, "my.toml: port is missing, allowed one [[port]] table for every line"),
        (
            {"port": [PORT | {"name": "kitchen"}]},
            'my.toml: port[1].name is "kitchen", allowed names fxs1 to fxs99, fxo1',
        ),
        (
            {"port": [PORT | {"chip": "tlv320"}]},
            'my.toml: port[1].chip is "tlv320", allowed "si3210", "si3215"',
        ),
        (
            {"port": [PORT | {"chip": "si3050"}]},
            "my.toml: port[1].chip is si3050, on an fxs port, allowed si3210",
        ),
        (
            {"port": [PORT | {"name": "fxo1", "kind": "fxo"}]},
            "my.toml: port[1].chip is si3210, on an fxo port, allowed si3050",
        ),
        ({"port": [PORT, SECOND | {"slot": 32}]}, "my.toml: port[2].slot is 32, allowed 0 to 31"),
        ({"port": [PORT, SECOND | {"cs": 0}]}, "my.toml: port[2].cs is 0, as in port[1]"),
        (
            {"lifeline": {"telephone": "fxs1", "line": "fxo1", "relay_gpio": 5}},
            'my.toml: lifeline.line is "fxo1", allowed none, there is no fxo port',
        ),
        (
            {"lifeline": {"telephone": "fxs3", "line": "fxo1"}},
            'my.toml: lifeline.telephone is "fxs3", allowed fxs1, fxs2',
        ),
        ({"lifeline": {"telephone": "fxs1"}}, "my.toml: lifeline.relay_gpio is -1, allowed 0 to 63"),
        ({"colour": "red"}, "my.toml: colour is not a setting"),
    ],
)
def test_a_mistake_is_told_with_file_key_value_and_what_is_allowed(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(GOOD | change, "my.toml")
    assert any(str(mistake).startswith(sentence) for mistake in refused.value.mistakes), str(refused.value)


def test_an_unknown_board_names_those_there_are() -> None:
    with pytest.raises(
        SettingsError,
        match=r"minipc: is no known board, allowed rpi-oak, sim, sim-2fxo, sim-4fxs, sim-fxo, sim-lifeline "
        r"or a \.toml file",
    ):
        load("minipc")


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"broken\.toml: cannot be read: Invalid value"):
        load(str(path))
