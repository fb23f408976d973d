"""Figures → Markdown: one table a section, and before them how each goal stands. Decides nothing, measures nothing."""

from collections.abc import Callable
from typing import Any

Found = dict[str, Any]


def markdown(found: Found) -> str:
    """The whole report."""
    lines = ["# The main job: figures", "", *_machine(found), "", "## Goals", "", *_goals(found)]
    for name, write in SECTIONS.items():
        if name in found["sections"]:
            lines += ["", f"## {name}", "", *_written(write, found["sections"][name])]
    return "\n".join(lines) + "\n"


def _written(write: Callable[[Any], list[str]], section: Any) -> list[str]:
    if isinstance(section, dict) and "failed" in section:
        return [f"**Failed:** {section['failed']}"]
    return write(section)


def _machine(found: Found) -> list[str]:
    m, end = found["machine"], found["end"]
    packages = ", ".join(f"{name} {version}" for name, version in m["packages"].items())
    return [
        f"{m['at']} to {end['at']}; {m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, Linux {m['kernel']}, "
        f"Python {m['python']}, SQLite {m['sqlite']}, {packages}; commit {m['commit']}.",
        f"4 kB made durable in {m['fsync_ms']['p50']} ms (p50) and {m['fsync_ms']['p99']} ms (p99) before, "
        f"{end['fsync_ms']['p50']} and {end['fsync_ms']['p99']} after. Load of the machine before "
        f"{m['load']}, after {end['load']}.",
        f"Repetitions: {found['options']['repeat']}; a figure is the median, with the least and the greatest in brackets.",
    ]


# ---- goals
def _goals(found: Found) -> list[str]:
    s = found["sections"]
    rows = [
        ("annotations/s at 32, next + submit p99 ≤ 150 ms", "≥ 170", _at(s, "load", _busiest)),
        ("server CPU per annotation, every size", "≤ 3 ms", _at(s, "load", _cpu)),
        ("tasks with more answers than asked; acknowledged and lost", "0; 0", _at(s, "load", _overfull)),
        ("import of 100,000 rows / 1 M", "≤ 4.4 s / < 300 MB", _at(s, "import", _imports)),
        ("export of 100,000", "≤ 3 s, first byte < 1 s", _at(s, "export", _exports)),
        ("install", "≤ 30 s, ≤ 45 packages, ≤ 300 MB", _at(s, "install", lambda x: _installed(x["no_cache"]))),
        ("first page after start, first time", "≤ 3 s", _at(s, "firstpage", lambda x: f"{x['first_s']} s")),
        ("labelling page, JS + CSS gzipped", "≤ 120 kB", _at(s, "page", lambda x: f"{x['files']['js_css_kb']} kB")),
        ("key press → next task painted, p95", "≤ 50 ms", _at(s, "page", _pressed)),
        ("import tawsim", "≤ 150 ms", _at(s, "importtime", lambda x: f"{x['import_ms']} ms")),
    ]
    return _table(("what", "goal", "found"), rows)


def _at(sections: Found, name: str, read: Callable[[Any], str]) -> str:
    """What a section found, or why there is nothing to say."""
    section = sections.get(name)
    if section is None:
        return "not measured in this run"
    if isinstance(section, dict) and "failed" in section:
        return "failed"
    try:
        return read(section)
    except (KeyError, IndexError, StopIteration, ValueError):
        return "not measured in this run"


def _busiest(load: Found) -> str:
    rows = [(size["tasks"], level) for size in load["sizes"] for level in size["levels"] if level["ahead"] == 1]
    most = max(level["people"] for _, level in rows)
    return "; ".join(
        f"{level['per_s']} at {level['both_ms']['p99']} ms ({tasks:,} tasks)"
        for tasks, level in rows
        if level["people"] == most
    )


def _cpu(load: Found) -> str:
    each = [level["server_cpu_ms"] for size in load["sizes"] for level in size["levels"]]
    return f"{min(each):.2f} to {max(each):.2f} ms"


def _overfull(load: Found) -> str:
    checks = [size["check"] for size in load["sizes"]] + ([load["crowd"]["check"]] if "crowd" in load else [])
    return f"{sum(c['more_than_asked'] for c in checks)}; {sum(c['lost'] for c in checks)}"


def _imports(found: Found) -> str:
    return "; ".join(f"{one['rows']:,}: {one['s']} s, {one['peak_mb']} MB" for one in found["file"])


def _exports(found: list[Found]) -> str:
    smallest = min(one["tasks"] for one in found)
    rows = [one for one in found if one["tasks"] == smallest]
    return "; ".join(f"{one['format']} {one['s']} s, first byte {one['first_byte_s']} s" for one in rows)


def _installed(one: Found) -> str:
    return f"{one['s']} s, {one['packages']} packages, {one['mb']} MB"


def _pressed(page: Found) -> str:
    if isinstance(page["browser"], str):
        return page["browser"]
    return f"{page['browser']['painted_ms']['p95']} ms"


