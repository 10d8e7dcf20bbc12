// Requests without an answer. A request gets its Idempotency-Key before it is first sent,
// and keeps it through errors and reloads until it is answered. So sending it repeatedly
// makes one video.

const place = "takeup.outbox";

// An entry is {key, request, at, attempts, state, problem, again}: state is
// "sending", "waiting" (until `again`, in milliseconds) or "refused".
export class Outbox {
  #api;
  #storage;
  #changed;
  #accepted;
  #refused;
  #timers = new Map();
  entries = [];

  // changed() is called after each change, accepted(entry, generation) and
  // refused(entry, error) with the answer. If refused returns false, the entry stays, as
  // refused.
  constructor(api, storage, { changed, accepted, refused }) {
    this.#api = api;
    this.#storage = storage;
    this.#changed = changed;
    this.#accepted = accepted;
    this.#refused = refused;
  }

  // resume continues with the entries of an earlier load of the page.
  resume() {
    const left = JSON.parse(this.#storage.getItem(place) ?? "[]");
    this.entries = left.map((entry) => ({ ...entry, attempts: 0, state: "sending", problem: null }));
    this.entries.forEach((entry) => this.#post(entry));
    this.#keep();
  }

  // has is true if a request is waiting for its answer.
  has(request) {
    const same = JSON.stringify(request);
    return this.entries.some((e) => e.state !== "refused" && JSON.stringify(e.request) === same);
  }

  // send requests a video for each of the requests, which may be the same.
  send(requests) {
    const entries = requests.map((request) => ({ key: crypto.randomUUID(), request, at: new Date().toISOString(), attempts: 0, state: "sending", problem: null }));
    this.entries.push(...entries);
    this.#keep();
    entries.forEach((entry) => this.#post(entry));
  }

  // hurry sends all waiting entries at once.
  hurry() {
    this.entries.forEach((entry) => this.now(entry));
  }

  // now sends a waiting entry at once.
  now(entry) {
    if (entry.state !== "waiting") return;
    clearTimeout(this.#timers.get(entry.key));
    entry.state = "sending";
    this.#keep();
    this.#post(entry);
  }

  // drop removes an entry.
  drop(entry) {
    clearTimeout(this.#timers.get(entry.key));
    this.entries = this.entries.filter((e) => e !== entry);
    this.#keep();
  }

  // stop ends all waiting. Entries without an answer stay stored.
  stop() {
    this.#timers.forEach(clearTimeout);
    this.entries = [];
  }

  async #post(entry) {
    try {
      const generation = await this.#api.create(entry.request, entry.key);
      if (!this.entries.includes(entry)) return;
      this.#accepted(entry, generation);
      this.drop(entry);
    } catch (error) {
      if (!this.entries.includes(entry) || error.status === 401) return; // it is sent again after signing in
      entry.problem = error.message;
      if (error.passing) this.#wait(entry, error.retryAfter);
      else if (this.#refused(entry, error)) this.drop(entry);
      else {
        entry.state = "refused";
        entry.errors = error.errors;
        this.#keep();
      }
    }
  }

  #wait(entry, seconds) {
    entry.attempts++;
    const pause = 1000 * Math.max(seconds, Math.min(30, 2 ** entry.attempts));
    entry.state = "waiting";
    entry.again = Date.now() + pause;
    this.#timers.set(entry.key, setTimeout(() => this.now(entry), pause));
    this.#keep();
  }

  #keep() {
    const unanswered = this.entries.filter((e) => e.state !== "refused");
    this.#storage.setItem(place, JSON.stringify(unanswered.map(({ key, request, at }) => ({ key, request, at }))));
    this.#changed();
  }
}
