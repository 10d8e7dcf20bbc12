// The known jobs, and how they are kept up to date. Every poll lists the running jobs,
// whatever else is shown. The others are listed by the filter, page by page, and its first
// page is read again from time to time. A job that is no longer among the running ones is
// read individually.

import { sendable } from "./api.js";

const place = "takeup.recent";

// kinds are the statuses of a job, each with what its card looks like.
const kinds = { queued: "running", generating: "running", completed: "done", error: "failed", cancelled: "ended", discarded: "ended" };

// kindOf takes an unknown status, as a newer API may have, for that of a running job.
export const kindOf = (video) => kinds[video.status] ?? "running";

export const ended = (video) => kindOf(video) !== "running";

// held is true if a job waits for something other than its start or its generation.
export const held = (waiting) => ["resume", "cap", "room", "answer", "video"].includes(waiting?.for);

// brief is the part of a request that a list has; null if there is no request.
const brief = ({ model, prompt, duration, aspect_ratio }) => model && { model, prompt, duration, aspect_ratio };

const tick = 3_000; // between two polls of the running jobs
const hiddenTick = 15_000; // while the page is hidden
const listEvery = 30_000;
const tellEvery = 30_000; // between two reads of a waiting job
const unknownFor = 600_000; // how long an accepted job may be missing
const longest = 60_000; // between two tries while the API can't be reached
const few = 4; // jobs of batches to read individually in one poll
const enough = 20; // jobs to read before waiting for a request for more

const most = 2_000; // jobs to sort by something else than their time

const newest = (a, b) => b.at - a.at;

// orders are the other ways to sort.
const orders = { length: ({ duration }) => duration ?? 0, cost: ({ cost }) => cost?.usd ?? 0 };

export class Library {
  #api;
  #storage;
  #changed;
  #news;
  #batches;
  #timer;
  #failures = 0;
  #listed = 0; // when the list was last read
  #looked = 0; // when anything was last read
  #stopped = false;
  #videos = new Map(); // all known jobs, by id
  #filter; // the parameters of the list; a new object for each filter
  #found = new Set(); // ids of the jobs that the filter has found so far
  read = false; // the first jobs of the filter were read
  reading = false; // more of them are being read
  next = null; // the cursor of the next page
  searched = null; // how far back prompts were searched; null: all of them
  had = 0; // jobs that were shown before, as before a reload, and are read again at once
  trouble = null; // {message, again}: why the list is out of date, and when the next try is

