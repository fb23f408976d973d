"""The look of the report: one style sheet, light and dark, logical properties only, so that Arabic mirrors by itself."""

import base64
import hashlib

SHEET = """
:root { color-scheme: light dark;
  --page: light-dark(#f7f7f5, #131416); --surface: light-dark(#fff, #1a1c1f); --line: light-dark(#e2e2dd, #2b2e33);
  --line-strong: light-dark(#85867f, #757b84); --ink: light-dark(#1b1c1e, #ecebe8); --soft: light-dark(#55585c, #a8acb2);
  --accent: light-dark(#0a6a60, #63cdbd); --good: light-dark(#19692c, #7ccf8c); --warn: light-dark(#8a5300, #efb765);
  --bad: light-dark(#a8281f, #f49a92); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 0.9375rem/1.6 system-ui, 'Segoe UI', 'Noto Sans', 'Noto Naskh Arabic', 'Noto Sans Arabic', sans-serif; }
main { max-inline-size: 56rem; margin-inline: auto; padding: 2rem 1.25rem 3rem; }
header p { margin-block: 0.25rem 0; color: var(--soft); }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0; }
h2 { font-size: 1.0625rem; margin: 0 0 0.25rem; }
h3 { font-size: 0.9375rem; margin: 1.25rem 0 0.375rem; font-weight: 600; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1.25rem;
  margin-block-start: 1rem; }
section > p { margin: 0.25rem 0 0.875rem; color: var(--soft); max-inline-size: 46rem; }
dl.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 1rem; margin: 1rem 0 0; }
dl.numbers div { border-block-start: 2px solid var(--accent); padding-block-start: 0.375rem; }
dl.numbers dt { color: var(--soft); font-size: 0.8125rem; }
dl.numbers dd { margin: 0; font-size: 1.375rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
dl.how { display: grid; grid-template-columns: max-content 1fr; gap: 0.375rem 1.25rem; margin: 0.5rem 0 0; }
dl.how dt { color: var(--soft); }
dl.how dd { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
table.wide { inline-size: 100%; }
th, td { text-align: start; padding: 0.3125rem 0; padding-inline: 0 0.75rem; vertical-align: middle;
  border-block-end: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: 0.8125rem; vertical-align: bottom; }
tbody tr:last-child > * { border-block-end: 0; }
th[scope=row] { font-weight: 500; overflow-wrap: anywhere; min-inline-size: 5rem; max-inline-size: 22rem; }
td.user { overflow-wrap: anywhere; min-inline-size: 7rem; max-inline-size: 24rem; }
/* Digits line up by their last place in both directions. */
.number { direction: ltr; text-align: end; white-space: nowrap; }
td.mark { padding-block: 0; }
td small, dd small { color: var(--soft); display: block; max-inline-size: 22rem; line-height: 1.4; }
bdi { unicode-bidi: isolate; }
.verdict { white-space: nowrap; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
svg { display: block; max-inline-size: 100%; block-size: auto; direction: ltr; }
svg.chart.long { min-inline-size: 30rem; }
svg.row { inline-size: 15rem; min-inline-size: 9rem; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .base, svg .step { stroke: var(--line-strong); stroke-width: 1; }
svg .rule { stroke: var(--line-strong); stroke-width: 1.25; stroke-dasharray: 4 3; }
svg .tick { fill: var(--soft); font-size: 11.5px; }
svg .name { fill: var(--ink); font-size: 12.5px; }
svg .mark { fill: var(--accent); fill-opacity: 0.8; }
svg .span { stroke: var(--accent); stroke-width: 3; stroke-linecap: round; stroke-opacity: 0.45; }
svg .span.wide { stroke-width: 7; }
svg .dot { fill: var(--accent); }
svg .span.good { stroke: var(--good); } svg .dot.good { fill: var(--good); }
svg .span.warn { stroke: var(--warn); } svg .dot.warn { fill: var(--warn); }
svg .span.bad { stroke: var(--bad); } svg .dot.bad { fill: var(--bad); }
.heat th, .heat td { border: 0; padding: 0.25rem 0.5rem; text-align: center; max-inline-size: 9rem; overflow-wrap: anywhere; }
.heat th[scope=row] { text-align: end; min-inline-size: 3rem; }
.heat td { min-inline-size: 3.25rem; border: 1px solid var(--surface); }
.heat td.own { outline: 1.5px solid var(--line-strong); outline-offset: -2.5px; }
.heats { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; align-items: flex-start; }
.pair { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start; }
.pair > * { flex: 0 1 auto; min-inline-size: 0; }
ul { margin: 0.25rem 0; padding-inline-start: 1.25rem; }
footer { color: var(--soft); font-size: 0.8125rem; margin-block-start: 1.5rem; }
@media print { body { background: none; } section { break-inside: avoid; } }
"""
# A share of 0 … 10 tenths has a class of its own: the page forbids itself styles on elements.
_HEAT = "".join(
    f".h{i} {{ background: color-mix(in srgb, var(--accent) {i * 7}%, var(--surface)); }}\n" for i in range(11)
)
_ON_DARK = ".h8, .h9, .h10 { color: light-dark(#fff, var(--ink)); }\n"
CSS = SHEET + _HEAT + _ON_DARK


def policy() -> str:
    """The Content-Security-Policy of the page: nothing but this very style sheet."""
    digest = base64.b64encode(hashlib.sha256(CSS.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
