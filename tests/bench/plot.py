"""Line plots as SVG, written by hand: no plotting library is worth its weight for one picture."""

from __future__ import annotations

from dataclasses import dataclass, field

WIDTH, HEIGHT, LEFT, TOP, GAP = 720, 260, 64, 40, 70
LINES = 6


@dataclass
class Curve:
    name: str
    colour: str
    points: list[tuple[float, float]]
    dashed: bool = False


@dataclass
class Panel:
    """One diagram, its y from low to high. bar: a value drawn as a dashed line."""

    title: str
    low: float
    high: float
    bar: float | None
    curves: list[Curve] = field(default_factory=list)


def _text(x: float, y: float, words: str, extra: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{words}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, extra: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {extra}/>'


def draw(title: str, x_title: str, x_range: tuple[float, float], panels: list[Panel]) -> str:
    """The panels one above the other, over the same x."""
    total = TOP + len(panels) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{total}" fill="#fff"/>',
        _text(LEFT, 22, title, 'font-size="16" font-weight="bold"'),
    ]
    for at, panel in enumerate(panels):
        parts += _panel(panel, TOP + at * (HEIGHT + GAP), x_range, x_title)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, top: float, x_range: tuple[float, float], x_title: str) -> list[str]:
    bottom, right = top + HEIGHT, WIDTH - 20

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_range[0]) / (x_range[1] - x_range[0])
        return LEFT + across * (right - LEFT), bottom - (y - panel.low) / (panel.high - panel.low) * (HEIGHT - 24)

    parts = [
        _text(LEFT, top + 14, panel.title, 'font-weight="bold"'),
        _text(right, bottom + 36, x_title, 'text-anchor="end"'),
    ]
    for i in range(LINES + 1):
        value = panel.low + (panel.high - panel.low) * i / LINES
        y = place(x_range[0], value)[1]
        parts += [_line(LEFT, y, right, y, "#ddd"), _text(LEFT - 8, y + 4, f"{value:g}", 'text-anchor="end"')]
    for i in range(5):
        value = x_range[0] + (x_range[1] - x_range[0]) * i / 4
        parts.append(_text(place(value, panel.low)[0], bottom + 18, f"{value:g}", 'text-anchor="middle"'))
    if panel.bar is not None:
        y = place(x_range[0], panel.bar)[1]
        parts.append(_line(LEFT, y, right, y, "#888", 'stroke-dasharray="6 4"'))
    x_name = LEFT + 170.0
    for curve in panel.curves:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in curve.points))
        dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{curve.colour}" stroke-width="2"{dash}/>')
        parts.append(_text(x_name, top + 14, curve.name, f'fill="{curve.colour}"'))
        x_name += 8 * len(curve.name) + 20
    return parts
