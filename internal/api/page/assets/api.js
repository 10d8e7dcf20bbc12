// The calls to the API, which serves this page too: every address is relative to
// this file's, which is two directories below the API's. The page's own address may
// lack the "/" at its end.
const root = new URL("../../", import.meta.url);

const generations = "v2/video/generations";

// Refusal is an answer that says no. Its message is the API's, and says what to do.
export class Refusal extends Error {
  constructor(status, body, retryAfter) {
    const said = body?.message;
    super(sentence(Array.isArray(said) ? said.join("; ") : said || `The API answered with status ${status}.`));
    this.status = status;
    this.errors = body?.errors ?? []; // [{field, message}]
    this.retryAfter = retryAfter; // seconds; 0: none was given
  }

  // passing tells whether the same call may be answered otherwise later.
  get passing() {
    return this.status === 429 || this.status >= 500;
  }
}

// Unreachable is no answer, or none that can be read. What was asked for may or
// may not have been done.
export class Unreachable extends Error {
  constructor() {
    super("Takeup can't be reached.");
    this.passing = true;
    this.retryAfter = 0;
  }
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// API Gateway gives up after 29 seconds.
const patience = 35_000;

export class Api {
  #token;
  #refused;

  // refused is called when the token isn't taken.
  constructor(token, refused) {
    this.#token = token;
    this.#refused = refused;
  }

  control = () => this.#call("GET", "control");
  usage = (month) => this.#call("GET", `usage?month=${month}`);
  models = () => this.#call("GET", "models");
  // videos takes the list's parameters. One that is null or undefined is left out.
  videos = (query) => this.#call("GET", `videos?${new URLSearchParams(Object.entries(query).filter(([, value]) => value ?? null))}`);
  video = (id) => this.#call("GET", `videos/${encodeURIComponent(id)}`);
  file = (id) => this.#call("GET", `videos/${encodeURIComponent(id)}/content?redirect=false`);
  redrive = (id) => this.#call("POST", `videos/${encodeURIComponent(id)}/redrive`);
  retry = (id) => this.#call("POST", `videos/${encodeURIComponent(id)}/retry`);
  remove = (id, discard) => this.#call("DELETE", `videos/${encodeURIComponent(id)}${discard ? "?discard=true" : ""}`);
  check = (text) => this.#call("POST", "check", { body: text, headers: { "Content-Type": "application/json" } });
  create = (request, key) =>
    this.#call("POST", generations, { body: JSON.stringify(request), headers: { "Content-Type": "application/json", "Idempotency-Key": key } });

  async #call(method, path, { body, headers } = {}) {
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
      answer = await response.json();
    } catch {
      // An error of API Gateway's own may have no JSON.
      if (!response || response.ok) throw new Unreachable();
    }
    if (response.ok) return answer;
    const refusal = new Refusal(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
    if (refusal.status === 401) this.#refused(refusal);
    throw refusal;
  }
}

// curl gives the shell command that asks for the same video. The token is left to
// the shell's environment. The key is made here, so the line is one video however
// often it is run.
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
