"""How high, wide, long and heavy a combination of vehicles is, as far as anybody has told. Pure.

What is not known lies between what is known and the most a lorry may be; so a limit is kept, broken, or cannot be judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.registry.model import Vehicle

# GB 1589-2016 4.1 and 4.2: 4.0 m high, 2.6 m wide (refrigerated; 2.55 m others), a drawbar combination 20 m long, 49 t with six axles.
HIGHEST_MM, WIDEST_MM, LONGEST_MM, HEAVIEST_G = 4_000, 2_600, 20_000, 49_000_000


@dataclass(frozen=True, slots=True)
class Between:
    """A figure lies in [``least``, ``most``]; it is known where the two are one."""

    least: int
    most: int

    @classmethod
    def exactly(cls, figure: int) -> Between:
        return cls(figure, figure)

    @classmethod
    def at_least(cls, least: int, most: int) -> Between:
        """What is already more than a lorry may be is that much."""
        return cls(least, max(least, most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Of the whole combination as it drives."""

    height_mm: Between = Between(0, HIGHEST_MM)
    width_mm: Between = Between(0, WIDEST_MM)
    length_mm: Between = Between(0, LONGEST_MM)
    gross_g: Between = Between(0, HEAVIEST_G)


UNKNOWN = Measures()


def measures_of(
    vehicles: Iterable[Vehicle | None], load_g: int = 0, *, is_all: bool = False, rises: bool = False
) -> Measures:
    """Of vehicles that drive as one; ``None`` is one nobody knows.

    They carry ``load_g`` where that ``is_all``, else up to what they are rated for. ``rises``: what is carried, as a tank set on
    a trailer, may be higher and wider than the vehicle.
    """
    known = tuple(vehicles)
    return Measures(
        height_mm=_outermost([each.height_mm if each else 0 for each in known], HIGHEST_MM, is_outermost=not rises),
        width_mm=_outermost([each.width_mm if each else 0 for each in known], WIDEST_MM, is_outermost=not rises),
        length_mm=_together([each.length_mm if each else 0 for each in known]),
        gross_g=_gross(known, load_g, is_all=is_all),
    )


def _outermost(figures: Sequence[int], most: int, *, is_outermost: bool) -> Between:
    """The largest of them, when every one is told and nothing they carry rises above."""
    least = max(figures, default=0)
    return Between.exactly(least) if figures and all(figures) and is_outermost else Between.at_least(least, most)


def _together(lengths: Sequence[int]) -> Between:
    """A trailer overlaps its tractor by nobody knows how much: longer than each alone, no longer than both."""
    least = max(lengths, default=0)
    if lengths and all(lengths):
        return Between(least, sum(lengths)) if len(lengths) > 1 else Between.exactly(least)
    return Between.at_least(least, LONGEST_MM)


def _gross(vehicles: Sequence[Vehicle | None], load_g: int, *, is_all: bool) -> Between:
    kerb_g = sum(each.kerb_mass_g for each in vehicles if each)
    least = kerb_g + load_g
    if not vehicles or not all(each is not None and each.kerb_mass_g for each in vehicles):
        return Between.at_least(least, HEAVIEST_G)
    rated_g = sum(each.rated_mass_g for each in vehicles if each)
    return Between.exactly(least) if is_all else Between.at_least(least, kerb_g + rated_g)
