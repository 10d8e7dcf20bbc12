// How numbers, times and names are shown.

const usd = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 4, trailingZeroDisplay: "stripIfInteger" });
export const money = (amount) => usd.format(amount);

// span returns a duration in words: to the second below 90 seconds, to the half minute
// below ten minutes, then to the minute, and from 90 minutes on in hours.
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  if (s < 600) return `${Math.round(s / 30) / 2} min`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return `${Math.round(s / 360) / 10} h`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

// when returns the clock time of today, and the day and time of another date.
export function when(date, now = new Date()) {
  return (date.toDateString() === now.toDateString() ? clock : day).format(date);
}

const second = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

// exactly returns a date and time to the second.
export const exactly = (date) => second.format(date);

// waiting heads the card of a job that has not ended.
export function waiting(video) {
  return waits[video.waiting?.for] ?? (video.status === "queued" ? "Waiting for the provider" : "Generating");
}

const waits = {
  submission: "Being submitted",
  resume: "Waiting for the pause to end",
  cap: "Waiting for room below the stack's cap",
  room: "Waiting for room",
  answer: "Looking for the submission",
  video: "Copying the video",
};

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// counted returns a number with its noun.
export const counted = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

// batchStatus heads the card of a batch.
export const batchStatus = ({ status }) => batchStatuses[status] ?? label(status);

const batchStatuses = {
  uploading: "Waiting for its file", planning: "Being planned", planned: "Not started yet", running: "Running",
  ended: "Ended", cancelled: "Cancelled", unusable: "Can't be used",
};

// capName names a cap on money that a batch waits for.
export const capName = (limit) => capNames[limit] ?? `the cap ${limit}`;

const capNames = { day: "the cap of the day", month: "the cap of the month", owner: "the daily cap of its owner" };

// label turns a field's name or value into words: its title, if a model that was chosen
// has one for it.
export function label(name) {
  const text = fields.get(name) ?? String(name).replaceAll("_", " ");
  return capital(text);
}

// learn keeps the titles that a model's schema has for its fields.
export function learn(schema) {
  for (const [name, { title }] of Object.entries(schema.properties)) if (title) fields.set(name, title);
}

const fields = new Map();

// modelName leaves out the part that the names of text-to-video models share.
export const modelName = (name) => name.replace(/[/-](text-to-video|t2v)$/, "");

// title heads the card of a job that ended without a video.
export function title(error) {
  return titles[error.name] ?? label(error.name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase());
}

// outcomes: written by go test ./internal/api/page -update
const titles = {
  InvalidRequest: "The request was refused",
  Unauthorized: "The provider doesn't take the key",
  OutOfCredits: "The account is out of credits",
  ProviderBusy: "The provider had no room",
  CapReached: "The cap left no room",
  SubmissionLost: "The submission was lost",
  GenerationFailed: "The provider made no video",
  GenerationOverdue: "It took too long",
  VideoUnavailable: "The video couldn't be fetched",
  VideoRejected: "What came is no video",
  VideoGone: "The video was removed",
  Cancelled: "Cancelled",
  Discarded: "Discarded",
  Interrupted: "It was interrupted",
  ServiceUnavailable: "AWS didn't do its part",
};
// end of outcomes

// cause returns why a job ended without a video, as far as neither its heading nor the advice
// says so, and without ids: what the provider said, or what follows a colon. The message is
// shown whole where the advice is to read it.
export function cause({ name, message, advice }) {
  const [, text, said] = message.match(/^([^]*?)(?: \(the provider said: ([^]*)\))?$/);
  if (said) return `The provider said: ${said}`;
  if (/^read its message/.test(advice)) return capital(text.replaceAll(ids, "…"));
  const tail = name === "ServiceUnavailable" ? "" : (text.match(/: ([^]*)$/)?.[1] ?? "");
  return capital(tail.replaceAll(ids, "…"));
}

// advised returns what to do, without what cause has done by showing the message.
export const advised = ({ advice }) => `${capital(advice.replace(/^(nothing|read its message)(;|, or) /, ""))}.`;

const ids = /\b(?=\S*\d)[\w:/-]{16,}/g;

// paid says what an outcome without a video cost.
export const paid = (error) => ({ no: "nothing was paid", yes: "it was paid", perhaps: "it may have been paid" })[error.paid];

// origin returns where a job came from: {text, whole}, where whole has what text leaves
// out; null if that isn't known.
export function origin(from) {
  if (!from) return null;
  if (from.trigger === "api") return { text: "via the API", whole: "" };
  if (from.trigger === "batch") return { text: from.label || `line ${from.line} of a batch`, whole: `line ${from.line} of ${from.batch}` };
  if (from.trigger !== "file") return { text: "started by hand", whole: "" };
  const key = from.key ?? "";
  return {
    text: `from ${key.split("/").findLast(Boolean) ?? "a prompt file"}`,
    whole: `s3://${from.bucket}/${key}${from.version ? `, version ${from.version}` : ""}`,
  };
}

const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
export const dateOf = (at) => date.format(at);

const utcDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const utcMonth = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

// dayName and monthName name a day such as 2026-08-21, and a month such as 2026-08.
export const dayName = (day) => utcDay.format(new Date(day));
export const monthName = (month) => utcMonth.format(new Date(month));

// heading returns the text of a request, or says why there is none.
export const heading = (request) => prompt(request) || (request ? "Its prompt was forgotten" : "Started without a readable prompt");

// prompt returns the text of a request, of one prompt or of several.
export function prompt(request) {
  if (!request) return "";
  if (request.prompt) return request.prompt;
  return (request.multi_prompt ?? []).map((shot) => shot.prompt ?? (typeof shot === "string" ? shot : "")).join(" — ");
}
