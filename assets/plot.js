/* Our thin wrapper of Plotly's basic bundle: lines and areas over time, in the colours of tokens.css.

   Plotly draws the axes and the lines. Everything with words is HTML over it (labels at the line's end, events, gaps,
   limits, the crosshair), so that it takes its colours and its font from the page. The bundle, 1 MB, is fetched when
   the page has its numbers and the browser is idle. */
import { createElement as h, useEffect, useMemo, useRef, useState } from "react";

const CROSS = "keepai:cross"; // one crosshair for all plots of a page
const LEFT = 44, TOP = 8, AXIS = 24;
const GAP = "\u00a0";
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const STEPS = [60, 120, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY];

let plotly;
function load() {
  plotly ??= calm().then(() => import("plotly.js-basic-dist-min")).then((module) => module.default ?? module);
  plotly.catch(() => { plotly = undefined; }); // the next drawing tries again
  return plotly;
}

/* When the first numbers are on the page (pwa.js marks it), and the browser has nothing else to do. */
function calm() {
  return new Promise((done) => {
    const look = () => {
      if (!document.documentElement.dataset.live) return setTimeout(look, 100);
      if ("requestIdleCallback" in window) requestIdleCallback(done, { timeout: 1000 }); else setTimeout(done, 200);
    };
    look();
  });
}

const clamp = (value) => Math.min(1, Math.max(0, value));

function niceTop(values, limits, top) {
  if (top) return top;
  if (!values.concat(limits.map((limit) => limit.y)).some((value) => value > 0)) return 1; // all zero, or nothing at all
  const most = Math.max(1e-9, ...values.filter((value) => value != null), ...limits.map((limit) => limit.y)) * 1.05;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= most) * power;
}

/* Values come without their times, which follow from each other. */
function withTimes(one) {
  return { ...one, x: one.y.map((_, index) => one.start + index * one.every) };
}

/* Where stacked series lie on each other, the height of each point is that of all below it. */
function heights(series) {
  const sums = new Map();
  return series.map((one) => one.y.map((value, index) => {
    if (!one.stack || value == null) return value;
    const sum = (sums.get(one.x[index]) ?? 0) + value;
    sums.set(one.x[index], sum);
    return sum;
  }));
}

function timeFormat(language, zone, options) {
  try { return new Intl.DateTimeFormat(language, { ...options, timeZone: zone || undefined }); }
  catch { return new Intl.DateTimeFormat(language, options); }
}

function tickTexts([from, to], width, language, zone, now) {
  const wanted = (to - from) / Math.max(2, Math.min(6, Math.floor(width / 110)));
  const step = STEPS.find((one) => one >= wanted) ?? STEPS.at(-1);
  const format = timeFormat(language, zone, step >= DAY
    ? { day: "2-digit", month: "2-digit" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const shift = step >= HOUR ? zoneShift(from, zone) : 0;
  const ticks = [];
  const room = now ? ((to - from) / width) * 60 : 0; // for the word at the right end
  for (let at = Math.ceil((from + shift) / step) * step - shift; at <= to - room; at += step) {
    ticks.push({ at, text: format.format(at * 1000) });
  }
  return now ? [...ticks, { at: to, text: now }] : ticks;
}

/* Seconds that the zone is ahead of UTC, so that ticks fall on the reader's whole hours and days. */
function zoneShift(at, zone) {
  const parts = Object.fromEntries(timeFormat("en", zone, {
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23",
  }).formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]));
  const there = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) / 1000;
  return Math.round((there - at) / 900) * 900;
}

