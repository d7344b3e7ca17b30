// Which signed URL a request belongs to, and what the request is with the newest token. A player
// keeps the URLs of the playlists it has read, with the tokens of that time: every token that was
// ever ours stays known, about 60 bytes each.

/**
 * @typedef {object} Slot one of the signed URLs
 * @property {string} url as the service signed it last
 * @property {string} stem what the newest token changes: all up to the end of the token for a
 *   directory, the whole URL without its fragment for a single file
 * @property {string} rest what follows the stem in url
 */

export class Addresses {
  /** @type {Slot[]} */ #slots;
  /** @type {Map<string, Slot>} */ #known = new Map();
  /** @type {Record<string, string>} */ #cdns;

  /**
   * @param {string[]} urls
   * @param {Record<string, string>} cdns the URL prefix of each CDN's name
   */
  constructor(urls, cdns) {
    this.#cdns = cdns;
    this.#slots = urls.map((url) => ({ url, ...divide(url, this.#prefix(url)) }));
    for (const slot of this.#slots) this.#learn(slot);
  }

  get urls() {
    return this.#slots.map((slot) => slot.url);
  }

  /** The name of the CDN that a URL is on, by the longest prefix. @param {string} url */
  cdn(url) {
    const prefix = this.#prefix(url);
    return Object.keys(this.#cdns).find((name) => clean(this.#cdns[name]) === prefix);
  }

  /** Puts newer URLs in the place of all. @param {string[]} urls */
  replace(urls) {
    this.#slots.forEach((slot, i) => {
      const { rest } = slot;
      // Where the path of a directory's URL stays, what precedes it has the token, also on a CDN
      // that has its token elsewhere, or in a cookie.
      const same = rest !== "" && urls[i].endsWith(rest);
      const { length } = urls[i];
      const parts = same ? { stem: urls[i].slice(0, length - rest.length), rest }
        : divide(urls[i], this.#prefix(urls[i]));
      Object.assign(slot, { url: urls[i], ...parts });
      this.#learn(slot);
    });
  }

  /**
   * Returns the URL with the newest token, or undefined if it never had one of ours.
   * @param {string} url
   */
  rewrite(url) {
    const plain = url.replace(/\/%7e/i, "/~"); // a player may encode the mark
    const end = plain.search(/[?#]|$/);
    for (let at = plain.indexOf("/", originLength(plain)); at >= 0 && at < end;) {
      const slot = this.#known.get(plain.slice(0, at));
      if (slot) return slot.stem + plain.slice(at);
      at = plain.indexOf("/", at + 1);
    }
    const found = parameter(url);
    const slot = found && this.#known.get("?" + found.token);
    if (slot) return join(slot.stem, url.slice(found.end));
    return this.#known.get(url)?.stem;
  }

  /**
   * Finds in a signed answer the URL that stands for each of ours: the one with the same path.
   * @param {unknown} video the answer to /video/token
   * @returns {string[] | undefined} undefined if one has none
   */
  match(video) {
    const all = strings(video).filter((s) => /^https?:\/\//.test(s)).map((url) => {
      const { path } = divide(url, this.#prefix(url));
      return { url, path };
    });
    const urls = this.#slots.map((slot) => {
      const { path } = divide(slot.url, this.#prefix(slot.url));
      const same = all.filter((other) => other.path.endsWith(path));
      same.sort((a, b) => a.path.length - b.path.length);
      return same[0]?.url;
    });
    return urls.every((url) => url !== undefined) ? urls : undefined;
  }

  /** @param {Slot} slot */
  #learn(slot) {
    const found = parameter(slot.url);
    this.#known.set(slot.rest === "" && found ? "?" + found.token : slot.stem, slot);
  }

  /** The prefix of the CDN that a URL is on, or its origin. @param {string} url */
  #prefix(url) {
    const all = Object.values(this.#cdns).map(clean);
    const fit = all.filter((prefix) => url.startsWith(prefix + "/"));
    fit.sort((a, b) => b.length - a.length);
    return fit[0] ?? url.slice(0, originLength(url));
  }
}

/**
 * Divides a signed URL into its stem and its rest, and returns its path on the CDN too. A token is
 * the first segment after the CDN's base path if it starts with ~; where the base path is not
 * known, the first segment that does.
 * @param {string} url
 * @param {string} prefix
 */
function divide(url, prefix) {
  const end = url.search(/[?#]|$/);
  const segment = /\/(?:~|%7e)[^/]*/gi;
  segment.lastIndex = prefix.length;
  const found = segment.exec(url.slice(0, end));
  if (found) {
    const at = found.index + found[0].length;
    const stem = url.slice(0, at).replace(/%7e/i, "~");
    return { stem, rest: url.slice(at), path: url.slice(at, end) };
  }
  const path = url.slice(prefix.length, end);
  const whole = url.replace(/#.*/, ""); // a request has its own fragment
  if (parameter(url) || whole.length > end) return { stem: whole, rest: "", path };
  return { stem: prefix, rest: path, path };
}

/**
 * Finds the query parameter that is the token.
 * @param {string} url
 */
function parameter(url) {
  const found = /[?&]token=([^&#]*)/.exec(url);
  return found && { token: found[1], end: found.index + found[0].length };
}

/**
 * Puts what a client added to a URL after another one.
 * @param {string} url
 * @param {string} more
 */
function join(url, more) {
  return more.startsWith("&") && !url.includes("?") ? `${url}?${more.slice(1)}` : url + more;
}

/** @param {string} url */
const originLength = (url) => /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0].length ?? 0;

/** @param {string} prefix */
const clean = (prefix) => prefix.replace(/\/+$/, "");

/**
 * All strings in a JSON value, in order.
 * @param {unknown} value
 * @returns {string[]}
 */
function strings(value) {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(strings);
}
