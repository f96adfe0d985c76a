"""What may travel, in what and with whom: the catalogue of dangerous goods and the rules of a load. Pure.

Nothing here knows a clock, a database or the wire: the day is passed in, the catalogue is a value, and every judgement
says on which text it rests and whether that text was read.
"""

from services.goods.catalogue import Catalogue, CatalogueUnreadable, core, un_key
from services.goods.model import Carriage, GoodsRow, Load, LoadLine, Mode, Regime, TankState
from services.goods.tunnels import TunnelJudgement, TunnelReason, tunnel_categories

__all__ = [
    "Carriage",
    "Catalogue",
    "CatalogueUnreadable",
    "GoodsRow",
    "Load",
    "LoadLine",
    "Mode",
    "Regime",
    "TankState",
    "TunnelJudgement",
    "TunnelReason",
    "core",
    "tunnel_categories",
    "un_key",
]
