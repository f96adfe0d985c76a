"""Reasons of the monitoring slice."""

from services.errors.reason import Reason, Status

BATCH_TOO_LARGE = Reason(
    "BATCH_TOO_LARGE", Status.INVALID_ARGUMENT,
    "一批定位过多：{count}，最多 {most}", "Too many fixes in one batch: {count}, at most {most}",
    "请分批上报", "Send smaller batches",
)  # fmt: skip
BATCH_MALFORMED = Reason(
    "BATCH_MALFORMED", Status.INVALID_ARGUMENT,
    "列的长度不一致：{field}", "The columns differ in length: {field}",
    "请让各列长度相同", "Make all columns of one length",
)  # fmt: skip
FIX_VEHICLE_UNKNOWN = Reason(
    "FIX_VEHICLE_UNKNOWN", Status.NOT_FOUND,
    "车辆不属于本单位或未登记", "The vehicle is not yours, or not registered", "请先登记车辆", "Register the vehicle first",
)  # fmt: skip
FIX_TIME_INVALID = Reason(
    "FIX_TIME_INVALID", Status.INVALID_ARGUMENT,
    "定位时间无效：早于 30 天前或晚于现在 5 分钟以上", "The time is more than 30 days ago or 5 minutes ahead",
    "请校准终端时钟", "Set the terminal's clock",
)  # fmt: skip
FIX_POSITION_INVALID = Reason(
    "FIX_POSITION_INVALID", Status.INVALID_ARGUMENT,
    "经纬度无效", "Latitude or longitude is impossible",
    "请检查坐标单位（度×10⁷）与经纬次序；未定位时请勿置 positioned", "Check the unit (degrees x 10^7) and the order; without a fix leave positioned unset",
)  # fmt: skip
FIX_SPEED_INVALID = Reason(
    "FIX_SPEED_INVALID", Status.INVALID_ARGUMENT,
    "速度无效：超过 220 km/h", "The speed is impossible: over 220 km/h", "请检查单位（0.1 km/h）", "Check the unit (0.1 km/h)",
)  # fmt: skip
FIX_HEADING_INVALID = Reason(
    "FIX_HEADING_INVALID",
    Status.INVALID_ARGUMENT,
    "方向应为 0 至 359",
    "The heading is not 0 to 359",
    "请更正",
    "Correct it",
)
FIX_ODOMETER_INVALID = Reason(
    "FIX_ODOMETER_INVALID", Status.INVALID_ARGUMENT,
    "里程无效", "The odometer is impossible", "请检查单位（0.1 米）", "Check the unit (0.1 m)",
)  # fmt: skip
SPAN_TOO_LONG = Reason(
    "SPAN_TOO_LONG", Status.INVALID_ARGUMENT,
    "时间段无效或超过 48 小时", "The span is empty or over 48 hours", "请缩短查询时间", "Ask for less at once",
)  # fmt: skip
