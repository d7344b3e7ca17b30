// A session renews the tokens of a film for all players of a page that play it, and moves them to
// another CDN when theirs fails.

import { Addresses } from "./addresses.js";
import { exchange } from "./exchange.js";
import { Pace, page, SOONEST } from "./pace.js";

const UNSAID = 30; // seconds for which a token is taken to be good if no answer says how long
const FAILED = 3; // requests in a row, after which a CDN has failed
const REST = 60_000; // ms after which a CDN that failed may be chosen again
const REFUSED = 3; // newer tokens in a row that a CDN refuses for a file, after which it has failed
const PATIENCE = 10_000; // ms for which a request waits for another token, or for another CDN
// Why the service does not renew a URL: its token is not one of the service's own.
const FOREIGN = ["missing", "path", "unknown-key"];

/** @import {Clock, Options} from "./videotoken-player.js" */
/** @typedef {(type: string, detail: object) => void} Listener a player, which hears every event */

/** @type {Map<string, Session>} */
const shared = new Map();

export class Session {
  /** @type {string} */ #key;
  /** @type {Options} */ #options;
  /** @type {Clock} */ #clock;
  /** @type {Set<Listener>} */ #players = new Set();
  /** @type {Pace<"renew" | "move">} */ #pace;
  /** @type {number} */ #goodUntil;
  /** @type {Promise<void> | undefined} the renewal that is under way */ #renewal;
  /** @type {Promise<void> | undefined} the question for another CDN */ #moving;
  /** @type {Map<string, Promise<void>>} renewals that refusals asked for, by file */
  #replacing = new Map();
  /** @type {Map<string, number>} newer tokens in a row that were refused, by file */
  #refused = new Map();
  /** @type {Map<string, number>} requests in a row that failed, by CDN */ #failed = new Map();
  /**
   * Until when each CDN that failed rests, and why and how it refused, if it did.
   * @type {Map<string, {until: number, reason?: string, status?: number}>}
   */
  #excluded = new Map();
  /** @type {Set<() => void>} ends each wait for newer URLs */ #waiters = new Set();
  #failing = ""; // the URL whose CDN failed last
  #moves = 0; // to another CDN
  #attempts = 0; // to reach the service, in a row, that failed
  #renewals = 0; // that gave a token
  #taken = -Infinity; // when the newest URLs were asked for
  #waits = 0; // for another CDN, within REST of one another
  #notBefore = 0; // when another CDN may be asked for
  /** @type {{reason: string} | undefined} */ ended;