function paint(node, series, ys, span, top, size) {
  const style = getComputedStyle(node);
  const token = (name) => style.getPropertyValue(name).trim();
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const fill = Number(token("--k-plot-fill"));
  const traces = series.map((one, index) => {
    const colour = token(one.color || `--k-c${(index % 6) + 1}`);
    const below = one.stack && series.slice(0, index).some((other) => other.stack);
    return {
      type: "scatter", mode: "lines", x: one.x, y: ys[index], connectgaps: false, hoverinfo: "skip",
      line: { color: colour, width: 1.5, shape: one.step ? "hv" : "linear" },
      fill: one.stack ? (below ? "tonexty" : "tozeroy") : one.fill ? "tozeroy" : "none",
      fillcolor: faded(colour, one.stack ? fill * 1.6 : fill),
    };
  });
  const axis = { fixedrange: true, zeroline: false, showticklabels: false, ticks: "" };
  const layout = {
    width: size.width, height: size.height, margin: { l: LEFT, r: size.right, t: TOP, b: size.bottom, pad: 0 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: false,
    xaxis: { ...axis, range: span, showgrid: false },
    yaxis: { ...axis, range: [0, top], tickvals: [0, top / 2, top], gridcolor: token("--k-plot-grid") },
  };
  return [traces, layout, { staticPlot: true, displayModeBar: false }];
}

export function Plot({
  series, label, height, language, zone, mode, unit = "", digits = 0, now = "", axis = true,
  noData = "", marks = [], namedMarks = true, limits = [], stretches = [], span: asked = [], top: askedTop = 0,
}) {
  const box = useRef(null), node = useRef(null), cross = useRef(null);
  const [width, setWidth] = useState(0);
  const [drawn, setDrawn] = useState(false);

  const all = useMemo(() => series.filter((one) => one.y.length).map(withTimes), [series]);
  const ys = useMemo(() => heights(all), [series]);
  const xs = all[0]?.x ?? [];
  const span = asked.length === 2 ? asked : [xs[0] ?? 0, xs.at(-1) ?? 1];
  const top = niceTop(ys.flat(), limits, askedTop);
  const narrow = width > 0 && width < 480;
  const size = { width, height, right: narrow ? 8 : 108, bottom: axis ? AXIS : 6 };
  const inner = Math.max(1, width - LEFT - size.right), tall = height - TOP - size.bottom;
  const left = (x) => LEFT + clamp((x - span[0]) / (span[1] - span[0])) * inner;
  const down = (y) => TOP + (1 - clamp(y / top)) * tall;
  const number = (value, places = digits) =>
    value == null ? "–" : value.toLocaleString(language, { minimumFractionDigits: places, maximumFractionDigits: places });
  const withUnit = (value) => (unit && value != null ? `${number(value)}${GAP}${unit}` : number(value));

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (!width || !all.length) return;
    let gone = false;
    const frame = requestAnimationFrame(() => {  // by then the page has the classes of its new theme
      load().then((Plotly) => {
        if (gone || !node.current) return;
        Plotly.react(node.current, ...paint(node.current, all, ys, span, top, size));
        setDrawn(true);
      }).catch(() => {});
    });
    return () => { gone = true; cancelAnimationFrame(frame); };
  }, [series, ys, width, height, mode, span[0], span[1], top]);

  useEffect(() => {
    const show = ({ detail: x }) => {
      const readout = box.current?.closest("figure")?.querySelector("output");
      const at = x == null ? -1 : nearest(xs, x);
      cross.current.hidden = at < 0 || x < span[0] || x > span[1];
      if (cross.current.hidden) return readout?.replaceChildren();
      cross.current.style.left = `${left(xs[at])}px`;
      const when = timeFormat(language, zone, {
        ...(span[1] - span[0] > DAY ? { day: "2-digit", month: "2-digit" } : {}),
        hour: "2-digit", minute: "2-digit", ...(span[1] - span[0] <= HOUR ? { second: "2-digit" } : {}), hourCycle: "h23",
      });
      readout?.replaceChildren(when.format(xs[at] * 1000), ...all.map((one) => {
        const value = document.createElement("b");
        const same = one.x[at] === xs[at] ? at : nearest(one.x, xs[at]);
        value.textContent = all.length > 1 ? `${one.name} ${number(one.y[same])}` : withUnit(one.y[same]);
        return value;
      }));
    };
    addEventListener(CROSS, show);
    return () => removeEventListener(CROSS, show);
  });

  const point = (x) => dispatchEvent(new CustomEvent(CROSS, { detail: x }));
  const pointed = useRef(null);
  const onMove = (event) => {
    const offset = event.clientX - box.current.getBoundingClientRect().left - LEFT;
    pointed.current = offset < 0 || offset > inner ? null : span[0] + (offset / inner) * (span[1] - span[0]);
    point(pointed.current);
  };
  const onLeave = () => { pointed.current = null; point(null); };
  const onKey = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !xs.length) return;
    event.preventDefault();
    const at = pointed.current == null ? xs.length - 1 : nearest(xs, pointed.current) + step;
    pointed.current = xs[Math.min(xs.length - 1, Math.max(0, at))];
    point(pointed.current);
  };

  const ends = narrow ? [] : spread(all.map((one, index) => {
    const last = ys[index].findLastIndex((value) => value != null);
    return { one, y: last < 0 ? null : down(ys[index][last]), value: last < 0 ? null : one.y[last] };
  }).filter((end) => end.y != null), height - size.bottom);

  return h("div", {
    ref: box, className: drawn ? "k-chart" : "k-chart k-chart-waiting", style: { height: height + (narrow && all.length > 1 ? 20 : 0) }, tabIndex: 0, role: "img",
    "aria-label": label, onPointerMove: onMove, onPointerDown: onMove, onPointerLeave: onLeave, onBlur: onLeave, onKeyDown: onKey,
  },
  h("div", { ref: node, "aria-hidden": true }),
  width > 0 && [
    ...holes(xs, all).map(([from, to]) => h("i", {
      key: `g${from}`, className: "k-chart-gap",
      style: { left: left(from), width: Math.max(1, left(to) - left(from)), top: TOP, height: tall },
    }, axis && left(to) - left(from) > 8 * noData.length ? h("span", null, noData) : null)),
    ...stretches.filter((one) => one.to >= span[0] && one.x <= span[1]).map((one) => h("i", {
      key: `s${one.x}`, className: `k-chart-stretch s-${one.state}`,
      style: { left: left(one.x), width: Math.max(3, left(one.to) - left(one.x)), top: TOP, height: tall },
    })),
    ...[0, top / 2, top].map((y) => h("span", { key: `y${y}`, className: "k-chart-y", style: { top: down(y) } },
      number(y, top < 5 ? 1 : 0))),
    ...(axis ? tickTexts(span, inner, language, zone, now).map((tick) => h("span", {
      key: `x${tick.at}`, className: `k-chart-x${left(tick.at) < LEFT + 16 ? " first" : left(tick.at) > width - 24 ? " last" : ""}`, style: { left: left(tick.at), top: height - AXIS + 6 },
    }, tick.text)) : []),
    ...limits.map((limit) => h("i", {
      key: `l${limit.y}${limit.label}`, className: `k-chart-limit s-${limit.state}`, style: { left: LEFT, width: inner, top: down(limit.y) },
    }, h("span", null, limit.label))),
    ...placeMarks(marks, span, left, LEFT + inner, namedMarks).map(({ mark, at, side }) => h("i", {
      key: `m${mark.x}${mark.label}`, className: `k-chart-mark s-${mark.state} ${side}`, style: { left: at, top: TOP, height: tall },
    }, side && h("span", null, mark.label))),
    ...ends.map(({ one, y, value }) => h("span", {
      key: `e${one.name}`, className: "k-chart-end", style: { left: width - size.right + 8, top: y },
    }, all.length > 1 ? `${one.name} ${number(value, Math.abs(value) < 10 ? digits : 0)}` : withUnit(value))),
  ],
  narrow && all.length > 1 && h("div", { className: "k-chart-names" }, all.map((one, index) => h("span", { key: one.name },
    h("span", { className: "k-swatch", style: { background: `var(${one.color || `--k-c${(index % 6) + 1}`})` } }), one.name))),
  h("i", { ref: cross, hidden: true, className: "k-chart-cross", style: { top: TOP, height: tall } }));
}

