"""Whom to ask about a vehicle nobody here knows: the province its plate names (GA 36)."""

from __future__ import annotations

_PROVINCES = {
    "京": ("北京市", "Beijing"), "津": ("天津市", "Tianjin"), "沪": ("上海市", "Shanghai"), "渝": ("重庆市", "Chongqing"),
    "冀": ("河北省", "Hebei"), "豫": ("河南省", "Henan"), "云": ("云南省", "Yunnan"), "辽": ("辽宁省", "Liaoning"),
    "黑": ("黑龙江省", "Heilongjiang"), "湘": ("湖南省", "Hunan"), "皖": ("安徽省", "Anhui"), "鲁": ("山东省", "Shandong"),
    "新": ("新疆维吾尔自治区", "Xinjiang"), "苏": ("江苏省", "Jiangsu"), "浙": ("浙江省", "Zhejiang"),
    "赣": ("江西省", "Jiangxi"), "鄂": ("湖北省", "Hubei"), "桂": ("广西壮族自治区", "Guangxi"), "甘": ("甘肃省", "Gansu"),
    "晋": ("山西省", "Shanxi"), "蒙": ("内蒙古自治区", "Inner Mongolia"), "陕": ("陕西省", "Shaanxi"),
    "吉": ("吉林省", "Jilin"), "闽": ("福建省", "Fujian"), "贵": ("贵州省", "Guizhou"), "粤": ("广东省", "Guangdong"),
    "青": ("青海省", "Qinghai"), "藏": ("西藏自治区", "Tibet"), "川": ("四川省", "Sichuan"),
    "宁": ("宁夏回族自治区", "Ningxia"), "琼": ("海南省", "Hainan"),
}  # fmt: skip
UNKNOWN = ("车籍所在省", "the province where it is registered")


def province_of(plate: str) -> tuple[str, str]:
    """Its name in Chinese and English; in general words for a plate that names none."""
    return _PROVINCES.get(plate[:1], UNKNOWN)
