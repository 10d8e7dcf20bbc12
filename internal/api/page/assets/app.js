// The page: signing in, what is shown when, and what the buttons do.

import { addressOf, Api, curl } from "./api.js";
import { Bell } from "./bell.js";
import { BatchCards } from "./batchcards.js";
import { Batches, linesOf, stem } from "./batches.js";
import { Cards } from "./cards.js";
import { Composer } from "./composer.js";
import { Control } from "./control.js";
import { ask, askToCancel, copy } from "./dialogs.js";
import { busy, byId, h } from "./dom.js";
import { Filters } from "./filters.js";
import { ended, Library } from "./library.js";
import { Outbox } from "./outbox.js";
import { Posters } from "./poster.js";
import { Quotes, cost, share } from "./prices.js";
import { catchDrops, read } from "./promptfiles.js";
import { askToDelete, Selection, sum } from "./selection.js";
import { Token } from "./token.js";
import { Usage } from "./usage.js";
import { View } from "./view.js";
import { counted, dateOf, prompt, when } from "./words.js";

const storage = sessionStorage; // cleared when the tab is closed
const patience = 100; // ms that other tabs have to give the token
const left = "takeup.left"; // how far the videos were scrolled, before a reload
const slow = 4_000; // a longer wait is announced
const few = 10; // more files of one prompt are a batch

