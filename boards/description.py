"""Board files: what is soldered where, checked like the settings are.

`load("sim")` reads `boards/sim.toml`, `load("/etc/my-board.toml")` a file of one's own. A
mistake is told with file, key, value and what is allowed (`SettingsError`); an unknown key is
one too. `wiring.py` makes live ports of a description.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from firmware.config.check import Checker
from firmware.config.declaration import PORT_NAME, Words, group, setting
from firmware.config.mistake import Mistake, SettingsError

FOLDER = Path(__file__).parent
NO_GPIO = -1
CHIPS = {"fxs": ("si3210", "si3215"), "fxo": ("si3050",)}
"""By kind of port."""


@dataclass(frozen=True, slots=True)
class BusDescription:
    """[bus]: how the chips' registers are reached."""

    kind: str = setting(
        "",
        required=True,
        one_of=("simboard", "spidev"),
        help_en="The simulated board's socket, or a Linux SPI bus.",
        help_es="El socket de la placa simulada o un bus SPI de Linux.",
    )
    number: int = setting(
        0, low=0, high=9, help_en="B of /dev/spidevB.C; C is a port's cs.", help_es="La B de /dev/spidevB.C."
    )
    speed_hz: int = setting(
        2_500_000,
        low=100_000,
        high=16_000_000,
        unit="Hz",
        help_en="SPI clock; 2.5 to 5 MHz is proven in the field.",
        help_es="Reloj SPI; entre 2,5 y 5 MHz está probado.",
    )
    reset_gpio: int = setting(
        NO_GPIO,
        low=NO_GPIO,
        high=63,
        help_en="GPIO of the card's reset line, active low; -1 for none.",
        help_es="GPIO de la línea de reinicio, activa a nivel bajo; -1 si no hay.",
    )
    interrupt_gpio: int = setting(
        NO_GPIO,
        low=NO_GPIO,
        high=63,
        help_en="GPIO of the chips' interrupt, active low; -1 when the chips are polled.",
        help_es="GPIO de la interrupción, activa a nivel bajo; -1 si se consultan los chips.",
    )


@dataclass(frozen=True, slots=True)
class HighwayDescription:
    """[highway]: how the voice reaches the chips; left out on a board without voice."""

    kind: str = setting(
        "none",
        one_of=("none", "simboard"),
        help_en="The simulated board's shared memory, or none.",
        help_es="La memoria compartida de la placa simulada, o ninguna.",
    )


@dataclass(frozen=True, slots=True)
class PortDescription:
    """[[port]]: one line."""

    name: str = setting(
        "",
        required=True,
        rule=PORT_NAME,
        help_en="Name of the line.",
        help_es="Nombre de la línea.",
    )
    kind: str = setting(
        "",
        required=True,
        one_of=("fxs", "fxo"),
        help_en="A telephone (fxs) or an exchange line (fxo).",
        help_es="Un teléfono (fxs) o una línea de la central (fxo).",
    )
    chip: str = setting(
        "",
        required=True,
        one_of=("si3210", "si3215", "si3050"),
        help_en="Chip family that must answer.",
        help_es="Familia de chip que debe responder.",
    )
    cs: int = setting(0, required=True, low=0, high=7, help_en="Chip select.", help_es="Selección de chip.")
    slot: int = setting(
        0,
        required=True,
        low=0,
        high=31,
        help_en="Time slot on the PCM highway.",
        help_es="Intervalo en el bus PCM.",
    )


@dataclass(frozen=True, slots=True)
class LifelineDescription:
    """[lifeline]: the relay that joins a telephone with an exchange line without power; left out where none is."""

    telephone: str = setting("", help_en="The telephone port.", help_es="El puerto del teléfono.")
    line: str = setting("", help_en="The exchange line.", help_es="La línea de la central.")
    relay_gpio: int = setting(
        NO_GPIO,
        low=NO_GPIO,
        high=63,
        help_en="GPIO that draws the relay, active high; -1 on the simulated board.",
        help_es="GPIO que acciona el relé, activo a nivel alto; -1 en la placa simulada.",
    )


@dataclass(frozen=True, slots=True)
class BoardDescription:
    """A whole board file."""

    name: str = setting("", required=True, help_en="Name of the board.", help_es="Nombre de la placa.")
    title: str = setting("", help_en="What people call it.", help_es="Cómo se la conoce.")
    ring_at_once: int = setting(
        16,
        low=1,
        high=16,
        help_en="How many lines the supply can ring in the same instant; the bursts of others wait for their turn.",
        help_es="Cuántas líneas puede hacer sonar la alimentación a la vez; las demás esperan su turno.",
    )
    bus: BusDescription = group(BusDescription, help_en="Bus of the chips", help_es="Bus de los chips")  # noqa: RUF009
    highway: HighwayDescription = group(HighwayDescription, help_en="Voice", help_es="Voz")  # noqa: RUF009
    lifeline: LifelineDescription = group(LifelineDescription, help_en="Lifeline", help_es="Línea de vida")  # noqa: RUF009
    ports: tuple[PortDescription, ...] = ()


