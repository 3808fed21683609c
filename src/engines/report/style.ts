/** The look of a monitor's page: light, dark and printed, from one set of named colours. */

export const pageStyle = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#fff;--line:#d6dbe1;
--card:#f6f8fa;--before:#3b6fb6;--after:#c65f10;--bad:#a3211b;--warn:#805700;--good:#1d6b36}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa5b3;--paper:#12161c;--line:#323b47;
--card:#1a2029;--before:#7fb0f0;--after:#f2a25c;--bad:#ff8f87;--warn:#e8bf5a;--good:#7bd397}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{margin:0 0 .5rem;font-size:1.6rem}h2{margin:0 0 .5rem;font-size:1.1rem;overflow-wrap:anywhere}
code{font-size:.9em;overflow-wrap:anywhere}
.verdict{font-size:1.05rem}
.badge{display:inline-block;padding:.1em .6em;border-radius:1em;border:1.5px solid;font-weight:700}
.bad,.v-large,.v-missing,.v-type-changed{color:var(--bad);font-weight:600}
.good,.v-none{color:var(--good)}.v-moderate,.v-new{color:var(--warn);font-weight:600}
.v-too-few{color:var(--soft)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:1rem 0;
font-size:.95rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;
padding:1rem;margin:1rem 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.95rem}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.number{text-align:right}
.texts td{min-width:8rem}
ul{margin:.25rem 0;padding-left:1.2rem}
figure{margin:0;min-width:0}figcaption{overflow-wrap:anywhere;font-size:.95rem}
small{color:var(--soft)}
.trends{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(22rem,1fr));gap:1.5rem}
svg{width:100%;height:auto;display:block;margin-top:.25rem}
svg text{fill:var(--soft);font:12px system-ui,sans-serif}
.key{display:inline-block;width:.8em;height:.8em;border-radius:.15em;margin:0 .2em 0 .8em}
.key.before{background:var(--before)}.key.after{background:var(--after)}
.fill-before{fill:var(--before);fill-opacity:.35;stroke:var(--before);stroke-width:1.5}
.fill-after{fill:var(--after);fill-opacity:.3;stroke:var(--after);stroke-width:1.5}
.line-0{fill:none;stroke:var(--before);stroke-width:2}
.line-1{fill:none;stroke:var(--after);stroke-width:2;stroke-dasharray:6 3}
.line-2{fill:none;stroke:var(--good);stroke-width:2;stroke-dasharray:2 3}
.dot{fill:var(--after)}.axis{stroke:var(--line);stroke-width:1}
.limit{stroke:var(--bad);stroke-width:1.2;stroke-dasharray:4 3}
footer{color:var(--soft);font-size:.9rem}
@media print{body{max-width:none;padding:0;font-size:11pt}section,figure,tr{break-inside:avoid}
.scroll{overflow:visible}}
`;
