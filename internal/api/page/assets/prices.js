// What requests cost, according to the API.

import { modelName, money } from "./words.js";

// Quotes reads prices from the API and caches them. A price depends on the parameters, and
// not on the text of the prompt.
export class Quotes {
  #check;
  #known = new Map(); // promises of quotes, by request

  // check(text) calls the API to check a request.
  constructor(check) {
    this.#check = check;
  }

  // of returns a quote, null if the price isn't known, or undefined if the API refuses the
  // request or can't be reached.
  of(request) {
    const text = JSON.stringify(worded(request));
    if (!this.#known.has(text)) {
      const asked = this.#check(text).then((answer) => answer.price);
      this.#known.set(text, asked);
      asked.catch(() => this.#known.delete(text));
    }
    return this.#known.get(text).catch(() => undefined);
  }
}

// worded replaces every prompt of a request with the same word.
function worded({ prompt, multi_prompt: shots, negative_prompt, ...rest }) {
  if (!shots) return { ...rest, prompt: "a" };
  const one = (shot) => (typeof shot === "object" ? { ...shot, prompt: "a" } : "a");
  return { ...rest, multi_prompt: shots.length ? shots.map(one) : ["a"] };
}

// cost describes what one or several requests cost, such as "$0.98". With the requests it
// names the models of those whose price, a null, isn't known. It returns null if none is.
export function cost(all, requests = []) {
  const quotes = all.filter(Boolean);
  if (!quotes.length) return null;
  const sum = (amount) => quotes.reduce((all, quote) => all + amount(quote), 0);
  const least = money(sum((quote) => quote.usd));
  const unknown = all.length - quotes.length;
  if (unknown) {
    const models = new Set(requests.filter((_, i) => !all[i]).map(({ model }) => modelName(model)));
    return `at least ${least}, and ${unknown} with an unknown price${models.size ? ` (${[...models].join(", ")})` : ""}`;
  }
  if (quotes.every((quote) => quote.exact)) return least;
  if (quotes.some((quote) => quote.basis === "charges")) return `about ${least}`;
  if (quotes.every((quote) => quote.most_usd !== null)) return `${least} to ${money(sum((quote) => quote.most_usd))}`;
  return `at least ${least}`;
}

// share describes what the videos of a batch's plan cost, all or those of a model.
export function share({ videos, usd, most_usd: most, unbounded, unpriced }) {
  if (!videos) return "nothing";
  if (unpriced === videos) return "price not known";
  const text = unbounded ? `at least ${money(usd)}` : most > usd ? `${money(usd)} to ${money(most)}` : money(usd);
  return unpriced ? `${text}, and ${unpriced} with an unknown price` : text;
}

// basis describes the source of a quote.
export function basis(quote) {
  if (quote.basis === "charges") return "what the last ones cost";
  return `by the provider's price list of ${quote.date}`;
}
