// Batches: files of many prompts. A file is uploaded and planned, and nothing is paid until
// its plan is started. One request per poll covers all batches that are open.

import { sendable } from "./api.js";

const formats = { csv: "csv", tsv: "csv", jsonl: "jsonl", ndjson: "jsonl" };
const largest = 64; // MiB
const listEvery = 30_000;
const most = 50; // in a page of the API
const failuresShown = 3;
const endedShown = 2; // unless older ones are wanted

// formatOf returns the format of a file of many prompts; undefined for another file.
export const formatOf = (name) => formats[name.toLowerCase().match(/\.([^.]+)$/)?.[1]];

// stem is a file's name without its extension.
export const stem = (name) => name.replace(/\.[^.]+$/, "");

// linesOf returns a file with a line for each value.
export const linesOf = (name, values) => new File([values.map((value) => JSON.stringify(value) + "\n").join("")], `${name}.jsonl`);

// moving is true if a batch changes by itself.
export const moving = ({ status, counts }) =>
  status === "planning" || status === "running" || (status === "cancelled" && counts.waiting + counts.running > 0);

const isOpen = (batch) => moving(batch) || batch.status === "uploading" || batch.status === "planned";

const newest = (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at);

export class Batches {
  #api;
  #changed;
  #news;
  #known = new Map(); // by id
  #sent = new Set(); // ids of those whose file this page uploaded, until it has arrived
  #listed = 0; // when the newest were last listed
  #next; // the cursor of the next page; undefined before the first
  #older = false; // older ones are shown
  #acts = 0; // counts what was done to batches; a list that was requested before is out of date
  #stopped = false;
  sendings = []; // files that are uploaded: {name, file, id, problem}

  // changed() is called after each change, and news(batch) when a batch has another status.
  constructor(api, { changed, news }) {
    this.#api = api;
    this.#changed = changed;
    this.#news = news;
  }

  stop() {
    this.#stopped = true;
  }

