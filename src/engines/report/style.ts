/** The look of a monitor's page: light, dark and printed, from one set of named colours. */

/** Paper is white, whatever its reader's screen is. */
const lightColours =
  '--ink:#1c2430;--soft:#5b6675;--paper:#fff;--line:#d6dbe1;--card:#f6f8fa;' +
  '--before:#3b6fb6;--after:#c65f10;--bad:#a3211b;--warn:#805700;--good:#1d6b36';
const darkColours =
  '--ink:#e6e9ee;--soft:#9aa5b3;--paper:#12161c;--line:#323b47;--card:#1a2029;' +
  '--before:#7fb0f0;--after:#f2a25c;--bad:#ff8f87;--warn:#e8bf5a;--good:#7bd397';

export const pageStyle = `
:root{color-scheme:light dark;${lightColours}}
@media screen and (prefers-color-scheme:dark){:root{${darkColours}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1,h2,h3,dd,figcaption,code,li{overflow-wrap:anywhere}
h1{margin:0 0 .5rem;font-size:1.6rem}h2{margin:0 0 .5rem;font-size:1.1rem}
h3{margin:0;font-size:1rem}
code{font-size:.85em;font-weight:400;color:var(--soft);margin-left:.5em}
.verdict{font-size:1.05rem}
.badge{display:inline-block;padding:.1em .6em;margin-right:.3em;border-radius:1em;
border:1.5px solid;font-weight:700}
.bad,.v-large,.v-missing,.v-type-changed{color:var(--bad);font-weight:600}
.good,.v-none{color:var(--good)}.v-moderate,.v-new{color:var(--warn);font-weight:600}
.v-too-few{color:var(--soft)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:1rem 0;
font-size:.95rem}
.facts dt{color:var(--soft)}.facts dd{margin:0}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;
padding:1rem;margin:1rem 0;min-width:0}
.advice,.findings{list-style:none;margin:0;padding:0}
.advice>li{padding:.75rem 0;border-top:1px solid var(--line)}
.advice>li:first-child{border-top:0;padding-top:0}.advice>li:last-child{padding-bottom:0}
.findings{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(24rem,100%),1fr));
gap:.75rem 1.5rem;margin-top:.5rem}
.findings p{margin:0}.findings ul{color:var(--soft);font-size:.95rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;min-width:min(100%,24rem);font-variant-numeric:tabular-nums;
font-size:.95rem}
th,td{padding:.35rem 1.2rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top}
tbody th{font-weight:400}
.number{text-align:right}
ul{margin:.25rem 0;padding-left:1.2rem}
figure{margin:0;min-width:0}figcaption{font-size:.95rem}
figcaption small{display:block;font-size:.9em}
small{color:var(--soft)}
.trends,.pictures,.charts{display:grid;gap:1.25rem 2rem}
.trends{grid-template-columns:repeat(auto-fill,minmax(min(15rem,100%),1fr));margin-bottom:1rem}
.pictures{grid-template-columns:repeat(auto-fill,minmax(min(22rem,100%),1fr));
align-items:start}
.charts{grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1rem;
align-items:start}
.charts section{margin:0}.charts svg{max-width:44rem}
svg{display:block;width:100%;margin-top:.25rem}
svg text{fill:var(--soft);font:12px system-ui,sans-serif}
.keys{margin:0 0 .25rem;color:var(--soft);font-size:.9rem}
.key{display:inline-block;width:.8em;height:.8em;border-radius:.15em;margin:0 .2em 0 .8em}
.key:first-child{margin-left:0}
.key.before{background:var(--before)}.key.after{background:var(--after)}
.name{display:inline-block;margin-right:1rem}
.sample{display:inline-block;width:2rem;height:12px;margin:0 .2em 0 0}
.fill-before{fill:var(--before);fill-opacity:.35;stroke:var(--before);stroke-width:1.5}
.fill-after{fill:var(--after);fill-opacity:.3;stroke:var(--after);stroke-width:1.5}
.line-0{fill:none;stroke:var(--before);stroke-width:2}
.line-1{fill:none;stroke:var(--after);stroke-width:2;stroke-dasharray:6 3}
.line-2{fill:none;stroke:var(--good);stroke-width:2;stroke-dasharray:2 3}
.dot{fill:var(--after)}.axis{stroke:var(--line);stroke-width:1}
.limit{stroke:var(--bad);stroke-width:1.2;stroke-dasharray:4 3}
footer{color:var(--soft);font-size:.9rem}
@media(max-width:40rem){body{padding:.75rem}section{padding:.75rem}}
@media print{body{max-width:none;padding:0;font-size:11pt}
section{background:none;padding:.75rem}figure,tr,svg,li{break-inside:avoid}h2{break-after:avoid}
.scroll{overflow:visible}.key,rect,path{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
