"""Reasons of the zones slice. What a zone says to a route shares its reasons with the waybill's rules."""

from services.errors.reason import Reason, Status

ZONE_SHAPE_INVALID = Reason(
    "ZONE_SHAPE_INVALID", Status.INVALID_ARGUMENT,
    "区域形状无效：{problem}", "The shape is not valid: {problem}",
    "请检查边界是否自相交、是否闭合", "Look for crossings of itself and points left out",
)  # fmt: skip
ZONE_SHAPE_WRONG_KIND = Reason(
    "ZONE_SHAPE_WRONG_KIND", Status.INVALID_ARGUMENT,
    "{kind} 类区域须以{wanted}表示", "A zone of kind {kind} is drawn by {wanted_en}",
    "请按区域类别填写形状", "Give the shape that belongs to the kind",
)  # fmt: skip
ZONE_RULE_INVALID = Reason(
    "ZONE_RULE_INVALID", Status.INVALID_ARGUMENT,
    "规则无效：{problem_zh}", "The rule is not valid: {problem}", "请更正规则", "Correct the rule",
)  # fmt: skip
ZONE_SOURCE_MISSING = Reason(
    "ZONE_SOURCE_MISSING", Status.INVALID_ARGUMENT,
    "规则 {rule} 没有依据文件", "Rule {rule} rests on no notice", "请填写发布机关和文号", "Name who issued it and its number",
)  # fmt: skip
ZONE_PROPOSED_RULES = Reason(
    "ZONE_PROPOSED_RULES", Status.INVALID_ARGUMENT,
    "待确认的区域不能带有规则或隧道类别", "A proposed zone has neither rules nor a tunnel category",
    "请去掉待确认标记以公布，或去掉规则", "Publish it without the mark, or leave the rules out",
)  # fmt: skip
ZONE_OUTSIDE_DIVISION = Reason(
    "ZONE_OUTSIDE_DIVISION", Status.PERMISSION_DENIED,
    "该区域属于行政区划 {division}，不在贵单位辖区 {yours} 之内", "The zone belongs to division {division}, outside yours, {yours}",
    "请由该地或其上级主管部门公布，或将范围改到本辖区之内", "Ask its authority or one above both, or draw it inside your division",
)  # fmt: skip
ZONE_KIND_FIXED = Reason(
    "ZONE_KIND_FIXED", Status.FAILED_PRECONDITION,
    "区域类别不可变更，现为 {kind}", "A zone keeps its kind, which is {kind}",
    "请撤销后另建", "Withdraw it and put a new one",
)  # fmt: skip
NOT_A_TUNNEL = Reason(
    "NOT_A_TUNNEL", Status.FAILED_PRECONDITION,
    "{zone} 不是隧道，不能公布隧道类别", "{zone} is no tunnel and has no category",
    "请用公布区域", "Put the zone instead",
)  # fmt: skip
ZONE_NOT_IN_FORCE = Reason(
    "ZONE_NOT_IN_FORCE", Status.FAILED_PRECONDITION,
    "该区域在 {at} 不存在或已撤销", "There is no such zone at {at}, or it was withdrawn",
    "请核对生效时间", "Check the time",
)  # fmt: skip
GEOJSON_INVALID = Reason(
    "GEOJSON_INVALID", Status.INVALID_ARGUMENT,
    "不是有效的 GeoJSON：{problem}", "Not GeoJSON we read: {problem}",
    "请提交 RFC 7946 的 FeatureCollection", "Send a FeatureCollection as in RFC 7946",
)  # fmt: skip
SHAPEFILE_INVALID = Reason(
    "SHAPEFILE_INVALID", Status.INVALID_ARGUMENT,
    "无法读取 SHP 文件：{problem_zh}", "The shapefile cannot be read: {problem}",
    "请连同 .shx、.dbf、.prj 一并提供，或转为 GeoJSON", "Put .shx, .dbf and .prj beside it, or convert it to GeoJSON",
)  # fmt: skip
REGION_UNKNOWN = Reason(
    "REGION_UNKNOWN", Status.FAILED_PRECONDITION,
    "没有包含该地点的路网", "No road network holds this place",
    "请导入该地区地图：hazway-server region import", "Import a map of the place: hazway-server region import",
)  # fmt: skip
PLACE_OFF_ROAD = Reason(
    "PLACE_OFF_ROAD", Status.FAILED_PRECONDITION,
    "该地点 {most_m} 米内没有道路", "There is no road within {most_m} m of the place",
    "请核对坐标", "Check the coordinates",
)  # fmt: skip
EDGE_UNKNOWN = Reason(
    "EDGE_UNKNOWN", Status.INVALID_ARGUMENT,
    "路网中没有路段 {edge}，或与前一路段不相接", "Edge {edge} is not in the road network, or does not follow the one before",
    "请重新规划路线", "Plan the route again",
)  # fmt: skip
ROUTE_NOT_FOUND = Reason(
    "ROUTE_NOT_FOUND", Status.FAILED_PRECONDITION,
    "两地之间没有道路相通", "No road joins the two places", "请核对起终点", "Check both places",
)  # fmt: skip
NO_LEGAL_ROUTE = Reason(
    "NO_LEGAL_ROUTE", Status.FAILED_PRECONDITION,
    "没有允许本车货物通行的路线，受限于：{zones}", "No route is open to this load, because of: {zones}",
    "请改时间、取得通行证或更换运输方式", "Change the time, obtain a pass or carry it otherwise",
)  # fmt: skip
GOODS_UNDECIDED = Reason(
    "GOODS_UNDECIDED", Status.FAILED_PRECONDITION,
    "无法判定 UN{un_numbers} 是否属于 {zone} 限制的货物", "Whether zone {zone} means UN {un_numbers} cannot be told",
    "请人工判定或绕行", "Decide by hand or plan another route",
)  # fmt: skip
ZONE_SPEED_LIMITED = Reason(
    "ZONE_SPEED_LIMITED", Status.FAILED_PRECONDITION,
    "{zone} 限速 {speed} 公里/小时（{when}）", "Speed is limited to {speed} km/h in {zone} ({when})", "请减速", "Keep to it",
)  # fmt: skip
ZONE_EXEMPTED = Reason(
    "ZONE_EXEMPTED", Status.FAILED_PRECONDITION,
    "{zone} 的限制已豁免：{why}", "The restriction of {zone} is lifted: {why_en}",
)  # fmt: skip
ROAD_CLOSED_TO_GOODS = Reason(
    "ROAD_CLOSED_TO_GOODS", Status.FAILED_PRECONDITION,
    "地图标明 {zone} 禁止危险货物车辆", "The map says that {zone} is closed to dangerous goods", "请绕行", "Plan another route",
)  # fmt: skip
ROAD_LIMIT_EXCEEDED = Reason(
    "ROAD_LIMIT_EXCEEDED", Status.FAILED_PRECONDITION,
    "{zone} {what_zh} {limit}（{source}），本车为 {vehicle}", "{zone} has a {what} of {limit} ({source_en}), the vehicle has {vehicle}",
    "请绕行或更换车辆；标注有误的，请核实现场标志并更正登记", "Plan another route or take another vehicle; where the sign says otherwise, have it corrected",
)  # fmt: skip
ROAD_LIMIT_UNJUDGED = Reason(
    "ROAD_LIMIT_UNJUDGED", Status.FAILED_PRECONDITION,
    "{zone} {what_zh} {limit}（{source}），本车{figure_zh}登记不全，无法核对是否超限",
    "{zone} has a {what} of {limit} ({source_en}); whether the vehicle keeps to it cannot be told, its {figure} is not on record",
    "请在车辆登记中补全外廓尺寸和整备质量，或人工核对后绕行", "Register the size and kerb mass of the vehicle, or measure it and plan another route where need be",
)  # fmt: skip
