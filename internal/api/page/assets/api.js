// The calls of the API, which also serves this page.

import { capital } from "./words.js";

// Two directories above this file. The page's own address may lack the trailing slash.
export const root = new URL("../../", import.meta.url);

const generations = "v2/video/generations";

// Refusal is a response that refuses a call. Its message is the API's.
export class Refusal extends Error {
  constructor(status, body, retryAfter) {
    const said = body?.message;
    super(capital(Array.isArray(said) ? said.join("; ") : said || `The API answered with status ${status}.`));
    this.status = status;
    this.errors = body?.errors ?? []; // [{field, message}]
    this.retryAfter = retryAfter; // in seconds; 0 if the response has none
  }

  // passing is true if the same call may succeed later.
  get passing() {
    return this.status === 429 || this.status >= 500;
  }
}

// Unreachable says that there was no response, or none that could be read. The API may
// have carried out the call.
export class Unreachable extends Error {
  constructor() {
    super("Takeup can't be reached.");
    this.passing = true;
    this.retryAfter = 0;
  }
}

const json = (body) => ({ body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

// segments escapes a model's name, and leaves its slashes.
const segments = (name) => name.split("/").map(encodeURIComponent).join("/");

// API Gateway gives up after 29 seconds.
const patience = 35_000;

export class Api {
  #token;
  #refused;

  // refused is called when the token isn't accepted.
  constructor(token, refused) {
    this.#token = token;
    this.#refused = refused;
  }

  control = () => this.#call("GET", "control");
  usage = (month) => this.#call("GET", `usage?month=${month}`);
  models = () => this.#call("GET", "models");
  // model gives the JSON Schema of what a model takes.
  model = (name) => this.#call("GET", `models/${segments(name)}`);
  // videos takes the parameters of a list, and leaves out those that are null or undefined.
  videos = (query) => this.#call("GET", `videos?${new URLSearchParams(Object.entries(query).filter(([, value]) => value ?? null))}`);
  video = (id) => this.#call("GET", `videos/${encodeURIComponent(id)}`);
  file = (id) => this.#call("GET", `videos/${encodeURIComponent(id)}/content?redirect=false`);
  putPoster = (id, webp) => this.#call("PUT", `videos/${encodeURIComponent(id)}/poster`, json({ webp }));
  redrive = (id) => this.#call("POST", `videos/${encodeURIComponent(id)}/redrive`);
  retry = (id) => this.#call("POST", `videos/${encodeURIComponent(id)}/retry`);
  remove = (id, discard) => this.#call("DELETE", `videos/${encodeURIComponent(id)}${discard ? "?discard=true" : ""}`);
  check = (text) => this.#call("POST", "check", { body: text, headers: { "Content-Type": "application/json" } });
  create = (request, key) =>
    this.#call("POST", generations, { body: JSON.stringify(request), headers: { "Content-Type": "application/json", "Idempotency-Key": key } });

  batches = (query) => this.#call("GET", `batches?${new URLSearchParams(query)}`);
  batch = (id) => this.#call("GET", `batches/${encodeURIComponent(id)}`);
  createBatch = (name, format) => this.#call("POST", "batches", json({ name, format }));
  startBatch = (id, skip) => this.#call("POST", `batches/${encodeURIComponent(id)}/start`, json({ skip_invalid: skip }));
  cancelBatch = (id) => this.#call("DELETE", `batches/${encodeURIComponent(id)}`);
  // results returns {download_url}, which is the page's own if the batch has not ended.
  results = (id, format) =>
    this.#call("GET", `batches/${encodeURIComponent(id)}/results?redirect=false&format=${format}`, {
      read: async (response) => (response.headers.get("Content-Type").startsWith("application/json") ? response.json() : { download_url: URL.createObjectURL(await response.blob()) }),
    });

  // upload sends a file by a form of the API, without the token.
  async upload({ url, fields }, file) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file);
    const response = await fetch(url, { method: "POST", body: form, credentials: "omit" }).catch(() => null);
    if (!response?.ok) throw new Error(response ? `S3 refused the file with status ${response.status}.` : "The file could not be uploaded: S3 can't be reached, or the file can't be read.");
  }

  async #call(method, path, { body, headers, read = (response) => response.json() } = {}) {
    let response, answer;
    try {
      response = await fetch(new URL(path, root), {
        method,
        body,
        headers: { ...headers, Authorization: `Bearer ${this.#token}` },
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(patience),
      });
      answer = await (response.ok ? read(response) : response.json());
    } catch {
      // API Gateway's own errors may have no JSON.
      if (!response || response.ok) throw new Unreachable();
    }
    if (response.ok) return answer;
    const refusal = new Refusal(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
    if (refusal.status === 401) this.#refused(refusal);
    throw refusal;
  }
}

// sendable returns a request as it can be sent again: without the mark of a webhook, whose URL only its sender has.
export function sendable(request) {
  const { webhook: _, ...fields } = request;
  return fields;
}

// addressOf returns the address of a job's video in the API.
export const addressOf = (id) => new URL(`videos/${encodeURIComponent(id)}/content`, root).href;

// curl returns a shell command that requests the same video, with the token from the
// shell's environment. It contains the Idempotency-Key, so running it repeatedly makes one
// video.
export function curl(request, key) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const address = new URL(generations, root);
  return [
    `curl -X POST ${quote(address.href)}`,
    `-H "Authorization: Bearer $TAKEUP_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-H 'Idempotency-Key: ${key}'`,
    `-d ${quote(JSON.stringify(request))}`,
  ].join(" \\\n  ");
}
