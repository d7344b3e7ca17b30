// The revoked sessions, with an endpoint that is a function, and a clock that the tests turn.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Revocations } from "./revoked.js";
import { vectors } from "./vectors.js";
import worker from "./worker.js";

const url = "https://admin.example/revoked", key = "videotoken_key";
const id = (n) => n.toString(16).padStart(16, "0");
const entries = (...ids) => ids.map((n) => ({ session: id(n), until: 3000 }));
const page = (revoked, next, more = false) => Response.json({ revoked, next, more });
const down = () => { throw new TypeError("connection refused"); };

let asked, logged, endpoint;

beforeEach(() => {
  [asked, logged] = [[], []];
  endpoint = () => page([], 1);
  mock.method(globalThis, "fetch", async (to, init) => {
    if (!to.startsWith(url)) return new Response("film"); // the origin
    asked.push({ to, headers: Object.fromEntries(init.headers), redirect: init.redirect });
    return endpoint(new URL(to).searchParams.get("since"), init.signal);
  });
  mock.method(console, "error", (...args) => logged.push(args.join(" ")));
});

afterEach(() => mock.reset());

const make = (more) => new Revocations({ url, key, leeway: 10, ...more });

test("the first question is waited for, and asks for all pages", async () => {
  const pages = {
    0: page(entries(1, 2), 20, true), 20: page(entries(3), 30, true), 30: page([], 9),
  };
  endpoint = (since) => pages[since];
  const r = make();
  assert.equal(r.loaded, false);
  await r.refresh(0);
  assert.equal(r.loaded, true);
  assert.deepEqual([1, 2, 3, 4].map((n) => r.has(id(n), 0)), [true, true, true, false]);
  assert.deepEqual(asked.map((a) => a.to), [0, 20, 30].map((since) => `${url}?since=${since}`));
  const { headers, redirect } = asked[0];
  assert.deepEqual([headers, redirect], [{ authorization: `Bearer ${key}` }, "manual"]);
  endpoint = (since) => page(since === "9" ? entries(4) : [], 40);
  await r.refresh(1000);
  assert.equal(r.has(id(4), 1000), true);
});

test("without a key there is no Authorization", async () => {
  await make({ key: "" }).refresh(0);
  assert.deepEqual(asked[0].headers, {});
});

test("one question a second, whose answer all wait for", async () => {
  const r = make();
  let answer;
  endpoint = () => new Promise((resolve) => { answer = resolve; });
  const kept = [];
  const waitUntil = (promise) => kept.push(promise);
  const all = [0, 1, 500].map((now) => r.refresh(now, waitUntil));
  assert.equal(kept.length, 1);
  let done = 0;
  for (const promise of all) promise.then(() => done++);
  await new Promise(setImmediate);
  assert.equal(done, 0);
  answer(page(entries(1), 1));
  await Promise.all([...all, ...kept]);
  assert.deepEqual([done, r.has(id(1), 500)], [3, true]);
  for (const now of [999, 1000, 1001, 1999]) {
    endpoint = () => page([], 1);
    await r.refresh(now, waitUntil);
  }
  assert.equal(asked.length, 2);
  await r.refresh(3600_000); // after an hour
  await r.refresh(10_000); // and a clock that was set back
  assert.equal(asked.length, 4);
});

test("the answer to a question of more than a second ago is not enough", async () => {
  const r = make();
  let answer;
  endpoint = () => new Promise((resolve) => { answer = resolve; });
  const first = r.refresh(0), late = r.refresh(1500);
  endpoint = () => page(entries(1), 2);
  answer(page([], 1));
  await first;
  await late;
  assert.deepEqual([asked.length, r.has(id(1), 1500)], [2, true]);
});

test("a question whose request ended without an answer is asked again", async () => {
  const r = make();
  endpoint = () => new Promise(() => {});
  r.refresh(0);
  endpoint = () => page(entries(1), 1);
  await r.refresh(10_000);
  assert.deepEqual([r.loaded, r.has(id(1), 10_000)], [true, true]);
});

test("after failures the set stays, and questions become rarer", async () => {
  const r = make();
  endpoint = () => page(entries(1), 1);
  await r.refresh(0);
  endpoint = down;
  const moments = [];
  for (let now = 1000; now < 40_000; now += 500) {
    const before = asked.length;
    await r.refresh(now);
    if (asked.length > before) moments.push(now / 1000);
    assert.deepEqual([r.loaded, r.has(id(1), now)], [true, true]);
  }
  assert.deepEqual(moments, [1, 3, 7, 15, 23, 31, 39]);
  assert.equal(logged.length, moments.length);
  assert.match(logged[0], /those of before count: connection refused/);
  endpoint = () => page(entries(2), 2);
  await r.refresh(47_000);
  assert.equal(r.has(id(2), 47_000), true);
  await r.refresh(48_000);
  assert.equal(asked.at(-1).to, `${url}?since=2`);
  assert.equal(asked.length, moments.length + 3);
});

