// A card for each batch, and for each file that is being uploaded.

import { moving } from "./batches.js";
import { action } from "./cards.js";
import { CardSet } from "./cardset.js";
import { busy, byId, h, icon } from "./dom.js";
import { share } from "./prices.js";
import { advised, batchStatus, capital, capName, cause, counted, modelName, money, span, title, when } from "./words.js";

const named = 3; // invalid lines that are shown at once

// parts are those of a batch's bar.
const parts = ["stored", "running", "waiting", "failed", "cancelled"];

export class BatchCards {
  #acts;
  #caps = null;
  #set = new CardSet((kind, row) => (kind.startsWith("file") ? this.#file(row) : this.#batch(row)));

  // acts are what the buttons do: start(batch, skip), cancel(batch), again(batch),
  // videos(batch), results(batch, format), upload(file), drop(file).
  constructor(acts) {
    this.#acts = acts;
  }

  // show shows the files that are being uploaded, and the batches.
  show(files, batches) {
    this.#set.show([byId("batches"), [
      ...files.map((file) => [`file ${file.name}`, `file ${file.problem}`, file]),
      ...batches.map((batch) => [batch.id, kindOf(batch, this.#caps), batch]),
    ]]);
  }

  clear = () => this.#set.clear();

  told = (caps) => (this.#caps = caps);

  #file(file) {
    const { name, problem } = file;
    return problem
      ? frame(name, "Not uploaded", trouble(problem), h("div.actions", action("again", "Try again", "", () => this.#acts.upload(file)), action("cancel", "Dismiss", "", () => this.#acts.drop(file))))
      : frame(name, "Being uploaded", h("progress", { "aria-label": `Upload of ${name}` }));
  }

  #batch(batch) {
    const { name, status, reason, plan, failures } = batch;
    const bar = h("div.parts", { role: "progressbar", "aria-label": `Progress of ${name}`, "aria-valuemin": 0 }, parts.map((part) => h("span", { class: part })));
    const legend = h("ul.legend");
    const facts = h("p.facts");
    const planned = status === "planned" && plan;
    const { element } = frame(name, batchStatus(batch),
      reason && trouble(capital(reason) + "."),
      status === "uploading" && h("p.why", "Its file has not arrived. Drop it here again if nobody uploads it."),
      status === "planning" && h("progress", { "aria-label": `Planning of ${name}` }),
      planned ? this.#plan(batch) : plan && status !== "planning" && [bar, legend, facts],
      failures.length > 0 && !planned && box("Last failures", h("ul", failures.map(failure))),
      this.#actions(batch, () => batch));
    return {
      element,
      update(next) {
        batch = next;
        const { counts, money: spent, paused, estimated_end: end } = batch;
        const ended = counts.stored + counts.failed + counts.cancelled;
        bar.setAttribute("aria-valuemax", Math.max(1, counts.videos));
        bar.setAttribute("aria-valuenow", Math.min(ended, counts.videos));
        const all = { ...counts, waiting: counts.waiting + counts.new };
        const texts = { running: "being made", waiting: moving(batch) ? "waiting" : "not begun" };
        const text = (part) => `${all[part]} ${texts[part] ?? part}`;
        parts.forEach((part, i) => {
          bar.children[i].style.flexGrow = all[part];
          bar.children[i].hidden = !all[part];
        });
        const some = parts.filter((part) => all[part]);
        bar.setAttribute("aria-valuetext", `${ended} of ${counts.videos}: ${some.map(text).join(", ")}`);
        legend.replaceChildren(h("li", h("strong", `${ended} of ${counts.videos}`)), ...some.map((part) => h("li", h("span", { class: `swatch ${part}`, "aria-hidden": "true" }), text(part))));
        const left = end ? (new Date(end) - Date.now()) / 1000 : 0;
        facts.textContent = [
          `${money(spent.spent_usd)} spent`,
          spent.reserved_usd > 0 && `${money(spent.reserved_usd)} reserved`,
          spent.uncertain_usd > 0 && `${money(spent.uncertain_usd)} may have been charged`,
          paused ? `waits for ${capName(paused.limit)}${paused.until ? `, until ${when(new Date(paused.until))}` : ""}` : ended < counts.videos && left > 0 && `about ${span(left)} left`,
        ].filter(Boolean).join(" · ");
      },
    };
  }

  // #plan shows what a file would become.
  #plan(batch) {
    const { plan, at_once: atOnce } = batch;
    const { lines, wrong, videos, models, total, wrong_lines: wrongs } = plan;
    const sum = Object.values(videos).reduce((a, b) => a + b, 0);
    const what = [
      [videos.new, "new"], [videos.resume, "to resume, after ending without a video"], [videos.running, "running already"],
      [videos.stored, "stored already"], [videos.over, "ended for good without a video, and not made again"],
    ].filter(([n]) => n).map(([n, text]) => h("li", `${n} ${text}`));
    const rows = models.map((model) => h("tr", h("th", { scope: "row" }, modelName(model.model)), h("td", model.videos), h("td", share(model))));
    const time = plan.seconds ? `About ${span(plan.seconds)} with ${atOnce} at once` : "How long it takes is not known";
    const below = ["day", "month"].map((period) => within(this.#caps?.[period], total, period)).filter(Boolean);
    return [
      h("p", h("strong", counted(lines, "line")), wrong ? [", and ", h("strong.bad", `${wrong} invalid`)] : "", `: ${counted(sum, "video")}`),
      h("ul.what", what),
      rows.length > 0 && h("table", h("thead", h("tr", ["Model", "Videos", "Price"].map((head) => h("th", { scope: "col" }, head)))), h("tbody", rows)),
      total.videos > 0 && h("p.why", [time, ...below].join(". "), "."),
      wrong > 0 && box("Invalid lines",
        plan.wrong_quotes ? h("p", "The file has unbalanced quotes, so it is unclear where its lines begin. Correct them and drop the file again.") : null,
        h("ul", wrongs.slice(0, named).map(wrongLine)),
        wrong > named ? h("details", h("summary", `${wrong - named} more`), h("ul", wrongs.slice(named).map(wrongLine), wrongs.length < wrong ? h("li", `${wrong - wrongs.length} more`) : null)) : null),
    ];
  }

  // #actions returns the buttons of a batch. They act on what now returns, whose figures are later
  // ones.
  #actions(batch, now) {
    const { status, plan, counts, skip_invalid: skips } = batch;
    const act = (drawing, word, more, does) => action(drawing, word, more, () => does(now()));
    if (status === "planned" && plan) {
      const press = (kind, text, act) => {
        const button = h("button", { type: "button", class: kind, onclick: () => busy(button, act) }, text);
        return button;
      };
      const { lines, wrong, wrong_quotes: quotes, total } = plan;
      const without = wrong > 0 && !skips ? ` without the ${wrong === 1 ? "invalid line" : `${wrong} invalid lines`}` : "";
      const startable = lines > 0 && !quotes;
      const note = !startable ? "It can't be started." : total.videos ? "Nothing is paid before you start it." : "Nothing is left to make.";
      return h("div.decide",
        h("p.price", h("strong", capital(share(total))), h("span", note)),
        startable && press("primary", `Start${without}`, () => this.#acts.start(batch, wrong > 0)),
        press("secondary", "Don't start", () => this.#acts.cancel(batch)));
    }
    const done = (status === "ended" || status === "cancelled") && !moving(batch);
    const begun = plan && counts.videos > counts.new && status !== "planning" && (done || moving(batch));
    return h("div.actions",
      begun ? act("redrive", "Show its videos", "", this.#acts.videos) : null,
      begun ? act("download", "Results (CSV)", "for spreadsheets", (b) => this.#acts.results(b, "csv")) : null,
      begun ? act("download", "Results (JSON Lines)", "for programs", (b) => this.#acts.results(b, "jsonl")) : null,
      done && counts.failed + counts.new > 0 ? act("again", counts.new ? "Make the rest" : "Retry the failed ones", "nothing is paid twice", this.#acts.again) : null,
      ["uploading", "planning", "running"].includes(status) ? act("cancel", "Cancel", "", this.#acts.cancel) : null);
  }
}

// kindOf changes when more of a card does than its figures.
function kindOf(batch, caps) {
  const { status, run, plan, failures, counts } = batch;
  return JSON.stringify([status, run, Boolean(caps), plan?.wrong_lines.length, failures.map(({ id }) => id), moving(batch), counts.new > 0, counts.failed > 0, counts.videos > counts.new]);
}

// frame is a card with a name and a state, without those of the parts that are false.
function frame(name, state, ...body) {
  const element = h("li.card.batch", { tabIndex: -1 }, h("article", { "aria-label": name.slice(0, 120) },
    h("div.batch-head", h("h3", name), h("p.batch-state", state)), body.flat().filter(Boolean)));
  return { element, update: () => {} };
}

const trouble = (problem) => h("p.problem", icon("warning"), `${problem} Nothing was started or paid.`);

const box = (heading, ...body) => h("div.invalid", h("h4", heading), body);

const wrongLine = ({ line, row, errors }) =>
  h("li", h("strong", `Line ${line}${row ? ` (row ${row})` : ""}: `), errors.map(({ field, message }) => `${field} ${message}`.trim()).join("; "));

const failure = ({ error, origin }) => h("li",
  h("strong", `Line ${origin.line}${origin.label ? ` (${origin.label})` : ""}: ${title(error)}. `),
  cause(error) && `${cause(error)}. `, h("strong", "What to do: "), advised(error));

// within says how long a batch takes below a cap; null without one.
function within(cap, { videos, most_usd: most }, period) {
  if (!videos || !cap?.limit_usd) return null;
  const left = Math.max(0, cap.limit_usd - cap.spent_usd - cap.reserved_usd - cap.uncertain_usd);
  const periods = most <= left ? 1 : 1 + Math.ceil((most - left) / cap.limit_usd - 1e-9);
  return `The cap is ${money(cap.limit_usd)} a ${period}, of which ${money(left)} is left: it takes ${counted(periods, period)}`;
}
