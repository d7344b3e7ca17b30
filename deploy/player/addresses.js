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
    this.#slots = urls.map((url) => ({ url, ...this.#divide(url) }));
    for (const slot of this.#slots) this.#learn(slot);
  }

  get urls() {
    return this.#slots.map((slot) => slot.url);
  }

  /** The name of the CDN that a URL is on, by the longest prefix. @param {string} url */
  cdn(url) {
    const prefix = this.head(url);
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
        : this.#divide(urls[i]);
      Object.assign(slot, { url: urls[i], ...parts });
      this.#learn(slot);
    });
  }

  /**
   * Returns the URL with the newest token, or undefined if it never had one of ours.
   * @param {string} url
   */
  rewrite(url) {
    const found = this.#find(url);
    return found && join(found.slot.stem, found.rest);
  }

  /**
   * Names the file of a URL, whatever its token and its CDN; undefined if it never had a token of
   * ours.
   * @param {string} url
   */
  file(url) {
    const found = this.#find(url);
    if (!found) return undefined;
    const { slot, rest } = found;
    return `${this.#slots.indexOf(slot)} ${rest.startsWith("/") ? rest.replace(/[?#].*/, "") : ""}`;
  }

  /**
   * Finds the signed URL that a URL belongs to, and what follows that one's stem.
   * @param {string} url
   */
  #find(url) {
    const plain = url.replace(/\/%7e/i, "/~"); // a player may encode the mark
    const end = plain.search(/[?#]|$/);
    for (let at = plain.indexOf("/", originLength(plain)); at >= 0 && at < end;) {
      const slot = this.#known.get(plain.slice(0, at));
      if (slot) return { slot, rest: plain.slice(at) };
      at = plain.indexOf("/", at + 1);
    }
    const found = parameter(url);
    const slot = found && this.#known.get("?" + found.token);
    if (slot) return { slot, rest: url.slice(found.end) };
    const whole = this.#known.get(url);
    return whole && { slot: whole, rest: "" };
  }

  /**
   * Finds in a signed answer the URL that stands for each of ours: the one with the same path.
   * @param {unknown} video the answer to /video/token
   * @returns {string[] | undefined} undefined if one has none
   */
  match(video) {
    const all = strings(video).filter((s) => /^https?:\/\//.test(s)).map((url) => {
      const { path } = this.#divide(url);
      return { url, path };
    });
    const urls = this.#slots.map((slot) => {
      const { path } = this.#divide(slot.url);
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
  head(url) {
    return this.#base(url) ?? url.slice(0, originLength(url));
  }

  /** The prefix of the CDN that a URL is on, if that is known. @param {string} url */
  #base(url) {
    const all = Object.values(this.#cdns).map(clean);
    const fit = all.filter((prefix) => url.startsWith(prefix + "/"));
    return fit.sort((a, b) => b.length - a.length)[0];
  }

  /**
   * Divides a signed URL into its stem and its rest, and returns its path on the CDN too. A token
   * is in the query, or the first segment after the CDN's base path if it starts with ~. Where the
   * base path is not known, it is the first segment that does.
   * @param {string} url
   */
  #divide(url) {
    const base = this.#base(url);
    const prefix = this.head(url);
    const end = url.search(/[?#]|$/);
    const path = url.slice(prefix.length, end);
    // a request has its own fragment
    const whole = { stem: url.replace(/#.*/, ""), rest: "", path };
    if (parameter(url)) return whole;
    const segment = base === undefined ? /\/(?:~|%7e)[^/]*/i : /^\/(?:~|%7e)[^/]*/i;
    const found = segment.exec(path);
    if (found) {
      const at = prefix.length + found.index + found[0].length;
      const stem = url.slice(0, at).replace(/%7e/i, "~");
      return { stem, rest: url.slice(at), path: url.slice(at, end) };
    }
    if (whole.stem.length > end) return whole;
    return { stem: prefix, rest: path, path };
  }
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
