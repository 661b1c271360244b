// SVG styles: what a drawn ladder looks like, light and dark. A page that holds the drawing inline serves them in a style sheet of its own
// and may set the variables.

const light = `
  --ladder-page: #ffffff; --ladder-panel: #f4f6f9; --ladder-ink: #17212e; --ladder-soft: #5a6677; --ladder-life: #c5cdd8;
  --ladder-shaft: #6a7789; --ladder-accent: #0b5cd5; --ladder-hole: #0b7a75; --ladder-hole-fill: #dff3f1;
  --ladder-data: #14753f; --ladder-data-fill: #d9f2e3; --ladder-wait: #8a5300; --ladder-wait-fill: #ffe2ad;
  --ladder-bad: #b3261e; --ladder-bad-fill: #fdeceb; --ladder-quirk: #6b3fb5; --ladder-quirk-fill: #f0e9fb;`;

const dark = `
  --ladder-page: #11161d; --ladder-panel: #181f29; --ladder-ink: #e6ebf2; --ladder-soft: #9aa7b8; --ladder-life: #3a4554;
  --ladder-shaft: #8492a5; --ladder-accent: #79b0ff; --ladder-hole: #5fd0c5; --ladder-hole-fill: #12332f;
  --ladder-data: #6fdc9b; --ladder-data-fill: #14372a; --ladder-wait: #f2b95c; --ladder-wait-fill: #5a4216;
  --ladder-bad: #ff8f87; --ladder-bad-fill: #3a1b1c; --ladder-quirk: #c3a2ff; --ladder-quirk-fill: #2b2140;`;

export const ladderStyles = `
.ftp-ladder {${light}
  color: var(--ladder-ink);
  font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace;
}
@media (prefers-color-scheme: dark) { .ftp-ladder {${dark} } }
.ftp-ladder:root { background: var(--ladder-page); }
.ftp-ladder text { fill: var(--ladder-ink); white-space: pre; }
.ftp-ladder .ladder-page { fill: var(--ladder-page); }
.ftp-ladder .ladder-panel { fill: var(--ladder-panel); }
.ftp-ladder .ladder-head { fill: var(--ladder-panel); stroke: var(--ladder-life); }
.ftp-ladder .ladder-life { stroke: var(--ladder-life); stroke-width: 1.5; fill: none; }
.ftp-ladder .ladder-life.ladder-gateway { stroke-width: 2.5; }
.ftp-ladder .ladder-life.ladder-waiting { stroke-dasharray: 1.5 5; stroke-linecap: round; }
.ftp-ladder .ladder-shaft { stroke: var(--ladder-shaft); stroke-width: 1.4; fill: none; }
.ftp-ladder .ladder-tip { fill: var(--ladder-shaft); }
.ftp-ladder .ladder-dot { fill: var(--ladder-shaft); stroke: var(--ladder-page); stroke-width: 2; }
.ftp-ladder .ladder-turn { fill: var(--ladder-accent); stroke: var(--ladder-page); stroke-width: 2; }
.ftp-ladder .ladder-connection .ladder-shaft { stroke: var(--ladder-hole); stroke-dasharray: 5 4; }
.ftp-ladder .ladder-connection .ladder-tip { fill: var(--ladder-page); stroke: var(--ladder-hole); stroke-width: 1.4; }
.ftp-ladder .ladder-connection text { fill: var(--ladder-hole); }
.ftp-ladder .ladder-refused .ladder-shaft { stroke: var(--ladder-bad); stroke-dasharray: 5 4; }
.ftp-ladder .ladder-refused text { fill: var(--ladder-bad); }
.ftp-ladder .ladder-cross { stroke: var(--ladder-bad); stroke-width: 2.4; stroke-linecap: round; fill: none; }
.ftp-ladder .ladder-bar { fill: var(--ladder-hole); opacity: 0.55; }
.ftp-ladder .ladder-label { font-family: system-ui, "Segoe UI", "DejaVu Sans", "Liberation Sans", sans-serif; }
.ftp-ladder .ladder-soft { fill: var(--ladder-soft); }
.ftp-ladder .ladder-strong { font-weight: 650; }
.ftp-ladder .ladder-verb { font-weight: 650; }
.ftp-ladder .ladder-no { font-weight: 650; fill: var(--ladder-bad); }
.ftp-ladder .ladder-changed { font-weight: 650; fill: var(--ladder-accent); }
.ftp-ladder .ladder-pill { fill: var(--ladder-page); }
.ftp-ladder .ladder-pinhole .ladder-pill { fill: var(--ladder-hole-fill); stroke: var(--ladder-hole); }
.ftp-ladder .ladder-pinhole text { fill: var(--ladder-hole); }
.ftp-ladder .ladder-ended .ladder-pill { fill: var(--ladder-bad-fill); stroke: var(--ladder-bad); stroke-dasharray: 4 3; }
.ftp-ladder .ladder-ended text { fill: var(--ladder-bad); }
.ftp-ladder .ladder-quirk .ladder-pill { fill: var(--ladder-quirk-fill); }
.ftp-ladder .ladder-quirk text { fill: var(--ladder-quirk); }
.ftp-ladder .ladder-refusal .ladder-pill { fill: var(--ladder-wait-fill); }
.ftp-ladder .ladder-refusal text { fill: var(--ladder-wait); }
.ftp-ladder .ladder-data .ladder-block { fill: var(--ladder-data-fill); stroke: var(--ladder-data); stroke-width: 1.2; }
.ftp-ladder .ladder-data text { fill: var(--ladder-data); }
.ftp-ladder .ladder-broken .ladder-block { fill: var(--ladder-bad-fill); stroke: var(--ladder-bad); stroke-width: 1.2; }
.ftp-ladder .ladder-broken text { fill: var(--ladder-bad); }
.ftp-ladder .ladder-wait .ladder-band { fill: var(--ladder-wait-fill); }
.ftp-ladder .ladder-wait text { fill: var(--ladder-wait); }
.ftp-ladder .ladder-wait.ladder-flowing .ladder-band { fill: var(--ladder-data-fill); opacity: 0.75; }
.ftp-ladder .ladder-wait.ladder-flowing text { fill: var(--ladder-data); paint-order: stroke; stroke: var(--ladder-data-fill); stroke-width: 5; }
.ftp-ladder .ladder-failure .ladder-card { fill: var(--ladder-bad-fill); stroke: var(--ladder-bad); }
.ftp-ladder .ladder-failure .ladder-edge { fill: var(--ladder-bad); }
.ftp-ladder .ladder-failure .ladder-title { fill: var(--ladder-bad); font-weight: 650; }
`.trim();
