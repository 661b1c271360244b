// Stylesheet: of every page. Colours are few: one accent for what flows, one for what fails, one for what was refused.
import { ladderStyles } from "../ladder/svg-styles.ts";

const colours = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --line: #e1e4e9; --soft: #eef0f3;
  --text: #171c23; --muted: #566070; --accent: #0f766e; --second: #6d4fc2;
  --bad: #b42323; --bad-soft: #fdeeee; --bad-line: #f0c9c9; --warn: #8a5a00; --warn-soft: #fbf1dc; --good: #14703f; --good-soft: #e6f4ec;
  --accent-soft: #e2f2f0;
  --shadow: 0 1px 2px rgb(20 30 45 / 5%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116; --card: #161b22; --line: #2a313b; --soft: #1e242d;
    --text: #e5e9ef; --muted: #9ba7b6; --accent: #4cc9bd; --second: #b3a0f5;
    --bad: #ff8a84; --bad-soft: #2d1718; --bad-line: #5a2a2b; --warn: #e6b450; --warn-soft: #2b2312; --good: #6fce97; --good-soft: #15281d;
    --accent-soft: #12302e;
    --shadow: none;
  }
}
`;

const frame = `
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; overflow-y: scroll; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: .9em; }
small, .muted { color: var(--muted); font-size: .87em; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
[hidden] { display: none !important; }
.hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; z-index: 2; top: 8px; left: 8px; padding: 6px 12px; background: var(--card); border-radius: 6px; }
header, main, footer { max-width: 1360px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 20px; min-height: 60px; padding-top: 10px; padding-bottom: 10px; }
header ul, footer ul, .pages, .formats { display: flex; flex-wrap: wrap; gap: 4px; margin: 0; padding: 0; list-style: none; }
.mark { display: inline-flex; align-items: center; gap: 8px; color: var(--text); font-weight: 650; font-size: 17px; letter-spacing: -.01em; text-decoration: none; }
.logo { fill: none; stroke: var(--accent); stroke-linecap: round; stroke-linejoin: round; }
nav a { display: block; padding: 5px 10px; border-radius: 6px; color: var(--muted); text-decoration: none; font-weight: 500; }
nav a:hover { background: var(--soft); color: var(--text); }
nav a[aria-current] { color: var(--text); background: var(--soft); }
.process { margin: 0; white-space: nowrap; }
#live { margin: 0 0 0 auto; color: var(--muted); font-size: 13px; white-space: nowrap; }
#live::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 7px; border-radius: 50%; background: var(--good); }
#live[data-state="off"] { color: var(--bad); }
#live[data-state="off"]::before { background: var(--bad); }
#live[hidden] + .actions { margin-left: auto; }
.actions { gap: 8px; }
.button, button {
  display: inline-block; padding: 5px 13px; border: 1px solid var(--line); border-radius: 7px; background: var(--card); color: var(--text);
  font: inherit; font-weight: 500; text-decoration: none; cursor: pointer; white-space: nowrap;
}
.button:hover, button:hover { border-color: var(--muted); }
.danger { color: var(--bad); }
button.danger, button.main { border-color: transparent; background: var(--bad); color: var(--card); }
button.main { background: var(--accent); }
footer { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 24px; padding-top: 20px; padding-bottom: 32px; color: var(--muted); font-size: 13px; }
footer p { margin: 0; }
footer ul { gap: 4px 18px; }
footer a { color: inherit; }
section { margin: 28px 0 0; }
h1 { margin: 0; font-size: 22px; line-height: 1.3; letter-spacing: -.015em; }
h2 { margin: 0 0 10px; font-size: 15px; font-weight: 620; }
h2 .count { margin-left: 6px; color: var(--muted); font-weight: 450; }
.empty { margin: 0; padding: 18px 20px; border: 1px dashed var(--line); border-radius: 10px; color: var(--muted); }
.more { margin: 8px 2px 0; color: var(--muted); font-size: 13px; }
span.state { display: inline-block; padding: 0 8px; border-radius: 20px; background: var(--soft); color: var(--muted); font-size: 13px; font-weight: 500; line-height: 21px; }
span.state.good { background: var(--good-soft); color: var(--good); }
span.state.bad { background: var(--bad-soft); color: var(--bad); }
span.state.warn { background: var(--warn-soft); color: var(--warn); }
span.state.busy { background: var(--accent-soft); color: var(--accent); }
.down { color: var(--accent); }
.up { color: var(--second); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 24px; align-items: start; }
.columns > * { min-width: 0; }
`;

const parts = `
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px; margin-top: 8px; }
.tile { display: flex; flex-direction: column; margin: 0; padding: 14px 16px 10px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); }
.tile h2 { margin: 0; color: var(--muted); font-size: 13px; font-weight: 500; }
.tile .value { margin: 2px 0 0; font-size: 26px; font-weight: 620; line-height: 34px; letter-spacing: -.02em; white-space: nowrap; }
.tile .value .down, .tile .value .up { font-size: 19px; }
.tile .value .up { margin-left: 6px; }
.tile .sub { margin: 0; color: var(--muted); font-size: 13px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.chart { position: relative; margin-top: auto; padding-top: 8px; }
.chart .most { height: 16px; margin: 0; color: var(--muted); font-size: 11px; line-height: 16px; text-align: right; }
.chart svg { display: block; width: 100%; height: 72px; overflow: visible; }
.chart path { fill: none; vector-effect: non-scaling-stroke; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .line { stroke: var(--accent); stroke-width: 1.75; stroke-linejoin: round; }
.chart .line.up { stroke: var(--second); }
.chart .area { fill: var(--accent); opacity: .12; }
.chart .area.up { fill: var(--second); }
.chart .bars { fill: var(--bad); }
.chart .axis { display: flex; justify-content: space-between; margin: 3px 0 0; color: var(--muted); font-size: 11px; }
.chart .reading { position: absolute; top: 8px; left: 0; right: 0; padding: 0 1px; background: var(--card); font-size: 11px; line-height: 16px; text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.failures { margin: 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: 12px; background: var(--card); box-shadow: var(--shadow); overflow: hidden; }
.failure { display: grid; grid-template-columns: 256px minmax(0, 1fr); gap: 4px 24px; padding: 14px 18px; }
.failure + .failure { border-top: 1px solid var(--line); }
.failure p, .failure h2 { margin: 0; }
.failure .where { display: flex; flex-direction: column; gap: 4px; padding-top: 2px; color: var(--muted); font-size: 13px; }
.failure .sentence { font-size: 15px; font-weight: 550; }
.failure .advice { margin-top: 2px; }
.failure .meta { display: flex; flex-wrap: wrap; gap: 0 14px; margin-top: 5px; color: var(--muted); font-size: 13px; }
.failure.alone { margin-top: 18px; border: 1px solid var(--bad-line); border-radius: 12px; background: var(--bad-soft); }
.failure.alone .where, .failure.alone .meta { color: var(--text); }
.hop { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.hop .whole { stroke: var(--line); stroke-dasharray: none; }
.hop .broken { stroke: var(--bad); stroke-dasharray: 1 4; }
.hop .head { stroke: var(--bad); }
.hop .cross { stroke: var(--bad); stroke-width: 2.5; }
.hop .peer { stroke: var(--muted); }
.hop .end { stroke: var(--muted); fill: var(--card); }
.hop .gateway { fill: var(--muted); }
.hop .failed { fill: var(--bad); }
table { width: 100%; border-collapse: separate; border-spacing: 0; border: 1px solid var(--line); border-radius: 12px; background: var(--card); box-shadow: var(--shadow); }
th, td { padding: 8px 12px; text-align: left; vertical-align: baseline; font-weight: 400; overflow-wrap: normal; }
th.wide, td.wide, th.text, td.text { min-width: 8em; overflow-wrap: anywhere; }
td.state span { white-space: nowrap; }
tr > :first-child { padding-left: 18px; }
tr > :last-child { padding-right: 18px; }
thead th { padding-top: 9px; padding-bottom: 9px; color: var(--muted); font-size: 13px; font-weight: 500; white-space: nowrap; }
tbody th, tbody td { border-top: 1px solid var(--line); }
tbody tr:hover > * { background: color-mix(in srgb, var(--soft) 45%, transparent); }
.number { text-align: right; white-space: nowrap; }
tbody .main { font-weight: 500; }
.line, .aside { display: block; }
.aside { min-width: 11em; max-width: 16em; line-height: 1.35; }
.whole { white-space: nowrap; }
.path { font-weight: 400; }
.bar { display: block; width: 100%; min-width: 90px; height: 4px; margin-top: 5px; }
.bar .track { fill: var(--soft); }
.bar .used { fill: var(--accent); }
.bar .resting { fill: var(--accent); opacity: .35; }
.bar .failed { fill: var(--bad); }
.bar .refused { fill: var(--warn); }
progress { appearance: none; display: inline-block; vertical-align: middle; width: 130px; height: 6px; border: 0; border-radius: 3px; background: var(--soft); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--soft); }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }
`;

const pages = `
.top { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; margin-top: 12px; }
.top .crumb { flex-basis: 100%; margin: 0; font-size: 13px; }
.top .button { margin-left: auto; }
h1 span.state { margin-left: 6px; vertical-align: 3px; letter-spacing: 0; }
main > h1 { margin-top: 12px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 14px 24px; margin: 20px 0 0; padding: 16px 18px; border: 1px solid var(--line); border-radius: 12px; background: var(--card); box-shadow: var(--shadow); }
.facts dt { color: var(--muted); font-size: 13px; }
.facts dd { margin: 0; }
.drawing { padding: 8px 12px; border: 1px solid var(--line); border-radius: 12px; background: var(--card); box-shadow: var(--shadow); }
.drawing svg { display: block; width: 100%; max-width: 1040px; height: auto; margin: 0 auto; overflow-wrap: normal; }
.drawing .ftp-ladder { --ladder-page: var(--card); --ladder-panel: var(--ground); }
.narrow-only { display: none; }
.formats { gap: 4px 18px; margin-top: 10px; font-size: 13px; }
.copy { display: none; margin-left: 4px; padding: 0 7px; border-radius: 5px; font-size: 12px; color: var(--muted); }
.can-copy .copy { display: inline-block; }
.filter { display: flex; flex-wrap: wrap; align-items: end; gap: 10px 14px; margin: 14px 0 0; }
.filter label { display: grid; gap: 3px; color: var(--muted); font-size: 13px; }
select, input { min-height: 35px; padding: 4px 9px; border: 1px solid var(--line); border-radius: 7px; background: var(--card); color: var(--text); font: inherit; }
input { width: 11em; }
::placeholder { color: var(--muted); opacity: .75; }
.filter button { min-height: 35px; }
#sessions.list, .filter + section, .problem + section { margin-top: 16px; }
.problem { margin: 14px 0 0; color: var(--bad); }
.pages { gap: 18px; margin-top: 12px; }
.note { max-width: 560px; margin: 8vh auto 0; padding: 26px 28px; border: 1px solid var(--line); border-radius: 14px; background: var(--card); box-shadow: var(--shadow); }
.note p { margin: 10px 0 18px; color: var(--muted); white-space: pre-line; }
.note p:last-child { margin-bottom: 0; }
.note.login { max-width: 380px; }
.login form { margin: 16px 0; align-items: end; flex-wrap: wrap; }
.login label { display: grid; flex: 1; gap: 3px; color: var(--muted); font-size: 13px; }
.login input { width: 100%; }
.login button { min-height: 35px; }
.login p { font-size: 13px; }
.note .problem { color: var(--bad); }
.note form { display: flex; gap: 10px; }
dialog { width: min(480px, calc(100vw - 32px)); padding: 0; border: 0; border-radius: 14px; background: var(--card); color: var(--text); box-shadow: 0 12px 40px rgb(0 0 0 / 25%); }
dialog::backdrop { background: rgb(10 15 22 / 45%); }
dialog .note { margin: 0; border: 0; box-shadow: none; }
dialog h1 { font-size: 19px; }
`;

const narrow = `
@media (max-width: 1080px) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 760px) {
  .wide-only { display: none; }
  .narrow-only { display: block; padding: 4px 0; }
  .narrow-only svg { max-width: 560px; }
  header, main, footer { padding-left: 14px; padding-right: 14px; }
  .tiles { gap: 10px; }
  .tile { padding: 11px 12px 8px; }
  .tile .value { font-size: 21px; line-height: 28px; }
  .tile .value .down, .tile .value .up { display: block; margin: 0; font-size: 15px; line-height: 20px; }
  .tile .sub { white-space: normal; }
  .chart svg { height: 48px; }
  .failure { grid-template-columns: minmax(0, 1fr); padding: 12px 14px; }
  .failure .where { flex-direction: row; align-items: center; gap: 10px; }
  table, tbody, tr, tbody th, tbody td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table { border: 0; background: none; box-shadow: none; }
  tbody { display: grid; gap: 8px; }
  tbody tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 5px 10px; padding: 10px 14px 11px; border: 1px solid var(--line); border-radius: 12px; background: var(--card); box-shadow: var(--shadow); }
  tbody th, tbody td, tr > :first-child, tr > :last-child { grid-column: span 2; min-width: 0; padding: 0; border: 0; font-size: 14px; line-height: 1.4; overflow-wrap: anywhere; }
  tbody .number { grid-column: span 1; text-align: left; }
  tbody .main { align-self: center; font-size: 15px; }
  tbody .wide { grid-column: 1 / -1; }
  tbody tr:hover > * { background: none; }
  tbody td::before { content: attr(data-head); display: block; color: var(--muted); font-size: 12px; }
  tbody td.state { justify-self: end; align-self: center; }
  tbody td.state::before { display: none; }
  .number { white-space: normal; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px 14px; padding: 14px; }
  .filter label { flex: 1 1 40%; }
  .filter input, .filter select { width: 100%; }
}
@media (prefers-reduced-motion: no-preference) {
  .button, button, nav a { transition: border-color .12s, background-color .12s; }
}
`;

export const stylesheet = colours + frame + parts + pages + ladderStyles + narrow;
