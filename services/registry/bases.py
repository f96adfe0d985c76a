"""Where each rule of the registry comes from. Texts nobody here has read in full say so (``verified=False``)."""

from datetime import date

from services.errors import Basis

CREDIT_CODE = Basis(
    "GB 32100-2015《法人和其他组织统一社会信用代码编码规则》", "GB 32100-2015, unified social credit code",
    effective_from=date(2015, 10, 1), verified=False,
)  # fmt: skip
IDENTITY = Basis(
    "GB 11643-1999《公民身份号码》", "GB 11643-1999, citizen identification number",
    effective_from=date(1999, 7, 1), verified=False,
)  # fmt: skip
PLATE = Basis("GA 36《中华人民共和国机动车号牌》", "GA 36, number plates of motor vehicles", verified=False)
DIVISION = Basis(
    "GB/T 2260《中华人民共和国行政区划代码》", "GB/T 2260, codes of administrative divisions", verified=False
)
VIN = Basis("GB 16735《道路车辆 车辆识别代号》", "GB 16735, vehicle identification number", verified=False)
SCOPE = Basis(
    "《道路危险货物运输管理规定》", "Provisions on road transport of dangerous goods (2026 revision to be checked)",
    verified=False,
)  # fmt: skip
TANK = Basis(
    "《危险货物道路运输安全管理办法》（交通运输部令2019年第29号）", "Measures for safety of road transport of dangerous goods (Order 29 of 2019)",
    "第三十八条、第三十九条", date(2020, 1, 1), verified=False,
)  # fmt: skip
