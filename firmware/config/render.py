"""The commented sample file, made from the declarations so that it cannot lag behind them."""

from __future__ import annotations

import json

from firmware.config.declaration import Declaration, declarations, defaults
from firmware.config.settings import Settings

_HEAD = {
    "en": "# Tipring settings. Only what differs from the defaults has to stand here.\n"
    "# Check this file with: tipring check FILE\n",
    "es": "# Ajustes de Tipring. Aquí solo hace falta lo que difiera de los valores de fábrica.\n"
    "# Compruebe este fichero con: tipring check FICHERO\n",
}


def render_sample(language: str = "en") -> str:
    """Every setting with help, range and default, all commented out: a valid TOML file of defaults."""
    parts = [_HEAD["es" if language == "es" else "en"]]
    parts += _values(Settings, language)
    for name, declared in declarations(Settings).items():
        if declared.group is None:
            continue
        title = name if declared.named is None else f"{declared.table or name}.{declared.example}"
        parts += ["", f"# {declared.help.text(language)}.", f"# [{title}]", *_values(declared.group, language)]
    return "\n".join(parts) + "\n"


def help_line(declared: Declaration, default: object, language: str) -> str:
    """Help of one setting: what it is, its range, its default."""
    spanish = language == "es"
    said = declared.help.text(language)
    if declared.low is not None and declared.high is not None:
        unit = f" {declared.unit}" if declared.unit else ""
        said += f" ({declared.low:.10g} {'a' if spanish else 'to'} {declared.high:.10g}{unit})"
    elif declared.one_of:
        said += f" ({', '.join(declared.one_of)})"
    if declared.required:
        return said + (". Obligatorio." if spanish else ". Required.")
    if default is None:
        return said + "."
    return said + f". {'De fábrica' if spanish else 'Default'}: {_toml(default)}."


def _values(cls: type, language: str) -> list[str]:
    lines: list[str] = []
    plain = defaults(cls)
    for name, declared in declarations(cls).items():
        if declared.group is None:
            lines += [f"# {help_line(declared, plain[name], language)}", f"# {name} = {_toml(declared.example)}"]
    return lines


def _toml(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