function nearest(xs, x) {
  let low = 0, high = xs.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - xs[low - 1] < xs[low] - x ? low - 1 : low;
}

/* Stretches in which no series has a sample: [from, to] in seconds. Before the first one nothing is missing. */
function holes(xs, series) {
  const found = [], there = (index) => series.some((one) => one.y[index] != null);
  const first = xs.findIndex((_, index) => there(index));
  xs.forEach((x, index) => {
    if (index < first || first < 0 || there(index)) return;
    const from = xs[index - 1] ?? x, to = xs[index + 1] ?? x;
    if (found.length && found.at(-1)[1] >= x) found.at(-1)[1] = to; else found.push([from, to]);
  });
  return found;
}

/* Each mark's word stands after its line or before it, where it meets no other word and no name of a line at the
   right, else it stays unsaid. */
function placeMarks(marks, span, left, end, named) {
  const taken = [];
  return marks.filter((mark) => mark.x >= span[0] && mark.x <= span[1]).sort((a, b) => b.x - a.x).map((mark) => {
    const at = left(mark.x), long = mark.label.length * 7 + 10;
    const free = (from) => from >= 0 && from + long <= end && !taken.some(([a, b]) => from < b && from + long > a);
    const side = !named ? "" : free(at) ? "after" : free(at - long) ? "before" : "";
    if (named) taken.push([at - 1, at + 1]);
    if (side) taken.push(side === "after" ? [at, at + long] : [at - long, at]);
    return { mark, at, side };
  });
}

/* Labels at the ends of lines that lie close keep 15 px from each other. */
function spread(ends, bottom) {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  sorted.forEach((end, index) => { if (index) end.y = Math.max(end.y, sorted[index - 1].y + 15); });
  const over = sorted.length ? sorted.at(-1).y - bottom : 0;
  if (over > 0) sorted.forEach((end) => { end.y -= over; });
  return sorted;
}
