// The selected jobs, and what can be done with all of them.

import { ask } from "./dialogs.js";
import { busy, byId } from "./dom.js";
import { cost } from "./prices.js";
import { counted, money, span } from "./words.js";

export class Selection {
  #acts;
  #ids = new Set();
  #last = ""; // the job that was last chosen, where a range begins

  // acts are shown(), which returns the jobs in their order; changed(); tell(sentence);
  // download(video), redrive(video), discard(video), whole(video), quote(request) and
  // send(requests).
  constructor(acts) {
    this.#acts = acts;
    const press = (id, act) => byId(id).addEventListener("click", () => busy(byId(id), act));
    press("pick-all", () => this.#set(this.#acts.shown().map(({ id }) => id)));
    press("pick-none", () => this.clear());
    press("pick-download", () => this.#each("download", this.#stored()));
    press("pick-retry", () => this.#each("redrive", this.#redrivable()));
    press("pick-again", () => this.#again());
    press("pick-delete", () => this.#delete());
    addEventListener("keydown", ({ key }) => key === "Escape" && !document.querySelector("dialog[open]") && this.#ids.size && this.clear());
  }

  has = (id) => this.#ids.has(id);

  // choose selects a job or no longer does; with range, also those up to the last one.
  choose({ id }, range) {
    const ids = this.#acts.shown().map((video) => video.id);
    const [from, to] = [ids.indexOf(this.#last), ids.indexOf(id)].sort((a, b) => a - b);
    const chosen = !this.#ids.has(id);
    for (const each of range && from >= 0 ? ids.slice(from, to + 1) : [id]) this.#ids[chosen ? "add" : "delete"](each);
    this.#last = id;
    this.#acts.changed();
  }

  clear() {
    const focused = byId("selection").contains(document.activeElement);
    this.#set([]);
    if (focused) byId("videos").focus({ preventScroll: true });
  }

  #set(ids) {
    this.#ids = new Set(ids);
    this.#acts.changed();
  }

  get #videos() {
    return this.#acts.shown().filter(({ id }) => this.#ids.has(id));
  }

  #stored = () => this.#videos.filter(({ video }) => video);
  #redrivable = () => this.#videos.filter(({ error }) => error?.redrivable);
  #known = () => this.#videos.filter(({ request, forgotten_at: forgotten }) => request && !forgotten);

  // show shows how many are selected, and what can be done with them. A job that is no longer
  // shown is no longer selected.
  show() {
    const videos = this.#videos;
    this.#ids = new Set(videos.map(({ id }) => id));
    byId("selection").hidden = !videos.length;
    const text = videos.length ? `${videos.length} selected: ${sum(videos)}` : "";
    if (byId("picked").textContent !== text) byId("picked").textContent = text;
    byId("pick-download").hidden = byId("pick-delete").hidden = !this.#stored().length;
    byId("pick-retry").hidden = !this.#redrivable().length;
    byId("pick-again").hidden = !this.#known().length;
  }

  // #each does the same with several jobs, one after another. An error ends it.
  async #each(what, videos) {
    for (const video of videos) await this.#acts[what](video);
  }

  async #again() {
    const requests = await Promise.all(this.#known().map((video) => this.#acts.whole(video)));
    const price = cost(await Promise.all(requests.map((request) => this.#acts.quote(request))), requests);
    const many = counted(requests.length, "video");
    ask({
      title: `Generate ${many} again?`,
      body: [price ? `They cost ${price}.` : "What they cost is not known."],
      choices: [{ text: "Generate", kind: "primary", act: () => {
        this.#acts.send(requests);
        this.clear();
      } }, { text: "Not now" }],
    });
  }

  #delete() {
    const videos = this.#stored();
    askToDelete(videos, async () => {
      await this.#each("discard", videos);
      this.#acts.tell(`Deleted: ${counted(videos.length, "video")}.`);
    });
  }
}

// askToDelete asks before stored videos are removed, and says what they cost.
export function askToDelete(videos, remove) {
  const paid = videos.reduce((all, { cost: charged }) => all + (charged?.usd ?? 0), 0);
  ask({
    title: `Delete ${counted(videos.length, "video")}?`,
    body: [`What is deleted is removed from the bucket.${paid ? ` ${money(paid)} was paid, which nobody refunds.` : ""} A redrive fetches it again without paying, but only while the provider keeps it. The prompt and the cost stay on record.`],
    choices: [{ text: "Delete", kind: "danger", act: remove }, { text: "Keep", kind: "primary" }],
  });
}

// sum says how long some videos are together, and what they cost.
export function sum(videos) {
  const seconds = videos.reduce((all, { video, duration }) => all + (video ? duration ?? 0 : 0), 0);
  const paid = videos.reduce((all, { cost: charged }) => all + (charged?.usd ?? 0), 0);
  return `${span(seconds)} of video, ${money(paid)}`;
}
