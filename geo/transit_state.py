"""What the detector of tunnel transits is told, what it finds, and what it keeps of a vehicle near one structure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from geo.position import Position

READING_SPREAD_M = 33  # of an odometer that shows every 100 m
USUAL_PACE, USUAL_PACE_SPREAD = 880, 80  # thousandths of legal speed that lorries keep
NOWHERE = -1  # an edge that is no known road; a bore that was not used


@dataclass(frozen=True, slots=True)
class Seen:
    """A fix of a vehicle."""

    at_ms: int
    position: Position
    speed_dkmh: int | None = None
    heading_deg: int | None = None
    odometer_m: int | None = None


@dataclass(frozen=True, slots=True)
class Blind:
    """The terminal reported but had no fix, or repeated an old one."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed and nothing was reported."""

    at_ms: int


class Kind(Enum):
    PRE_ALARM = "pre_alarm"  # the last turn-off comes within the next step, or lies behind: stopping still helps
    ENTERED = "entered"  # presumed, from silence after the approach
    TRANSIT = "transit"
    TURNED_BACK = "turned_back"  # seen again on the entrance side after a presumed entry
    REROUTED = "rerouted"  # seen again elsewhere, and not through the tunnel
    AMBIGUOUS = "ambiguous"  # through the tunnel or around it: both fit what was seen
    OVERDUE = "overdue"  # longer inside than the slowest lorry


@dataclass(frozen=True, slots=True)
class Event:
    """What was found about one bore. Times inside tunnels are estimated from the way and the time between fixes."""

    kind: Kind
    bore_id: str
    at_ms: int  # when it became known
    probability: float = 1.0
    entered_ms: int | None = None
    left_ms: int | None = None
    to_portal_m: float | None = None
    can_turn_off: bool | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where in the bore a silent vehicle should be by now. Never a fix: shown as estimated, with its uncertainty."""

    bore_id: str
    position: Position
    uncertainty_m: float


@dataclass(frozen=True, slots=True)
class Policy:
    """Figures of the detector; those about speed are the slowest and fastest a loaded lorry is believed to do."""

    slowest_m_s: float = 20 / 3.6
    fastest_m_s: float = 100 / 3.6
    overdue_slack_s: float = 60.0
    report_every_s: float = 30.0  # at the least; a vehicle's own habit is learnt
    noise_m: float = 6.0  # of fixes and map together
    sure: float = 0.97
    likely: float = 0.7
    patience: int = 3  # fixes to wait for an unsure answer, or as many periods without one where it is likely
    gives_up_s: float = 3600.0  # without a fix, until an unlikely answer is taken for one
    approach_m: float = 1500.0  # a pre-alarm never comes earlier than this


USUAL = Policy()


@dataclass(frozen=True, slots=True)
class Passage:
    """A bore driven through, with the estimated moments at its portals."""

    bore: int
    entered_ms: int
    left_ms: int


@dataclass(frozen=True, slots=True)
class Guess:
    """One hypothesis: on an edge of the surroundings at so many metres along it, having come through these bores."""

    edge: int
    along_m: float
    weight: float
    passed: tuple[Passage, ...] = ()
    ahead_m: float = 0.0  # of the odometer's reading

    @property
    def key(self) -> tuple[int, ...]:
        """What tells hypotheses apart: the edge, then the bores in the order of travel."""
        return self.edge, *(passage.bore for passage in self.passed)


@dataclass(frozen=True, slots=True)
class TransitState:
    """Where a vehicle stands with one structure; less than 1 KB as ``to_plain``."""

    seen: Seen
    guesses: tuple[Guess, ...]
    habit_ms: tuple[int, ...] = ()  # the last steps between reports
    blind: int = 0  # reports without a fix since ``seen``
    waited: int = 0  # fixes since an answer became possible
    warned: int = NOWHERE  # the bore of the pre-alarm
    inside: int = NOWHERE  # the bore presumed entered
    inside_since_ms: int = 0
    is_overdue: bool = False
    spread_m: int = READING_SPREAD_M  # of what the guesses are ahead
    pace: int = USUAL_PACE  # of this driver, in thousandths of what is legal, and how well it is known
    pace_spread: int = USUAL_PACE_SPREAD

    @property
    def passed(self) -> float:
        """The chance that the vehicle came through the structure."""
        return sum(guess.weight for guess in self.guesses if guess.passed)

    def to_plain(self) -> tuple[Any, ...]:
        """Plain tuples of numbers, weights in 1/10,000 and metres in 0.1; ``from_plain`` of it is as good as the state."""
        seen = (self.seen.at_ms, self.seen.position.latitude_e7, self.seen.position.longitude_e7)
        guesses = tuple(
            (
                g.edge,
                round(g.along_m * 10),
                round(g.weight * 10_000),
                round(g.ahead_m),
                *((p.bore, p.entered_ms, p.left_ms) for p in g.passed),
            )
            for g in self.guesses
        )
        told = (self.warned, self.inside, self.inside_since_ms, self.is_overdue)
        rest = (self.habit_ms, self.blind, self.waited, *told, self.spread_m, self.pace, self.pace_spread)
        return (*seen, self.seen.speed_dkmh, self.seen.heading_deg, self.seen.odometer_m, guesses, *rest)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> TransitState:
        at_ms, latitude, longitude, speed, heading, odometer, guesses, habit, *rest = plain
        restored = tuple(
            Guess(e, a / 10, w / 10_000, tuple(Passage(*p) for p in passed), float(m))
            for e, a, w, m, *passed in guesses
        )
        return cls(Seen(at_ms, Position(latitude, longitude), speed, heading, odometer), restored, tuple(habit), *rest)


Answer = tuple[TransitState | None, tuple[Event, ...]]
