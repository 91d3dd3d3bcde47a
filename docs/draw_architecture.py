"""Draw docs/images/architecture.png from the imports of the package.

    python docs/draw_architecture.py

A room is a folder of ``avts_mm``, its width the root of its lines; it stands
above all rooms that it imports. An arrow is an import, the wider the more
modules it is in. Numbers are the stations of a sample (docs/architecture.md).
"""

from pathlib import Path

import grimp
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'avts_mm'
TARGET = ROOT / 'docs' / 'images' / 'architecture.png'

# What it is for, and the stations of a sample that are there.
ROOMS = {
    'apis': ('what a trained model is for:\nfeatures, offsets of films', ''),
    'engine': ('loops, hooks,\nschedulers', ''),
    'compat': ('what the host stack\nneeds to run today', ''),
    'preparation': ('a folder of videos\nto a corpus', ''),
    'synthetic': ('the embedded\ncorpus', ''),
    'datasets': ('records, plan, sample,\ntransforms', '1 2 4'),
    'media': ('files and pictures and sound\nat exact seconds', '3'),
    'models': ('towers, projections,\nheads, losses', '5 6'),
    'evaluation': ('metrics and\nintervals', '7'),
    'visualization': ('pictures of what\nis learned', ''),
    'weights': ('checkpoints, and\ntowers in them', ''),
}
# From left to right on each floor.
ORDER = [*('apis', 'engine', 'preparation', 'synthetic', 'datasets')]
ORDER += ['compat', 'media', 'models', 'evaluation', 'visualization']
ORDER += ['weights']
WAY, ROOM, INK = '#c0562f', '#f2efe8', '#333333'
HEIGHT, FLOOR, GAP = 1.0, 2.0, 0.45


def room_of(module: str) -> str | None:
    """The room of a module; None for those of the package itself."""
    parts = module.split('.')
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def read_imports() -> dict[tuple[str, str], int]:
    """How many imports there are from one room into another."""
    graph = grimp.build_graph('avts_mm')
    counts: dict[tuple[str, str], int] = {}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = room_of(module), room_of(imported)
            if None not in pair and pair[0] != pair[1]:
                counts[pair] = counts.get(pair, 0) + 1
    return counts


def floors(imports) -> dict[str, int]:
    """The floor of each room: one above the highest that it imports."""
    floor: dict[str, int] = {}

    def of(room: str) -> int:
        if room not in floor:
            below = [of(b) for a, b in imports if a == room]
            floor[room] = max(below, default=-1) + 1
        return floor[room]

    for room in ROOMS:
        of(room)
    return floor


def place(floor) -> dict[str, tuple[float, float, float, int]]:
    """Left edge, bottom, width and lines of each room."""
    lines = {
        room: sum(
            len(path.read_text(encoding='utf-8').splitlines())
            for path in (PACKAGE / room).rglob('*.py')
        )
        for room in ROOMS
    }
    boxes = {}
    for level in range(max(floor.values()) + 1):
        rooms = [room for room in ORDER if floor[room] == level]
        widths = [max(1.9, lines[room] ** 0.5 / 17) for room in rooms]
        left = -(sum(widths) + GAP * (len(rooms) - 1)) / 2
        for room, width in zip(rooms, widths):
            boxes[room] = left, level * FLOOR, width, lines[room]
            left += width + GAP
    return boxes


def door(boxes, room: str, others: list[str], other: str) -> float:
    """Where along a room the arrow from or to another one is: they do not
    cross at the door."""
    ranked = sorted(others, key=lambda r: boxes[r][0] + boxes[r][2] / 2)
    share = (ranked.index(other) + 1) / (len(ranked) + 1)
    return boxes[room][0] + boxes[room][2] * share


def draw(imports, boxes) -> Figure:
    """The picture."""
    figure = Figure(figsize=(12, 7.2), layout='constrained')
    axes = figure.add_subplot()
    axes.set_axis_off()
    for (upper, lower), count in sorted(imports.items()):
        below = [b for a, b in imports if a == upper]
        above = [a for a, b in imports if b == lower]
        axes.add_patch(
            FancyArrowPatch(
                (door(boxes, upper, below, lower), boxes[upper][1]),
                (
                    door(boxes, lower, above, upper),
                    boxes[lower][1] + HEIGHT,
                ),
                arrowstyle='-|>',
                mutation_scale=11,
                linewidth=0.8 + 0.25 * min(count, 8),
                color='#9a958a',
                zorder=1,
            )
        )
    for room, (left, bottom, width, lines) in boxes.items():
        text, stations = ROOMS[room]
        axes.add_patch(
            FancyBboxPatch(
                (left, bottom),
                width,
                HEIGHT,
                boxstyle='round,pad=0,rounding_size=0.08',
                facecolor=ROOM,
                edgecolor=WAY if stations else INK,
                linewidth=2 if stations else 1,
                zorder=2,
            )
        )
        middle = left + width / 2
        axes.text(
            middle,
            bottom + 0.74,
            room,
            ha='center',
            va='center',
            weight='bold',
            color=INK,
            zorder=3,
        )
        axes.text(
            middle,
            bottom + 0.32,
            f'{text}\n{lines:,} lines',
            ha='center',
            va='center',
            fontsize=7.5,
            color=INK,
            zorder=3,
        )
        axes.text(
            left + width - 0.1,
            bottom + 0.76,
            stations,
            ha='right',
            va='center',
            color=WAY,
            weight='bold',
            fontsize=10,
            zorder=3,
        )
    axes.autoscale_view()
    axes.set_aspect('equal')
    return figure


def main() -> None:
    imports = read_imports()
    figure = draw(imports, place(floors(imports)))
    figure.savefig(TARGET, dpi=120, bbox_inches='tight')
    print(TARGET.relative_to(ROOT))


if __name__ == '__main__':
    main()
