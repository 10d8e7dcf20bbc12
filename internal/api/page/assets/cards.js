// A card for each job, and for each request without an answer.

import { CardSet } from "./cardset.js";
import { busy, byId, h, icon } from "./dom.js";
import { held, kindOf } from "./library.js";
import { Shelf } from "./shelf.js";
import { stage } from "./stage.js";
import { advised, capital, cause, heading, label, modelName, money, origin, paid, span, title, waiting, when } from "./words.js";

export class Cards {
  #acts;
  #set = new CardSet((kind, row) => this.#make(kind, row));
  #shelf;

  // acts are what the buttons do: again(video), download(video), cancel(video), redrive(video),
  // retry(video), fresh(video), poster(video, shown), choose(video, range), now(entry),
  // edit(entry), drop(entry), copyEntry(entry); and chosen(id) says whether a job is selected,
  // and scrolled() is called when other cards are to be shown.
  constructor(acts) {
    this.#acts = acts;
    this.#shelf = new Shelf(acts.scrolled);
  }

  // show shows the entries of the outbox and the running jobs, and below them the
  // others.
  show(entries, running, others) {
    const row = (video) => [video.id, `${kindOf(video)} ${video.ended_at ?? ""} ${video.forgotten_at ?? ""}`.trim(), video];
    const now = [...entries].reverse().map((entry) => [entry.key, `entry ${entry.state}`, entry]).concat(running.map(row));
    this.#set.show([byId("now"), now], ...this.#shelf.lists(others.map(row)));
  }

  // rename turns the card of a request into that of its job.
  rename = (from, to) => this.#set.rename(from, to);

  // move advances the progress bars between two polls.
  move = () => this.#set.move();

  clear = () => this.#set.clear();

  #make(kind, row) {
    if (kind.startsWith("entry")) return this.#entry(row);
    if (kind.startsWith("done")) return this.#done(row);
    if (kind === "running") return this.#running(row);
    return this.#without(row);
  }

  // #frame has what all cards share: the stage, the prompt, which leads to the job's own view,
  // the settings, a line of facts, and buttons.
  #frame(stage, request, id, ...buttons) {
    const text = heading(request);
    const facts = h("p.facts");
    const element = h("li.card", { tabIndex: -1 },
      h("article", stage, h("div.card-body", h("h3.prompt", { dir: "auto" }, id ? h("a", { href: `#/v/${id}` }, text) : text),
        h("ul.chips", { "aria-label": "Settings" }, chips(request ?? {})), facts, h("div.actions", buttons))));
    element.firstChild.setAttribute("aria-label", text.slice(0, 120));
    return { element, facts, text };
  }

  // #ended is the card of a job that has ended. It can be selected. Its buttons are one stop of
  // the tab key, and the arrows move between them.
  #ended(first, part, cost, ...buttons) {
    let video = first;
    const box = h("input", { type: "checkbox", onclick: ({ shiftKey }) => this.#acts.choose(video, shiftKey) });
    const again = video.request && !video.forgotten_at ? action("again", "Again", "with these settings", () => this.#acts.again(video)) : null;
    const { element, facts, text } = this.#frame(part.element, video.request, video.id, h("label.choose", box, h("span.unseen", "Select")), ...buttons, again);
    box.setAttribute("aria-label", `Select: ${text.slice(0, 120)}`);
    toolbar(element.querySelector(".actions"));
    tell(facts, video, when(new Date(video.ended_at ?? video.created_at)), cost);
    return {
      element,
      update: (next) => {
        part.update?.((video = next));
        box.checked = this.#acts.chosen(video.id);
        element.classList.toggle("chosen", box.checked);
      },
    };
  }

  #done(video) {
    return this.#ended(video, stage(video, this.#acts), video.cost && money(video.cost.usd), action("download", "Download", "", () => this.#acts.download(video)));
  }

  #running(first) {
    const state = h("span.state");
    const left = h("span.left");
    const bar = h("progress", { max: 1 });
    const why = h("p.why");
    const cancel = action("cancel", "Cancel", "", () => this.#acts.cancel(video));
    const retry = action("redrive", "Try now", "nothing is paid twice", () => this.#acts.retry(video));
    const { element, facts, text } = this.#frame(
      h("div.stage", { "data-ratio": first.request?.aspect_ratio ?? "16:9" }, h("div.progress", h("p.stage-word", state, left), bar, why)),
      first.request, first.id, cancel, retry);
    bar.setAttribute("aria-label", `Progress of: ${text.slice(0, 80)}`);
    let video = first;
    const move = () => {
      const { share, seconds } = ahead(video);
      if (share === null) bar.removeAttribute("value");
      else bar.value = share;
      left.textContent = seconds === null ? "" : seconds > 0 ? `about ${span(seconds)} left` : "any moment now";
    };
    return {
      element,
      move,
      update(next) {
        video = next;
        state.textContent = video.discard ? "Being discarded" : waiting(video);
        const told = reason(video);
        if (why.textContent !== told) why.textContent = told;
        why.hidden = !told;
        tell(facts, video, `Since ${when(new Date(video.created_at))}`);
        cancel.hidden = video.discard;
        retry.hidden = !told;
        move();
      },
    };
  }

  // #without is the card of a job that ended without a video.
  #without(video) {
    const { error } = video;
    const ended = video.status === "cancelled" || video.status === "discarded";
    const words = [h("p.stage-word", ended ? null : icon("warning"), error ? title(error) : label(video.status))];
    const why = error && cause(error);
    const message = why && h("p.message", { dir: "auto" }, why);
    const advice = error && h("p.advice", h("strong", "What to do: "), advised(error));
    const redrive = error?.redrivable ? action("redrive", "Redrive", "resume it; nothing is paid twice", () => this.#acts.redrive(video)) : null;
    const element = h("div", { class: ended ? "stage flat" : "stage flat failed" }, words, message, advice);
    return this.#ended(video, { element }, video.cost ? money(video.cost.usd) : error && paid(error), redrive);
  }

  #entry(first) {
    let entry = first;
    const state = h("span.state");
    const left = h("span.left");
    const refused = first.state === "refused";
    const part = refused
      ? h("div.stage.flat.failed", h("p.stage-word", icon("warning"), "Not accepted"), h("p.message", first.problem))
      : h("div.stage", { "data-ratio": first.request.aspect_ratio ?? "16:9" }, h("div.progress", h("p.stage-word", state, left), h("progress", { max: 1, "aria-label": "Being sent" })));
    const buttons = refused
      ? [action("again", "Edit", "", () => this.#acts.edit(entry)), action("cancel", "Dismiss", "", () => this.#acts.drop(entry))]
      : [first.state === "waiting" ? action("again", "Try now", "", () => this.#acts.now(entry)) : null, first.state === "waiting" ? action("copy", "Copy as curl", "", () => this.#acts.copyEntry(entry)) : null].filter(Boolean);
    const { element, facts } = this.#frame(part, first.request, "", ...buttons);
    const move = () => {
      if (entry.state !== "waiting") return;
      const seconds = Math.max(0, Math.ceil((entry.again - Date.now()) / 1000));
      left.textContent = `again in ${seconds} s`;
    };
    return {
      element,
      move,
      update(next) {
        entry = next;
        state.textContent = entry.state === "waiting" ? "Not answered yet" : "Sending";
        if (entry.state === "waiting") facts.textContent = `${entry.problem} It is sent again automatically with the same key, so it makes one video and is paid once.`;
        move();
      },
    };
  }
}

// toolbar makes the buttons of an element one stop of the tab key.
function toolbar(element) {
  const stops = [...element.querySelectorAll("input, button")];
  element.role = "toolbar";
  element.setAttribute("aria-label", "Actions");
  const stop = (at) => stops.forEach((button, i) => (button.tabIndex = i === at ? 0 : -1));
  stop(0);
  element.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: stops.length - 1 }[key];
    if (!step) return;
    const at = (stops.indexOf(document.activeElement) + step) % stops.length;
    stop(at);
    stops[at].focus();
  });
}

