// What requests cost, as the API says it.

import { money } from "./words.js";

// Quotes asks the API what requests cost, and keeps the answers: a price depends on
// what a person chooses, and not on the prompt's words.
export class Quotes {
  #check;
  #known = new Map(); // promises of quotes, by request

  // check(text) is the API's judgement of a request.
  constructor(check) {
    this.#check = check;
  }

  // of gives a quote, and null where the price isn't known.
  of(request) {
    const text = JSON.stringify(worded(request));
    if (!this.#known.has(text)) {
      const asked = this.#check(text).then((answer) => answer.price);
      this.#known.set(text, asked);
      asked.catch(() => this.#known.delete(text));
    }
    return this.#known.get(text).catch(() => null);
  }
}

// worded gives every prompt of a request the same word.
function worded({ prompt, multi_prompt: shots, negative_prompt, ...rest }) {
  if (!shots) return { ...rest, prompt: "a" };
  const one = (shot) => (typeof shot === "object" ? { ...shot, prompt: "a" } : "a");
  return { ...rest, multi_prompt: shots.length ? shots.map(one) : ["a"] };
}

// cost says what one or several requests cost, in words such as "$0.98"; null where
// that isn't known of one of them.
export function cost(quotes) {
  if (quotes.length === 0 || quotes.includes(null)) return null;
  const sum = (amount) => quotes.reduce((all, quote) => all + amount(quote), 0);
  const least = money(sum((quote) => quote.usd));
  if (quotes.every((quote) => quote.exact)) return least;
  if (quotes.some((quote) => quote.basis === "charges")) return `about ${least}`;
  if (quotes.every((quote) => quote.most_usd !== null)) return `${least} to ${money(sum((quote) => quote.most_usd))}`;
  return `at least ${least}`;
}

// basis says how a quote is known.
export function basis(quote) {
  if (quote.basis === "charges") return "what the last ones cost";
  return `by the provider's price list of ${quote.date}`;
}
