"""What benefits are worth: low, central, high, each with its source."""

from __future__ import annotations

from data.gansu.build.files import Row

COLUMNS = ["key", "name_zh", "name_en", "low", "central", "high", "unit", "basis", "source_id", "reason"]


def values() -> list[Row]:
    """Rows of values.csv, from the tables of facts (source_id) or assumed (reason)."""
    rows = [
        ("social_discount_rate", "社会折现率", "Social discount rate", 0.08, 0.08, 0.06, "1/yr", "fact", "V003",
         "国家现行 8%,公益项目可用 6% National rate; 6 % is allowed for public-good works, so it is the high-value case"),
        ("cold_chain.produce_price", "农产品综合价格", "Mean price of produce", 1800.0, 2500.0, 3200.0, "CNY/t", "assumption", "",
         "马铃薯 1.4、蔬菜 2.5、苹果 4.5 元/公斤按库容结构折算 Mix of potato 1.4 (V039), vegetables 2.52 (V041), apples 4.5 CNY/kg (V053)"),
        ("cold_chain.loss_avoided", "入库减少的损失率", "Loss avoided by a store", 0.05, 0.1, 0.15, "t/t", "derived", "V032", ""),
        ("cold_chain.storage_premium", "错季销售溢价", "Price gain of stored produce", 180.0, 350.0, 500.0, "CNY/t", "assumption", "",
         "马铃薯 300、苹果 1000 元/吨、蔬菜 0 按结构折算 Mix of potato 300 (V038) and apples 1,000 CNY/t (V049), vegetables none"),
        ("cold_chain.spoilage_per_hour", "运输途中损耗率", "Spoilage on the road", 0.006, 0.004, 0.003, "1/h", "assumption", "",
         "无冷链运输一天损失约一成 About a tenth lost in a day without cooling; low value of the benefit = high spoilage"),
        ("cold_chain.transport_cost_km", "普通货车运费", "Ordinary lorry transport", 0.45, 0.35, 0.3, "CNY/t/km", "assumption", "",
         "V068 未找到公布价格 V068: no printed figure found; low value of the benefit = dear transport"),
        ("cold_chain.reefer_cost_km", "冷藏车运费", "Refrigerated transport", 0.8, 0.6, 0.45, "CNY/t/km", "assumption", "",
         "V067 未找到公布价格 V067: no printed figure found; low value of the benefit = dear transport"),
        ("cold_chain.running_cost", "冷库运行成本", "Running cost of a store", 180.0, 120.0, 72.0, "CNY/t", "assumption", "",
         "每吨每月 30/20/12 元、每次储存 6 个月 30, 20, 12 CNY/t/month (V066) for six months a filling"),
        ("township_logistics.value_parcel_village", "到村取件价值", "Value of a parcel at the village", 0.8, 1.5, 3.6, "CNY/parcel",
         "derived", "V090", ""),
        ("township_logistics.saving_shared_delivery", "共同配送节约", "Saving of shared delivery", 0.3, 0.8, 1.8, "CNY/parcel",
         "assumption", "", "单独派送与共同配送成本之差 Difference of stand-alone (V081) and shared (V082) delivery"),
        ("township_logistics.handling_cost", "站点处理成本", "Handling at centre and station", 0.8, 0.5, 0.3, "CNY/parcel",
         "assumption", "", "县到乡镇末端成本 V080 Cost county to township (V080); low value of the benefit = dear handling"),
        ("township_logistics.cost_km", "乡镇配送运费", "Delivery by kilometre", 0.02, 0.012, 0.008, "CNY/parcel/km", "assumption", "",
         "小型货车每公里约 2.4 元、每趟 200 件 Van at about 2.4 CNY/km with 200 parcels a trip"),
    ]
    return [dict(zip(COLUMNS, r, strict=True)) for r in rows]
