// The sessions that were revoked, as the service's GET /revoked tells them (docs/DESIGN.md,
// section 5).
//
// A worker has no timer between requests, so a request asks: the first one after a second has gone
// by since the last question. It waits for the answer, and so do the requests that come meanwhile.
// So no token is accepted by a set that is older than a second, also after an hour of silence.

const PERIOD = 1000, MAX_BACKOFF = 8000; // ms between two questions, and after failures
const FIRST_TIME = 5000, TIME = 1000; // ms that a question may take: the first, and all others
const GIVEN_UP = 2 * FIRST_TIME; // ms after which a runtime must have ended the question's request

export class Revocations {
  #url; #key; #leeway; #firstTime;
  #sessions = new Map(); // until, in Unix seconds, by session
  #since = 0; // the next of the last answer
  #asking = null; // the promise of a question on its way
  #asked = -Infinity; // when the last one began, in ms
  #failures = 0; // of the last questions
  #swept = 0; // Unix seconds
  loaded = false; // whether the set was read to its end once

  // url is GET /revoked of the service's admin listener, key the admin's key, "" for none, and
  // firstTime the ms that a question may take until the set is loaded.
  constructor({ url, key, leeway, firstTime = FIRST_TIME }) {
    this.#firstTime = firstTime;
    this.#url = url;
    this.#key = key;
    this.#leeway = leeway;
  }

  // has reports whether a session is revoked at a time in ms.
  has(session, now) {
    return Math.floor(now / 1000) <= this.#sessions.get(session) + this.#leeway;
  }

  // reason is why a token that is good but for its session is refused, "" for none. The service is
  // asked for good tokens alone: nobody else can make a worker ask. waitUntil is as of refresh.
  async reason(session, now, waitUntil) {
    await this.refresh(now, waitUntil);
    if (!this.loaded) return "not-loaded";
    return this.has(session, now) ? "revoked" : "";
  }

  // size is how many sessions are kept.
  get size() {
    return this.#sessions.size;
  }

  // refresh asks the service what is new, if that is due at a time in ms. It returns once the
  // answer is there, or did not come: then the set stays as it was, and the next question waits
  // longer, twice as long after each failure. waitUntil is the runtime's, which lets the question
  // go on when the client of this request goes away. Without it, workerd would drop the answer, and
  // the others that wait for it would wait forever.
  async refresh(now, waitUntil) {
    const age = Math.abs(now - this.#asked); // also of a clock that was set back
    if (this.#asking && age < GIVEN_UP) {
      await this.#asking;
      // The answer to an old question may be too old: then there is another one to ask.
      return age < PERIOD ? undefined : this.refresh(now, waitUntil);
    }
    if (age < Math.min(PERIOD * 2 ** this.#failures, MAX_BACKOFF)) return;
    this.#asked = now;
    const asking = this.#ask(now).finally(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    this.#asking = asking;
    waitUntil?.(asking);
    return asking;
  }

  async #ask(now) {
    try {
      const signal = AbortSignal.timeout(this.loaded ? TIME : this.#firstTime);
      while (await this.#page(signal));
      this.loaded = true;
      this.#failures = 0;
      this.#sweep(Math.floor(now / 1000));
    } catch (error) {
      this.#failures++;
      const what = this.loaded ? "those of before count" : "tokens with a session are refused";
      console.error(`videotoken: the revoked sessions were not read, ${what}:`, error.message);
    }
  }

  // #page reads one page, and reports whether there are more. What it read counts at once, and is
  // not read again if a later page fails.
  async #page(signal) {
    const response = await fetch(`${this.#url}?since=${this.#since}`, {
      headers: new Headers(this.#key ? { Authorization: `Bearer ${this.#key}` } : {}),
      redirect: "manual", signal, // the key goes to no other host
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    const { revoked, next, more } = await response.json();
    const known = Array.isArray(revoked) && revoked.every(isEntry);
    if (!known || !Number.isSafeInteger(next) || typeof more !== "boolean") {
      throw new Error("it is not the answer of GET /revoked");
    }
    if (more && next <= this.#since) throw new Error("the pages do not end");
    for (const { session, until } of revoked) {
      this.#sessions.set(session, Math.max(until, this.#sessions.get(session) ?? 0));
    }
    this.#since = Math.max(0, next);
    return more;
  }

  // #sweep forgets, once a minute, the sessions whose tokens have expired.
  #sweep(now) {
    if (Math.abs(now - this.#swept) < 60) return;
    this.#swept = now;
    for (const [session, until] of this.#sessions) {
      if (now > until + this.#leeway) this.#sessions.delete(session);
    }
  }
}

const isEntry = (entry) =>
  /^[0-9a-f]{16}$/.test(entry?.session) && Number.isSafeInteger(entry.until);

// isRevokedURL reports whether a text is a URL to which the admin's key may be sent: nobody on the
// way can read it.
export function isRevokedURL(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  const local = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
  const safe = url.protocol === "https:" || url.protocol === "http:" && local;
  return safe && url.href === text && !/[?#@]/.test(text);
}
