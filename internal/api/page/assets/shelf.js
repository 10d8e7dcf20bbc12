// The videos in parts, of which only those near the viewport have cards. The others are as high
// as they were, so that hundreds of videos cost no more than some.

import { byId, h } from "./dom.js";

const size = 12; // whole rows, for up to four columns
const margin = "1200px";

export class Shelf {
  #near = new Set();
  #watch;

  // changed is called when other parts are near.
  constructor(changed) {
    this.#watch = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) this.#near[isIntersecting ? "add" : "delete"](target);
      changed();
    }, { rootMargin: margin });
  }

  // lists returns the parts for rows, each with those of its rows that have cards.
  lists(rows) {
    const grid = byId("grid");
    const many = Math.ceil(rows.length / size);
    while (grid.children.length > many) {
      this.#watch.unobserve(grid.lastChild);
      this.#near.delete(grid.lastChild);
      grid.lastChild.remove();
    }
    const high = grid.firstChild?.offsetHeight ?? 0;
    for (let i = grid.children.length; i < many; i++) {
      const part = h("ul.grid", { "aria-label": `Videos from ${i * size + 1} on` });
      if (i < 1) this.#near.add(part);
      grid.append(part);
      this.#watch.observe(part);
    }
    return [...grid.children].map((part, i) => {
      const shown = this.#near.has(part) || part.contains(document.activeElement) || part.querySelector("video[controls]");
      if (shown) part.style.height = "";
      else part.style.height ||= `${part.offsetHeight || high}px`;
      return [part, shown ? rows.slice(i * size, (i + 1) * size) : []];
    });
  }
}
