"""Permits (WB-07, RT-05) and the planned route (RT-01 to RT-04)."""

from services.errors.reason import Reason, Status

PERMIT_MISSING = Reason(
    "PERMIT_MISSING", Status.FAILED_PRECONDITION,
    "UN{un} {name} 须有{permit}", "UN{un} {name} needs a {permit_en}", "请先取得许可", "Obtain the permit first",
)  # fmt: skip
PERMIT_MISMATCH = Reason(
    "PERMIT_MISMATCH", Status.FAILED_PRECONDITION,
    "许可 {number} 与运单不符：{problem_zh}", "Permit {number} does not fit the waybill: {problem}",
    "请按许可内容运输或重新申请", "Travel as permitted or apply again",
)  # fmt: skip
PERMIT_ROUTE_DIFFERS = Reason(
    "PERMIT_ROUTE_DIFFERS", Status.FAILED_PRECONDITION,
    "计划路线或停靠点不在许可 {number} 之内：{what}", "The planned route or a stop is not in permit {number}: {what}",
    "请按许可路线安排", "Plan the route of the permit",
)  # fmt: skip
ROUTE_UNKNOWN = Reason(
    "ROUTE_UNKNOWN", Status.FAILED_PRECONDITION,
    "运单未填计划路线，无法核对许可路线、隧道和禁行区", "No route is planned: neither the permit's route nor tunnels and zones can be judged",
    "请填写计划路线", "Plan the route",
)  # fmt: skip
TUNNEL_FORBIDDEN = Reason(
    "TUNNEL_FORBIDDEN", Status.FAILED_PRECONDITION,
    "隧道 {tunnel} 为 {category} 类，本车货物不得通行：{why}", "Tunnel {tunnel} is of category {category}, closed to this load: {why_en}",
    "请绕行", "Plan another route",
)  # fmt: skip
TUNNEL_UNDECIDED = Reason(
    "TUNNEL_UNDECIDED", Status.FAILED_PRECONDITION,
    "无法判定本车货物能否通过 {category} 类隧道 {tunnel}：{why}", "Whether this load may pass tunnel {tunnel} of category {category} cannot be told: {why_en}",
    "请人工判定或绕行", "Decide by hand or plan another route",
)  # fmt: skip
CROSSING_NOT_NOTIFIED = Reason(
    "CROSSING_NOT_NOTIFIED", Status.FAILED_PRECONDITION,
    "路线经过 {zone}，没有通知其管理单位的记录", "The route crosses {zone}, and no notice to its operator is on record",
    "请绕行或提前通知", "Avoid it or give notice",
)  # fmt: skip
WATER_SOURCE_CROSSED = Reason(
    "WATER_SOURCE_CROSSED", Status.FAILED_PRECONDITION,
    "路线进入饮用水水源保护区 {zone}，{goods} 属有毒物质或油类，没有批准通行的记录",
    "The route enters the drinking water protection area {zone} with {goods}, toxic or an oil, and no approval is on record",
    "请绕行，或取得批准并登记该区域的通行证", "Avoid it, or obtain approval and register a pass for the zone",
)  # fmt: skip
ZONE_FORBIDDEN = Reason(
    "ZONE_FORBIDDEN", Status.FAILED_PRECONDITION,
    "路线进入禁行区域 {zone}（{when}）", "The route enters the restricted zone {zone} ({when})", "请绕行、改时间或取得通行证", "Avoid it, change the time or obtain a pass",
)  # fmt: skip
ZONE_PASS_NEEDED = Reason(
    "ZONE_PASS_NEEDED", Status.FAILED_PRECONDITION,
    "进入 {zone} 须有通行证（{when}）", "Entering {zone} needs a pass ({when})", "请取得通行证", "Obtain a pass",
)  # fmt: skip
ZONE_NOTICE = Reason(
    "ZONE_NOTICE", Status.FAILED_PRECONDITION,
    "进入 {zone} 须事先告知（{when}）", "Entering {zone} needs notice beforehand ({when})", "请告知", "Give notice",
)  # fmt: skip