  // filter is the first filter, as for show. changed() is called after each change, and
  // news(video) when a job has ended. The batches are polled with the jobs.
  constructor(api, storage, filter, batches, { changed, news }) {
    this.#api = api;
    this.#storage = storage;
    this.#filter = filter;
    this.#batches = batches;
    // Many jobs may change at once.
    let due = false;
    this.#changed = () => {
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        changed();
      });
    };
    this.#news = news;
  }

  // running are the jobs that have not ended, newest first.
  get running() {
    return [...this.#videos.values()].filter((video) => !ended(video)).sort(newest);
  }

  // apart are the running ones without those that a batch's card stands for, unless the
  // filter is for that batch.
  get apart() {
    return this.running.filter((video) => !this.inBatch(video) || video.origin.batch === this.#filter.batch);
  }

  // inBatch is true for a job of a known batch.
  inBatch({ origin }) {
    return Boolean(origin?.batch) && this.#batches.has(origin.batch);
  }

  // shown are the jobs that have ended and that the filter has found, in its order.
  get shown() {
    const { status, order } = this.#filter;
    const by = orders[order];
    return [...this.#found].map((id) => this.#videos.get(id))
      .filter((video) => video && ended(video) && (!status || video.status === status))
      .sort(by ? (a, b) => by(b) - by(a) || newest(a, b) : newest);
  }

  // filtered is true if the filter excludes anything.
  get filtered() {
    return Object.keys(this.#filter).some((name) => name !== "order");
  }

  // start reads the list, and polls from then on until stop.
  async start() {
    for (const video of this.#recent()) this.#videos.set(video.id, video);
    await this.look();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  // show changes the filter: {status, model, batch, q, from, to}, as the API's parameters, and
  // order, of which the API knows none. An absent one filters nothing.
  async show(filter) {
    this.#filter = filter;
    this.#found = new Set();
    this.read = this.reading = false; // what is still being read is for another filter
    this.next = this.searched = this.trouble = null;
    await this.look();
  }

  // add adds a job that was just accepted, which the list may not have yet.
  add(video) {
    this.put(video);
    this.#storage.setItem(place, JSON.stringify([...this.#recent(), video].slice(-20)));
    this.#plan(tick);
  }

  // put stores a job as the API returned it.
  put(video) {
    const before = this.#videos.get(video.id);
    const request = video.request ?? (video.forgotten_at ? null : before?.request) ?? brief(video);
    const known = { ...video, request, whole: Boolean(video.request ?? before?.whole), seen: Date.now(), at: Date.parse(video.created_at) };
    // A list knows less of a wait than GET /videos/{id}.
    if (video.history) known.told = known.seen;
    else if (before?.told > known.seen - 2 * tellEvery && before.status === video.status && held(before.waiting)) {
      Object.assign(known, { told: before.told, waiting: before.waiting, estimate: before.estimate });
    } else known.told = before?.told ?? 0;
    this.#videos.set(video.id, known);
    if (before && !ended(before) && ended(video)) {
      if (this.#passes(known)) this.#found.add(video.id);
      this.#news(video);
    }
    this.#changed();
  }

  // whole returns the whole request of a job, which a list doesn't have.
  async whole(id) {
    const known = this.#videos.get(id);
    return sendable((known?.whole ? known : await this.fresh(id)).request);
  }

  // fresh reads a job completely.
  async fresh(id) {
    this.put(await this.#api.video(id));
    return this.#videos.get(id);
  }

  // older reads the next page.
  async older() {
    if (!this.reading) await this.#read(this.#filter);
  }

  // #passes is true if the filter would find a job that has just ended.
  #passes({ status, model, prompt, created_at, origin }) {
    const { q, from, to, ...exact } = this.#filter;
    if ((exact.status ?? status) !== status || (exact.model ?? model) !== model || (exact.batch && exact.batch !== origin?.batch)) return false;
    if (from && Date.parse(created_at) < Date.parse(from)) return false;
    if (to && Date.parse(created_at) >= Date.parse(to)) return false;
    return !q || q.toLowerCase().split(/\s+/).every((word) => prompt?.toLowerCase().includes(word));
  }

  // #read reads pages until there are enough more jobs: if the filter leaves out most of
  // them, a page has few. After each page it reports how far it got.
  async #read(filter) {
    this.reading = true;
    this.#changed();
    try {
      let found = 0;
      do {
        const page = await this.#list(filter, { cursor: this.next, limit: this.#found.size ? 50 : null });
        if (this.#stopped || filter !== this.#filter) return;
        await this.#take(page.videos, true);
        if (!this.read && !this.filtered) this.#forget(page.videos);
        this.next = page.next;
        this.searched = page.searched_to;
        found += page.videos.length;
        this.#changed();
      } while (this.next && (found < enough || this.#found.size < this.had || (filter.order && this.#found.size < most)));
      this.read = true;
      this.had = 0;
      this.#listed = Date.now();
    } finally {
      if (filter === this.#filter) this.reading = false;
      this.#changed();
    }
  }

  #list = ({ order, ...filter }, more) => this.#api.videos({ ...filter, ...more });

  // #newest reads the filter's first page again. It doesn't repeat a search, which reads
  // many jobs: those that end meanwhile are known anyway.
  async #newest(filter) {
    this.#listed = Date.now();
    if (filter.q) return;
    const page = await this.#list(filter);
    if (this.#stopped || filter !== this.#filter) return;
    await this.#take(page.videos, true);
    if (!this.filtered) this.#forget(page.videos);
  }

  // #take stores the jobs of a list, which may be moments old. If a job that had ended is
  // running there, as after a redrive, it is read by itself.
  async #take(videos, found) {
    for (const video of videos) {
      const before = this.#videos.get(video.id);
      if (found) this.#found.add(video.id);
      if (before && ended(before) && !ended(video)) await this.#ask(video.id);
      else this.put(video);
    }
  }

  // back polls at once, and begins again with short waits if that fails.
  back() {
    this.#failures = 0;
    return this.look();
  }

  // look polls now.
  async look() {
    clearTimeout(this.#timer);
    const filter = this.#filter;
    const now = (this.#looked = Date.now());
    // A search may take long; the running jobs are polled meanwhile.
    const reading = this.read || this.reading ? null : this.#read(filter).catch((error) => this.#failed(error, filter));
    try {
      if (this.read && now - this.#listed > listEvery) await this.#newest(filter);
      await this.#lookAtRunning(now);
      await this.#batches.look(this.running);
      if (this.read || this.reading) {
        this.trouble = null;
        if (this.read) this.#failures = 0;
        this.#plan(this.#moving ? tick : listEvery);
      }
    } catch (error) {
      this.#failed(error, filter);
    }
    this.#changed();
    await reading;
  }

  // #moving is true if there is something to poll.
  get #moving() {
    return this.running.length > 0 || this.#batches.moving;
  }

  // #failed schedules another try.
  #failed(error, filter) {
    if (this.#stopped || filter !== this.#filter) return;
    const pause = Math.min(longest, 1000 * Math.max(error.retryAfter ?? 0, 2 ** ++this.#failures));
    this.trouble = { message: error.message, again: Date.now() + pause };
    this.#plan(pause);
    this.#changed();
  }

  // #lookAtRunning lists the running jobs. It also reads each job that was running and is
  // not listed, and each that waits or is late. Of batches, whose cards say the same, it
  // reads only a few.
  async #lookAtRunning(now) {
    let next = null;
    do {
      if (this.#stopped) return;
      const page = await this.#api.videos({ status: "running", limit: 50, cursor: next });
      await this.#take(page.videos, false);
      next = page.next;
    } while (next);
    let read = 0;
    for (const video of this.running) {
      // The job itself has the reason of the wait.
      const inBatch = this.inBatch(video);
      const late = !inBatch && (held(video.waiting) || (video.status === "generating" && !(video.estimate?.left_seconds > 0)));
      if (video.seen >= now && !(late && video.told < now - tellEvery)) continue;
      if (inBatch && read++ >= few) continue;
      if (this.#stopped) return;
      await this.#ask(video.id);
    }
  }

  // #ask reads one job. A job that was accepted just now may not exist yet.
  async #ask(id) {
    try {
      this.put(await this.#api.video(id));
    } catch (error) {
      if (error.status !== 404) throw error;
      if (Date.now() - Date.parse(this.#videos.get(id).created_at) < unknownFor) return;
      this.#videos.delete(id);
      this.#forget([{ id }]);
    }
  }

  #plan(pause) {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#wake(), pause);
  }

  // #wake polls: rarely while the page is hidden, and while no job is running only once somebody
  // looks, by back.
  #wake() {
    if (!document.hidden) return this.look();
    if (this.#moving && Date.now() - this.#looked > hiddenTick) return this.look();
    if (this.#moving) this.#plan(tick);
  }

  #recent() {
    return JSON.parse(this.#storage.getItem(place) ?? "[]");
  }

  // #forget removes jobs from the recent ones, since the list has them by now.
  #forget(videos) {
    const ids = new Set(videos.map((video) => video.id));
    this.#storage.setItem(place, JSON.stringify(this.#recent().filter((video) => !ids.has(video.id))));
  }
}
