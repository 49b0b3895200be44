"""`tipring run`: the whole appliance in the foreground, and the words that tell how to use it.

The work is done by `service.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from boards.description import is_simulated
from boards.description import load as describe
from firmware.app_log import set_up_logging
from firmware.cli_check import known_countries, print_mistakes
from firmware.cli_output import complain, say
from firmware.config.load import Loaded, load_or_last_good
from firmware.config.mistake import SettingsError
from firmware.config.sample import SETTINGS_FILE, SampleSite, ensure_sample
from firmware.config.settings import Settings
from firmware.config.sip_settings import Sip
from firmware.control.paths import check_length, core_socket
from firmware.service import BoardLines, Supervisor, plan
from firmware.service_lock import AlreadyRunning, RunLock
from firmware.version import VERSION

APPLIANCE_SETTINGS = Path("/etc/tipring/tipring.toml")
APPLIANCE_DATA = Path("/var/lib/tipring")


def add(commands: Any) -> None:
    """Add the command to the command line."""
    run = commands.add_parser(
        "run",
        help="start everything in the foreground",
        description="Start Tipring in the foreground: line board, core and web page. The first run makes a sample "
        "site in the data folder: telephones 101 and 102, SIP users 201 to 204. Ctrl-C ends it.",
        epilog="examples:\n  tipring run\n  tipring run --data /tmp/site\n"
        "  TIPRING_SOCKET=/tmp/second/core.sock tipring run --config second.toml --data /tmp/second",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument(
        "--config",
        type=Path,
        metavar="F",
        help=f"settings file (default {APPLIANCE_SETTINGS} if it exists, else {SETTINGS_FILE} in DIR)",
    )
    run.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"data folder (default {APPLIANCE_DATA} if it exists, else ~/.local/share/tipring)",
    )
    run.add_argument("--board", default="sim", metavar="NAME", help="line board: sim (default) or a name in boards/")
    run.set_defaults(do=run_all)


def run_all(args: argparse.Namespace) -> int:
    """`tipring run`."""
    set_up_logging("run")
    if not _board_file(args.board).exists():
        known = ", ".join(sorted(p.stem for p in _board_file("sim").parent.glob("*.toml")))
        complain(
            say(f"There is no board {args.board}; known: {known}", f"No existe la placa {args.board}; hay: {known}")
        )
        return 2
    data = args.data.absolute() if args.data else default_data()
    try:
        site = None if args.config or APPLIANCE_SETTINGS.exists() else ensure_sample(data)
        config = args.config.absolute() if args.config else site.settings if site else APPLIANCE_SETTINGS
        loaded = load_or_last_good(config, data, known_countries(), keep=False)
        run = core_socket().parent
        check_length(run / "simboard.spi")
        run.mkdir(parents=True, exist_ok=True, mode=0o700)
        with RunLock(run):
            return _supervise(config, data, args.board, run, loaded, site)
    except SettingsError as error:
        print_mistakes(error.mistakes)
        complain(say("Mend the settings file, then start again.", "Corrija el fichero de ajustes y arranque de nuevo."))
        return 2
    except AlreadyRunning as running:
        complain(
            say(
                f"Tipring is running already on {running.folder}, as process {running.pid}. "
                f"Stop that one first (kill {running.pid}), or give this one another TIPRING_SOCKET.",
                f"Tipring ya está en marcha en {running.folder}, es el proceso {running.pid}. "
                f"Pare antes ese (kill {running.pid}) o dé a este otro TIPRING_SOCKET.",
            )
        )
    except OSError as error:
        complain(str(error))
    return 1


def _supervise(config: Path, data: Path, board: str, run: Path, loaded: Loaded, site: SampleSite | None) -> int:
    settings = loaded.settings
    print(f"Tipring {VERSION}: {say('starting', 'arrancando')} …", flush=True)
    for notice in loaded.notices:
        complain(say(f"WARNING: {notice.en}", f"ATENCIÓN: {notice.es}"))
    if site is not None and site.passwords:
        print(_first_run_text(site), flush=True)

    if not _sip_ports_are_free(settings.sip, config):
        return 1
    listen, port = settings.web.listen, settings.web.port
    taken = port_is_taken(listen, port)
    if taken:
        complain(
            say(
                f"WARNING: another program uses port {port}; the page waits for it. Another one: web.port in {config}",
                f"ATENCIÓN: otro programa usa el puerto {port}; la página lo espera. Otro puerto: web.port en {config}",
            )
        )

    def ready(page_answers: bool) -> None:
        print(ready_text(settings, board, run, page_answers and not taken, site), flush=True)

    supervisor = Supervisor(plan(config, data, board, run, settings), BoardLines(board, run), ready)
    code = asyncio.run(supervisor.run())
    if code == 0:
        print(say("Tipring has ended.", "Tipring ha terminado."))
    return code


def _sip_ports_are_free(sip: Sip, config: Path) -> bool:
    """False, and said why, when another program holds one of the ports for SIP."""
    tcp_port = sip.udp_port if sip.tcp_port is None else sip.tcp_port
    for kind, port, key in (
        ("UDP", sip.udp_port, "udp_port"),
        ("TCP", tcp_port, "tcp_port"),
        ("TCP", sip.tls_port, "tls_port"),
    ):
        of_kind = socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM
        if port and any(port_is_taken(ip, port, of_kind) for ip in sip.listen):
            complain(
                say(
                    f"Another program uses {kind} port {port} (a second Tipring?). Another one: sip.{key} in {config}",
                    f"Otro programa usa el puerto {kind} {port} (¿otro Tipring?). Otro puerto: sip.{key} en {config}",
                )
            )
            return False
    return True


def _first_run_text(site: SampleSite) -> str:
    listed = "\n".join(f"    {user}  {password}" for user, password in site.passwords.items())
    return say(
        f"First run: a sample site was made in {site.settings.parent}.\n  SIP users and passwords:\n{listed}",
        f"Primer arranque: se ha creado una instalación de muestra en {site.settings.parent}.\n"
        f"  Usuarios SIP y contraseñas:\n{listed}",
    )


def ready_text(settings: Settings, board: str, run: Path, page_answers: bool, site: SampleSite | None) -> str:
    """Where the page is and how to dial, in plain words."""
    listen = settings.sip.listen[0]
    loopback = listen.startswith("127.") or listen == "::1"
    host = settings.sip.advertise or ("127.0.0.1" if loopback or listen in {"0.0.0.0", "::"} else listen)
    users = list(settings.users)
    command = command_name() if run in default_run_folders() else f"TIPRING_SOCKET={run}/core.sock {command_name()}"
    lines = ["", say("Tipring is ready.", "Tipring está listo.")]
    page = "127.0.0.1" if settings.web.listen == "0.0.0.0" else settings.web.listen
    if page_answers:
        lines.append(f"  {say('Page', 'Página')}:  http://{page}:{settings.web.port}/")
    else:
        lines.append(
            say(
                f"  The page does not answer on {page}:{settings.web.port}; see the messages above.",
                f"  La página no responde en {page}:{settings.web.port}; vea los mensajes de arriba.",
            )
        )
    if users:
        where = f"; {say('passwords in', 'contraseñas en')} {site.passwords_file}" if site else ""
        lines.append(
            f"  {say('SIP phones', 'Teléfonos SIP')}:  {say('server', 'servidor')} {host}:{settings.sip.udp_port} "
            f"(UDP), {say('users', 'usuarios')} {', '.join(users)}{where}"
        )
    ports = [port.name for port in describe(board).ports]
    telephones = {name: line for name, line in settings.lines.items() if name in ports}
    lines += [
        f"  {line.number} → {name}" + (f" ({line.name})" if line.name else "") for name, line in telephones.items()
    ]
    if is_simulated(board) and telephones:
        first, *others = telephones
        number = telephones[others[0]].number if others else users[0] if users else "201"
        lines += [
            f"  {say('To make a call, in another terminal', 'Para llamar, en otra terminal')}:",
            f"    {command} rig phone {first} lift",
            f"    {command} rig phone {first} dial {number}",
        ]
        if others:
            lines.append(f"    {command} rig phone {others[0]} lift")
        lines += _outside_text(settings, board, command)
    lines.append(f"  {say('What happens', 'Qué pasa')}:  {command} status")
    lines.append(say("  Ctrl-C ends it.", "  Ctrl-C lo termina."))
    return "\n".join(lines)


def _outside_text(settings: Settings, board: str, command: str) -> list[str]:
    """How a call comes in and goes out on the simulated exchange lines that the board has."""
    trunks = [port.name for port in describe(board).ports if port.name in settings.exchange_lines]
    lines = [
        f"  {say('A call from outside', 'Una llamada de fuera')}:  {command} rig exchange {name} ring"
        for name in trunks
        if settings.exchange_lines[name].target
    ]
    ways = [way for way in settings.outbound.values() if set(way.lines) & set(trunks)]
    return lines + [f"  {say('To call out', 'Para llamar fuera')}:  {way.prefix} …" for way in ways]


def port_is_taken(listen: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether another program holds that TCP (or, with SOCK_DGRAM, UDP) port already."""
    with socket.socket(socket.AF_INET6 if ":" in listen else socket.AF_INET, kind) as probe:
        if ":" in listen:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def command_name() -> str:
    """How to call us again: `tipring` where the shell finds it, else the path that was used."""
    called = Path(sys.argv[0]).absolute()
    if called.name != "tipring" or shutil.which("tipring") == str(called):
        return "tipring"
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)


def default_run_folders() -> tuple[Path, ...]:
    """Folders that the other commands find by themselves."""
    return (Path("/run/tipring"), Path(f"/tmp/tipring-{os.getuid()}"))


def default_data() -> Path:
    """/var/lib/tipring where it exists and is writable, else the user's own data folder (XDG)."""
    if os.access(APPLIANCE_DATA, os.W_OK):
        return APPLIANCE_DATA
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base).absolute() / "tipring"


def _board_file(board: str) -> Path:
    return Path(__file__).resolve().parents[1] / "boards" / f"{Path(board).name}.toml"
