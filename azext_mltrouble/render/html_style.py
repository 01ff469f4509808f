"""The style sheet of the HTML report: light, dark, narrow, wide and printed. Text has a contrast of at least 4.5."""
from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #18212b; --soft: #51606f; --line: #d5dce3; --link: #0b5cad;
  --log: #f0f3f6; --command: #101a26; --command-ink: #e9f1f8;
  --bad: #b3221d; --bad-wash: #fdeeed; --doubtful: #855000; --doubtful-wash: #fdf3e0;
  --good: #186a3b; --good-wash: #e8f5ed; --muted: #51606f; --muted-wash: #eaeef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1319; --card: #171e27; --ink: #e4eaf0; --soft: #a3b1bf; --line: #2d3946; --link: #7cb8f5;
    --log: #0f151c; --command: #05090e; --command-ink: #e2edf6;
    --bad: #ff948c; --bad-wash: #3a1a1b; --doubtful: #f2bc5f; --doubtful-wash: #362914;
    --good: #74d39a; --good-wash: #14301f; --muted: #a3b1bf; --muted-wash: #232d38;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main, footer { max-width: 76rem; margin: 0 auto; padding: 1.5rem clamp(.75rem, 3vw, 2rem); }
main { display: grid; gap: 2.5rem; }
footer { padding-top: 0; }
footer p, .fine { color: var(--soft); font-size: .875rem; }
h1, h2, h3, h4 { margin: 0; line-height: 1.25; font-weight: 650; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.25rem); letter-spacing: -.015em; }
h2 { font-size: 1.2rem; }
h3, h4 { font-size: 1rem; }
p { margin: .5rem 0 0; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.bad { --tone: var(--bad); --wash: var(--bad-wash); }
.doubtful { --tone: var(--doubtful); --wash: var(--doubtful-wash); }
.good { --tone: var(--good); --wash: var(--good-wash); }
.muted { --tone: var(--muted); --wash: var(--muted-wash); }
.mark {
  display: inline-grid; place-items: center; flex: none; width: 1.5em; height: 1.5em; border-radius: 50%;
  margin-inline-end: .55em; background: var(--wash); color: var(--tone); font-size: .85em; font-weight: 700;
  line-height: 1; border: 1.5px solid currentColor;
}
code, samp, .code, .time { font-family: ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, monospace; }
.report { display: grid; gap: 1.5rem; min-width: 0; }
.report > * { min-width: 0; }
.report > header { border-inline-start: .375rem solid var(--tone); padding: .15rem 0 .15rem 1.1rem; }
.report > header :is(h1, h2) { color: var(--tone); display: flex; align-items: center; }
.report > header h2 { font-size: 1.6rem; }
.report > header .mark { font-size: .7em; }
.target { margin: 0 0 .1rem; color: var(--soft); }
.target b { color: var(--ink); }
dl { display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; margin: .6rem 0 0; font-size: .9375rem; }
dl div { display: flex; gap: .5ch; }
dt { color: var(--soft); flex: none; }
dd { margin: 0; }
.stages {
  list-style: none; margin: 0; padding: 1.1rem .5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr);
}
.stages li { position: relative; display: grid; justify-items: center; text-align: center; font-size: .9375rem; }
.stages li + li:not(.aside)::before {
  content: ""; position: absolute; top: .8em; inset-inline: calc(-50% + 1.5em) calc(50% + 1.5em);
  border-top: 2px solid var(--line);
}
.stages .mark { margin: 0 0 .35rem; font-size: 1em; }
.stages .bad .mark { background: var(--tone); color: var(--card); border-color: var(--tone); }
.stages span:last-child { color: var(--tone); font-size: .8125rem; }
.stages .bad span:last-child { font-weight: 650; }
.cause { display: grid; gap: 1.5rem; }
.cause > div, .finding, .report > section:not(.cause) {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.1rem 1.25rem; min-width: 0;
}
.cause > :first-child { border-top: .25rem solid var(--bad); }
.cause > :last-child { border-top: .25rem solid var(--link); }
.report > section > .finding { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 1rem 0; }
.report > section > .finding:last-child { padding-bottom: 0; }
.report > section > :is(h2, h3) + .finding { border-top: 0; padding-top: .6rem; }
.finding > :is(h3, h4) { display: flex; align-items: start; }
.title { font-size: 1.0625rem; font-weight: 600; }
.code {
  display: inline-block; padding: 0 .4em; border-radius: .3em; background: var(--muted-wash); color: var(--ink);
  font-size: .85em; font-weight: 500;
}
figure { margin: .75rem 0 0; }
figcaption { color: var(--soft); font-size: .875rem; }
pre {
  margin: .25rem 0 0; padding: .65rem .85rem; border-radius: .4rem; background: var(--log); font-size: .875rem;
  line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line);
}
.command {
  margin-top: .6rem; background: var(--command); color: var(--command-ink); border-color: var(--command);
  user-select: all; -webkit-user-select: all;
}
.option { white-space: nowrap; }
.report + .report { border-top: 1px solid var(--line); padding-top: 2.5rem; }
.checks { list-style: none; margin: .35rem 0 0; padding: 0; }
.report > section > section { margin-top: 1.1rem; }
.checks li {
  display: grid; grid-template: "mark status title time" auto ". . detail detail" auto / auto 5rem 1fr auto;
  align-items: baseline; column-gap: .5rem; padding: .35rem 0; border-top: 1px solid var(--line);
}
.checks .mark { grid-area: mark; margin: 0; font-size: .75em; }
.checks .status { grid-area: status; color: var(--tone); font-size: .875rem; }
.checks b { grid-area: title; font-weight: 500; }
.checks .detail { grid-area: detail; color: var(--soft); font-size: .9375rem; }
.checks .time { grid-area: time; color: var(--soft); font-size: .8125rem; }
.index { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
@media (min-width: 62rem) {
  .cause { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); align-items: start; }
}
@media (max-width: 44rem) {
  .stages { grid-auto-flow: row; padding: .75rem 1rem; gap: .45rem; }
  .stages li { grid-template-columns: auto 1fr auto; justify-items: start; align-items: center; }
  .stages .mark { margin: 0 .75rem 0 0; }
  .stages li::before { display: none; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #0b4a8a; --log: #fff;
    --command: #fff; --command-ink: #000; --bad: #a01a15; --bad-wash: #fff; --doubtful: #704400;
    --doubtful-wash: #fff; --good: #14592f; --good-wash: #fff; --muted: #444; --muted-wash: #fff;
  }
  main, footer { max-width: none; padding: 0; }
  body { font-size: 10.5pt; }
  .command { border: 1px solid #000; }
  figure, .command, .checks li, .stages, .report > header { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
}
"""
