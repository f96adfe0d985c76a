"""Hand-overs, signed by giver and taker over the same digest (WB-13)."""

from services.errors.reason import Reason, Status

HANDOVER_EXISTS = Reason(
    "HANDOVER_EXISTS", Status.ALREADY_EXISTS,
    "交接编号已使用", "There is a hand-over of this id", "请换用新的编号", "Use a new id",
)  # fmt: skip
HANDOVER_NOT_NOW = Reason(
    "HANDOVER_NOT_NOW", Status.FAILED_PRECONDITION,
    "此时不能办理{kind}：{problem_zh}", "No hand-over of kind {kind_en} now: {problem}",
    "请核对运单状态和已有交接", "Check the state of the waybill and the hand-overs there are",
)  # fmt: skip
HANDOVER_NOT_HOLDER = Reason(
    "HANDOVER_NOT_HOLDER", Status.FAILED_PRECONDITION,
    "货物现由{holder}保管，须由其交出", "{holder} holds the load: only the holder gives it on",
    "请保管方先办理交接", "Let the holder hand it over first",
)  # fmt: skip
HANDOVER_TO_ONESELF = Reason(
    "HANDOVER_TO_ONESELF", Status.INVALID_ARGUMENT,
    "交出方不能同时是接收方", "Nobody takes what he gives: name another person as taker",
    "同一单位内交接须写明另一人", "Within one organisation name the other person",
)  # fmt: skip
HANDOVER_IMPOSSIBLE = Reason(
    "HANDOVER_IMPOSSIBLE", Status.INVALID_ARGUMENT,
    "货物第 {line} 行：车上只有 {aboard} 克，交接填写 {total} 克", "Goods line {line}: {aboard} g are aboard, {total} g are stated",
    "请核对数量", "Check the quantity",
)  # fmt: skip
HANDOVER_DIFFERS = Reason(
    "HANDOVER_DIFFERS", Status.FAILED_PRECONDITION,
    "货物第 {line} 行：应为 {expected} 克，实为 {found} 克", "Goods line {line}: {expected} g expected, {found} g found",
    "请双方确认差异", "Let both sides confirm the difference",
)  # fmt: skip
HANDOVER_ANSWERED = Reason(
    "HANDOVER_ANSWERED", Status.FAILED_PRECONDITION,
    "该交接已{state}", "This hand-over is {state_en} already", "无需再次办理", "There is nothing left to do",
)  # fmt: skip
HANDOVER_DIGEST_DIFFERS = Reason(
    "HANDOVER_DIGEST_DIFFERS", Status.INVALID_ARGUMENT,
    "会签的不是交出方所签的内容", "This is not the digest of what the giver signed",
    "请核对交出方签署的内容后重新会签", "Look at what the giver signed and sign that",
)  # fmt: skip
HANDOVER_WAITS = Reason(
    "HANDOVER_WAITS", Status.FAILED_PRECONDITION,
    "第 {stop} 个卸货点已有承运人提出的交接 {id}，请会签该交接", "The carrier has offered hand-over {id} at stop {stop}",
    "请会签或拒绝该交接", "Countersign or refuse that one",
)  # fmt: skip
HANDOVER_CODE_DEAD = Reason(
    "HANDOVER_CODE_DEAD", Status.FAILED_PRECONDITION,
    "签收码已失效：{problem_zh}", "The code is dead: {problem}", "请收货方更换签收码", "Ask for a new code",
)  # fmt: skip
