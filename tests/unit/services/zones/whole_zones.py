"""Whole zones of every kind, with everything a zone may say, for property tests: well-formed, so that a server would take them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from geo.position import Position
from services.goods.tunnels import CODES
from services.zones.mapped import Bridge, Deck, MapSource, PlaceKind, Tag
from services.zones.model import Zone, ZoneKind
from services.zones.ruling import (
    Action,
    Calendar,
    Control,
    DayRule,
    Days,
    GoodsFilter,
    Notice,
    Purpose,
    Replacement,
    Rule,
    Window,
)
from services.zones.tunnels import Bore, Tunnel

texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
notices = st.builds(
    Notice,
    issuer=texts,
    number=texts | st.just(""),
    title=texts | st.just(""),
    article=st.just("") | texts,
    issued_on=st.none() | days,
)
spans = st.tuples(days, st.integers(0, 40)).map(
    lambda pair: Days(first=pair[0], last=pair[0] + timedelta(days=pair[1]))
)
windows = st.builds(
    Window, from_minute=st.integers(0, 1439), to_minute=st.integers(1, 1440), weekdays=st.frozensets(st.integers(1, 7))
)
some_windows = st.lists(windows, max_size=3).map(tuple)


def _replacement(pair: tuple[Days, DayRule, tuple[Window, ...], Notice | None]) -> Replacement:
    first, rule, drawn, source = pair
    return Replacement(days=first, day_rule=DayRule.WINDOWS if drawn else rule, windows=drawn, source=source)


replacements = st.tuples(
    spans, st.sampled_from([DayRule.ALL_DAY, DayRule.NOT_AT_ALL]), some_windows, st.none() | notices
).map(_replacement)
calendars = st.builds(
    Calendar,
    windows=some_windows,
    dates=st.lists(spans, max_size=2).map(tuple),
    replacements=st.lists(replacements, max_size=2).map(tuple),
)
goods = st.builds(
    GoodsFilter,
    hazards=st.frozensets(st.sampled_from(["1", "1.1D", "2.1", "3", "6.1", "9"]), max_size=3),
    un_numbers=st.frozensets(st.from_regex(r"\A[0-9]{4}\Z"), max_size=3),
    tunnel_codes=st.frozensets(st.sampled_from(sorted(CODES)), max_size=3),
    barred_from_category=st.sampled_from(["", "B", "E"]),
    controls=st.frozensets(st.sampled_from(Control), max_size=3),
)


@st.composite
def rules(draw: Any) -> tuple[Rule, ...]:
    ids = draw(
        st.lists(
            st.from_regex(r"\A[a-z][a-z0-9-]{0,8}\Z").filter(lambda text: text != "category"), unique=True, max_size=3
        )
    )
    return tuple(draw(_rule(each)) for each in ids)


@st.composite
def _rule(draw: Any, rule_id: str) -> Rule:
    action, begins = draw(st.sampled_from(Action)), draw(st.none() | instants)
    return Rule(
        id=rule_id,
        action=action,
        goods=draw(st.none() | goods),
        calendar=draw(st.none() | calendars),
        speed_dkmh=draw(st.integers(1, 1_200)) if action is Action.SPEED_LIMIT else 0,
        exempt=draw(st.frozensets(st.sampled_from(Purpose))),
        source=draw(st.none() | notices),
        valid_from=begins,
        valid_to=draw(st.none() | (st.just(begins + timedelta(days=9)) if begins else instants)),
        grace_minutes=draw(st.none() | st.integers(0, 1_440)),
    )


@st.composite
def lines(draw: Any) -> tuple[Position, ...]:
    """Up and to the right, so that it never turns back; over the date line now and then."""
    latitude, longitude = draw(st.integers(-600_000_000, 600_000_000)), draw(st.integers(-1_800_000_000, 1_799_000_000))
    steps = draw(st.lists(st.tuples(st.integers(1, 100_000), st.integers(1, 100_000)), min_size=1, max_size=5))
    points = [(latitude, longitude)]
    for up, along in steps:
        points.append((points[-1][0] + up, points[-1][1] + along))
    return tuple(Position(up, along) for up, along in points)


@st.composite
def polygons(draw: Any) -> tuple[tuple[tuple[Position, ...], ...], ...]:
    """Squares side by side, some with a square hole."""
    south, west, side = (
        draw(st.integers(-600_000_000, 600_000_000)),
        draw(st.integers(-1_790_000_000, 1_780_000_000)),
        draw(st.integers(4, 100_000)),
    )
    rows = []
    for number in range(draw(st.integers(1, 3))):
        left = west + 2 * number * side
        hole = [_square(south + side // 4, left + side // 4, side // 2)] if draw(st.booleans()) else []
        rows.append((_square(south, left, side), *hole))
    return tuple(rows)


def _square(south: int, west: int, side: int) -> tuple[Position, ...]:
    return tuple(Position(south + up, west + along) for up, along in ((0, 0), (0, side), (side, side), (side, 0)))


@st.composite
def bores(draw: Any, *, classified: bool) -> tuple[Bore, ...]:
    line = draw(lines())
    categories = [draw(st.sampled_from(["", "B", "E"])) if classified else "" for _ in range(2)]
    drawn = line if draw(st.booleans()) else ()
    return tuple(
        Bore(id=f"bore-{number}", entrance=ends[0], exit=ends[-1], length_dm=draw(st.integers(0, 10**6)),
             edge_keys=("1:2:3",) * draw(st.integers(0, 1)), way_ids=draw(st.lists(st.integers(1, 1 << 40), max_size=2).map(tuple)),
             line=drawn if number == 0 else drawn[::-1], category=categories[number],
             category_source=draw(notices) if categories[number] else None)
        for number, ends in enumerate((line, line[::-1])[: draw(st.integers(1, 2))])
    )  # fmt: skip


@st.composite
def zones(draw: Any) -> Zone:
    """A zone of any kind."""
    kind, proposed = draw(st.sampled_from(ZoneKind)), draw(st.booleans())
    shape: dict[str, Any] = {}
    if kind is ZoneKind.TUNNEL:
        category = "" if proposed else draw(st.sampled_from(["", "A", "E"]))
        shape["tunnel"] = Tunnel(
            length_dm=draw(st.integers(0, 10**6)),
            category=category,
            category_source=draw(notices) if category else None,
            bores=draw(bores(classified=not proposed)),
        )
        shape["width_dm"] = draw(st.integers(0, 500))
    elif kind is ZoneKind.BRIDGE:
        decks = (Deck(line=draw(lines()), way_ids=draw(st.lists(st.integers(1, 1 << 40), max_size=2).map(tuple))),)
        shape["bridge"] = Bridge(
            length_dm=draw(st.integers(0, 10**6)), longest_span_dm=draw(st.integers(0, 10**4)), decks=decks
        )
    elif kind.is_line:
        shape |= {"line": draw(lines()), "width_dm": draw(st.integers(1, 1_000))}
    else:
        shape["polygons"] = draw(polygons())
    return Zone(
        id=draw(st.from_regex(r"\A[a-z][a-z0-9._:-]{0,20}\Z")),
        kind=kind,
        name=draw(texts),
        division_code=draw(st.sampled_from(["", "620900"])),
        edge_keys=draw(st.sampled_from([(), ("1:2:3", "1:3:4:2")])),
        rules=() if proposed else draw(rules()),
        source=draw(notices),
        place_kind=draw(st.none() | st.sampled_from(PlaceKind)),
        tags=tuple(
            Tag(name=name, value=value) for name, value in draw(st.dictionaries(texts, texts, max_size=3)).items()
        ),
        map_source=draw(
            st.none()
            | st.builds(MapSource, element=texts, map_name=texts, extracted_on=st.none() | days, map_licence=texts)
        ),
        proposed=proposed,
        **shape,
    )
