"""Reads the settings file, and falls back to the last good one.

A file that passes is copied to the data folder as `settings.last-good.toml`; when a later
file is bad, the house starts with that copy and says so (`Loaded.notices`). Without a copy
the start is refused with everything that is to be mended (`SettingsError`).
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from firmware.config.check import Checker
from firmware.config.cross_check import KnownCountries, cross_check
from firmware.config.declaration import Words
from firmware.config.mistake import Mistake, SettingsError
from firmware.config.remarks import remarks
from firmware.config.settings import Settings
from firmware.config.toml_syntax import syntax_words

LAST_GOOD = "settings.last-good.toml"
_MAX_OCTETS = 1 << 20
_VALID_TOML = Words("valid TOML", "TOML válido")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the page and the log must say loudly. level: "warning" or "error"."""

    level: str
    en: str
    es: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force, where they came from, and what must be said about it."""

    settings: Settings
    path: Path
    notices: tuple[Notice, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def load(path: Path, known_countries: KnownCountries | None = None) -> Settings:
    """Read and check one file. Raises SettingsError with all mistakes."""
    return _parse(path.name, _read(path), known_countries)


def load_or_last_good(
    path: Path, data: Path, known_countries: KnownCountries | None = None, *, keep: bool = True
) -> Loaded:
    """The settings to start with. keep: copy a good file to `data` (only core does, it is the one writer).

    Raises SettingsError when the file is bad and no usable last good one exists.
    """
    try:
        content = _read(path)
        settings = _parse(path.name, content, known_countries)
    except SettingsError as bad:
        fallback = data / LAST_GOOD
        try:
            settings = load(fallback, known_countries)
        except SettingsError:
            raise bad from None
        return Loaded(settings, fallback, (_fallback_notice(bad.mistakes),), tuple(bad.mistakes))
    if keep:
        write_private(data / LAST_GOOD, content)
    remarked = (Notice("warning", remark.text("en"), remark.text("es")) for remark in remarks(settings))
    return Loaded(settings, path, tuple(remarked))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all, even in a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _fallback_notice(mistakes: list[Mistake]) -> Notice:
    more = len(mistakes) - 1
    return Notice(
        "error",
        "The settings file is not usable; running with the last good settings. "
        + mistakes[0].text("en")
        + (f" (and {more} more: tipring check)" if more else ""),
        "El fichero de ajustes no sirve; se usan los últimos ajustes buenos. "
        + mistakes[0].text("es")
        + (f" (y {more} más: tipring check)" if more else ""),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_OCTETS + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Words(f"cannot be read: {reason}", f"no se puede leer: {reason}")
        raise SettingsError(
            [Mistake(str(path), "", "", Words("a readable file", "un fichero legible"), problem)]
        ) from None
    if len(content) > _MAX_OCTETS:
        small = Words("at most 1 MiB", "como mucho 1 MiB")
        problem = Words("is larger than 1 MiB", "ocupa más de 1 MiB")
        raise SettingsError([Mistake(path.name, "", "", small, problem)])
    return content


def _parse(name: str, content: bytes, known_countries: KnownCountries | None) -> Settings:
    """A byte order mark at the beginning is passed over: some editors write one."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = Words(
            f"line {line} is not UTF-8 text; save the file as UTF-8 in the editor",
            f"la línea {line} no es texto UTF-8; guarde el fichero como UTF-8 en el editor",
        )
        raise SettingsError([Mistake(name, "", "", Words("UTF-8", "UTF-8"), problem)]) from None
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError([Mistake(name, "", "", _VALID_TOML, syntax_words(text, str(error)))]) from None
    checker = Checker(name)
    settings = checker.table(Settings, table)
    cross_check(settings, checker, known_countries)
    if checker.mistakes:
        raise SettingsError(checker.mistakes)
    return settings
