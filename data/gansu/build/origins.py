"""Where every number comes from: a fact with its source, derived from one, or an assumption with its reason."""

from __future__ import annotations

from typing import NamedTuple

from data.gansu.build.files import Row, read_facts

COLUMNS = ["table", "column", "kind", "source_id", "reason_zh", "reason_en"]
PROVENANCE_COLUMNS = ["source_id", "title", "address", "licence", "retrieved", "quality", "note"]
RETRIEVED = "by 2026-11"


class Origin(NamedTuple):
    """Where the numbers of some columns come from; a cell ``origin`` in a row says otherwise for that row."""

    table: str
    columns: str
    source: str
    """``kind:source_id``; ``assumption:`` where there is a reason alone."""
    zh: str = ""
    en: str = ""


SEE = ("见 SOURCES.md", "see SOURCES.md")
ORIGINS = (
    Origin("counties", "lon,lat", "fact:C03"),
    Origin("counties", "area_km2", "derived:C02", "边界多边形的椭球面积", "Ellipsoidal area of the boundary polygon"),
    Origin("counties", "population,urban_population,rural_population,in_official_list", "fact:C01"),
    Origin("counties", "agri_employed_share", "derived:C01", "长表就业人数之比", "Ratio of long-form counts"),
    Origin("counties", "elevation_m", "derived:C04", "20 分格网双线性插值,山谷误差可达 500 米",
           "20-minute grid, errors of 500 m in valleys"),
    Origin("places", "lon,lat", "assumption:", "乡镇位置未公开,按规则在县域内布点",
           "Township positions are not public; placed by rule in the county"),
    Origin("places", "population,rural_population", "assumption:", "县人口按街道、镇、乡权重分摊",
           "County people split by kind of township"),
    Origin("node", "x_coord,y_coord", "assumption:", "与 places 相同", "As in places"),
    Origin("link", "length", "assumption:", "直线距离乘绕行系数中位数",
           "Straight line times the median printed detour"),
    Origin("link", "free_speed", "assumption:", "按道路等级取值", "By class of road"),
    Origin("link", "directed", "assumption:", "均为双向", "All two-way"),
    Origin("demand", "quantity", "assumption:", f"由公开总量按规则分摊到乡镇,{SEE[0]}",
           f"Public totals split to townships by rule, {SEE[1]}"),
    Origin("catalogue", "capacity,overnight_cost,fixed_om,upgrade_cost", "assumption:",
           "按公开单价折算,规模效应指数 0.85", "Scaled from printed unit costs, exponent 0.85"),
    Origin("catalogue", "lead_years,land_mu", "assumption:", "按同类项目惯例", "After usual works of the kind"),
    Origin("catalogue", "lifetime", "derived:V014", "折旧年限 V014 与整站寿命 V026,小型改造减 10 年",
           "Accounting life V014, whole cold store V026, ten years less for a refit"),
    Origin("candidates", "cost_factor", "assumption:", "高原加价:1500 米以上每 500 米 4%",
           "Height: 4 % for each 500 m above 1,500 m"),
    Origin("candidates", "existing_capacity", "assumption:",
           "现有设施满足 2024 年农村收件的六成;冷库存量已从需求中扣除",
           "What stands covers 60 % of the parcels of 2024; existing cold stores are taken off demand"),
    Origin("sources", "max_share,carry_over_share,preference", "assumption:", f"按补助上限惯例 (F16),{SEE[0]}",
           f"After ceilings of subsidies (F16), {SEE[1]}"),
    Origin("sources", "bond_rate,bond_term", "assumption:", "规划利率 V244", "Planning rate V244"),
    Origin("budgets", "amount", "assumption:", f"数量级取自公开数,{SEE[0]}",
           f"Order of magnitude from public figures, {SEE[1]}"),
    Origin("county_rules", "own_share,works_at_once", "assumption:", f"按规则,{SEE[0]}", f"By rule, {SEE[1]}"),
    Origin("county_rules", "debt_service_ceiling", "assumption:", "人均财力 V245 的 3%",
           "3 % of revenue a head (V245)"),
    Origin("county_rules", "land_quota_mu", "assumption:", "V253 的四分之一", "A quarter of V253"),
    Origin("county_rules", "migrants", "derived:V260", "全省城镇化路径按城镇人口分摊",
           "Province's path to 62 % split by urban people"),
    Origin("elevations", "elevation_m,uncertainty_m", "assumption:", f"县城高程加网格高差的 15%,{SEE[0]}",
           f"Height of the seat and 15 % of the grid's difference from it, {SEE[1]}"),
    Origin("pipe_corridors", "length_km", "assumption:", "沿合成道路", "Along the roads of link.csv"),
    Origin("supplies", "pressure,capacity", "assumption:", f"按规则,{SEE[0]}", f"By rule, {SEE[1]}"),
    Origin("corridors", "saving", "assumption:", "每公里 6 万元土方", "60,000 CNY a km of digging and filling"),
    Origin("river_reaches", "length_km", "derived:C03", "县城间直线距离乘 1.35", "Straight line between seats times 1.35"),
    Origin("river_reaches", "slope,width_m,manning,base_m3s,mean_peak_m3s,cv,cs_over_cv,time_to_peak_h,delay_h",
           "assumption:", f"按河流取整数值,{SEE[0]}", f"Round figures by river, {SEE[1]}"),
    Origin("river_reaches", "from_lon,from_lat,to_lon,to_lat", "fact:C03"),
    Origin("river_storages", "safe_flow_m3s,hold_m3", "assumption:", f"{SEE[0]}", f"{SEE[1]}"),
    Origin("storage_curves", "volume_m3,gate_m3s,spill_m3s", "assumption:", "参照 V221 的下泄量", "After the releases of V221"),
    Origin("flood_zones", "area_km2,ground_m,high_ground_m,crest_m,levee_km,breach_m,breach_sill_m", "assumption:",
           f"按规则,{SEE[0]}", f"By rule, {SEE[1]}"),
    Origin("flood_zones", "standard_years", "derived:V192", "按城镇人口取 V192 至 V195 的下限", "Least of V192 to V195 by townspeople"),
    Origin("flood_zones", "lon,lat", "fact:C03"),
    Origin("zone_assets", "value,growth", "assumption:", "受淹人口乘人均资产 V223", "People on low ground times V223"),
    Origin("damage_curves", "depth_m,share", "fact:D01"),
    Origin("zone_drainage", "catchment_km2,runoff,drains_m3s,storage_m3", "assumption:", f"{SEE[0]}", f"{SEE[1]}"),
    Origin("zone_drainage", "a1,c,b,n", "derived:V202", "全省借用兰州暴雨公式", "Lanzhou's formula for all"),
    Origin("zone_places", "outage_days", "assumption:", "按惯例", "A month"),
    Origin("values", "low,central,high", "assumption:", "逐行注明依据", "Each row says its basis"),
)  # fmt: skip