// tell writes a line of facts, followed by the job's origin.
function tell(line, video, ...facts) {
  const from = origin(video.origin);
  line.textContent = [...facts, from?.text].filter(Boolean).join(" · ");
  if (from?.whole) line.title = from.whole;
}

// reason describes why a job waits, unless it waits for its start or its generation.
function reason({ waiting }) {
  if (!waiting || (!held(waiting) && !waiting.last_error)) return "";
  return waiting.last_error ? `${waiting.message} The last try: ${waiting.last_error}.` : waiting.message;
}

// ahead returns a job's progress now, by the API's last estimate: the share of its time
// that has passed, and the seconds left; null if they aren't known.
function ahead({ estimate, seen }) {
  if (!estimate || estimate.left_seconds === null || estimate.progress === null) return { share: null, seconds: null };
  const since = (Date.now() - (seen ?? Date.now())) / 1000;
  const seconds = Math.max(0, estimate.left_seconds - since);
  const whole = estimate.left_seconds / Math.max(0.001, 1 - estimate.progress);
  const share = whole > 0 ? 1 - seconds / whole : estimate.progress;
  return { share: Math.min(0.99, Math.max(estimate.progress, share)), seconds };
}

// action returns a button of a card: an icon, a word, and more for screen readers and as a
// tooltip.
export function action(drawing, word, more, act) {
  const button = h("button.action", { onclick: () => busy(button, act) }, icon(drawing), word, more ? h("span.unseen", `: ${more}`) : null);
  if (more) button.title = capital(more);
  return button;
}

// chips show the settings of a request: model, length and shape first.
function chips(request) {
  const names = new Set(["model", "duration", "aspect_ratio", ...Object.keys(request)]);
  return [...names].filter((name) => request[name] !== undefined && name !== "prompt" && name !== "multi_prompt")
    .map((name) => h("li", chip(name, request[name])));
}

function chip(name, value) {
  if (name === "model") return modelName(value);
  if (name === "duration") return `${value} s`;
  if (name === "aspect_ratio") return value;
  const text = typeof value === "object" ? Object.values(value).join(" ") : value === true ? "yes" : value === false ? "no" : String(value);
  return `${label(name)}: ${text.length > 60 ? text.slice(0, 60) + "…" : text}`;
}

