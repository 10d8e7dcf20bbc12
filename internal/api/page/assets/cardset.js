// Cards in lists. A card stays the same element as long as its kind doesn't change, so that
// an update neither stops a video nor moves the focus.

import { byId } from "./dom.js";

export class CardSet {
  #make;
  #cards = new Map(); // {element, kind, update, move} by key

  // make(kind, row) returns {element, update, move}; move is optional.
  constructor(make) {
    this.#make = make;
  }

  // show fills lists with cards: each has an element and rows of [key, kind, row]. Cards of
  // other rows are removed.
  show(...lists) {
    const keys = new Set(lists.flatMap(([, rows]) => rows.map(([key]) => key)));
    for (const key of this.#cards.keys()) if (!keys.has(key)) this.#drop(key);
    for (const [list, rows] of lists) this.#fill(list, rows);
  }

  #fill(list, rows) {
    rows.forEach(([key, kind, row], at) => {
      const card = this.#card(key, kind, row);
      card.update(row);
      // Moving a video element stops it, so an element in its place is not moved.
      if (list.children[at] === card.element) return;
      const focused = card.element.contains(document.activeElement) ? document.activeElement : null;
      list.insertBefore(card.element, list.children[at] ?? null);
      focused?.focus({ preventScroll: true });
    });
  }

  // rename changes a card's key.
  rename(from, to) {
    const card = this.#cards.get(from);
    if (!card || this.#cards.has(to)) return;
    this.#cards.delete(from);
    this.#cards.set(to, card);
  }

  // move advances what changes between two polls.
  move() {
    for (const card of this.#cards.values()) card.move?.();
  }

  clear() {
    [...this.#cards.keys()].forEach((key) => this.#drop(key));
  }

  #card(key, kind, row) {
    const old = this.#cards.get(key);
    if (old?.kind === kind) return old;
    const card = { kind, ...this.#make(kind, row) };
    this.#cards.set(key, card);
    if (old) {
      const focused = old.element.contains(document.activeElement);
      old.element.replaceWith(card.element);
      if (focused) card.element.focus();
    }
    return card;
  }

  #drop(key) {
    const { element } = this.#cards.get(key);
    this.#cards.delete(key);
    const next = element.nextElementSibling ?? element.previousElementSibling ?? byId("videos");
    const focused = element.contains(document.activeElement);
    element.remove();
    if (focused) next.focus();
  }
}