  // all are the known ones, newest first.
  get all() {
    return [...this.#known.values()].sort(newest);
  }

  // shown are those that are open, before those that have ended.
  get shown() {
    const sending = new Set(this.sendings.map(({ id }) => id));
    const all = this.all.filter(({ id }) => !sending.has(id)).map((batch) => (this.#sent.has(batch.id) ? { ...batch, status: "planning" } : batch));
    const ended = all.filter((batch) => !isOpen(batch));
    return [...all.filter(isOpen), ...ended.slice(0, this.#older ? ended.length : endedShown)];
  }

  // more is true if there are others.
  get more() {
    return Boolean(this.#next) || (!this.#older && this.all.filter((batch) => !isOpen(batch)).length > endedShown);
  }

  // moving is true if a batch is to be polled.
  get moving() {
    return this.#sent.size > 0 || [...this.#known.values()].some(moving);
  }

  has(id) {
    return this.#known.has(id);
  }

  // older shows those that ended before the ones shown, and then reads a page of them.
  async older() {
    if (this.#older && this.#next) this.#take(await this.#api.batches({ limit: most, cursor: this.#next }), true);
    this.#older = true;
    this.#changed();
  }

  // look polls: all that are open, those of the running jobs, and what a card still lacks.
  async look(running) {
    const due = Date.now() - this.#listed > listEvery;
    const missing = new Set(running.map(({ origin }) => origin?.batch).filter((id) => id && !this.#known.has(id)));
    if (due || this.moving) {
      const limit = due ? 20 : Math.max(1, Math.min(most, this.all.findLastIndex(isOpen) + 1));
      const open = this.all.filter(moving).map(({ id }) => id);
      const acts = this.#acts;
      const page = await this.#api.batches({ limit });
      if (this.#stopped || acts !== this.#acts) return;
      if (due) this.#listed = Date.now();
      this.#take(page, this.#next === undefined);
      const listed = new Set(page.batches.map(({ id }) => id));
      for (const id of [...open, ...this.#sent]) if (!listed.has(id)) missing.add(id);
    }
    for (const id of missing) await this.#ask(id);
    await this.#complete();
  }

  #take({ batches, next }, further) {
    if (this.#stopped) return;
    batches.forEach((batch) => this.#put(batch));
    if (further) this.#next = next;
  }

  async #ask(id) {
    try {
      this.#put(await this.#api.batch(id));
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }

  #acted(batch) {
    this.#acts++;
    this.#put(batch);
  }

  // #put stores a batch as the API returned it.
  #put(batch) {
    if (this.#stopped) return;
    const before = this.#known.get(batch.id);
    const same = before?.run === batch.run;
    if (same && batch.plan && before.plan && !batch.plan.wrong_lines.length) batch.plan.wrong_lines = before.plan.wrong_lines; // a list has none
    this.#known.set(batch.id, { failures: before?.failures ?? [], failed: same ? before.failed : 0, ...batch });
    if (batch.status !== "uploading") {
      this.#sent.delete(batch.id);
      this.sendings = this.sendings.filter(({ id, problem }) => id !== batch.id || !problem); // only the reply of S3 was lost
    }
    if (before && before.status !== batch.status) this.#news(batch);
    this.#changed();
  }

  // #complete reads the invalid lines of plans, and the last failures of one batch.
  async #complete() {
    for (const { id, status, plan } of this.shown) {
      if (status === "planned" && plan?.wrong && !plan.wrong_lines.length) await this.#ask(id);
    }
    const batch = this.shown.find(({ counts, failed }) => counts.failed !== failed);
    if (!batch || this.#stopped) return;
    const { failed } = batch.counts;
    const failures = failed ? (await this.#api.videos({ batch: batch.id, status: "error", limit: failuresShown })).videos : [];
    // An index may lag behind the counters.
    const complete = failures.length >= Math.min(failed, failuresShown);
    this.#known.set(batch.id, { ...this.#known.get(batch.id), failures, failed: complete ? failed : batch.failed });
    this.#changed();
  }

  // send makes a batch of a file, which has the file's name without its extension.
  send(file) {
    const sending = { name: stem(file.name), file, id: null, problem: "" };
    this.sendings = [...this.sendings.filter(({ name }) => name !== sending.name), sending];
    return this.retry(sending);
  }

  // retry uploads a file, again if that failed.
  async retry(sending) {
    const { name, file } = sending;
    sending.problem = "";
    this.#changed();
    try {
      if (!file.size) throw new Error("The file is empty.");
      if (file.size > largest << 20) throw new Error(`The file is larger than ${largest} MiB. Split it.`);
      const { batch, upload } = await this.#api.createBatch(name, formatOf(file.name));
      sending.id = batch.id;
      await this.#api.upload(upload, file);
      this.drop(sending);
      this.#sent.add(batch.id);
      this.#acted(batch);
    } catch (error) {
      sending.problem = error.message;
      this.#changed();
    }
  }

  // drop gives up a file.
  drop(sending) {
    this.sendings = this.sendings.filter((other) => other !== sending);
    this.#changed();
  }

  async start({ id }, skip) {
    this.#acted(await this.#api.startBatch(id, skip));
  }

  // cancel ends what isn't submitted, in as many requests as that takes, and returns the
  // API's report.
  async cancel({ id }) {
    let report, left;
    do {
      left = report?.left ?? Infinity;
      report = await this.#api.cancelBatch(id);
      this.#acted(report.batch);
    } while (report.left && report.left < left);
    return report;
  }

  // rest returns what another run of a batch costs: {resumed, quotes}, where a quote is null
  // if it isn't known. It returns null for a batch of which too much has no video.
  async rest({ id, counts }, quotes) {
    if (counts.new + counts.waiting + counts.running || counts.failed > 20) return null;
    const { videos } = await this.#api.videos({ batch: id, status: "error", limit: most });
    const resumed = videos.filter(({ error }) => error.redrivable);
    const unpaid = resumed.filter(({ error }) => error.paid === "no");
    const requests = await Promise.all(unpaid.map(async (video) => (await this.#api.video(video.id)).request));
    return { resumed: resumed.length, quotes: await Promise.all(requests.map((request) => request && quotes.of(sendable(request)))) };
  }
}
