// The jobs that are known, and how they are kept up to date: those that run are
// listed at each look, and all of them now and then. One that isn't among the running
// ones any more is asked for by itself.

const place = "takeup.recent";
const ends = new Set(["completed", "error", "cancelled", "discarded"]);

export const ended = (video) => ends.has(video.status);

// brief is what a list has of a request; null where there is none.
const brief = ({ model, prompt, duration, aspect_ratio }) => model && { model, prompt, duration, aspect_ratio };

const tick = 3_000; // between two looks at what runs
const hiddenTick = 15_000; // while nobody sees the page
const listEvery = 30_000;
const unknownFor = 600_000; // how long a job that was accepted may be unknown
const longest = 60_000; // between two tries while the API can't be reached

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
  #videos = new Map();
  read = false; // the list was read once
  next = null; // the cursor of the next page
  trouble = null; // {message, again}: why the list is behind, and when it is tried again

  // changed() is called after each change, and news(video) when a job has ended.
  constructor(api, storage, { changed, news }) {
    this.#api = api;
    this.#storage = storage;
    this.#changed = changed;
    this.#news = news;
  }

  // videos are all that are known: those that run, and then the others, newest first.
  get videos() {
    return [...this.#videos.values()].sort((a, b) => ended(a) - ended(b) || Date.parse(b.created_at) - Date.parse(a.created_at));
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

  // add takes a job in that was accepted just now, which the list may not have yet.
  add(video) {
    this.put(video);
    this.#storage.setItem(place, JSON.stringify([...this.#recent(), video].slice(-20)));
    this.#plan(tick);
  }

  // put takes in what the API said of a job.
  put(video) {
    const before = this.#videos.get(video.id);
    const request = video.request ?? before?.request ?? brief(video);
    this.#videos.set(video.id, { ...video, request, whole: Boolean(video.request ?? before?.whole), seen: Date.now() });
    if (before && !ended(before) && ended(video)) this.#news(video);
    this.#changed();
  }

  // whole gives the whole request of a job, which a list doesn't have.
  async whole(id) {
    if (!this.#videos.get(id)?.whole) this.put(await this.#api.video(id));
    return this.#videos.get(id).request;
  }

  // older reads the next page.
  async older() {
    const page = await this.#api.videos(this.next);
    this.next = page.next;
    await this.#take(page.videos);
    this.#changed();
  }

  // #take takes in what a list says, which may be some moments behind: where it takes
  // an end back, as a redrive does, the job is asked for by itself.
  async #take(videos) {
    for (const video of videos) {
      const before = this.#videos.get(video.id);
      if (before && ended(before) && !ended(video)) await this.#again(video.id);
      else this.put(video);
    }
  }

  // look asks how the jobs are doing, now.
  async look() {
    clearTimeout(this.#timer);
    const now = (this.#looked = Date.now());
    try {
      if (!this.read || now - this.#listed > listEvery) {
        const page = await this.#api.videos();
        if (!this.read) this.next = page.next;
        this.read = true;
        this.#listed = now;
        await this.#take(page.videos);
        this.#forget(page.videos);
      }
      let next;
      do {
        if (this.#stopped) return;
        const page = await this.#api.running(next);
        await this.#take(page.videos);
        next = page.next;
      } while (next);
      for (const video of this.videos) {
        if (ended(video) || video.seen >= now) continue;
        if (this.#stopped) return;
        await this.#again(video.id);
      }
      this.#failures = 0;
      this.trouble = null;
      this.#plan(this.#running() ? tick : listEvery);
    } catch (error) {
      if (this.#stopped) return;
      const pause = Math.min(longest, 1000 * Math.max(error.retryAfter ?? 0, 2 ** ++this.#failures));
      this.trouble = { message: error.message, again: Date.now() + pause };
      this.#plan(pause);
    }
    this.#changed();
  }

  // #again asks for one job. One that was accepted just now may not be known yet.
  async #again(id) {
    try {
      this.put(await this.#api.video(id));
    } catch (error) {
      if (error.status !== 404) throw error;
      if (Date.now() - Date.parse(this.#videos.get(id).created_at) < unknownFor) return;
      this.#videos.delete(id);
      this.#forget([{ id }]);
    }
  }

  #running() {
    return this.videos.some((video) => !ended(video));
  }

  #plan(pause) {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#wake(), pause);
  }

  // #wake looks, but seldom while nobody sees the page, and not at all where
  // nothing runs.
  #wake() {
    if (!document.hidden) return this.look();
    if (this.#running() && Date.now() - this.#looked > hiddenTick) return this.look();
    if (this.#running()) return this.#plan(tick);
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
