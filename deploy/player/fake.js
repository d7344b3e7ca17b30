// A clock, a service and players for the tests.
import { VideoTokens } from "./videotoken-player.js";

/** A clock that stands still until it is told to go on. */
export class FakeClock {
  #now = 0;
  #timers = new Map();
  #last = 0;
  now = () => this.#now;
  setTimeout = (run, ms) => {
    this.#timers.set(++this.#last, { run, at: this.#now + ms });
    return this.#last;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);

  get timers() {
    return this.#timers.size;
  }

  /** Goes on by ms, and runs what is due on the way, each in its time. */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      if (due.length === 0) break;
      const [timer, { run, at }] = due.sort((a, b) => a[1].at - b[1].at)[0];
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      run();
    }
    this.#now = end;
  }

  /** Goes on without running a timer, as a computer does that sleeps. */
  sleep(ms) {
    this.#now += ms;
  }
}

/** Resolves when every promise that waits for nothing else is resolved. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A service whose answers are those of the function answer; questions are kept. */
export function fakeService(answer) {
  const asked = [];
  const ask = async (url, { body, signal }) => {
    const question = JSON.parse(body);
    asked.push({ url, ...question });
    const got = await answer(url, question, asked.length, signal);
    if (got instanceof Error) throw got;
    const { status = 200, headers } = got;
    return new Response(JSON.stringify(got.body ?? {}), { status, headers });
  };
  return { asked, ask };
}

/** An answer that is good for so many seconds. */
export const good = (body, seconds) =>
  ({ body, headers: { "Cache-Control": `private, max-age=${seconds}` } });

/** A refusal. */
export const refused = (reason) => ({
  status: 403, headers: { "X-Token-Reason": reason },
  body: { detail: "the video's page has a new URL" },
});

/** Renews tokens that end in a number. */
export function renew(urls) {
  const next = (_, mark, n) => mark + (Number(n) + 1);
  return { urls: urls.map((url) => url.replace(/(~T|token=T)(\d+)/, next)) };
}

/** The events of tokens, in order. */
export function events(tokens) {
  const heard = [];
  for (const type of ["renewed", "failover", "retry", "ended"]) {
    tokens.addEventListener(type, ({ detail }) => heard.push({ type, ...detail }));
  }
  return heard;
}

/** Tokens of a page whose service answers so, and which are closed with the test. */
export function openPlayer(
  t, answer = (_, { urls }) => good(renew(urls), 9),
  urls = ["https://a.example/~T1/film/master.m3u8"], more = {},
) {
  const fake = fakeService(answer);
  const clock = new FakeClock();
  const tokens = new VideoTokens({
    service: "https://tokens.example", urls, maxAge: 9, clock, fetch: fake.ask, random: () => 0,
    ...more,
  });
  t.after(() => tokens.close());
  return { clock, tokens, ...fake };
}
