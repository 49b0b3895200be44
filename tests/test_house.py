"""The shape of the house: who may import whom, no circles, small faces.

The table is architecture's import table. A line names what each room may import of ours,
always also itself; everything may use the standard library.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS: dict[str, set[str]] = {
    "drivers": set(),
    "boards": {"drivers", "firmware.config"},
    "firmware.config": set(),
    "firmware.telephony": set(),
    "firmware.control": {"firmware.telephony"},
    "firmware.media": {"firmware.telephony", "firmware.config"},
    "firmware.lines": {
        "firmware.telephony",
        "firmware.config",
        "firmware.media",
        "drivers.ports",
        "drivers.exchange_port",
        "drivers.errors",
    },
    "firmware.sip": {"firmware.telephony", "firmware.config", "firmware.media"},
    "firmware.pbx": {"firmware.telephony", "firmware.config", "firmware.media"},
    "firmware.web": {"firmware.telephony", "firmware.config", "firmware.control"},
}  # fmt: skip
FREE = {"firmware"}  # app, service, cli and their siblings join the rooms
CORE_NEVER_IMPORTS = {"numpy", "aiohttp", "jinja2", "scipy"}


def sources() -> list[Path]:
    return [p for top in ("drivers", "boards", "firmware") for p in sorted((ROOT / top).rglob("*.py"))]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sources()}


@cache
def imports_of(module: str) -> dict[str, bool]:
    """Every module `module` imports -> whether it does so when it is itself imported (not inside a function)."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    inner = {
        id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef) for n in ast.walk(f)
    }
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names = [n if (n := f"{node.module}.{a.name}") in MODULES else str(node.module) for a in node.names]
        for name in names:
            found[name] = found.get(name, False) or id(node) not in inner
    return found


def room_of(module: str) -> str:
    return max((r for r in [*ROOMS, *FREE] if module == r or module.startswith(r + ".")), key=len)


def ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in {"drivers", "boards", "firmware"}


@pytest.mark.parametrize("module", MODULES)
def test_import_table_holds(module: str) -> None:
    room = room_of(module)
    if room in FREE:
        return
    for name in filter(ours, imports_of(module)):
        allowed = ROOMS[room] | {room}
        assert any(name == a or name.startswith(a + ".") for a in allowed), f"{module} must not import {name}"


def test_no_circles() -> None:
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, "circle: " + " -> ".join((*path[path.index(module) :], module))
        if module in done or module not in MODULES:
            return
        for name in filter(ours, imports_of(module)):
            walk(name, (*path, module))
        done.add(module)

    for module in MODULES:
        walk(module, ())


def test_package_faces_hold_a_docstring_and_nothing_else() -> None:
    for path in (p for p in sources() if p.name == "__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1 and isinstance(body[0], ast.Expr), path


def test_every_module_says_what_it_is() -> None:
    silent = [m for m, p in MODULES.items() if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert not silent


def test_core_never_loads_the_heavy_packages() -> None:
    """numpy alone would cost core a third of its memory bar."""
    seen: set[str] = set()
    todo = ["firmware.app"]
    while todo:
        module = todo.pop()
        if module in seen or module not in MODULES:
            continue
        seen.add(module)
        for name, _ in imports_of(module).items():
            assert name.split(".")[0] not in CORE_NEVER_IMPORTS, f"{module} imports {name}"
            todo.append(name)
    assert len(seen) > 20


def test_no_file_is_named_like_the_standard_library() -> None:
    allowed = {"__init__", "__main__"}
    bad = [m for m in MODULES if (last := m.split(".")[-1]) in sys.stdlib_module_names and last not in allowed]
    assert not bad
