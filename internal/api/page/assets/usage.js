// Spending: today's and this month's beside the caps, in the header, and a month by days,
// models and owners, in a dialog.

import { chart } from "./chart.js";
import { byId, h } from "./dom.js";
import { dayName, modelName, money, monthName, when } from "./words.js";

// kinds are the parts of what counts against the caps.
const kinds = [
  { name: "spent", title: "Spent", hint: "what was charged" },
  { name: "reserved", title: "Reserved", hint: "for videos in flight" },
  { name: "uncertain", title: "Uncertain", hint: "what may have been charged" },
];

const held = (sum) => sum.spent_usd + sum.reserved_usd + sum.uncertain_usd;

// thisMonth is the current month of UTC, as 2026-08.
const thisMonth = () => new Date().toISOString().slice(0, 7);

// shifted returns the month a number of months after another.
function shifted(month, by) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

export class Usage {
  #api = null;
  #month = "";
  #report = null;

  constructor() {
    const dialog = byId("usage");
    byId("spent").addEventListener("click", () => this.#open());
    byId("usage-close").addEventListener("click", () => dialog.close());
    byId("usage-before").addEventListener("click", () => this.#go(-1));
    byId("usage-after").addEventListener("click", () => this.#go(1));
    byId("usage-legend").replaceChildren(...kinds.map(({ name, title, hint }) => h("li", { title: hint }, h("span", { class: `swatch ${name}`, "aria-hidden": "true" }), title)));
    new ResizeObserver(() => this.#report && this.#draw()).observe(byId("usage-chart"));
  }

  // use sets the API to call; null for none, and nothing is shown.
  use(api) {
    this.#api = api;
    this.#report = null;
    byId("spent").hidden = true;
    if (byId("usage").open) byId("usage").close();
  }

  // told receives the caps, once a minute. It reads the current month again if it is shown.
  told(caps) {
    byId("spent").hidden = false;
    byId("spent-today").replaceChildren(...figure("Today", caps.day));
    byId("spent-month").replaceChildren(...figure("This month", caps.month));
    byId("usage-caps").textContent = override(caps);
    if (byId("usage").open && this.#month === thisMonth()) this.#read();
  }

  #open() {
    this.#month = thisMonth();
    this.#forget();
    byId("usage").showModal();
    this.#read();
  }

  #go(by) {
    this.#month = shifted(this.#month, by);
    this.#forget();
    this.#read();
  }

  // #forget clears the figures before another month is read.
  #forget() {
    this.#report = null;
    byId("usage-month").textContent = monthName(this.#month);
    byId("usage-after").disabled = this.#month >= thisMonth();
    byId("usage-body").hidden = true;
    byId("usage-sum").textContent = "";
    byId("usage-balance").textContent = "";
    byId("usage-problem").textContent = "";
  }

  async #read() {
    const { api, month } = { api: this.#api, month: this.#month };
    const current = () => api === this.#api && month === this.#month;
    try {
      const report = await api.usage(month);
      if (!current()) return;
      this.#report = report;
      byId("usage-problem").textContent = "";
      this.#show();
    } catch (error) {
      if (current()) byId("usage-problem").textContent = error.message;
    }
  }

  #show() {
    const { month, total, models, owners, days, balance } = this.#report;
    const none = held(total) === 0 && total.videos + total.failed + total.in_doubt === 0;
    byId("usage-sum").textContent = none ? `Nothing was submitted in ${monthName(month)}.` : words(total);
    byId("usage-balance").textContent = balance ? `The provider's account has ${money(balance.usd)}, as of ${when(new Date(balance.at))}.` : "";
    byId("usage-body").hidden = none;
    if (none) return;
    this.#draw();
    byId("usage-days").replaceChildren(...table("Day", days.filter((day) => held(day) > 0 || day.videos + day.failed + day.in_doubt > 0), (day) => dayName(day.day)));
    byId("usage-models").replaceChildren(...table("Model", models, (model) => modelName(model.model)));
    byId("usage-owners").replaceChildren(...table("Owner", owners, (owner) => owner.owner ?? "no token"));
  }

  #draw() {
    const { month, days } = this.#report;
    const place = byId("usage-chart");
    if (!place.clientWidth) return; // it is hidden
    const most = days.reduce((a, b) => (held(b) > held(a) ? b : a));
    place.replaceChildren(chart({
      width: place.clientWidth,
      label: `USD by day in ${monthName(month)}; the most, ${money(held(most))}, on ${dayName(most.day)}. The table below has each day.`,
      count: new Date(Date.UTC(...month.split("-").map(Number), 0)).getUTCDate(),
      columns: days.map((day) => ({
        at: Number(day.day.slice(8)),
        title: `${dayName(day.day)}: ${words(day)}`,
        parts: kinds.map(({ name }) => ({ kind: name, value: day[`${name}_usd`] })),
      })),
    }));
  }
}

// figure shows what is spent, what else is held, and the cap, if any, with a bar.
function figure(name, { spent_usd, reserved_usd, uncertain_usd, limit_usd }) {
  const rest = reserved_usd + uncertain_usd;
  return [
    h("span.spending-name", name), " ",
    h("strong", money(spent_usd)),
    rest > 0 ? h("span.spending-rest", ` + ${money(rest)} held`) : null,
    limit_usd === null ? null : h("span", ` of ${money(limit_usd)}`),
    limit_usd === null ? null : h("progress", { "aria-hidden": "true", class: spent_usd + rest >= limit_usd ? "full" : "", max: limit_usd, value: Math.min(limit_usd, spent_usd + rest) }),
  ].filter(Boolean);
}

// override says who set caps in place of the stack's parameters; empty if nobody did.
function override({ override: set, day, month, in_flight }) {
  if (!set) return "";
  const own = [
    `${day.parameter_usd === null ? "no limit" : money(day.parameter_usd)} a day`,
    `${month.parameter_usd === null ? "no limit" : money(month.parameter_usd)} a month`,
    `${in_flight.parameter ?? "any number of"} videos at once`,
  ].join(", ");
  return `${set.by} set the caps at ${when(new Date(set.at))}${set.until ? `, until ${when(new Date(set.until))}` : ""}. Otherwise they are ${own}.`;
}

// words describes a sum.
function words({ videos, failed, in_doubt, spent_usd, reserved_usd, uncertain_usd }) {
  return [
    `${videos} video${videos === 1 ? "" : "s"} for ${money(spent_usd)}`,
    failed > 0 && `${failed} failed`,
    reserved_usd > 0 && `${money(reserved_usd)} reserved`,
    (uncertain_usd > 0 || in_doubt > 0) && `${money(uncertain_usd)} uncertain for ${in_doubt} in doubt`,
  ].filter(Boolean).join(", ");
}

// table returns the head and the rows of a table of sums, without columns of zeros.
function table(title, rows, name) {
  const columns = [
    { title: "Videos", of: (row) => row.videos, text: String, always: true },
    { title: "Failed", of: (row) => row.failed, text: String },
    ...kinds.map((kind, i) => ({ title: kind.title, of: (row) => row[`${kind.name}_usd`], text: money, always: i === 0 })),
  ].filter(({ always, of }) => always || rows.some((row) => of(row) > 0));
  return [
    h("thead", h("tr", h("th", { scope: "col" }, title), columns.map((column) => h("th", { scope: "col" }, column.title)))),
    h("tbody", rows.map((row) => h("tr", h("th", { scope: "row" }, name(row)), columns.map((column) => h("td", column.text(column.of(row))))))),
  ];
}
