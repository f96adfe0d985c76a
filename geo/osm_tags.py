"""What the tags of OpenStreetMap ways mean to a lorry, and which of them are kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
_MINOR = ("unclassified", "residential", "living_street", "service", "road", "busway")
DRIVABLE = frozenset([*_CLASSES, *(f"{name}_link" for name in _CLASSES), *_MINOR])

# https://wiki.openstreetmap.org/wiki/Key:tunnel: passages through buildings, galleries open to one side and pipes are no
# road tunnels. A value we do not know counts as a tunnel: missing a restricted tunnel is worse than watching one too many.
NO_TUNNELS = frozenset(["no", "false", "0", "culvert", "building_passage", "avalanche_protector", "covered", "flooded"])

_KEPT = frozenset(
    (
        *(
            "highway",
            "name",
            "name:en",
            "name:zh",
            "tunnel:name",
            "ref",
            "oneway",
            "junction",
            "bridge",
            "tunnel",
            "layer",
        ),
        *("bridge:name", "bridge:span", "maxspan", "span"),
        *("maxspeed", "maxspeed:hgv", "lanes", "access", "vehicle", "motor_vehicle", "service", "toll", "covered"),
    )
)
_KEPT_STEMS = (
    "hazmat",
    "hgv",
    "maxheight",
    "maxweight",
    "maxlength",
    "maxwidth",
)  # with their suffixes: hazmat:water, maxweight:conditional ...

_ONE_WAY = frozenset(["yes", "true", "1", "reversible"])
_AGAINST = frozenset(["-1", "reverse"])


def is_drivable(tags: Mapping[str, str]) -> bool:
    """Whether a lorry may in principle be on this way: a road, not an area, not closed to motor traffic."""
    if tags.get("highway") not in DRIVABLE or tags.get("area") == "yes":
        return False
    permission = next((tags[key] for key in ("motor_vehicle", "vehicle", "access") if key in tags), "yes")
    return permission != "no"


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags we keep, with the one-way rule spelled out ("yes", "-1" or absent) and no mark on tunnels that are none."""
    kept = {key: tags[key] for key in sorted(tags) if key in _KEPT or key.split(":")[0] in _KEPT_STEMS}
    if kept.get("tunnel") in NO_TUNNELS:
        del kept["tunnel"]
    direction = _direction(kept)
    kept.pop("oneway", None)
    return kept if direction is None else {**kept, "oneway": direction}


def _direction(tags: Mapping[str, str]) -> str | None:
    stated = tags.get("oneway")
    if stated in _AGAINST:
        return "-1"
    if stated in _ONE_WAY:
        return "yes"
    # motorways and roundabouts are one-way unless the map says otherwise; osmnx knows this of roundabouts only
    implied = tags.get("highway") == "motorway" or tags.get("junction") in ("roundabout", "circular")
    return "yes" if implied and stated != "no" else None


def posted_dkmh(tags: Mapping[str, str]) -> int:
    """The lowest posted limit in 0.1 km/h, 0 where the map gives no number (``signals``, ``none``, national codes)."""
    limits = []
    for key in ("maxspeed", "maxspeed:hgv"):
        for number, unit in re.findall(r"(?:^|;)\s*(\d{1,3}(?:\.\d+)?)\s*(mph|km/h|kmh)?\s*(?=;|$)", tags.get(key, "")):
            limits.append(round(float(number) * (16.09344 if unit == "mph" else 10)))
    return min((limit for limit in limits if limit > 0), default=0)


def height_limit_mm(tags: Mapping[str, str]) -> int:
    """The lowest limit of height, 0 where the map gives no number (``default``, ``none``, ``no_sign``).

    https://wiki.openstreetmap.org/wiki/Key:maxheight: metres, or feet and inches. Limits of single lanes or hours are not read.
    """
    return _lowest(tags, "maxheight", _millimetres)


def width_limit_mm(tags: Mapping[str, str]) -> int:
    """As ``height_limit_mm``: https://wiki.openstreetmap.org/wiki/Key:maxwidth."""
    return _lowest(tags, "maxwidth", _millimetres)


def length_limit_mm(tags: Mapping[str, str]) -> int:
    """Of the whole combination, as ``height_limit_mm``: https://wiki.openstreetmap.org/wiki/Key:maxlength."""
    return _lowest(tags, "maxlength", _millimetres)


def mass_limit_g(tags: Mapping[str, str]) -> int:
    """The lowest limit of actual mass, 0 where the map gives no number.

    https://wiki.openstreetmap.org/wiki/Key:maxweight: tonnes, kilograms, short tons or pounds.
    """
    return _lowest(tags, "maxweight", _grams)


def _lowest(tags: Mapping[str, str], key: str, read: Callable[[str], int]) -> int:
    return min(filter(None, (read(tags.get(f"{key}{suffix}", "")) for suffix in _FOR_ALL)), default=0)


_FOR_ALL = ("", ":physical", ":signed", ":hgv")
_METRES = re.compile(r"(\d{1,2}(?:[.,]\d+)?)\s*m?")
_FEET = re.compile(r"(\d{1,2})\s*(?:'|ft)\s*(?:(\d{1,2})\s*(?:\"|in)?)?")
_MASS = re.compile(r"(\d{1,6}(?:[.,]\d+)?)\s*(t|kg|st|lbs?)?")
_GRAMS = {"t": 1_000_000, "kg": 1_000, "st": 907_185, "lb": 453.592, "lbs": 453.592}


def _millimetres(value: str) -> int:
    if found := _METRES.fullmatch(value.strip()):
        return round(float(found[1].replace(",", ".")) * 1000)
    found = _FEET.fullmatch(value.strip())
    return round((int(found[1]) * 12 + int(found[2] or 0)) * 25.4) if found else 0


def _grams(value: str) -> int:
    found = _MASS.fullmatch(value.strip())
    return round(float(found[1].replace(",", ".")) * _GRAMS[found[2] or "t"]) if found else 0