def origins() -> list[Row]:
    """Rows of origins.csv, one a column."""
    return [
        dict(zip(COLUMNS, (o.table, column, *o.source.split(":"), o.zh, o.en), strict=True))
        for o in ORIGINS
        for column in o.columns.split(",")
    ]


NAMED = (
    ("C01", "2020 (7th) national census by county, yearbook tabulation", "github leiii/census", "MIT", "good",
     "data/census/census_county_2020_v1.xlsx, commit 0ba0f1efae09"),
    ("C02", "County boundaries (CTAmap, Rui Cheng) as in tudigong", "github thebamboogrove/tudigong",
     "MIT for the repository; CTAmap's own terms were not read: swap the file if they do not suit you", "good",
     "src/boundaries/counties-geo.topojson, commit 4db2f1455276; simplified here"),
    ("C03", "County seats", "github kakuilan/china_area_mysql", "no licence file seen; figures only", "datum inferred",
     "commit fc260b9c7b2d; taken to be GCJ-02 and moved to WGS84"),
    ("C04", "ETOPO 20-minute grid", "github matplotlib/basemap", "public domain (NOAA)", "regional trend only",
     "doc/examples/etopo20data.gz, commit 9e22bf446052"),
    ("R01", "Expressway distances between county seats, from route points placed on OpenStreetMap",
     "github TravelMapping/HighwayData", "no licence file; OpenStreetMap contributors, ODbL; figures only",
     "recent roads missing", "hwy_data/CHN-*, commit 3d7993c9cb60; shortest ways worked out, no geometry kept"),
    ("D01", "Depth-damage curves for Asia (Huizinga, de Moel, Szewczyk 2017, JRC)", "doi:10.2760/16510",
     "figures of tables 3-2, 3-6, 3-11", "good", "as collected by nismod/open-gira, MIT"),
    ("N01", "Rivers, Natural Earth 10m (2017)", "github martynafford/natural-earth-geojson", "public domain", "good",
     "10m/physical, commit 0b9a6ceb0a70; clipped"),
    ("T01", "Township names and codes, National Bureau of Statistics, 2023-06-30",
     "github modood/Administrative-divisions-of-China", "WTFPL", "good", "dist/streets.csv, commit 57a0aa9cef47"),
)  # fmt: skip


def provenance() -> list[Row]:
    """Rows of provenance.csv: the sources named above and those of the tables of facts."""
    rows = [_source(*named) for named in NAMED]
    for name, title in (("valuation.csv", "item"), ("unit_costs.csv", "item"), ("statements.csv", "topic")):
        rows += [
            _source(
                r["source_id"], r[title], r["source_url"] or "no address printed", "figure quoted", r["quality"], ""
            )
            for r in read_facts(name)
        ]
    return rows


def _source(key: str, title: str, address: str, licence: str, quality: str, note: str) -> Row:
    return dict(zip(PROVENANCE_COLUMNS, (key, title, address, licence, RETRIEVED, quality, note), strict=True))
