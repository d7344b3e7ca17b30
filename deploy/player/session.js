// A session renews the tokens of a film for all players of a page that play it, and moves them to
// another CDN when theirs fails.

import { Addresses } from "./addresses.js";
import { exchange } from "./exchange.js";
import { Pace, page } from "./pace.js";

const UNSAID = 30; // seconds that a token is taken to be good for where no answer said how long
const FAILED = 3; // segments in a row, after which a CDN has failed
const REST = 60_000; // ms after which a CDN that failed may be chosen again
const REFUSED = 3; // newer tokens in a row that the CDN refuses too, after which it is no use

/** @import {Clock, Options} from "./videotoken-player.js" */
/** @typedef {(type: string, detail: object) => void} Listener a player, which hears every event */

/** @type {Map<string, Session>} */
const shared = new Map();

export class Session {
  /** @type {string} */ #key;
  /** @type {Options} */ #options;
  /** @type {Clock} */ #clock;
  /** @type {Set<Listener>} */ #players = new Set();
  /** @type {Pace} */ #pace;
  /** @type {number} */ #goodUntil;
  /** @type {Promise<void> | undefined} the renewal that is under way */ #renewal;
  /** @type {Promise<void> | undefined} what requests wait for after a failure */ #recovery;
  /** @type {Map<string, number>} until when each CDN that failed rests */ #excluded = new Map();
  /** @type {(() => void)[]} who waits for another token, or for there being none */ #waiters = [];
  #failing = ""; // the URL whose CDN failed last
  #moves = 0; // to another CDN
  #attempts = 0; // to reach the service, in a row, that failed
  #failed = 0; // requests in a row
  #renewals = 0; // that gave a token
  #refused = 0; // of those, in a row, the ones that a refusal asked for
  #waits = 0; // for another CDN, within REST of one another
  #notBefore = 0; // when another CDN may be asked for
  /** @type {{reason: string} | undefined} */ ended;

  /** @param {Options} options @param {string} key */
  constructor(options, key) {
    this.#options = options;
    this.#key = key;
    this.#clock = options.clock ?? page;
    this.#pace = new Pace(this.#clock, options.random ?? Math.random, {
      renew: () => void this.renew(), move: () => void this.#recover(() => this.#move()),
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

  /**
   * Returns a URL with a token that is good as far as is known: it waits where the token ran out,
   * as in a tab whose timers the browser slowed down, and while another CDN is asked for.
   * @param {string} url
   */
  async ready(url) {
    if (this.addresses.rewrite(url) === undefined) return url;
    await this.#recovery;
    if (this.#clock.now() >= this.#goodUntil) await this.#newer();
    return this.rewrite(url);
  }

  succeeded() {
    this.#failed = this.#refused = 0;
    this.#pace.cancel("move"); // the CDN is well again
  }

  /**
   * Takes note of a request that failed, and resolves when something was done about it.
   * @param {string | undefined} url as it was asked for
   * @param {number | undefined} status 0 if there was no connection, undefined if nobody knows
   * @param {string | null} [reason] what the edge said
   * @param {boolean} [last] the player gives up after it
   */
  async failed(url, status, reason, last) {
    const newest = url === undefined ? url : this.addresses.rewrite(url);
    if (this.ended || (url !== undefined && newest === undefined)) return;
    if (newest !== url || this.#recovery) return this.#recovery; // it was with an old token
    if (status === 401 || status === 403 || status === undefined) {
      const unknown = status === undefined && this.#refused > 0;
      if (unknown && this.movable) return this.#leave(newest);
      if (this.#refused >= REFUSED) return this.#end(reason ?? "refused", { status });
      return this.#recover(() => this.#replace());
    }
    // Another CDN is asked for already, or it is not the CDN that failed.
    if (this.#pace.waits("move") || globalThis.navigator?.onLine === false) return;
    this.#failed++;
    const over = status === 0 || last || this.#failed >= FAILED;
    if (over && this.movable) return this.#leave(newest);
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
    if (this.ended || moves !== this.#moves) return; // the answer is of the CDN that failed
    const urls = answer.body?.urls;
    const all = Array.isArray(urls) && urls.length === question.urls.length;
    if (answer.status === 200 && all) {
      this.#renewals++;
      this.addresses.replace(urls);
      this.#take(answer.maxAge, asked, "renewed", {});
    } else if (answer.refused) {
      this.#end(answer.reason, answer);
    } else {
      this.#retry("renew", answer, this.#pace.again(this.#attempts++, answer));
    }
  }

  /** Renews a token that was refused. */
  async #replace() {
    const before = this.#renewals;
    await this.#newer();
    if (this.#renewals > before) this.#refused++;
  }

  /**
   * Resolves when there is a newer token, or none any more. It asks for one unless the service has
   * just failed to answer: then the next attempt has its time, however many requests wait for it.
   */
  async #newer() {
    if (this.ended) return;
    /** @type {Promise<void>} */
    const changed = new Promise((resolve) => this.#waiters.push(resolve));
    if (this.#attempts === 0) void this.renew();
    await changed;
  }

  #wake() {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Whether another CDN can be asked for: there is a document, and every CDN has a name. */
  get movable() {
    const { addresses } = this;
    return Boolean(this.#options.document) && addresses.urls.every((url) => addresses.cdn(url));
  }

  /**
   * Leaves the CDN that failed: at once, or as soon as another one may be asked for.
   * @param {string} [failed] a URL of it, where that is known
   */
  #leave(failed = this.addresses.urls[0]) {
    this.#failing = failed;
    const from = this.addresses.cdn(failed);
    const now = this.#clock.now();
    if (from) this.#excluded.set(from, now + REST);
    if (now >= this.#notBefore) return this.#recover(() => this.#move());
    this.#pace.after("move", this.#notBefore - now);
  }

  async #move() {
    const document = this.#options.document;
    if (this.ended || !document) return;
    const asked = this.#clock.now();
    this.#excluded.forEach((until, name, all) => asked >= until && all.delete(name));
    const { cdn: _, ...token } = document.token ?? {};
    const exclude = [...new Set([...(token.exclude ?? []), ...this.#excluded.keys()])];
    const sign = this.#options.sign ?? `${this.#options.service}/video/token`;
    const answer = await this.#post(sign, { ...document, token: { ...token, exclude } });
    if (this.ended) return;
    const urls = answer.status === 200
      ? this.#options.pick?.(answer.body) ?? this.addresses.match(answer.body) : undefined;
    if (urls) {
      this.#moves++;
      this.#failed = this.#refused = 0;
      const from = this.#cdn();
      this.addresses.replace(urls);
      this.#take(answer.maxAge, asked, "failover", { from, to: this.#cdn() });
    } else if (answer.status === 400 && this.#excluded.size > 0) {
      this.#excluded.clear(); // none is left: each may be well again after a while
      this.#wait({ ...answer, reason: "no-cdn" });
    } else if (answer.refused || answer.status === 200) {
      // A session is refused where it is revoked, and for no other reason.
      const revoked = answer.status === 403 && answer.body?.pointer === "/token/session";
      this.#end(revoked ? "revoked" : "no-cdn", answer);
    } else {
      this.#wait(answer);
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

  /** Has requests wait until an act is over. @param {() => Promise<void>} act */
  #recover(act) {
    const recovery = act().finally(() => {
      if (this.#recovery === recovery) this.#recovery = undefined;
    });
    this.#recovery = recovery;
    return recovery;
  }

  /** The CDN that the URL which failed last is on. */
  #cdn() {
    return this.addresses.cdn(this.rewrite(this.#failing));
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
