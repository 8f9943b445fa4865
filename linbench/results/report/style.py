"""The style sheet of a report: readable in light and dark, on paper and on small screens."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --page: #ffffff; --faint: #d9dce0; --soft: #5c636b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e8eb; --page: #16181c; --faint: #363b42; --soft: #a2a9b1; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 70rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.75rem; border-bottom: 1px solid var(--faint); padding-bottom: 0.25rem; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1.25rem 0 2rem; }
figcaption { color: var(--soft); font-size: 0.9rem; margin: 0.5rem 0; }
li { margin: 0.2rem 0; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
.wide { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.3rem; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--faint); text-align: left; vertical-align: top; }
td { white-space: nowrap; }
.numbers th, .numbers td { text-align: right; }
th { font-weight: 600; }
.numbers th:first-child, .numbers th[scope="row"] { text-align: left; }
th[scope="row"] { font-weight: 400; }
summary { cursor: pointer; }
svg { width: 100%; max-width: 52rem; height: auto; font: 13px system-ui, sans-serif; }
svg text { fill: var(--text); }
svg .note { fill: var(--soft); font-size: 12px; }
svg .grid { stroke: var(--faint); stroke-width: 1; }
svg .frame { fill: none; stroke: var(--soft); stroke-width: 1; }
svg .level { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 6 4; }
svg .curve { fill: none; stroke: var(--colour); stroke-width: 2.25; stroke-linejoin: round; }
svg .band { fill: var(--colour); fill-opacity: 0.13; stroke: none; }
.c0 { --colour: #0072b2; }
.c1 { --colour: #d55e00; }
.c2 { --colour: #009e73; }
.c3 { --colour: #cc79a7; }
.c4 { --colour: #e69f00; }
.c5 { --colour: #56b4e9; }
.c6 { --colour: var(--text); }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
""".strip()
"""The style sheet. The colour-blind tell its colours apart (Okabe & Ito, "Color Universal Design", 2008)."""