class App {
  #api;
  #outbox;
  #library;
  #control;
  #quotes;
  #batches;
  #posters = new Posters(({ id }, webp) => this.#api.putPoster(id, webp));
  #selection = new Selection(this.#selectionActs());
  #cards = new Cards(this.#acts());
  #view = new View({ ...this.#acts(), ...this.#viewActs() });
  #batchCards = new BatchCards(this.#batchActs());
  #composer = new Composer(storage, localStorage, { send: (request, n) => this.#send(request, n), split: (requests) => this.#split(requests) });
  #filters = new Filters(storage, (filter) => this.#library?.show(filter));
  #filterable = false; // there has been something to filter since signing in
  #usage = new Usage();
  #bell = new Bell(storage);
  #token = new Token({
    got: (token) => this.#library || this.#enter(token),
    forgotten: () => this.#signin("The token was forgotten in another tab. What you wrote is kept."),
  });
  // The end of the list reads on by itself. Several changes may be told at once.
  #end = new IntersectionObserver((changes) => changes.at(-1).isIntersecting && byId("older").click(), { rootMargin: "800px" });
  #fading;
  #returning;

  constructor() {
    byId("signin-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("signin-go"), () => this.#try(byId("token").value.trim()));
    });
    byId("forget").addEventListener("click", () => this.#forget());
    byId("older").addEventListener("click", () => busy(byId("older"), () => this.#older(this.#library)));
    byId("older-batches").addEventListener("click", () => busy(byId("older-batches"), () => this.#older(this.#batches)));
    byId("examples").addEventListener("click", ({ target }) => {
      if (target.type === "button") this.#edit({ ...this.#composer.settings(), prompt: target.textContent });
    });
    byId("files").addEventListener("change", (event) => {
      this.#take([...event.target.files]);
      event.target.value = "";
    });
    catchDrops(() => Boolean(this.#outbox), (files) => this.#take(files));
    setInterval(() => this.#cards.move(), 1000);
    this.#end.observe(byId("older"));
    addEventListener("pagehide", () => this.#library && storage.setItem(left, JSON.stringify([this.#library.shown.length, scrollY])));
    addEventListener("online", () => this.#back());
    addEventListener("focus", () => this.#back());
    document.addEventListener("visibilitychange", () => this.#back());
    const token = this.#token.value;
    if (token) return this.#enter(token);
    this.#token.ask();
    setTimeout(() => this.#library || this.#signin(), patience);
  }

  // #back refreshes everything at once when somebody looks again, or the line is back.
  #back() {
    if (document.hidden || !this.#library) return;
    this.#bell.seen();
    clearTimeout(this.#returning); // a window that is shown gets the focus, too
    this.#returning = setTimeout(() => {
      if (!this.#library) return;
      this.#library.back();
      this.#control.look();
      this.#outbox.hurry();
      if (!byId("composer-trouble").hidden) this.#models();
    }, 50);
  }

  // #signin asks for the token.
  #signin(problem = "") {
    this.#leave();
    document.body.dataset.state = "signin";
    byId("signin").hidden = false;
    byId("token-problem").textContent = problem;
    byId("token").toggleAttribute("aria-invalid", Boolean(problem));
    byId("token").focus();
  }

  // #try checks a token with the API, and stores it if it is accepted.
  async #try(token) {
    if (!token) return this.#signin("Enter the token first.");
    byId("token-problem").textContent = "";
    try {
      const models = await new Api(token, () => {}).models();
      this.#token.keep(token, byId("stay").checked);
      byId("token").value = "";
      this.#enter(token, models);
    } catch (error) {
      this.#signin(error.status === 401 ? "That token isn't valid. Copy all of it, and try again." : error.message);
      byId("token").select();
    }
  }

  // #enter shows the studio for a token.
  #enter(token, models) {
    document.body.dataset.state = "ready";
    byId("signin").hidden = true;
    byId("forget").hidden = false;
    this.#api = new Api(token, () => {
      this.#token.remove();
      this.#signin("The token is no longer accepted. It may have been replaced; enter the new one. What you wrote is kept.");
    });
    this.#quotes = new Quotes(this.#api.check);
    this.#batches = new Batches(this.#api, { changed: () => this.#show(), news: (batch) => this.#batchNews(batch) });
    this.#library = new Library(this.#api, storage, this.#filters.begin(), this.#batches, { changed: () => this.#show(), news: (video) => this.#news(video) });
    this.#outbox = new Outbox(this.#api, storage, {
      changed: () => this.#show(),
      accepted: (entry, generation) => this.#accepted(entry, generation),
      refused: (entry, error) => this.#composer.refused(entry.request, error),
    });
    this.#usage.use(this.#api);
    this.#control = new Control(this.#api, (caps) => {
      this.#usage.told(caps);
      this.#batchCards.told(caps);
      this.#show();
    });
    this.#models(models);
    this.#outbox.resume();
    const [had, y] = JSON.parse(storage.getItem(left) ?? "[0, 0]");
    this.#library.had = had;
    this.#library.start().then(() => y && scrollTo(0, y)).finally(this.#speak("list-slow", "Still waiting for the list of videos…"));
    this.#show();
    this.#view.route();
  }

  // #leave stops everything that uses the token.
  #leave() {
    this.#library?.stop();
    this.#batches?.stop();
    this.#outbox?.stop();
    this.#control?.stop();
    this.#usage.use(null);
    this.#cards.clear();
    this.#batchCards.clear();
    this.#posters.clear();
    byId("view").close();
    byId("selection").hidden = true;
    this.#batches = this.#library = this.#outbox = this.#control = null;
    this.#filterable = false;
    byId("forget").hidden = true;
    this.#bell.show(0);
  }

  #forget() {
    this.#token.forget();
    for (const name of Object.keys(storage)) if (name.startsWith("takeup.")) storage.removeItem(name);
    this.#composer.forget();
    this.#signin();
  }

  // #models fills the form, and offers to try again if that fails. It moves the focus to the
  // prompt after signing in, but not when the page is loaded.
  async #models(models) {
    const signedIn = Boolean(models);
    const api = this.#api;
    const trouble = byId("composer-trouble");
    const wait = byId("composer-wait");
    trouble.hidden = true;
    wait.hidden = signedIn;
    const spoken = this.#speak("composer-slow", "Still waiting for the list of models…");
    try {
      models ??= await api.models();
      await this.#composer.use(models, this.#quotes, api.model);
      this.#filters.models(models);
      if (signedIn) this.#composer.focus();
    } catch (error) {
      if (api === this.#api && error.status !== 401) this.#banner(trouble, `${error.message} The form needs the list of models.`, "Try again", () => this.#models());
    } finally {
      wait.hidden = true;
      spoken();
    }
  }

  #accepted(entry, generation) {
    this.#cards.rename(entry.key, generation.id);
    this.#bell.started(generation.id);
    this.#library.add({
      id: generation.id, status: generation.status, request: entry.request, created_at: entry.at, submitted_at: null, ended_at: null,
      discard: false, estimate: null, error: null, cost: null, video: null, manifest: null, origin: { trigger: "api" },
    });
    this.#composer.accepted(entry.request);
    this.#tell("Accepted. It is the first one in progress.");
  }

  #batchNews({ id, name, status, counts }) {
    if (status === "planned") this.#tell(`Planned: ${name}. Nothing is paid before you start it.`);
    else if (status === "unusable") this.#tell(`Can't be used: ${name}`);
    else if (status === "ended") {
      const words = `Done: ${name}, ${counts.stored} of ${counts.videos} stored`;
      this.#tell(words);
      this.#bell.ended(id, words, counts.stored === counts.videos);
    }
  }

  #news(video) {
    this.#view.put(video);
    this.#control.soon();
    if (this.#library.inBatch(video)) return;
    const name = prompt(video.request).slice(0, 60);
    const done = video.status === "completed";
    if (!done && video.status !== "error") return;
    const words = `${done ? "Done" : "Ended without a video"}: ${name}`;
    this.#tell(words);
    this.#bell.ended(video.id, words, done);
  }

  // #show updates the page to what is known now.
  #show() {
    if (!this.#library || !this.#outbox) return;
    const { running: all, apart: under, shown, read, reading, next, trouble, filtered } = this.#library;
    const { sendings, shown: batches, more } = this.#batches;
    this.#batchCards.show(sendings, batches);
    this.#filters.batches(this.#batches.all);
    byId("batches-part").hidden = !sendings.length && !batches.length;
    byId("older-batches").hidden = !more;
    const { entries } = this.#outbox;
    this.#selection.show();
    this.#cards.show(entries, under, shown);
    byId("sum").textContent = shown.length ? `${counted(shown.length, "video")}${next ? " so far" : ""}: ${sum(shown)}` : "";
    byId("now-part").hidden = !under.length && !entries.length;
    byId("list-wait").hidden = shown.length > 0 || !reading || filtered;
    byId("empty").hidden = !read || filtered || shown.length + under.length + entries.length > 0;
    byId("no-match").hidden = !read || !filtered || shown.length > 0;
    this.#filterable ||= filtered || shown.length > 0;
    byId("filters").hidden = !this.#filterable;
    byId("older").hidden = !next || reading && byId("older").ariaDisabled !== "true"; // a hidden button would lose the focus
    byId("older").textContent = this.#library.searched ? "Search further back" : "Show older videos";
    this.#searched();
    const sent = entries.filter((e) => e.state !== "refused").length;
    byId("count").textContent = sent + under.length || "";
    this.#bell.show(sent + all.length);
    if (trouble) this.#trouble();
    else byId("list-trouble").hidden = true;
  }

  // #searched shows how far a search has got.
  #searched() {
    const { filtered, reading, read, searched, shown, next } = this.#library;
    const found = `${shown.length || "none"} found${next ? " so far" : ""}`;
    let text = "";
    if (filtered && reading) text = searched ? `Searching; back to ${dateOf(new Date(searched))} by now.` : "Searching…";
    else if (filtered && read && searched) text = `Searched back to ${dateOf(new Date(searched))}: ${found}.`;
    else if (filtered && read && !next && shown.length) text = `${shown.length} found; there are no others.`;
    if (byId("searched").textContent !== text) byId("searched").textContent = text;
  }

  // #trouble says that the list may be out of date.
  #trouble() {
    const { message } = this.#library.trouble;
    const banner = byId("list-trouble");
    if (!banner.hidden && banner.dataset.said === message) return;
    banner.dataset.said = message;
    this.#banner(banner, `${message} The list may be out of date; the page retries automatically.`, "Try now", () => this.#library.look());
  }

  #banner(element, text, button, act) {
    element.hidden = false;
    element.replaceChildren(h("p", text), button ? h("button.secondary", { onclick: act }, button) : "");
  }

  async #older(list) {
    try {
      await list.older();
      this.#end.disconnect(); // it may still be in sight, which is no change
      this.#end.observe(byId("older"));
    } catch (error) {
      this.#tell(error.message);
    }
  }

  #copy(request, key) {
    return copy(curl(request, key), () => this.#tell("Copied. Set TAKEUP_TOKEN in the shell, and paste."));
  }

  // #said has act show its error.
  #said(act) {
    return async (...given) => {
      try {
        return await act(...given);
      } catch (error) {
        this.#tell(error.message);
      }
    };
  }

  // #acts returns the actions of the cards' buttons.
  #acts() {
    const said = (act) => this.#said(act);
    const resumes = (act, words) => said(async (video) => {
      this.#library.put(await act(video.id));
      this.#bell.started(video.id);
      this.#library.look();
      this.#tell(words);
    });
    return {
      again: said(async (video) => this.#edit(await this.#library.whole(video.id), "The settings are in the form.")),
      edit: async (entry) => {
        if (!(await this.#edit(entry.request, ""))) return;
        this.#composer.refused(this.#composer.request(), { errors: entry.errors, message: entry.problem });
        this.#outbox.drop(entry);
      },
      copy: said(async (video) => this.#copy(await this.#library.whole(video.id), crypto.randomUUID())),
      copyEntry: (entry) => this.#copy(entry.request, entry.key),
      download: said(async (video) => {
        const file = await this.#api.file(video.id);
        h("a", { href: file.download_url, download: "" }).click(); // S3 says its name
      }),
      fresh: (video) => this.#api.file(video.id),
      poster: (video, shown) => this.#posters.want(video, shown),
      choose: (video, range) => this.#selection.choose(video, range),
      chosen: (id) => this.#selection.has(id),
      scrolled: () => this.#show(),
      redrive: resumes((id) => this.#api.redrive(id), "Resumed. Nothing is paid twice."),
      cancel: said(async (video) => {
        const now = await this.#library.fresh(video.id); // a list does not say what is paid
        if (ended(now)) return this.#tell("It has ended in the meantime.");
        askToCancel(now, async (discard) => this.#library.put(await this.#api.remove(video.id, discard)));
      }),
      retry: resumes((id) => this.#api.retry(id), "Retrying now. Nothing is paid twice."),
      now: (entry) => this.#outbox.now(entry),
      drop: (entry) => this.#outbox.drop(entry),
    };
  }

  // #viewActs returns what else a job's own view needs.
  #viewActs() {
    return {
      ready: () => Boolean(this.#library),
      read: (id) => this.#library.fresh(id),
      tell: (sentence) => this.#tell(sentence),
      command: ({ id }) => `takeup download ${id}`,
      curl: ({ id }) => `curl -L -H "Authorization: Bearer $TAKEUP_TOKEN" -o ${id}.mp4 '${addressOf(id)}'`,
      share: this.#said(async (video) => {
        const { url, expires_at: until } = await this.#api.file(video.id);
        await copy(url, () => this.#tell(`Copied. It plays for everybody who has it, until ${when(new Date(until))}.`));
      }),
      remove: (video) => askToDelete([video], async () => {
        this.#library.put(await this.#api.remove(video.id, true));
        byId("view").close();
        this.#tell("Deleted.");
      }),
    };
  }

  // #selectionActs returns what is done with each of the selected jobs.
  #selectionActs() {
    const { download, redrive } = this.#acts();
    return {
      download, redrive,
      shown: () => this.#library?.shown ?? [],
      changed: () => this.#show(),
      tell: (sentence) => this.#tell(sentence),
      discard: async (video) => this.#library.put(await this.#api.remove(video.id, true)),
      whole: (video) => this.#library.whole(video.id),
      quote: (request) => this.#quotes.of(request),
      send: (requests) => this.#outbox.send(requests),
    };
  }

  // #batchActs returns the actions of the buttons of batches.
  #batchActs() {
    const cancel = async (batch) => {
      const { cancelled, submitted, left, batch: { counts } } = await this.#batches.cancel(batch);
      this.#library.look();
      const never = cancelled + left + counts.new;
      this.#tell(`Cancelled. ${never ? `${counted(never, "video")} will never be paid` : "Nothing was left to cancel"}${submitted ? `; ${submitted} submitted before ${submitted === 1 ? "is" : "are"} charged, and stored` : ""}.`);
    };
    const start = async (batch, skip) => {
      await this.#batches.start(batch, skip);
      this.#bell.started(batch.id);
      this.#library.look();
      this.#tell(`Started: ${batch.name}`);
    };
    const upload = (sending) => this.#batches.retry(sending).then(() => this.#library?.look());
    return {
      upload,
      drop: (sending) => this.#batches.drop(sending),
      start: this.#said(start),
      videos: ({ id }) => this.#filters.choose(id),
      results: this.#said(async ({ id, name }, format) => {
        const { download_url: href } = await this.#api.results(id, format);
        h("a", { href, download: `${name}.${format}` }).click();
        setTimeout(() => URL.revokeObjectURL(href), 60_000);
      }),
      cancel: this.#said(async (batch) => {
        const { name, status, counts } = batch;
        if (status !== "running") return cancel(batch); // nothing was started
        ask({
          title: `Cancel ${name}?`,
          body: [h("p", `${counted(counts.new + counts.waiting, "video")} will not be submitted, and never be paid. ${counts.running ? `${counted(counts.running, "video")} submitted already, and what is submitted in the meantime,` : "What is submitted in the meantime"} will be charged, and stored when done.`)],
          choices: [{ text: "Cancel the batch", kind: "danger", act: () => cancel(batch) }, { text: "Let it run", kind: "primary" }],
        });
      }),
      again: this.#said(async (batch) => {
        const rest = await this.#batches.rest(batch, this.#quotes);
        const price = rest && (rest.quotes.length ? cost(rest.quotes) ?? "an unknown price" : "nothing");
        const over = rest ? batch.counts.failed - rest.resumed : 0;
        const what = rest
          ? `${counted(rest.resumed, "video")} that failed ${rest.resumed === 1 ? "is" : "are"} made again, for ${price}. Nothing is paid twice.${over ? ` ${over} ended for good and ${over === 1 ? "stays" : "stay"} so.` : ""}`
          : `What was not begun is made, and what failed is resumed if that can help. Nothing is paid twice. The plan for all of it came to ${share(batch.plan.total)}.`;
        const possible = !rest || rest.resumed > 0;
        ask({
          title: possible ? `Run ${batch.name} again?` : "Nothing can be made again",
          body: [h("p", what)],
          choices: [...(possible ? [{ text: "Run it again", kind: "primary", act: () => start(batch, false) }] : []), { text: possible ? "Not now" : "Close", kind: "secondary" }],
        });
      }),
    };
  }

  // #edit puts a request into the form. It returns false if that fails.
  async #edit(request, words) {
    try {
      await this.#composer.replace(request, words);
    } catch (error) {
      this.#tell(error.message);
      return false;
    }
    this.#composer.focus();
    return true;
  }

  // #send requests videos, unless the same ones were just requested.
  #send(request, n) {
    if (!this.#outbox.has(request)) this.#outbox.send(Array(n).fill(request));
  }

  // #plan makes a batch of a file.
  #plan(file) {
    this.#batches.send(file).then(() => this.#library?.look());
    byId("batches-part").scrollIntoView({ block: "nearest" });
  }

  // #split makes a batch of requests, named after the first.
  #split(requests) {
    this.#plan(linesOf(prompt(requests[0]).trim().replaceAll(/\s+/g, " ").slice(0, 60), requests));
  }

  // #take accepts files. Those of many prompts become batches, as do many of one prompt. One
  // prompt is put into the form; several are checked, and sent after a confirmation.
  async #take(given) {
    if (!this.#outbox) return;
    const { check } = this.#api;
    const all = await Promise.all(given.map((file) => read(file, this.#composer.settings(), check)));
    for (const { batch } of all) if (batch) this.#plan(batch);
    const files = all.filter(({ batch }) => !batch);
    let good = files.filter(({ request }) => request);
    const close = { text: "Close", kind: "secondary" };
    if (files.length === 1 && good.length) {
      const [{ name, request, lines }] = good;
      const edit = () => void this.#edit(request, `${name} is in the form.`);
      if (lines.length < 2) return edit();
      return ask({
        title: `One prompt, or ${lines.length}?`,
        body: [h("p", `${name} has ${lines.length} lines.`)],
        choices: [
          { text: `${lines.length} videos, one a line`, kind: "primary", act: () => this.#plan(linesOf(stem(name), lines.map((line) => ({ ...request, prompt: line })))) },
          { text: "One prompt, in the form", act: edit }, { text: "Neither" },
        ],
      });
    }
    if (good.length > few) {
      this.#plan(linesOf(`${good[0].name} and ${good.length - 1} more files`, good.map(({ name, request }) => ({ ...request, label: name.slice(0, 100) }))));
      good = [];
    }
    await Promise.all(good.map(async (file) => {
      try {
        Object.assign(file, await check(JSON.stringify(file.request)));
      } catch (error) {
        if (error.passing) file.price = null;
        else file.problem = error.message;
      }
    }));
    const wrong = files.filter(({ problem }) => problem);
    good = good.filter(({ problem }) => !problem);
    if (!wrong.length && !good.length) return;
    const requests = good.map(({ request }) => request);
    const rows = [...wrong, ...good].map(({ name, problem, request, lines }) => h("li", h("strong", name), " ", problem
      ? h("span.problem", problem)
      : [prompt(request).slice(0, 80), lines.length > 1 ? ` Its ${lines.length} lines are one prompt.` : ""]));
    const price = cost(good.map(({ price }) => price), requests) ?? "an unknown price";
    ask({
      title: good.length ? `Generate ${counted(good.length, "video")}, for ${price}?` : `${counted(wrong.length, "file")} can't be used`,
      body: [wrong.length && good.length ? h("p", `${counted(wrong.length, "file")} can't be used and will be left out.`) : "", h("ul.file-list", rows)],
      choices: good.length ? [{ text: "Generate them", kind: "primary", act: () => this.#outbox.send(requests) }, { ...close, text: "Not now" }] : [close],
    });
  }

  // #tell shows a sentence in the live region for some seconds.
  #tell(sentence) {
    clearTimeout(this.#fading);
    byId("said").replaceChildren(h("p", sentence));
    this.#fading = setTimeout(() => byId("said").replaceChildren(), 6000);
  }

  // #speak shows a sentence in an element if a wait becomes long. It returns a function
  // that ends the wait.
  #speak(id, sentence) {
    const waited = setTimeout(() => (byId(id).textContent = sentence), slow);
    return () => {
      clearTimeout(waited);
      byId(id).textContent = "";
    };
  }
}

new App();
