"""How long the body of a statement is kept, by the kind of act: dated data, with the law's minimum and its source.

Leaves and registrations are kept for ever; they hold no personal data. What verifying others needs (keys, the record's
own acts) never expires.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """Kinds that begin with ``prefix`` are kept for ``months``, of which the law asks ``least``; ``None`` is for ever."""

    prefix: str
    months: int | None
    least: int
    basis: str
    effective_from: date


_ROAD = "《危险货物道路运输安全管理办法》第十三、二十四、三十一条（不少于12个月）"
_HOUSE = "平台统一保存期限：3年"
_SINCE = date(2020, 1, 1)
CLASSES = (
    RetentionClass("", 36, 12, _HOUSE, _SINCE),
    RetentionClass("key.", None, 0, "验证其他声明所必需", _SINCE),
    RetentionClass("record.", None, 0, "验证其他声明所必需", _SINCE),
    RetentionClass("registry.", 120, 36, "登记事实在其有效期内及之后仍为决定的依据", _SINCE),
    RetentionClass("zone.", 120, 36, "通行规则为历次判定的依据", _SINCE),
    RetentionClass("waybill.", 36, 12, _ROAD, _SINCE),
    RetentionClass("consignment.", 36, 12, _ROAD, _SINCE),
    RetentionClass("loading.", 36, 12, _ROAD, _SINCE),
    RetentionClass("alarm.", 36, 36, "《道路运输车辆动态监督管理办法》（违法信息及处理情况不少于3年）", _SINCE),
    RetentionClass("fireworks.", 120, 36, "《烟花爆竹安全管理条例》（流向登记档案不少于3年）；平台保存10年", _SINCE),
    RetentionClass("explosives.", 120, 24, "民用爆炸物品流向记录；平台保存10年", _SINCE),
)  # fmt: skip


def class_of(kind: str, on: date) -> RetentionClass:
    """The class in force on that day with the longest prefix of the kind; of several editions, the newest."""
    fitting = [each for each in CLASSES if kind.startswith(each.prefix) and each.effective_from <= on]
    return max(fitting, key=lambda each: (len(each.prefix), each.effective_from))


def in_force(on: date) -> tuple[RetentionClass, ...]:
    """The classes of that day, one a prefix."""
    newest = {
        each.prefix: each for each in sorted(CLASSES, key=lambda each: each.effective_from) if each.effective_from <= on
    }
    return tuple(newest.values())


def longer(prefix: str, classes: tuple[RetentionClass, ...]) -> tuple[str, ...]:
    """The prefixes of other classes that take kinds out of this one."""
    return tuple(each.prefix for each in classes if each.prefix != prefix and each.prefix.startswith(prefix))


def expires_before(months: int, at: datetime) -> datetime:
    """What was stated before the time answered is older than so many calendar months."""
    years, month = divmod(at.month - 1 - months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))
