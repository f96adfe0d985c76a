"""The kinds of things the registry keeps, and what they have in common: an owner, and keys they are found by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.registry.affiliation import Evidence
from services.registry.identifiers import normalise_plate, plain, un_number_of
from services.registry.model import Licence, Organisation, Permit, Person, PlateColour, Tank, Vehicle
from services.registry.scope import parse_scope

Thing = Organisation | Licence | Vehicle | Tank | Person | Permit | Evidence
Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """``owner`` is the organisation a thing belongs to, "" for people, whose employment tells; ``keys`` are unique."""

    name: str
    model: type[Thing]
    owner: Callable[[Any], str]
    keys: Callable[[Any], Keys]


def plate_key(plate: str, colour: PlateColour) -> tuple[str, str]:
    """What a vehicle is looked up by: the plate as GA 36 writes it, and the colour's number."""
    return ("plate", f"{normalise_plate(plate)[0]}|{colour.value}")


def _keyed(name: str, *parts: str) -> Keys:
    return ((name, "|".join(plain(part) for part in parts)),) if parts[-1] else ()


ORGANISATION = Kind("organisation", Organisation, lambda it: it.id, lambda it: _keyed("credit_code", it.credit_code))
LICENCE = Kind(
    "licence", Licence, lambda it: it.organisation_id, lambda it: _keyed("licence", it.kind.name, it.site_id, it.number)
)
VEHICLE = Kind(
    "vehicle", Vehicle, lambda it: it.carrier_id,
    lambda it: (plate_key(it.plate, it.plate_colour), *_keyed("vin", it.vin)),
)  # fmt: skip
TANK = Kind("tank", Tank, lambda it: it.carrier_id, lambda it: _keyed("tank", it.number))
PERSON = Kind("person", Person, lambda it: "", lambda it: ())
PERMIT = Kind("permit", Permit, lambda it: it.organisation_id, lambda it: _keyed("permit", it.kind.name, it.number))
# What is known of a vehicle's ties stands under the vehicle's own id.
AFFILIATION = Kind("affiliation", Evidence, lambda it: it.carrier_id, lambda it: ())

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (ORGANISATION, LICENCE, VEHICLE, TANK, PERSON, PERMIT, AFFILIATION)
}
_BY_MODEL = {kind.model: kind for kind in KINDS.values()}


def kind_of(thing: Thing) -> Kind:
    return _BY_MODEL[type(thing)]


def tidied(thing: Any) -> Any:
    """The thing as it is kept: identifiers written one way, the scope read from its words."""
    match thing:
        case Organisation():
            return replace(thing, credit_code=plain(thing.credit_code))
        case Licence():
            return replace(thing, scope=parse_scope(thing.scope_text).scope)
        case Vehicle():
            plate, vin = normalise_plate(thing.plate)[0], plain(thing.vin)
            return replace(thing, plate=plate, vin=vin, scope=parse_scope(thing.scope_text).scope)
        case Tank():
            media = tuple(replace(each, un_number=un_number_of(each.un_number) or each.un_number)
                          for each in thing.permitted_media)  # fmt: skip
            return replace(thing, permitted_media=media)
        case _:
            return thing
