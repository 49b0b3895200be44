"""The page's texts: one catalogue file (`words.toml`) with English and Spanish side by side.

Also here: which language a browser gets, and how numbers are written in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LANGUAGES = {"es": "Español", "en": "English"}
_FILE = Path(__file__).with_name("words.toml")


def read_catalogue(path: Path = _FILE) -> dict[str, dict[str, str]]:
    """Dotted key -> language -> text."""
    found: dict[str, dict[str, str]] = {}

    def walk(table: Mapping[str, object], prefix: str) -> None:
        texts = {k: v for k, v in table.items() if isinstance(v, str)}
        if texts:
            found[prefix] = texts
        for key, inner in table.items():
            if isinstance(inner, Mapping):
                walk(inner, f"{prefix}.{key}" if prefix else key)

    walk(tomllib.loads(path.read_text(encoding="utf-8")), "")
    return found


class Words:
    """The catalogue in one language. `words("lines.port")` gives the text; KeyError for an unknown key."""

    def __init__(self, language: str, catalogue: Mapping[str, Mapping[str, str]]) -> None:
        self.language = language
        self._texts = {key: texts[language] for key, texts in catalogue.items()}

    def __call__(self, key: str, **values: object) -> str:
        text = self._texts[key]
        return text.format(**values) if values else text

    def known(self, key: str, otherwise: str) -> str:
        """The text of `key`, or `otherwise` where the catalogue has none (a state it does not know)."""
        return self._texts.get(key, otherwise)

    def number(self, value: float, decimals: int = 1) -> str:
        """A number with the language's decimal sign and a true minus sign."""
        text = f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
        return text.replace(".", ",") if self.language == "es" else text

    def echo(self, figures: Mapping[str, Any] | None) -> str:
        """A line's echo canceller (`media.events.EchoStats` as core tells it) in a few words."""
        if figures is None:
            return self("echo.off")
        if figures["off_by_tone"]:
            return self("echo.modem")
        if figures["erl_db"] is None:
            return self("echo.learning")
        return f"{figures['erl_db']:.0f} + {figures['erle_db']:.0f} dB, {figures['delay_ms']:.0f} ms"

    def line_state(self, port: Mapping[str, Any]) -> str:
        """What a line of core's status is doing: "Idle, not to be disturbed"."""
        text = self._state("ringing" if port["ringing"] else port["state"])
        return f"{text}, {self('state.do_not_disturb').lower()}" if port.get("do_not_disturb") else text

    def without_power(self, status: Mapping[str, Any]) -> str:
        """Which telephone of core's status still works in a power cut: one on the lifeline, or none."""
        lifeline = status["lifeline"]
        if lifeline is None:
            return self("power.none")
        numbers = {port["name"]: port["number"] for port in status["ports"]}
        name = lifeline["telephone"]
        return self("power.one", telephone=name, number=numbers.get(name) or "-", line=lifeline["line"])

    def call_state(self, call: Mapping[str, Any]) -> str:
        """What a call of core's status is doing: held and three-way say more than talking."""
        state = "three-way" if call.get("three_way") else "held" if call.get("held_by") else call["state"]
        return self._state(state)

    def _state(self, state: str) -> str:
        return self.known("state." + state.lower().replace("-", "_").replace(" ", "_"), state)

    def peers(self, port: Mapping[str, Any]) -> str:
        """The numbers at the other end of a line's calls: "201, 102 (on hold)"."""
        known = [port["peer"]] if port["peer"] else []
        if port.get("other"):
            known.append(f"{port['other_peer']} ({self('state.' + port['other'].replace('-', '_')).lower()})")
        return ", ".join(known)


def choose_language(asked: str | None, cookie: str | None, accept: str, default: str) -> str:
    """`?lang=` wins, then the cookie, then Accept-Language (RFC 9110 section 12.5.4), then the settings."""
    for wanted in (asked, cookie):
        if wanted in LANGUAGES:
            return wanted
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept[:500].split(",")):
        tag, _, weight = part.strip().partition(";")
        quality = weight.strip().removeprefix("q=") if weight else "1"
        try:
            ranked.append((-float(quality), position, tag.split("-")[0].lower()))
        except ValueError:
            continue
    for minus_quality, _, tag in sorted(ranked):
        if tag in LANGUAGES and minus_quality < 0:
            return tag
    return default
