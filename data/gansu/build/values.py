"""What benefits are worth: low, central, high (least to most in favour of building), each with its source."""

from __future__ import annotations

from typing import NamedTuple

from data.gansu.build.files import Row

COLUMNS = ["key", "name_zh", "name_en", "low", "central", "high", "unit", "basis", "source_id", "reason"]
MONTHS_A_FILLING = 6


class Value(NamedTuple):
    """A row of values.csv."""

    key: str
    name_zh: str
    name_en: str
    low: float
    central: float
    high: float
    unit: str
    source: str
    """``kind:source_id``; ``assumption:`` where there is a reason alone."""
    reason_zh: str
    reason_en: str


VALUES = (
    Value("social_discount_rate", "社会折现率", "Social discount rate", 0.08, 0.08, 0.06, "1/yr", "fact:V003",
          "国家现行 8%,公益项目可用 6%", "National rate; 6 % is allowed for public-good works: the case of most worth"),
    Value("cold_chain.produce_price", "农产品综合价格", "Mean price of produce", 1800, 2500, 3200, "CNY/t",
          "assumption:", "马铃薯 1.4、蔬菜 2.5、苹果 4.5 元/公斤按库容结构折算",
          "Mix of potato 1.4 (V039), vegetables 2.52 (V041), apples 4.5 CNY/kg (V053)"),
    Value("cold_chain.loss_avoided", "入库减少的损失率", "Loss avoided by a store", 0.05, 0.1, 0.15, "t/t",
          "derived:V032", "", ""),
    Value("cold_chain.storage_premium", "错季销售溢价", "Price gain of stored produce", 180, 350, 500, "CNY/t",
          "assumption:", "马铃薯 300、苹果 1000 元/吨、蔬菜 0 按结构折算",
          "Mix of potato 300 (V038) and apples 1,000 CNY/t (V049), vegetables none"),
    Value("cold_chain.spoilage_per_hour", "运输途中损耗率", "Spoilage on the road", 0.006, 0.004, 0.003, "1/h",
          "assumption:", "无冷链运输一天损失约一成",
          "About a tenth lost in a day without cooling; high spoilage is the case of least worth"),
    Value("cold_chain.transport_cost_km", "普通货车运费", "Ordinary lorry transport", 0.45, 0.35, 0.3, "CNY/t/km",
          "assumption:", "V068 未找到公布价格",
          "V068: no printed figure found; dear haulage is the case of least worth"),
    Value("cold_chain.reefer_cost_km", "冷藏车运费", "Refrigerated transport", 0.8, 0.6, 0.45, "CNY/t/km",
          "assumption:", "V067 未找到公布价格",
          "V067: no printed figure found; dear haulage is the case of least worth"),
    Value("cold_chain.running_cost", "冷库运行成本", "Running cost of a store", 30 * MONTHS_A_FILLING,
          20 * MONTHS_A_FILLING, 12 * MONTHS_A_FILLING, "CNY/t", "assumption:",
          "每吨每月 30/20/12 元、每次储存 6 个月", "30, 20, 12 CNY/t/month (V066) for six months a filling"),
    Value("township_logistics.value_parcel_village", "到村取件价值", "Value of a parcel at the village", 0.8, 1.5, 3.6,
          "CNY/parcel", "derived:V090", "", ""),
    Value("township_logistics.saving_shared_delivery", "共同配送节约", "Saving of shared delivery", 0.3, 0.8, 1.8,
          "CNY/parcel", "assumption:", "单独派送与共同配送成本之差",
          "Difference of stand-alone (V081) and shared (V082) delivery"),
    Value("township_logistics.handling_cost", "站点处理成本", "Handling at centre and station", 0.8, 0.5, 0.3,
          "CNY/parcel", "assumption:", "县到乡镇末端成本 V080",
          "Cost county to township (V080); dear handling is the case of least worth"),
    Value("township_logistics.cost_km", "乡镇配送运费", "Delivery by kilometre", 0.02, 0.012, 0.008, "CNY/parcel/km",
          "assumption:", "小型货车每公里约 2.4 元、每趟 200 件", "Van at about 2.4 CNY/km with 200 parcels a trip"),
)  # fmt: skip


def values() -> list[Row]:
    """Rows of values.csv."""
    rows = []
    for v in VALUES:
        basis, source = v.source.split(":")
        reason = f"{v.reason_zh} {v.reason_en}".strip()
        cells = (*v[:7], basis, source, reason)
        rows.append({**dict(zip(COLUMNS, cells, strict=True)), "origin": v.source if source else ""})
    return rows
