"""What may travel, in what and with whom: the catalogue of dangerous goods and the rules of a load. Pure.

Nothing here knows a clock, a database or the wire: the day is passed in, the catalogue is a value, and every judgement
says on which text it rests and whether that text was read.
"""

from services.goods.catalogue import Catalogue, CatalogueUnreadable, Choice, Source, core, un_key
from services.goods.checks import check_load
from services.goods.controls import (
    Control,
    Permit,
    PermitNeed,
    Substance,
    partial_lists,
    permits_needed,
    special_control_of,
    substances_of,
)
from services.goods.mixing import mixed_loading
from services.goods.model import (
    TUNNEL_CATEGORIES,
    Carriage,
    GoodsRow,
    Load,
    LoadLine,
    Mode,
    Regime,
    TankState,
)
from services.goods.plates import OrangePlate, Plates, plates
from services.goods.quantities import is_ordinary_cargo
from services.goods.tanks import TankCodeUnreadable, TankFit, parse_tank_code, tank_code_covers, tank_fit
from services.goods.tunnels import TunnelJudgement, TunnelReason, tunnel_categories

__all__ = [
    "TUNNEL_CATEGORIES",
    "Carriage",
    "Catalogue",
    "CatalogueUnreadable",
    "Choice",
    "Control",
    "GoodsRow",
    "Load",
    "LoadLine",
    "Mode",
    "OrangePlate",
    "Permit",
    "PermitNeed",
    "Plates",
    "Regime",
    "Source",
    "Substance",
    "TankCodeUnreadable",
    "TankFit",
    "TankState",
    "TunnelJudgement",
    "TunnelReason",
    "check_load",
    "core",
    "is_ordinary_cargo",
    "mixed_loading",
    "parse_tank_code",
    "partial_lists",
    "permits_needed",
    "plates",
    "rows_of",
    "special_control_of",
    "substances_of",
    "tank_code_covers",
    "tank_fit",
    "tunnel_categories",
    "un_key",
]


def rows_of(un_number: str, catalogue: Catalogue | None = None) -> tuple[GoodsRow, ...]:
    """Every row of a UN number in ``catalogue``, by default the core list; empty where there is none."""
    return (catalogue or core()).rows_of(un_number)
