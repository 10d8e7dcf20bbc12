// A column chart, drawn as SVG in the size in which it is shown, so that its text has the
// page's size.

import { svg } from "./dom.js";
import { money } from "./words.js";

const height = 220;
const place = { top: 12, right: 4, bottom: 24, left: 52 };

// chart draws columns of stacked parts, each at a number from 1 to count:
// {at, title, parts: [{kind, value}]}. The label describes the chart in words.
export function chart({ width, label, count, columns }) {
  const sums = columns.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const { top, step } = scale(Math.max(...sums));
  const wide = (width - place.left - place.right) / count;
  const high = height - place.top - place.bottom;
  const x = (at) => place.left + (at - 1) * wide;
  const y = (value) => place.top + high * (1 - value / top);
  const drawing = svg("svg", { class: "chart", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, width, height });
  for (let i = 0; i * step <= top * 1.001; i++) {
    drawing.append(
      svg("line", { class: i ? "grid-line" : "base-line", x1: place.left, x2: width - place.right, y1: y(i * step), y2: y(i * step) }),
      svg("text", { x: place.left - 8, y: y(i * step) + 4, "text-anchor": "end" }, money(i * step)),
    );
  }
  const every = [1, 2, 5, 7].find((n) => n * wide >= 24) ?? 10;
  for (let at = 1; at <= count; at += every) {
    drawing.append(svg("text", { x: x(at) + wide / 2, y: height - 6, "text-anchor": "middle" }, String(at)));
  }
  for (const { at, title, parts } of columns) {
    const column = svg("g", {}, svg("title", {}, title), svg("rect", { class: "column", x: x(at), y: place.top, width: wide, height: high }));
    let below = 0;
    for (const { kind, value } of parts) {
      if (value <= 0) continue;
      // A part that isn't zero must be visible.
      const tall = Math.max(2, (high * value) / top);
      column.append(svg("rect", { class: kind, x: x(at) + wide * 0.15, y: y(0) - below - tall, width: wide * 0.7, height: tall }));
      below += tall;
    }
    drawing.append(column);
  }
  return drawing;
}

// scale returns a round number of at least most, and the step between the lines.
function scale(most) {
  const rough = (most || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((n) => n * power >= rough * 0.999) * power;
  return { step, top: step * Math.ceil(most / step - 0.001) || step };
}
