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
    Value("water.worth", "新增供水效益", "Worth of water to people newly connected", 4.2, 9.0, 18.9, "CNY/m3", "derived:V098",
          "每人每年 100/250/600 元,其余用水按水价,除以人均用水",
          "100, 250, 600 CNY a person and year, the use beyond 20 L a day at the tariff (V106), over the use a head (V108)"),
    Value("water.treatment", "制水成本", "Raw water and treatment", 2.0, 1.5, 1.0, "CNY/m3", "assumption:",
          "低于规划水价 V106", "Below the planning tariff V106"),
    Value("water.upkeep", "管网维护", "Upkeep of the network", 0.8, 0.5, 0.3, "CNY/m3", "assumption:", "按水量计",
          "By the water that passes"),
    Value("water.energy", "提水电费", "Energy for lifting", 0.0028, 0.0021, 0.0016, "CNY/m3/m", "assumption:",
          "9.81 千焦每立方米每米、效率 0.7、电价 0.55 元", "9.81 kJ for a m3 and metre, efficiency 0.7, 0.55 CNY/kWh"),
    Value("gas.worth", "替代瓶装液化气", "Bottled gas that is replaced", 4.2, 5.3, 6.3, "CNY/m3", "derived:V147",
          "每瓶 80/100/120 元相当于 19 立方米", "A bottle of 80, 100, 120 CNY holds the heat of 19 m3"),
    Value("gas.gate_price", "管道气门站成本", "Gas at the pipeline gate", 2.0, 1.7, 1.5, "CNY/m3", "assumption:",
          "低于兰州居民气价 V138", "Below the tariff of Lanzhou (V138), which pays for its network too"),
    Value("gas.lng_price", "液化天然气成本", "Liquefied gas at the plant", 3.6, 3.1, 2.7, "CNY/m3", "assumption:",
          "低于 LNG 县城气价 V141", "Below the tariff of a town on liquefied gas (V141)"),
    Value("gas.haul_hour", "液化气运费", "Haulage of liquefied gas", 0.09, 0.069, 0.051, "CNY/m3/h", "derived:V155",
          "每吨公里 0.8 元、60 公里每小时、往返、每吨 1400 立方米",
          "0.8 CNY/t-km at 60 km/h, both ways, 1,400 m3 a tonne"),
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