  /** @param {Options} options @param {string} key */
  constructor(options, key) {
    this.#options = options;
    this.#key = key;
    this.#clock = options.clock ?? page;
    this.#pace = new Pace(this.#clock, options.random ?? Math.random, {
      renew: () => void this.renew(), move: () => void this.#move(),
    });
    this.addresses = new Addresses(options.urls, options.cdns ?? {});
    const { maxAge } = options;
    this.#goodUntil = this.#clock.now() + (maxAge ?? UNSAID) * 1000;
    // Where the page does not know how long its token is good, the first renewal tells.
    this.#pace.after("renew", maxAge === undefined ? 0 : this.#pace.renewal(maxAge * 1000));
  }

  /** Returns the session of a service and URLs: one for all who ask. @param {Options} options */
  static of(options) {
    const key = [options.service, ...options.urls].join("\n");
    const session = shared.get(key) ?? new Session(options, key);
    shared.set(key, session);
    return session;
  }

  /** @param {Listener} player */
  join(player) {
    this.#players.add(player);
  }

  /** Ends the session with the last player that leaves it. @param {Listener} player */
  leave(player) {
    this.#players.delete(player);
    if (this.#players.size === 0) this.#stop();
  }

  /** Returns a URL with the newest token, at once. @param {string} url */
  rewrite(url) {
    return this.addresses.rewrite(url) ?? url;
  }

  /** Whether a URL has, or had, a token of this session. @param {string} url */
  knows(url) {
    return this.addresses.file(url) !== undefined;
  }

  /**
   * Returns a URL with a token that is good as far as is known. It waits, for ten seconds at most,
   * where the token ran out, as in a tab whose timers the browser slowed down; where the file was
   * refused and a newer token is asked for; and while another CDN is asked for.
   * @param {string} url
   */
  async ready(url) {
    const file = this.addresses.file(url);
    if (file === undefined) return url;
    await this.#moving;
    await this.#replacing.get(file);
    if (this.#clock.now() >= this.#goodUntil) await this.#newer();
    return this.rewrite(url);
  }

  /** Takes note of a request that succeeded. @param {string} url as it was asked for */
  succeeded(url) {
    const file = this.addresses.file(url);
    if (file === undefined) return;
    this.#refused.delete(file);
    const { addresses } = this;
    this.#failed.delete(addresses.head(url));
    // The CDN that is to be left is well again.
    if (addresses.head(url) === addresses.head(this.#failing)) this.#pace.cancel("move");
  }

  /**
   * Takes note of a request that failed, and resolves when something was done about it.
   * @param {string | undefined} url as it was asked for
   * @param {number | undefined} status 0 if there was no connection, undefined if nobody knows
   * @param {string | null} [reason] what the edge said
   * @param {boolean} [last] the player gives up after it
   */
  async failed(url, status, reason, last) {
    const asked = url ?? this.addresses.urls[0];
    const newest = this.addresses.rewrite(asked);
    if (this.ended || newest === undefined) return;
    if (this.#moving || newest !== asked) return this.#moving; // it was with an old token
    if (status === 401 || status === 403 || status === undefined) {
      return this.#refusal(newest, status, reason);
    }
    // Another CDN is asked for already, or it is not the CDN that failed.
    if (this.#pace.waits("move") || globalThis.navigator?.onLine === false) return;
    const head = this.addresses.head(newest);
    const failed = (this.#failed.get(head) ?? 0) + 1;
    this.#failed.set(head, failed);
    if ((status === 0 || last || failed >= FAILED) && this.movable) return this.#leave(newest);
  }

  /** Resolves when another CDN was found, where one is to be, or after ten seconds. */
  async moved() {
    if (this.#pace.waits("move")) await this.#changed();
  }

  /**
   * Renews a token that was refused. Where that was of no use, it leaves the CDN, or ends.
   * @param {string} url
   * @param {number | undefined} status
   * @param {string | null} [reason]
   */
  #refusal(url, status, reason) {
    const file = this.addresses.file(url) ?? "";
    const refused = this.#refused.get(file) ?? 0;
    if (status === undefined && refused > 0 && this.movable) return this.#leave(url);
    if (refused >= REFUSED) {
      const why = { reason: reason ?? "refused", status };
      return this.movable ? this.#leave(url, why) : this.#end(why.reason, why);
    }
    const replacing = this.#replacing.get(file) ?? this.#replace(file);
    this.#replacing.set(file, replacing);
    return replacing;
  }

  /** Renews the tokens now: once for all who ask at the same time. */
  renew() {
    this.#renewal ??= this.#renew().finally(() => { this.#renewal = undefined; });
    return this.#renewal;
  }

  async #renew() {
    if (this.ended) return;
    const [asked, moves] = [this.#clock.now(), this.#moves];
    const question = { urls: this.addresses.urls };
    const answer = await this.#post(`${this.#options.service}/video/renew`, question);
    if (this.ended) return;
    if (moves !== this.#moves) { // the answer is of the CDN that failed
      if (this.#waiters.size > 0) this.#pace.after("renew", 0);
      return;
    }
    const urls = answer.body?.urls;
    const all = Array.isArray(urls) && urls.length === question.urls.length;
    if (answer.status === 200 && all) {
      this.#renewals++;
      this.addresses.replace(urls);
      this.#take(answer.maxAge, asked, "renewed", {});
    } else if (answer.refused && FOREIGN.includes(answer.reason) && this.#options.document) {
      return this.#move(); // to sign again is the only way to another token
    } else if (answer.refused) {
      this.#end(answer.reason, answer);
    } else {
      this.#retry("renew", answer, this.#pace.again(this.#attempts++, answer));
    }
  }

  /** Renews the token of a file that was refused. @param {string} file */
  async #replace(file) {
    const before = this.#renewals;
    await this.#newer();
    if (this.#renewals > before) this.#refused.set(file, (this.#refused.get(file) ?? 0) + 1);
    this.#replacing.delete(file);
  }

  /**
   * Resolves when there is a newer token, or none any more. It asks for one, but not within a
   * second of the last one; nor where the service has just failed to answer: then the next attempt
   * has its time, however many requests wait for it.
   */
  async #newer() {
    if (this.ended) return;
    const early = this.#taken + SOONEST - this.#clock.now();
    if (this.#attempts === 0 && early > 0) this.#pace.after("renew", early);
    else if (this.#attempts === 0) void this.renew();
    await this.#changed();
  }

  /** Resolves when there are newer URLs, or none any more; after PATIENCE in any case. */
  #changed() {
    return /** @type {Promise<void>} */ (new Promise((resolve) => {
      const done = () => {
        this.#clock.clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = this.#clock.setTimeout(done, PATIENCE);
      this.#waiters.add(done);
    }));
  }

  #wake() {
    for (const done of [...this.#waiters]) done();
  }

  /** Whether another CDN can be asked for: there is a document, and every CDN has a name. */
  get movable() {
    const { addresses } = this;
    return Boolean(this.#options.document) && addresses.urls.every((url) => addresses.cdn(url));
  }

  /**
   * Leaves the CDN that failed: at once, or as soon as another one may be asked for.
   * @param {string} failed a URL of it
   * @param {{reason: string, status?: number}} [refusal] if it refuses every token
   */
  #leave(failed, refusal) {
    this.#failing = failed;
    const from = this.addresses.cdn(failed);
    const now = this.#clock.now();
    if (from) this.#excluded.set(from, { until: now + REST, ...refusal });
    if (now >= this.#notBefore) return this.#move();
    this.#pace.after("move", this.#notBefore - now);
  }

  /** Has the document signed again: once for all who ask at the same time. */
  #move() {
    this.#moving ??= this.#sign().finally(() => { this.#moving = undefined; });
    return this.#moving;
  }

  async #sign() {
    const document = this.#options.document;
    if (this.ended || !document) return;
    const asked = this.#clock.now();
    this.#excluded.forEach(({ until }, name, all) => asked >= until && all.delete(name));
    const { cdn: _, ...token } = document.token ?? {};
    const exclude = [...new Set([...(token.exclude ?? []), ...this.#excluded.keys()])];
    const sign = this.#options.sign ?? `${this.#options.service}/video/token`;
    const answer = await this.#post(sign, { ...document, token: { ...token, exclude } });
    if (this.ended) return;
    const { urls, message } = this.#pick(answer);
    if (urls) {
      this.#moves++;
      this.#failed.clear();
      this.#refused.clear();
      const from = this.#cdn();
      this.addresses.replace(urls);
      const to = this.#cdn();
      if (from === to) this.#take(answer.maxAge, asked, "renewed", {});
      else this.#take(answer.maxAge, asked, "failover", { from, to });
    } else if (answer.status === 400 && this.#excluded.size > 0) { // none is left
      const refusals = [...this.#excluded.values()].filter(({ reason }) => reason !== undefined);
      const { size } = this.#excluded;
      this.#excluded.clear(); // each may be well again after a while
      if (refusals.length === size) this.#end(refusals[0].reason ?? "", refusals[0]);
      else this.#wait({ ...answer, reason: "no-cdn" });
    } else if (answer.refused || answer.status === 200) {
      // A session is refused where it is revoked, and for no other reason.
      const revoked = answer.status === 403 && answer.body?.pointer === "/token/session";
      this.#end(revoked ? "revoked" : "no-cdn", { ...answer, message });
    } else {
      this.#wait(answer);
    }
  }

  /**
   * Finds the new URLs in an answer, one for each, or says what is wrong.
   * @param {import("./exchange.js").Answer} answer
   * @returns {{urls?: string[], message?: string}}
   */
  #pick({ status, body, message }) {
    if (status !== 200) return { message };
    try {
      const urls = this.#options.pick?.(body) ?? this.addresses.match(body);
      if (urls?.length === this.addresses.urls.length) return { urls };
      return { message: "the answer does not have the URLs" };
    } catch (error) { // of the page's own function
      return { message: String(error) };
    }
  }

  /** Asks for another CDN later. @param {import("./exchange.js").Answer} answer */
  #wait(answer) {
    const now = this.#clock.now();
    if (now >= this.#notBefore + REST) this.#waits = 0;
    const delay = this.#pace.again(this.#waits++, answer);
    this.#notBefore = now + delay;
    this.#retry("move", answer, delay);
  }

  /** The CDN that the URL which failed last is on now; of the first URL, if none failed. */
  #cdn() {
    return this.addresses.cdn(this.rewrite(this.#failing || this.addresses.urls[0]));
  }

  /**
   * Takes new URLs. Their time counts from the question, for the service may have answered at once.
   * @param {number | undefined} maxAge
   * @param {number} asked
   * @param {string} event
   * @param {object} detail
   */
  #take(maxAge, asked, event, detail) {
    const goodFor = (maxAge ?? UNSAID) * 1000;
    this.#goodUntil = asked + goodFor;
    this.#taken = asked;
    this.#attempts = 0;
    const next = this.#pace.renewal(this.#goodUntil - this.#clock.now());
    this.#pace.after("renew", next);
    this.#wake();
    const times = { at: this.#clock.now(), goodFor: goodFor / 1000, next: next / 1000 };
    this.#tell(event, { ...detail, urls: this.addresses.urls, ...times });
  }

  /**
   * Tries again after a delay, and says so.
   * @param {"renew" | "move"} what
   * @param {import("./exchange.js").Answer} answer
   * @param {number} delay ms
   */
  #retry(what, { status, reason }, delay) {
    this.#pace.after(what, delay);
    this.#tell("retry", { reason, status, next: delay / 1000, goodFor: this.#goodFor() });
  }

  /** Seconds for which the last tokens are good. */
  #goodFor() {
    return Math.max(0, this.#goodUntil - this.#clock.now()) / 1000;
  }

  /** @param {string} reason @param {{status?: number, message?: string}} answer */
  #end(reason, { status, message }) {
    this.ended = { reason };
    this.#stop();
    const times = { at: this.#clock.now(), goodFor: this.#goodFor() };
    this.#tell("ended", { reason, status, message, ...times });
  }

  #stop() {
    this.#pace.cancel("renew");
    this.#pace.cancel("move");
    this.ended ??= { reason: "closed" };
    if (shared.get(this.#key) === this) shared.delete(this.#key);
    this.#wake();
  }

  /** @param {string} type @param {object} detail */
  #tell(type, detail) {
    for (const player of [...this.#players]) player(type, detail);
  }

  /** @param {string} url @param {object} question */
  #post(url, question) {
    return exchange(this.#options.fetch ?? fetch, this.#clock, url, question);
  }
}
