// When a session renews, and how long it waits between attempts that fail.

const SHARE = 2 / 3; // of a token's time, after which it is renewed
const SPREAD = 0.1; // of that, by which a renewal is earlier: viewers do not all ask at once
export const SOONEST = 1000; // ms between two renewals, whatever the service and the edge say
const BACKOFF = { first: 500, most: 30_000 }; // ms
const LONGEST = 2 ** 31 - 1; // ms that a timer takes

/** @import {Clock} from "./videotoken-player.js" */

/** The page's own clock. @type {Clock} */
export const page = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(/** @type {number} */ (timer)),
};

/** @template {string} What */
export class Pace {
  /** @type {Clock} */ #clock;
  /** @type {() => number} */ #random;
  /** @type {Record<What, () => void>} */ #acts;
  /** @type {Map<What, unknown>} */ #timers = new Map();

  /**
   * @param {Clock} clock
   * @param {() => number} random
   * @param {Record<What, () => void>} acts what is done at its time, by its name
   */
  constructor(clock, random, acts) {
    this.#clock = clock;
    this.#random = random;
    this.#acts = acts;
  }

  /**
   * Acts after so many ms, instead of when it was set to before.
   * @param {What} what
   * @param {number} ms
   */
  after(what, ms) {
    this.cancel(what);
    this.#timers.set(what, this.#clock.setTimeout(() => {
      this.#timers.delete(what);
      this.#acts[what]();
    }, Math.min(ms, LONGEST)));
  }

  /** @param {What} what */
  cancel(what) {
    if (this.#timers.has(what)) this.#clock.clearTimeout(this.#timers.get(what));
    this.#timers.delete(what);
  }

  /** Whether an act waits for its time. @param {What} what */
  waits(what) {
    return this.#timers.has(what);
  }

  /** How long to wait before tokens are renewed that are good for so long. @param {number} ms */
  renewal(ms) {
    // Towards the end of what may be renewed at all, each answer is good for less than the last.
    return Math.max(SOONEST, ms * SHARE * (1 - SPREAD * this.#random()));
  }

  /**
   * How long to wait after so many attempts: each time twice as long, and not less than the
   * service wants.
   * @param {number} attempts
   * @param {{retryAfter?: number}} answer
   */
  again(attempts, { retryAfter = 0 }) {
    const most = Math.min(BACKOFF.most, BACKOFF.first * 2 ** attempts);
    return Math.max(most * (0.5 + this.#random() / 2), retryAfter * 1000);
  }
}