def names() -> list[str]:
    """The boards that come with Tipring."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def is_simulated(board: str) -> bool:
    """Whether `board` needs the process `tipring-simboard`. Raises SettingsError like `load`."""
    return load(board).bus.kind == "simboard"


def load(board: str) -> BoardDescription:
    """Read and check the file of `board`: a name from `names()` or a path ending in .toml.

    Raises SettingsError with every mistake of the file.
    """
    path = Path(board) if board.endswith(".toml") else FOLDER / f"{board}.toml"
    if not path.is_file():
        listed = ", ".join(names())
        allowed = Words(f"{listed} or a .toml file", f"{listed} o un fichero .toml")
        problem = Words(
            f"is no known board, allowed {allowed.en}", f"no es una placa conocida, se permite {allowed.es}"
        )
        raise SettingsError([Mistake(board, "", board, allowed, problem)])
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        allowed = Words("a readable TOML file", "un fichero TOML legible")
        problem = Words(f"cannot be read: {error}", f"no se puede leer: {error}")
        raise SettingsError([Mistake(str(path), "", "", allowed, problem)]) from error
    return parse(table, str(path))


def parse(table: dict[str, object], file: str) -> BoardDescription:
    """Check a parsed board file. Raises SettingsError naming `file` and every mistake."""
    checker = Checker(file)
    rest = {"bus": {}, **{key: value for key, value in table.items() if key != "port"}}
    described = replace(checker.table(BoardDescription, rest), ports=_ports(checker, table.get("port", [])))
    _refuse_twins(checker, described.ports)
    _refuse_wrong_chips(checker, described.ports)
    _check_lifeline(checker, described)
    if checker.mistakes:
        raise SettingsError(checker.mistakes)
    return described


def _ports(checker: Checker, entries: object) -> tuple[PortDescription, ...]:
    if not isinstance(entries, list) or not entries:
        allowed = Words("one [[port]] table for every line", "una tabla [[port]] por línea")
        checker.note("port", Words(f"is missing, allowed {allowed.en}", f"falta, se permite {allowed.es}"), allowed)
        return ()
    return tuple(checker.table(PortDescription, entry, f"port[{n}]") for n, entry in enumerate(entries, 1))


def _refuse_wrong_chips(checker: Checker, ports: tuple[PortDescription, ...]) -> None:
    """An exchange line wants a chip that goes off hook, a telephone one that feeds."""
    for number, port in enumerate(ports, 1):
        fitting = CHIPS.get(port.kind, ())
        if port.chip and fitting and port.chip not in fitting:
            listed = ", ".join(fitting)
            problem = Words(
                f"is {port.chip}, on an {port.kind} port, allowed {listed}",
                f"es {port.chip}, en un puerto {port.kind}, se permite {listed}",
            )
            checker.note(f"port[{number}].chip", problem, Words(listed, listed), port.chip)


def _check_lifeline(checker: Checker, described: BoardDescription) -> None:
    """The relay joins two ports of this board, and somebody must be able to draw it."""
    relay = described.lifeline
    if relay == LifelineDescription():
        return
    for key, kind in (("telephone", "fxs"), ("line", "fxo")):
        fitting = [port.name for port in described.ports if port.kind == kind]
        if getattr(relay, key) not in fitting:
            listed = ", ".join(fitting)
            allowed = Words(listed or f"none, there is no {kind} port", listed or f"nada, no hay puerto {kind}")
            checker.wrong(f"lifeline.{key}", getattr(relay, key), allowed)
    if described.bus.kind == "spidev" and relay.relay_gpio == NO_GPIO:
        checker.wrong("lifeline.relay_gpio", NO_GPIO, Words("0 to 63", "de 0 a 63"))


def _refuse_twins(checker: Checker, ports: tuple[PortDescription, ...]) -> None:
    """Two ports cannot share a name, a chip select or a time slot."""
    for key in ("name", "cs", "slot"):
        first: dict[object, int] = {}
        for number, port in enumerate(ports, 1):
            value = getattr(port, key)
            earlier = first.setdefault(value, number)
            if earlier != number:
                allowed = Words("a value of its own for each port", "un valor distinto en cada puerto")
                problem = Words(f"is {value}, as in port[{earlier}]", f"es {value}, como en port[{earlier}]")
                checker.note(f"port[{number}].{key}", problem, allowed, str(value))