describe("answers that do not count", () => {
  const good = { revoked: entries(1), next: 1, more: false };
  for (const [name, answer] of Object.entries({
    "no connection": down,
    "503": () => Response.json(good, { status: 503 }),
    "401": () => Response.json(good, { status: 401 }),
    "a redirect": () => new Response(null, { status: 302, headers: { Location: url } }),
    "no JSON": () => new Response("<html>"),
    "null": () => Response.json(null),
    "no sessions": () => Response.json({ ...good, revoked: undefined }),
    "a session in capitals": () => page([{ session: "00112233AABBCCDD", until: 1 }], 1),
    "a session without a time": () => page([{ session: id(1) }], 1),
    "null for a session": () => page([null], 1),
    "no next": () => Response.json({ ...good, next: undefined }),
    "no more": () => Response.json({ ...good, more: undefined }),
    "pages without end": () => page(entries(1), 0, true),
  })) {
    test(name, async () => {
      const r = make();
      endpoint = answer;
      await r.refresh(0);
      assert.deepEqual([r.loaded, r.size <= 1, logged.length], [false, true, 1]);
      assert.match(logged[0], /tokens with a session are refused/);
      assert.ok(!logged[0].includes(key));
      endpoint = () => page([], 1);
      await r.refresh(2000);
      assert.equal(r.loaded, true);
    });
  }
});

test("a page that was read is not read again", async () => {
  const r = make();
  endpoint = (since) => (since === "0" ? page(entries(1), 20, true) : down());
  await r.refresh(0);
  assert.deepEqual([r.loaded, r.has(id(1), 0)], [false, true]);
  endpoint = () => page(entries(2), 30);
  await r.refresh(2000);
  assert.deepEqual([r.loaded, asked.at(-1).to], [true, `${url}?since=20`]);
});

test("a service that does not answer is given up", async () => {
  const signals = [];
  mock.method(AbortSignal, "timeout", (ms) => {
    signals.push(ms);
    return AbortSignal.abort(new Error("timeout"));
  });
  const r = make();
  endpoint = (since, signal) => signal.throwIfAborted();
  await r.refresh(0);
  assert.equal(r.loaded, false);
  endpoint = () => page([], 1);
  await r.refresh(2000);
  await r.refresh(3000);
  assert.deepEqual(signals, [5000, 5000, 1000]);
});

test("a session is over until its time and the leeway, and then forgotten", async () => {
  const r = make();
  endpoint = () => page([{ session: id(1), until: 100 }, { session: id(2), until: 1000 }], 1);
  await r.refresh(0);
  assert.equal(r.has(id(1), 110_999), true);
  assert.equal(r.has(id(1), 111_000), false);
  endpoint = () => page([{ session: id(2), until: 50 }], 1); // of an instance that knows less
  await r.refresh(111_000);
  assert.deepEqual([r.size, r.has(id(2), 1000_000)], [1, true]);
});

describe("the worker", () => {
  const { path: film, token: plain } = vectors.mint[0];
  const { token, session } = vectors.mint.find((c) => c.name === "session");
  const good = `https://cdn.example${film}?token=${token}`;
  const env = {
    KEYS: JSON.stringify(vectors.keys), ORIGIN: "https://origin.example", REVOKED_URL: url,
  };
  let turn = 0;
  beforeEach(() => mock.timers.enable({ apis: ["Date"], now: 1999990000_000 }));
  // Each test has settings of its own, and so a set of its own.
  const start = () => ({ ...env, ADMIN_KEY: `key${++turn}` });
  const ask = async (more, target = good, context) => {
    const got = await worker.fetch(new Request(target), more, context);
    return [got.status, got.headers.get("X-Token-Reason"), got.headers.get("Cache-Control")];
  };

  test("a revoked session is refused within a second", async () => {
    const more = start(), context = { kept: [], waitUntil(p) { this.kept.push(p); } };
    assert.deepEqual(await ask(more, good, context), [200, null, null]);
    assert.equal(context.kept.length, 1);
    endpoint = () => page([{ session, until: 2000000000 }], 2);
    mock.timers.tick(999);
    assert.deepEqual(await ask(more), [200, null, null]);
    mock.timers.tick(1);
    assert.deepEqual(await ask(more), [403, "revoked", "no-store"]);
    endpoint = down;
    mock.timers.tick(5000);
    assert.deepEqual(await ask(more), [403, "revoked", "no-store"]);
  });

  test("until the set was loaded, tokens with a session are refused with 503", async () => {
    const more = start();
    endpoint = down;
    assert.deepEqual(await ask(more), [503, "not-loaded", "no-store"]);
    assert.deepEqual(await ask(more), [503, "not-loaded", "no-store"]);
    assert.equal(asked.length, 1);
    assert.equal((await ask(more, `https://cdn.example${film}?token=${plain}`))[0], 200);
    endpoint = () => page([], 1);
    mock.timers.tick(2000);
    assert.deepEqual(await ask(more), [200, null, null]);
  });

  test("only good tokens with a session have the worker ask", async () => {
    const more = start();
    const requests = { [plain]: 200, [token.slice(0, -1) + "A"]: 403, x: 403 };
    for (const [text, want] of Object.entries(requests)) {
      assert.equal((await ask(more, `https://cdn.example${film}?token=${text}`))[0], want, text);
    }
    assert.equal((await ask(more, `https://cdn.example${film}`))[0], 401);
    assert.deepEqual(asked, []);
  });

  test("without REVOKED_URL nobody is asked", async () => {
    assert.deepEqual(await ask({ ...env, REVOKED_URL: "" }), [200, null, null]);
    assert.deepEqual(asked, []);
  });
});
