"""Tunnels as structures: tubes in one direction each, of what length and category. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geo.position import Position
from services.zones.ruling import Notice
from services.zones.shapes import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Bore:
    """One tube in one direction of travel; ``line`` runs from entrance to exit and is straight when empty.

    ``category`` is its own, where somebody has told bores apart; empty: the tunnel's.
    """

    id: str
    entrance: Position
    exit: Position
    length_dm: int = 0
    edge_keys: tuple[str, ...] = ()
    way_ids: tuple[int, ...] = ()
    line: Line = ()
    category: str = ""
    category_source: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """One physical tunnel; ``category`` is "A" to "E" for every bore without one of its own, or empty as long as nobody has classified
    these. ``length_dm`` is that of the longest bore."""

    length_dm: int = 0
    category: str = ""
    category_source: Notice | None = None
    bores: tuple[Bore, ...] = ()

    def classified_as(self, known: Tunnel) -> Tunnel:
        """As it is drawn, of the categories of another drawing of it; a bore that one does not have has none of its own."""
        own = {bore.id: (bore.category, bore.category_source) for bore in known.bores}
        told = ((bore, *own.get(bore.id, ("", None))) for bore in self.bores)
        bores = tuple(replace(bore, category=category, category_source=source) for bore, category, source in told)
        return replace(self, category=known.category, category_source=known.category_source, bores=bores)

    def category_of(self, bore: Bore) -> str:
        return bore.category or self.category

    def through(self, bore_ids: frozenset[str] = frozenset()) -> tuple[Bore, ...]:
        """The bores of these ids; all of them where none is known."""
        return tuple(bore for bore in self.bores if bore.id in bore_ids) or self.bores

    def strictest(self, bore_ids: frozenset[str] = frozenset()) -> str:
        """The strictest category on a way through these bores, of the whole tunnel where none is named; empty: not classified."""
        return max((self.category_of(bore) for bore in self.through(bore_ids)), default=self.category)

    def source_of(self, category: str, bore_ids: frozenset[str] = frozenset()) -> Notice | None:
        """Who classified the bores as being of that category, and in what."""
        told = (bore.category_source for bore in self.through(bore_ids) if bore.category == category)
        return next(filter(None, told), self.category_source)

    def length_of(self, bore_ids: frozenset[str] = frozenset()) -> int:
        """Decimetres of the longest of these bores; of the tunnel where nobody has told theirs."""
        return max((bore.length_dm for bore in self.through(bore_ids)), default=0) or self.length_dm