# ---- sections
def _load(load: Found) -> list[str]:
    head = ("tasks", "people", "ahead", "annotations/s", "next p50/p95/p99 ms", "submit", "both", "server CPU ms",
            "client CPU ms", "errors")  # fmt: skip
    levels = [(size["tasks"], level) for size in load["sizes"] for level in size["levels"]]
    if "history" in load:
        past = load["history"]
        levels += [(f"{past['tasks']:,}, {past['answers']:,} behind them", past["with"])]
        levels += [(f"{past['tasks']:,}, none behind them", past["without"])]
    if "crowd" in load:
        levels += [(f"{load['crowd']['tasks']:,}, thinking {load['crowd']['think_s']} s", load["crowd"])]
    rows = [
        (
            tasks if isinstance(tasks, str) else f"{tasks:,}", level["people"], level["ahead"],
            _with_spread(level, "per_s"), _three(level["next_ms"]), _three(level["submit_ms"]),
            _three(level["both_ms"]), _with_spread(level, "server_cpu_ms"), level["client_cpu_ms"],
            level["errors"] or "",
        )
        for tasks, level in levels
    ]  # fmt: skip
    checks = [f"- {size['tasks']:,} tasks: {_check(size['check'])}" for size in load["sizes"]]
    if "crowd" in load:
        checks.append(f"- the crowd: {_check(load['crowd']['check'])}")
    return [*_table(head, rows), "", "Read back afterwards:", "", *checks]


def _check(check: Found) -> str:
    return (
        f"{check['answers']:,} answers on {check['answered_tasks']:,} tasks, {check['more_than_asked']} tasks with more "
        f"than asked; {check['acknowledged']:,} acknowledged in this run, {check['lost']} of them lost."
    )


def _import(found: Found) -> list[str]:
    rows = [
        (how, f"{one['rows']:,}", _with_spread(one, "s"), f"{one['rows_per_s']:,.0f}", one["peak_mb"])
        for how in ("file", "upload")
        for one in found[how]
    ]
    both = found["while_labelling"]
    people = [
        (name, both[name]["per_s"], _three(both[name]["both_ms"]), both[name]["server_cpu_ms"])
        for name in ("before", "meanwhile")
    ]
    return [
        *_table(("by", "rows", "s", "rows/s", "peak MB"), rows),
        "",
        f"While {both['import']['rows']:,} rows are uploaded into the same project ({both['import']['s']} s), 8 people:",
        "",
        *_table(("", "annotations/s", "next + submit p50/p95/p99 ms", "server CPU ms"), people),
    ]


def _export(found: list[Found]) -> list[str]:
    rows = [
        (f"{one['tasks']:,}", f"{one['answered']:,}", one["format"], _with_spread(one, "first_byte_s"),
         _with_spread(one, "s"), one["again_s"], one["mb"], one["grew_mb"])
        for one in found
    ]  # fmt: skip
    head = ("tasks", "answered", "format", "first byte s", "s, just started", "s, again", "MB", "server grew by MB")
    return _table(head, rows)


def _install(found: Found) -> list[str]:
    names = {"no_cache": "without pip's cache", "cached": "with it", "label_studio": "Label Studio, without"}
    rows = [(text, *found[name].values()) for name, text in names.items() if name in found]
    return [*_table(("", "s", "packages", "MB on disk"), rows), "", f"The wheel has {found['wheel_mb']} MB."]


def _first_page(found: Found) -> list[str]:
    where = "a fresh environment" if found["fresh_install"] else "the development environment"
    return [f"`tawsim label FILE`, from {where}: {found['first_s']} s the first time, {found['again_s']} s again."]


def _import_time(found: Found) -> list[str]:
    rows = [(name.removesuffix("_ms"), value) for name, value in found.items() if name.endswith("_ms")]
    return [*_table(("", "ms"), rows), "", "Most of it: " + ", ".join(found["slowest"])]


def _page(found: Found) -> list[str]:
    rows = [(name, round(size / 1000, 1)) for name, size in found["files"].get("each", {}).items()]
    browser = found["browser"]
    said = (
        browser if isinstance(browser, str) else f"{browser['presses']} key presses: {_three(browser['painted_ms'])} ms"
    )
    return [*_table(("asset", "kB gzipped"), rows), "", said]


def _peer(found: Found) -> list[str]:
    if "skipped" in found:
        return [f"Not run: it {found['skipped']}."]
    rows = [
        (row["what"], row["ours"], row["theirs"], "" if row["times"] is None else f"{row['times']} ×",
         f"{row['ours_all']} : {row['theirs_all']}")
        for row in found["ratios"]
    ]  # fmt: skip
    intro = (
        f"{found['rounds']} rounds in turn, {found['tasks']:,} tasks, {found['seconds']} s a level. Their first page "
        f"came {found['their_first_page_s']} s after their start."
    )
    return [intro, "", *_table(("", "Tawsim", "Label Studio", "better by", "every round"), rows)]


SECTIONS: dict[str, Callable[[Any], list[str]]] = {
    "load": _load, "import": _import, "export": _export, "install": _install, "firstpage": _first_page,
    "importtime": _import_time, "page": _page, "peer": _peer,
}  # fmt: skip


# ---- form
def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def _three(ms: Found) -> str:
    return f"{ms['p50']:.1f} / {ms['p95']:.1f} / {ms['p99']:.1f}"


def _with_spread(one: Found, name: str) -> str:
    low_high = one.get("spread", {}).get(name)
    return f"{one[name]}" if low_high is None else f"{one[name]} [{low_high[0]}–{low_high[1]}]"
