"""Every word of the report in both languages; a section asks by key."""

from __future__ import annotations

from markupsafe import Markup, escape

WORDS: dict[str, tuple[str, str]] = {
    "title": ("城乡基础设施投资方案", "Infrastructure investment plan"),
    "summary": ("概要", "Summary"),
    "net_benefit": ("净效益(折现)", "Net benefit (discounted)"),
    "bound": ("可证明的上界", "Proven upper bound"),
    "gap": ("与最优的最大差距", "At most this far from the best"),
    "projects_started": ("开工项目", "Projects started"),
    "spending": ("总投资", "Total spending"),
    "verified": ("独立核验", "Independent check"),
    "passed": ("通过", "passed"),
    "failed": ("未通过", "FAILED"),
    "status": ("求解状态", "How the solve ended"),
    "million": ("百万元", "million CNY"),
    "optimal": ("已达到要求的差距", "the demanded gap was reached"),
    "time_limit": ("时间到,给出最好的方案", "time was up; this is the best plan found"),
    "cut_short": (
        "求解时间不足:最好的方案可能好得多,请给更多时间(solver.time_limit)。",
        "The solve was cut short: the best plan may be far better. Give it more time (solver.time_limit).",
    ),
    "nothing_begun": (
        "未开工任何项目,但这并不说明没有值得建的项目。",
        "Nothing was begun, which does not mean that nothing pays.",
    ),
    "round_limit": ("轮次用完,给出最好的方案", "the rounds were spent; this is the best plan found"),
    "refuted": ("模拟表明方案兑现不了承诺", "simulation finds that the plan does not keep its promises"),
    "rounds": ("规划与模拟的轮次", "Rounds of planning and simulation"),
    "round": ("轮次", "Round"),
    "short": ("未兑现(县×期)", "Promises not kept (counties and periods)"),
    "cuts": ("新增切割", "New cuts"),
    "confirmed": ("模拟确认的最好方案", "Best plan that simulation confirms"),
    "interrupted": ("被中断,给出当时最好的方案", "interrupted; this is the best plan until then"),
    "node_limit": ("达到节点上限", "a limit of the search was reached"),
    "contradicted": (
        "求解器按其容差判为无解,而本方案满足全部规则",
        "the solver, by its tolerances, found no plan; this one obeys every rule",
    ),
    "solver_error": ("求解器出错中止,给出当时最好的方案", "the solver ended with an error; this is the best plan until then"),
    "map": ("分年地图", "Map by year"),
    "map_note": ("县区颜色为服务水平,圆点为已投用项目", "Shade: share of demand served; dots: projects in service"),
    "service": ("服务水平", "Service"),
    "gantt": ("建设时序", "Schedule"),
    "gantt_note": ("浅色为建设期,深色为投用", "Light: under construction; dark: in service"),
    "money": ("资金", "Money"),
    "money_note": ("分年分来源支出", "Payments by source and year"),
    "source": ("来源", "Source"),
    "budget": ("预算", "Budget"),
    "carried_in": ("上年结转", "Carried over"),
    "paid": ("支付", "Paid"),
    "share_used": ("使用率", "Used"),
    "counties": ("县区服务", "Service by county"),
    "county": ("县区", "County"),
    "projects": ("项目", "Projects"),
    "project": ("项目", "Project"),
    "project_list": ("项目清单", "Project list"),
    "systems": ("各系统", "System by system"),
    "system": ("系统", "System"),
    "option": ("规模", "Size"),
    "start": ("开工", "Start"),
    "in_service": ("投用", "In service"),
    "cost": ("造价", "Cost"),
    "couplings": ("系统间耦合", "Across systems"),
    "verification": ("核验:承诺与模拟", "Verification: promised and simulated"),
    "rule": ("规则", "Rule"),
    "rows_checked": ("检查行数", "Rows checked"),
    "violations": ("违反", "Violations"),
    "promised": ("承诺", "Promised"),
    "simulated": ("模拟", "Simulated"),
    "difference": ("差", "Difference"),
    "year": ("年份", "Year"),
    "flips": ("价值取低、取高时哪些选择会变", "Which choices flip at low and at high values"),
    "flips_note": (
        "同一问题按低值和高值重新求解。差距之内的变化可能只是并列方案。",
        "The same problem solved again at low and high values. Changes within the gap may be ties.",
    ),
    "values": ("取值", "Values"),
    "low": ("低", "low"),
    "central": ("中", "central"),
    "high": ("高", "high"),
    "added": ("新增", "Added"),
    "dropped": ("放弃", "Dropped"),
    "moved": ("改年", "Moved"),
    "resized": ("改规模", "Resized"),
    "left_out": ("未选项目及原因", "Projects left out, and why"),
    "reason": ("原因", "Reason"),
    "served_already": ("该县需求已满足", "demand of the county is already met"),
    "county_money": ("县级自筹资金不足", "not enough of the county's own money"),
    "pool_money": (
        "省级以上资金已用完,其他项目每元效益更高",
        "pooled money is used up by projects worth more per yuan",
    ),
    "not_worth": (
        "效益不抵成本,或受用地、偿债、在建数限制",
        "not worth its cost, or limited by land, debt or works at once",
    ),
    "facts": ("事实与假设", "Facts and assumptions"),
    "table": ("表", "Table"),
    "fact": ("事实", "Fact"),
    "derived": ("由事实推算", "Derived"),
    "assumption": ("假设", "Assumption"),
    "unknown": ("未注明", "Not said"),
    "numbers": ("数字个数", "Numbers"),
    "sources_list": ("来源", "Sources"),
    "synthetic": (
        "个乡镇的位置未公开,按规则在县域内布点(synthetic placement);涉及它们的距离仅供参考。",
        "townships have no public position and were placed by rule inside their county (synthetic placement); distances"
        " to them are indicative only.",
    ),
    "terms": ("净效益构成", "What net benefit is made of"),
    "benefits": ("效益", "Benefits"),
    "fixed_om": ("运维", "O&M"),
    "residual_value": ("期末残值", "Residual value"),
    "run": ("运行信息", "The run"),
    "all": ("全部", "All"),
    "stations": ("个小型项目", "small projects"),
    "none": ("无", "none"),
    "value": ("值", "Value"),
    "language": ("English", "中文"),
    "more": ("其余见 plan.xlsx", "the rest is in plan.xlsx"),
    "prefecture": ("市州", "Prefecture"),
    "served_end": ("期末服务水平", "Served at the end"),
    "money_left": ("剩余资金", "Money left"),
}


def both(zh: object, en: object) -> Markup:
    """Both languages as HTML; the page shows the chosen one."""
    return Markup('<span class="zh">{}</span><span class="en">{}</span>').format(escape(zh), escape(en))


def word(key: str) -> Markup:
    """A word in both languages."""
    return both(*WORDS[key])


def plain(key: str) -> str:
    """A word in both languages side by side, for files without a switch."""
    zh, en = WORDS[key]
    return f"{zh} {en}"
