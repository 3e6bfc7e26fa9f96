"""Where every number comes from: a fact with its source, derived from one, or an assumption with its reason."""

from __future__ import annotations

from data.gansu.build.files import Row, read_facts

COLUMNS = ["table", "column", "kind", "source_id", "reason_zh", "reason_en"]

FACT, DERIVED, ASSUMED = "fact", "derived", "assumption"
SIZES = ("规模与造价按公开单价折算,规模效应指数 0.85", "Sizes and costs scaled from printed unit costs, exponent 0.85")

ORIGINS: list[tuple[str, str, str, str, str, str]] = [
    ("counties", "lon,lat", FACT, "C03", "", ""),
    ("counties", "area_km2", DERIVED, "C02", "边界多边形的椭球面积", "Ellipsoidal area of the boundary polygon"),
    ("counties", "population,urban_population,rural_population,in_official_list", FACT, "C01", "", ""),
    ("counties", "agri_employed_share", DERIVED, "C01", "长表就业人数之比", "Ratio of long-form counts"),
    ("counties", "elevation_m", DERIVED, "C04", "20 分格网双线性插值,山谷误差可达 500 米", "20-minute grid, errors of 500 m in valleys"),
    ("places", "lon,lat", ASSUMED, "", "乡镇位置未公开,按规则在县域内布点", "Township positions are not public; placed by rule in the county"),
    ("places", "population,rural_population", ASSUMED, "", "县人口按街道、镇、乡权重分摊", "County people split by kind of township"),
    ("node", "x_coord,y_coord", ASSUMED, "", "与 places 相同", "As in places"),
    ("link", "length", ASSUMED, "", "直线距离乘绕行系数中位数", "Straight line times the median printed detour"),
    ("link", "free_speed", ASSUMED, "", "按道路等级取值", "By class of road"),
    ("link", "directed", ASSUMED, "", "均为双向", "All two-way"),
    ("demand", "year", ASSUMED, "", "节点年", "Knot years"),
    ("demand", "quantity", ASSUMED, "", "由公开总量按规则分摊到乡镇,见 SOURCES.md", "Public totals split to townships by rule, see SOURCES.md"),
    ("catalogue", "capacity,overnight_cost,fixed_om,lead_years,land_mu,upgrade_cost", ASSUMED, "", *SIZES),
    ("catalogue", "lifetime", DERIVED, "V023", "折旧年限表与整站寿命假设", "Depreciation table and planning lives"),
    ("candidates", "cost_factor", ASSUMED, "", "高原加价:1500 米以上每 500 米 4%", "Height: 4 % for each 500 m above 1,500 m"),
    ("candidates", "existing_capacity", ASSUMED, "", "现有设施满足 2024 年需求的六成", "What stands covers 60 % of demand in 2024"),
    ("candidates", "earliest_year,latest_year", ASSUMED, "", "不限", "Not bounded"),
    ("sources", "max_share,carry_over_share,preference", ASSUMED, "", "按补助上限惯例", "After customary ceilings of grants"),
    ("sources", "bond_rate,bond_term", ASSUMED, "", "V222 规划利率 2.4%,20 年", "Planning rate 2.4 %, 20 years"),
    ("budgets", "year", ASSUMED, "", "逐年", "Yearly"),
    ("budgets", "amount", ASSUMED, "", "数量级取自公开数,见 SOURCES.md", "Order of magnitude from public figures, see SOURCES.md"),
    ("county_rules", "own_share,debt_service_ceiling,works_at_once,land_quota_mu", ASSUMED, "", "按规则,见 SOURCES.md",
     "By rule, see SOURCES.md"),
    ("county_rules", "migrants", DERIVED, "V263", "全省城镇化路径按城镇人口分摊", "Province's path split by urban people"),
    ("values", "low,central,high", ASSUMED, "", "逐行注明依据", "Each row says its basis"),
]


def origins() -> list[Row]:
    """Rows of origins.csv, one a column."""
    return [
        dict(zip(COLUMNS, (table, column, *rest), strict=True))
        for table, columns, *rest in ORIGINS for column in columns.split(",")
    ]


def provenance() -> list[Row]:
    """Rows of provenance.csv: the sources named above and in the tables of facts."""
    rows = [
        _source("C01", "2020 (7th) national census by county, yearbook tabulation",
                "github leiii/census, data/census/census_county_2020_v1.xlsx", "MIT", "good"),
        _source("C02", "County boundaries (CTAmap, Rui Cheng) as in tudigong", "github thebamboogrove/tudigong, src/boundaries",
                "MIT for the repository; CTAmap's own terms were not read: swap the file if they do not suit you", "good"),
        _source("C03", "County seats", "github kakuilan/china_area_mysql", "no licence file seen; figures only", "datum inferred"),
        _source("C04", "ETOPO 20-minute grid", "NOAA, copy in matplotlib/basemap", "public domain", "regional trend only"),
        _source("R01", "Expressway distances between county seats, derived from Travel Mapping route points (OpenStreetMap)",
                "github TravelMapping/HighwayData", "ODbL credit: OpenStreetMap contributors; figures only", "recent roads missing"),
        _source("N01", "Rivers: Natural Earth 10m", "naturalearthdata.com", "public domain", "good"),
        _source("T01", "Township names and codes, National Bureau of Statistics 2023-06-30",
                "github modood/Administrative-divisions-of-China", "WTFPL", "good"),
    ]
    for name, title in (("valuation.csv", "item"), ("unit_costs.csv", "item"), ("statements.csv", "topic")):
        rows += [
            _source(r["source_id"], r[title], r["source_url"] or "no address printed", "figure quoted", r["quality"])
            for r in read_facts(name)
        ]
    return rows


def _source(key: str, title: str, address: str, licence: str, quality: str) -> Row:
    return {"source_id": key, "title": title, "address": address, "licence": licence, "quality": quality}
