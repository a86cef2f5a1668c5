import uPlot from 'uplot';
import type { Curve } from '../view/hour.js';
import { withHoles } from './curve.js';
import { utcTime, withUnit } from './words.js';

/** Shortest time that a chart spans, in seconds; it grows to an hour. */
const SHORTEST_S = 180;
const HOUR_S = 3_600;

interface Chart {
  readonly plot: uPlot;
  readonly host: Element;
  curve: Curve;
  /** Times of repairs, in seconds since the epoch. */
  marks: readonly number[];
  now: number;
  /** Values that the last drawing depended on, joined. */
  drawn: string;
}

const charts = new Map<string, Chart>();

/** The window of a chart moves no oftener than this, in milliseconds: less than a pixel for most of its life. */
const MOVE_MS = 5_000;

/** Draws a curve into an element, if it differs from what was drawn last. */
export function draw(host: HTMLElement, curve: Curve, marks: readonly number[], now: number): void {
  let chart = charts.get(curve.key);
  if (chart?.host !== host) {
    chart?.plot.destroy();
    chart = make(host, curve, now);
    charts.set(curve.key, chart);
  }
  const { times: at, values: known, threshold } = curve;
  const drawn = [
    at.length,
    at[0],
    at.at(-1),
    known.at(-1),
    threshold,
    ...marks,
    Math.floor(now / MOVE_MS),
  ].join();
  if (drawn === chart.drawn) return;
  chart.drawn = drawn;
  chart.curve = curve;
  chart.marks = marks;
  chart.now = now / 1_000;
  const { times, values } = withHoles(curve);
  fit(chart);
  chart.plot.setData([times.map((time) => time / 1_000), values]);
}

/** Redraws everything after a change of colours or widths. */
export function redraw(): void {
  for (const chart of charts.values()) {
    fit(chart);
    chart.plot.redraw(false, true);
  }
}

function fit({ plot, host }: Chart): void {
  const { clientWidth: width, clientHeight: height } = host;
  if (width > 0 && (plot.width !== width || plot.height !== height)) plot.setSize({ width, height });
}

/** Destroys charts that are no longer shown. */
export function keepOnly(keys: ReadonlySet<string>): void {
  for (const [key, { plot }] of charts) {
    if (keys.has(key)) continue;
    plot.destroy();
    charts.delete(key);
  }
}

function make(host: HTMLElement, curve: Curve, now: number): Chart {
  const colour = (name: string): string => getComputedStyle(host).getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: () => colour('--muted'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  const chart: Omit<Chart, 'plot'> = { host, curve, marks: [], now: now / 1_000, drawn: '' };
  const plot = new uPlot(
    {
      width: Math.max(120, host.clientWidth),
      height: Math.max(60, host.clientHeight),
      legend: { show: false },
      padding: [6, 15, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, sync: { key: 'hour' } },
      scales: {
        x: { range: () => [chart.now - span(chart), chart.now] },
        y: { range: (_plot, _least, most) => [0, ceiling(chart.curve, most)] },
      },
      axes: [
        {
          ...axis,
          size: 18,
          gap: 3,
          space: 64,
          values: (_plot, ticks) => ticks.map((tick) => utcTime(tick * 1_000).slice(0, 5)),
          incrs: [60, 120, 300, 600, 900],
        },
        { ...axis, size: 34, gap: 4, space: 26 },
      ],
      series: [
        {},
        {
          width: 1.75,
          stroke: (inner) => overThreshold(inner, chart.curve.threshold, colour('--curve'), colour('--bad')),
          fill: (inner) =>
            overThreshold(inner, chart.curve.threshold, colour('--curve-fill'), colour('--bad-fill')),
          points: { show: false },
        },
      ],
      hooks: {
        draw: [(inner) => drawLines(inner, chart, colour)],
        setCursor: [(inner) => tellCursor(inner, host, chart.curve)],
      },
    },
    [[], []],
    host,
  );
  return Object.assign(chart, { plot });
}

function span({ curve, now }: Omit<Chart, 'plot'>): number {
  const first = (curve.times[0] ?? now * 1_000) / 1_000;
  return Math.min(HOUR_S, Math.max(SHORTEST_S, now - first));
}

const ceiling = ({ unit, threshold }: Curve, most: number | null): number =>
  // An axis on which everything is 0 ends at 1.
  unit === '%' ? 100 : Math.max((threshold ?? 0) * 1.3, (most ?? 0) * 1.1) || 1;

/** Returns one colour up to the threshold and another above it. */
function overThreshold(
  plot: uPlot,
  threshold: number | null,
  below: string,
  above: string,
): string | CanvasGradient {
  const { ctx, bbox } = plot;
  if (threshold === null || bbox.height <= 0) return below;
  const place = (plot.valToPos(threshold, 'y', true) - bbox.top) / bbox.height;
  if (!Number.isFinite(place)) return below;
  const stop = Math.min(1, Math.max(0, place));
  const gradient = ctx.createLinearGradient(0, bbox.top, 0, bbox.top + bbox.height);
  gradient.addColorStop(0, above);
  gradient.addColorStop(stop, above);
  gradient.addColorStop(stop, below);
  gradient.addColorStop(1, below);
  return gradient;
}

/** Draws the threshold, and a mark for each repair. */
function drawLines(
  plot: uPlot,
  { curve, marks }: Omit<Chart, 'plot'>,
  colour: (name: string) => string,
): void {
  const { ctx, bbox } = plot;
  const line = (from: [number, number], to: [number, number]): void => {
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
  };
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  if (curve.threshold !== null) {
    const y = plot.valToPos(curve.threshold, 'y', true);
    ctx.strokeStyle = colour('--bad');
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    line([bbox.left, y], [bbox.left + bbox.width, y]);
  }
  ctx.setLineDash([]);
  ctx.strokeStyle = ctx.fillStyle = colour('--ok');
  for (const mark of marks) {
    const x = plot.valToPos(mark, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    line([x, bbox.top], [x, bbox.top + bbox.height]);
    const size = 3.5 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top);
    ctx.lineTo(x + size, bbox.top);
    ctx.lineTo(x, bbox.top + 1.6 * size);
    ctx.fill();
  }
  ctx.restore();
}

/** Shows the value under the pointer below the chart. */
function tellCursor(plot: uPlot, host: HTMLElement, { unit }: Curve): void {
  const place = host.parentElement?.querySelector('.under-pointer');
  if (!place) return;
  const { idx } = plot.cursor;
  const value = idx === null || idx === undefined ? undefined : plot.data[1]?.[idx];
  const time = idx === null || idx === undefined ? undefined : plot.data[0][idx];
  place.textContent =
    value === null || value === undefined || time === undefined
      ? ''
      : `${withUnit(value, unit)} at ${utcTime(time * 1_000)} UTC`;
}
