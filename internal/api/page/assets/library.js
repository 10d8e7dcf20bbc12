// The jobs that are known, and how they are kept up to date. The running jobs are
// listed at each look, whatever else is shown. The others are listed by the filter, page
// by page, and its first page is read again now and then. A job that isn't among the
// running ones any more is asked for by itself.

const place = "takeup.recent";

// kinds are the statuses of a job, each with what its card looks like.
const kinds = { queued: "running", generating: "running", completed: "done", error: "failed", cancelled: "ended", discarded: "ended" };

// kindOf takes a status that it doesn't know, as a newer API may have, for a running job's.
export const kindOf = (video) => kinds[video.status] ?? "running";

export const ended = (video) => kindOf(video) !== "running";

// held tells whether a wait is for something else than the job's turn or its
// generation.
export const held = (waiting) => ["resume", "cap", "room", "answer", "video"].includes(waiting?.for);

// brief is what a list has of a request; null where there is none.
const brief = ({ model, prompt, duration, aspect_ratio }) => model && { model, prompt, duration, aspect_ratio };

const tick = 3_000; // between two looks at what runs
const hiddenTick = 15_000; // while nobody sees the page
const listEvery = 30_000;
const tellEvery = 30_000; // between two looks at one job that is held up
const unknownFor = 600_000; // how long a job that was accepted may be unknown
const longest = 60_000; // between two tries while the API can't be reached
const enough = 20; // jobs that are looked for before the page waits for a wish for more

const newest = (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at);

export class Library {
  #api;
  #storage;
  #changed;
  #news;
  #timer;
  #failures = 0;
  #listed = 0; // when the list was last read
  #looked = 0; // when anything was
  #stopped = false;
  #videos = new Map(); // all that are known, by id
  #filter; // what the API is asked for; a new object for each filter
  #found = new Set(); // ids of the jobs that the filter gave so far
  read = false; // the filter's first jobs were read
  reading = false; // more of them are being read
  next = null; // the cursor of the next page
  searched = null; // how far back the words were looked for; null: to the end
  trouble = null; // {message, again}: why the list is behind, and when it is tried again

  // filter is the one to begin with, as show takes it. changed() is called after each
  // change, and news(video) when a job has ended.
  constructor(api, storage, filter, { changed, news }) {
    this.#api = api;
    this.#storage = storage;
    this.#filter = filter;
    this.#changed = changed;
    this.#news = news;
  }

