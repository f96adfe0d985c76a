"""Small invented OpenStreetMap files, written by tests. Places are (latitude, longitude) in hundred-thousandths of a degree from 30 N, 100 E."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from geo.position import Position

Place = tuple[int, int]
Tags = Mapping[str, str]


def position(place: Place) -> Position:
    """Where a place of an invented map lies."""
    return Position(300_000_000 + place[0] * 100, 1_000_000_000 + place[1] * 100)


class InventedMap:
    """Collects what a map shows; ``write`` puts it into a file in the order osmium wants."""

    def __init__(self) -> None:
        self._nodes: dict[Place, tuple[int, Tags]] = {}
        self._ways: dict[int, tuple[list[int], Tags]] = {}
        self._relations: dict[int, tuple[list[tuple[str, int, str]], Tags]] = {}

    def node(self, place: Place, **tags: str) -> int:
        number, known = self._nodes.get(place, (len(self._nodes) + 1, {}))
        self._nodes[place] = number, {**known, **_colons(tags)}
        return number

    def way(self, number: int, places: Sequence[Place], **tags: str) -> None:
        """Double underscores in the keys stand for colons."""
        self._ways[number] = [self.node(place) for place in places], _colons(tags)

    def square(self, number: int, south: int, west: int, side: int, **tags: str) -> None:
        self.way(number, _corners(south, west, side), **tags)

    def relation(self, number: int, members: Sequence[tuple[str, int, str]], **tags: str) -> None:
        self._relations[number] = list(members), _colons(tags)

    def drop(self, number: int) -> None:
        """Forget a way."""
        del self._ways[number]

    def write(self, file: Path) -> Path:
        lines = ['<osm version="0.6">']
        for place, (number, tags) in self._nodes.items():
            at = position(place)
            lines.append(
                f'<node id="{number}" version="1" lat="{at.latitude:.7f}" lon="{at.longitude:.7f}">{_marks(tags)}</node>'
            )
        for number, (nodes, tags) in sorted(self._ways.items()):
            references = "".join(f'<nd ref="{node}"/>' for node in nodes)
            lines.append(f'<way id="{number}" version="1">{references}{_marks(tags)}</way>')
        for number, (members, tags) in sorted(self._relations.items()):
            parts = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
            lines.append(f'<relation id="{number}" version="1">{parts}{_marks(tags)}</relation>')
        file.write_text("\n".join([*lines, "</osm>"]), "utf-8")
        return file


def _corners(south: int, west: int, side: int) -> list[Place]:
    return [(south, west), (south, west + side), (south + side, west + side), (south + side, west), (south, west)]


def _colons(tags: Tags) -> dict[str, str]:
    return {key.replace("__", ":"): value for key, value in tags.items()}


def _marks(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
