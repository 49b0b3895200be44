"""The sample site of a first run: two telephones, an exchange line, four SIP phones, everything on loopback.

Written into the data folder once and never touched again. Passwords are random; the file
holds their check values, `passwords.txt` beside it (0600) the clear ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmware.config.load import write_private
from firmware.config.password import check_values, random_password

SETTINGS_FILE = "tipring.toml"
PASSWORDS_FILE = "passwords.txt"
_LINES = {"fxs1": ("101", "Recepción"), "fxs2": ("102", "Taller")}
_USERS = {"201": "Ana", "202": "Luis", "203": "Marta", "204": "Pablo"}


@dataclass(frozen=True, slots=True)
class SampleSite:
    """Where the files are, and the clear passwords by user (empty when the site existed before)."""

    settings: Path
    passwords_file: Path
    passwords: dict[str, str]


def ensure_sample(data: Path) -> SampleSite:
    """Write the sample site into `data` unless it is there. Raises OSError when it cannot."""
    settings, passwords_file = data / SETTINGS_FILE, data / PASSWORDS_FILE
    if settings.exists():
        return SampleSite(settings, passwords_file, {})
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    passwords = {user: random_password() for user in _USERS}
    listed = "".join(f"{user} {password}\n" for user, password in passwords.items())
    write_private(passwords_file, listed.encode())
    write_private(settings, sample_toml(passwords).encode())
    return SampleSite(settings, passwords_file, passwords)


def sample_toml(passwords: dict[str, str]) -> str:
    """The sample site as TOML, with check values made from `passwords` (user -> clear password)."""
    parts = [
        "# Sample site, made at the first run. / Instalación de muestra, creada en el primer arranque.",
        f"# Clear passwords / Contraseñas: {PASSWORDS_FILE}",
        'country = "es"',
        'language = "es"',
        "",
        "[sip]",
        'listen = "127.0.0.1"',
        "",
        "[web]",
        'listen = "127.0.0.1"',
    ]
    for line, (number, name) in _LINES.items():
        parts += ["", f"[lines.{line}]", f'number = "{number}"', f'name = "{name}"']
    parts += ["", "[lines.fxo1]", f'target = "{_LINES["fxs1"][0]}"', 'name = "Calle"']
    parts += ["", "[outbound.city]", 'prefix = "0"', "strip = 1", 'lines = ["fxo1"]']
    for user, name in _USERS.items():
        parts += ["", f"[users.{user}]", f'name = "{name}"', check_values(user, passwords[user]).lines().rstrip()]
    return "\n".join(parts) + "\n"
