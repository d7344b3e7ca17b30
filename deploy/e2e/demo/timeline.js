// The time line: a row for each token, from when it was issued to its end, with a mark for each
// time that an edge was asked with it.

import {clockTime} from "./token.js";

const ROWS = 5, ROW = 34, HEAD = 20, FOOT = 20;
const AHEAD = 14; // seconds after now: a little more than a token is good for

const element = (name, attributes, text) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
};

export class Timeline {
  #svg;
  #tokens = []; // {n, cdn, from, until}, in milliseconds
  #asked = []; // {at, n, status}
  #marks = []; // {at, text}

  constructor(svg) {
    this.#svg = svg;
  }

  token(token) {
    this.#tokens.push(token);
  }

  asked(asked) {
    this.#asked.push(asked);
  }

  mark(at, text) {
    this.#marks.push({at, text});
  }

  draw(now) {
    const width = this.#svg.clientWidth, height = HEAD + ROWS * ROW + FOOT;
    const narrow = width < 520, left = narrow ? 88 : 116, past = narrow ? 28 : 56;
    const x = (at) => left + (width - left) * ((at - now) / 1000 + past) / (past + AHEAD);
    const start = now - past * 1000;
    this.#asked = this.#asked.filter(({at}) => at > start);
    this.#marks = this.#marks.filter(({at}) => at > start);
    const rows = this.#tokens.slice(-ROWS);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.style.height = `${height}px`;
    this.#svg.replaceChildren(
      ...this.#axis(x, now, past, height), ...rows.map((token, i) => this.#row(token, i, x, left)),
      ...this.#lines(x, width, height));
    this.#svg.setAttribute("aria-label", rows.map((token) => this.#words(token)).join(" "));
  }

  #of({n}) {
    return this.#asked.filter((a) => a.n === n);
  }

  #words(token) {
    const all = this.#of(token), refused = all.filter(({status}) => status !== 200).length;
    return `Token ${token.n}, of ${token.cdn}, ends at ${clockTime(token.until / 1000)}: ` +
      `asked with ${all.length} times${refused ? `, ${refused} refused` : ""}.`;
  }

  #row(token, i, x, left) {
    const top = HEAD + i * ROW, middle = top + ROW / 2 - 2, asked = this.#of(token);
    const g = element("g", {"data-token": token.n, "data-asked": asked.length, class: token.cdn});
    const from = Math.max(x(token.from), left), until = Math.max(x(token.until), left);
    g.append(
      element("text", {x: 0, y: middle - 2, class: "name"}, `token ${token.n}`),
      element("text", {x: 0, y: middle + 12, class: "end"}, `to ${clockTime(token.until / 1000)}`),
      element("rect", {x: from, y: middle - 8, width: until - from, height: 16, rx: 4}));
    for (const {at, status} of asked) {
      const cx = x(at);
      if (cx < left) continue;
      g.append(status === 200 ? element("circle", {cx, cy: middle, r: 3.5})
        : element("path", {d: `M${cx - 4} ${middle - 4}l8 8m0 -8l-8 8`, class: "refused"}));
    }
    return g;
  }

  #axis(x, now, past, height) {
    const out = [];
    for (let s = -Math.floor(past / 10) * 10; s <= AHEAD - 4; s += 10) {
      const at = x(now + s * 1000);
      const words = s === 0 ? "now" : `${s > 0 ? "+" : "−"}${Math.abs(s)} s`;
      out.push(element("line", {x1: at, x2: at, y1: HEAD, y2: height - FOOT,
        class: s === 0 ? "now" : "grid"}));
      out.push(element("text", {x: at, y: height - 5, class: "tick"}, words));
    }
    return out;
  }

  /** The lines of what happened; those whose words would run into the next ones have none. */
  #lines(x, width, height) {
    let free = width;
    return this.#marks.toReversed().flatMap(({at, text}) => {
      const here = x(at), room = text.length * 7 + 6, out = [];
      const ends = {x1: here, x2: here, y1: HEAD - 4, y2: height - FOOT};
      out.push(element("line", {...ends, class: "mark"}));
      if (here + room / 2 > free || here < room / 2) return out;
      free = here - room / 2;
      return [...out, element("text", {x: here, y: 11, class: "event"}, text)];
    });
  }
}