  // running are the jobs that have not ended, newest first.
  get running() {
    return [...this.#videos.values()].filter((video) => !ended(video)).sort(newest);
  }

  // shown are the jobs that have ended and that the filter gave, newest first.
  get shown() {
    const { status } = this.#filter;
    return [...this.#found].map((id) => this.#videos.get(id))
      .filter((video) => video && ended(video) && (!status || video.status === status)).sort(newest);
  }

  // filtered tells whether the filter leaves out anything.
  get filtered() {
    return Object.keys(this.#filter).length > 0;
  }

  // start reads the list, and from then on looks by itself until stop.
  async start() {
    for (const video of this.#recent()) this.#videos.set(video.id, video);
    await this.look();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  // show shows other jobs: those of {status, model, q, from, to}, as the API takes
  // them. What is absent leaves out none.
  async show(filter) {
    this.#filter = filter;
    this.#found = new Set();
    this.read = this.reading = false; // what is still being read is of another filter
    this.next = this.searched = this.trouble = null;
    await this.look();
  }

  // add takes a job in that was accepted just now, which the list may not have yet.
  add(video) {
    this.put(video);
    this.#storage.setItem(place, JSON.stringify([...this.#recent(), video].slice(-20)));
    this.#plan(tick);
  }

  // put takes in what the API said of a job.
  put(video) {
    const before = this.#videos.get(video.id);
    const request = video.request ?? (video.forgotten_at ? null : before?.request) ?? brief(video);
    const known = { ...video, request, whole: Boolean(video.request ?? before?.whole), seen: Date.now() };
    // A list knows less of a wait than what the job itself told just now.
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

  // whole gives the whole request of a job, which a list doesn't have.
  async whole(id) {
    const known = this.#videos.get(id);
    return (known?.whole ? known : await this.fresh(id)).request;
  }

  // fresh gives all that is known of a job now.
  async fresh(id) {
    this.put(await this.#api.video(id));
    return this.#videos.get(id);
  }

  // older reads on.
  async older() {
    if (!this.reading) await this.#read(this.#filter);
  }

  // #passes tells whether the filter would give a job that has just ended.
  #passes({ status, model, prompt, created_at }) {
    const { q, from, to, ...exact } = this.#filter;
    if ((exact.status ?? status) !== status || (exact.model ?? model) !== model) return false;
    if (from && Date.parse(created_at) < Date.parse(from)) return false;
    if (to && Date.parse(created_at) >= Date.parse(to)) return false;
    return !q || q.toLowerCase().split(/\s+/).every((word) => prompt?.toLowerCase().includes(word));
  }

  // #read reads pages of the filter until there are enough more jobs: where it leaves
  // out most, a page has few. It says after each how far it came.
  async #read(filter) {
    this.reading = true;
    this.#changed();
    try {
      let found = 0;
      do {
        const page = await this.#api.videos({ ...filter, cursor: this.next });
        if (this.#stopped || filter !== this.#filter) return;
        await this.#take(page.videos, true);
        if (!this.read && !this.filtered) this.#forget(page.videos);
        this.next = page.next;
        this.searched = page.searched_to;
        found += page.videos.length;
        this.#changed();
      } while (this.next && found < enough);
      this.read = true;
      this.#listed = Date.now();
    } finally {
      if (filter === this.#filter) this.reading = false;
      this.#changed();
    }
  }

  // #newest reads the filter's first page once more. A search isn't repeated: it looks
  // through many jobs, and what ends meanwhile is known.
  async #newest(filter) {
    this.#listed = Date.now();
    if (filter.q) return;
    const page = await this.#api.videos(filter);
    if (this.#stopped || filter !== this.#filter) return;
    await this.#take(page.videos, true);
    if (!this.filtered) this.#forget(page.videos);
  }

  // #take takes in what a list says, which may be some moments behind: where it takes
  // an end back, as a redrive does, the job is asked for by itself.
  async #take(videos, found) {
    for (const video of videos) {
      const before = this.#videos.get(video.id);
      if (found) this.#found.add(video.id);
      if (before && ended(before) && !ended(video)) await this.#ask(video.id);
      else this.put(video);
    }
  }

  // look asks how the jobs are doing, now.
  async look() {
    clearTimeout(this.#timer);
    const filter = this.#filter;
    const now = (this.#looked = Date.now());
    // A search may take long, and what runs is looked at meanwhile.
    const reading = this.read || this.reading ? null : this.#read(filter).catch((error) => this.#failed(error, filter));
    try {
      if (this.read && now - this.#listed > listEvery) await this.#newest(filter);
      await this.#lookAtRunning(now);
      if (this.read || this.reading) {
        this.trouble = null;
        if (this.read) this.#failures = 0;
        this.#plan(this.running.length ? tick : listEvery);
      }
    } catch (error) {
      this.#failed(error, filter);
    }
    this.#changed();
    await reading;
  }

  // #failed plans another try.
  #failed(error, filter) {
    if (this.#stopped || filter !== this.#filter) return;
    const pause = Math.min(longest, 1000 * Math.max(error.retryAfter ?? 0, 2 ** ++this.#failures));
    this.trouble = { message: error.message, again: Date.now() + pause };
    this.#plan(pause);
    this.#changed();
  }

  // #lookAtRunning lists the jobs that run, and asks for each of those that were known
  // to run and aren't listed, and for each that is late.
  async #lookAtRunning(now) {
    let next = null;
    do {
      if (this.#stopped) return;
      const page = await this.#api.videos({ status: "running", limit: 50, cursor: next });
      await this.#take(page.videos, false);
      next = page.next;
    } while (next);
    for (const video of this.running) {
      // One that is held up, or takes longer than any before, is asked why.
      const late = held(video.waiting) || (video.status === "generating" && !(video.estimate?.left_seconds > 0));
      if (video.seen >= now && !(late && video.told < now - tellEvery)) continue;
      if (this.#stopped) return;
      await this.#ask(video.id);
    }
  }

  // #ask asks for one job. One that was accepted just now may not be known yet.
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

  // #wake looks, but seldom while nobody sees the page, and not at all where
  // nothing runs.
  #wake() {
    if (!document.hidden) return this.look();
    const running = this.running.length > 0;
    if (running && Date.now() - this.#looked > hiddenTick) return this.look();
    if (running) return this.#plan(tick);
    document.addEventListener("visibilitychange", () => this.#stopped || this.look(), { once: true });
  }

  #recent() {
    return JSON.parse(this.#storage.getItem(place) ?? "[]");
  }

  // #forget drops recent jobs, which the list shows by now.
  #forget(videos) {
    const ids = new Set(videos.map((video) => video.id));
    this.#storage.setItem(place, JSON.stringify(this.#recent().filter((video) => !ids.has(video.id))));
  }
}
