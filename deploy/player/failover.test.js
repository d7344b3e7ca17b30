// A CDN that fails, and the players of another one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { events, fakeService, FakeClock, good, refused, renew, settled } from "./fake.js";
import { VideoTokens } from "./videotoken-player.js";

const service = "https://tokens.example";
const cdns = { a: "https://a.example/base", b: "https://b.example", c: "https://c.example/films/" };
const master = "https://a.example/base/~T1/film/master.m3u8";
const segment = "https://a.example/base/~T1/film/high/seg-1.ts";
const document = {
  video: { title: "Film", sources: [{ src: "/film.mp4" }, { src: "/film/master.m3u8" }] },
  token: { session: "00112233aabbccdd", cdn: "a" },
};
const heads = { b: "https://b.example", c: "https://c.example/films" };

/** Signs on the first CDN that is not excluded, and renews. */
function answer(url, { urls, token }) {
  if (url.endsWith("/renew")) return good(renew(urls), 9);
  const head = heads[Object.keys(heads).find((name) => !token.exclude.includes(name))];
  if (!head) return { status: 400, body: { title: "Bad Request" } };
  const sources = [
    { src: head + "/film.mp4?token=T50" }, { src: head + "/~T50/film/master.m3u8" },
  ];
  return good({ ...document.video, sources }, 9);
}

function open(t, more = {}, fake = fakeService(answer)) {
  const clock = new FakeClock();
  const tokens = new VideoTokens({
    service, urls: [master], maxAge: 9, document, cdns, clock, fetch: fake.ask, random: () => 0,
    ...more,
  });
  t.after(() => tokens.close());
  return { clock, tokens, heard: events(tokens), ...fake };
}

describe("failover", () => {
  test("at once where there is no connection", async (t) => {
    const { clock, tokens, heard, asked } = open(t);
    await tokens.failed(segment, 0);
    const token = { session: "00112233aabbccdd", exclude: ["a"] };
    assert.deepEqual(asked, [{ url: service + "/video/token", video: document.video, token }]);
    assert.equal(tokens.rewrite(segment), "https://b.example/~T50/film/high/seg-1.ts");
    const urls = ["https://b.example/~T50/film/master.m3u8"];
    const times = { at: 0, goodFor: 9, next: 6 };
    assert.deepEqual(heard, [{ type: "failover", from: "a", to: "b", urls, ...times }]);
    await clock.advance(6000);
    assert.equal(tokens.rewrite(segment), "https://b.example/~T51/film/high/seg-1.ts");
  });

  test("after three requests in a row, and no fewer", async (t) => {
    const { tokens, asked } = open(t);
    for (const status of [500, 504]) await tokens.failed(segment, status);
    tokens.succeeded(segment);
    for (const status of [500, 404]) await tokens.failed(segment, status);
    assert.equal(asked.length, 0);
    await tokens.failed(segment, 408);
    assert.equal(asked.length, 1);
  });

  test("after one that the player gives up for", async (t) => {
    const { tokens, asked } = open(t);
    await tokens.failed(segment, 500);
    await tokens.failed(segment, 500, null, true);
    assert.equal(asked.length, 1);
  });

  test("not where the viewer's own network is gone", async (t) => {
    const { tokens, asked } = open(t);
    const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    const gone = { value: { onLine: false }, configurable: true };
    Object.defineProperty(globalThis, "navigator", gone);
    for (let i = 0; i < 5; i++) await tokens.failed(segment, 0);
    if (own) Object.defineProperty(globalThis, "navigator", own);
    else delete globalThis.navigator;
    assert.equal(asked.length, 0);
  });

  test("requests wait for it, and late failures of the old CDN count no more", async (t) => {
    const { tokens, asked } = open(t);
    const moved = tokens.failed(segment, 0);
    assert.equal(await tokens.ready(segment), "https://b.example/~T50/film/high/seg-1.ts");
    await moved;
    for (let i = 0; i < 5; i++) await tokens.failed(segment, 0);
    assert.equal(asked.length, 1);
  });

  test("on to the third CDN, then to any after a pause", async (t) => {
    const { clock, tokens, asked, heard } = open(t);
    for (let i = 0; i < 3; i++) await tokens.failed(tokens.rewrite(segment), 0);
    const none = { reason: "no-cdn", status: 400, next: 0.25, goodFor: 9 };
    assert.deepEqual(heard.at(-1), { type: "retry", ...none });
    for (let i = 0; i < 9; i++) await tokens.failed(tokens.rewrite(segment), 0);
    await clock.advance(250);
    assert.deepEqual(heard.map(({ to }) => to), ["b", "c", undefined, "b"]);
    assert.deepEqual(asked.map(({ token }) => token.exclude),
      [["a"], ["a", "b"], ["a", "b", "c"], []]);
  });

  test("a CDN that failed is chosen again after a minute", async (t) => {
    const { clock, tokens, asked } = open(t);
    await tokens.failed(segment, 0);
    await clock.advance(59_999);
    await tokens.failed(tokens.rewrite(segment), 0);
    await clock.advance(1);
    await tokens.failed(tokens.rewrite(segment), 0);
    const moves = asked.filter(({ url }) => url.endsWith("/token"));
    assert.deepEqual(moves.map(({ token }) => token.exclude), [["a"], ["a", "b"], ["b", "c"]]);
  });

  test("the document itself is refused", async (t) => {
    const never = fakeService(() => ({ status: 400 }));
    const { clock, tokens, heard, asked } = open(t, {}, never);
    await tokens.failed(segment, 0);
    await clock.advance(250);
    assert.deepEqual(heard.map(({ type, reason }) => [type, reason]),
      [["retry", "no-cdn"], ["ended", "no-cdn"]]);
    assert.deepEqual(asked.map(({ token }) => token.exclude), [["a"], []]);
    assert.equal(clock.timers, 0);
  });

  test("the session was revoked", async (t) => {
    const revoked = fakeService(() => ({ status: 403, body: { pointer: "/token/session" } }));
    const { tokens, heard } = open(t, {}, revoked);
    await tokens.failed(segment, 0);
    assert.equal(heard[0].reason, "revoked");
  });

  test("a service that is down is asked again, not by every request", async (t) => {
    const fake = fakeService((url, question, n) => n < 3 ? { status: 503 } : answer(url, question));
    const { clock, tokens, heard, asked } = open(t, {}, fake);
    for (let i = 0; i < 10; i++) await tokens.failed(segment, 0);
    assert.equal(asked.length, 1);
    await clock.advance(1000);
    assert.deepEqual(heard.map(({ type }) => type), ["retry", "retry", "failover"]);
  });

  test("an answer of the CDN that failed comes too late", async (t) => {
    let renewed;
    const fake = fakeService((url, question) => !url.endsWith("/renew") ? answer(url, question)
      : new Promise((resolve) => { renewed = () => resolve(good(renew(question.urls), 9)); }));
    const { clock, tokens, heard } = open(t, {}, fake);
    await clock.advance(6000);
    await tokens.failed(segment, 0);
    const refused = tokens.failed(tokens.rewrite(segment), 403); // while that answer is on its way
    renewed();
    await settled();
    assert.deepEqual(heard.map(({ type }) => type), ["failover"]);
    assert.equal(tokens.rewrite(segment), "https://b.example/~T50/film/high/seg-1.ts");
    await clock.advance(1000);
    renewed();
    await refused;
    assert.equal(tokens.rewrite(segment), "https://b.example/~T51/film/high/seg-1.ts");
  });

  test("a success elsewhere says nothing of the CDN that fails", async (t) => {
    const urls = [master, "https://c.example/films/~T1/other/master.m3u8"];
    const other = "https://c.example/films/~T1/other/seg-1.ts";
    const videos = [document.video, { sources: [{ src: "/other/master.m3u8" }] }];
    const fake = fakeService(() => good([
      { sources: [{ src: "https://b.example/~T60/film/master.m3u8" }] },
      { sources: [{ src: "https://c.example/films/~T60/other/master.m3u8" }] },
    ], 9));
    const { tokens, asked } = open(t, { urls, document: { videos } }, fake);
    for (let i = 0; i < 3; i++) {
      await tokens.failed(segment, 500);
      tokens.succeeded(other);
      tokens.succeeded("https://licence.example/key");
    }
    assert.deepEqual(asked.map(({ token }) => token.exclude), [["a"]]);
  });

  test("a success elsewhere does not end the pause", async (t) => {
    const { clock, tokens, heard } = open(t);
    for (let i = 0; i < 3; i++) await tokens.failed(tokens.rewrite(segment), 0);
    tokens.succeeded("https://licence.example/key");
    await clock.advance(250);
    assert.equal(heard.at(-1).type, "failover");
  });

  /** A file is refused, and each newer token of it. */
  async function refuse({ clock, tokens }, times) {
    for (let i = 0; i < times; i++) {
      const done = tokens.failed(tokens.rewrite(segment), 403, "unknown-key");
      await clock.advance(1000);
      await done;
    }
  }

  test("a CDN that refuses every token", async (t) => {
    const page = open(t);
    await refuse(page, 4);
    const types = page.heard.map(({ type }) => type);
    assert.deepEqual(types, ["renewed", "renewed", "renewed", "failover"]);
    assert.equal(page.heard[3].to, "b");
  });

  test("where all CDNs refuse, the end says why", async (t) => {
    const page = open(t);
    await refuse(page, 12);
    const { type, reason, status } = page.heard.at(-1);
    assert.deepEqual([type, reason, status], ["ended", "unknown-key", 403]);
  });

  test("an answer that is cut off is asked for again", async (t) => {
    const cut = async () => new Response("{", { status: 200 });
    const { tokens, heard } = open(t, { fetch: cut });
    await tokens.failed(segment, 0);
    assert.deepEqual(heard.map(({ type, status }) => [type, status]), [["retry", 0]]);
  });

  for (const pick of [() => { throw new Error("no film"); }, () => []]) {
    test(`the page's own pick is wrong: ${pick}`, async (t) => {
      const { tokens, heard } = open(t, { pick });
      await tokens.failed(segment, 0);
      const { reason, message } = heard[0];
      assert.equal(reason, "no-cdn");
      assert.match(message, /no film|does not have/);
      assert.equal(await tokens.ready(segment), segment);
    });
  }

  test("on a CDN whose tokens cannot be renewed, the document is signed again", async (t) => {
    const fake = fakeService((url, question) =>
      url.endsWith("/renew") ? refused("missing") : answer(url, question));
    const { clock, tokens, heard, asked } = open(t, {}, fake);
    await tokens.failed(segment, 0);
    await clock.advance(6000);
    assert.deepEqual(asked.map(({ url }) => url.split("/").at(-1)), ["token", "renew", "token"]);
    assert.deepEqual(heard.map(({ type }) => type), ["failover", "renewed"]);
    assert.equal(tokens.ended, undefined);
  });

  test("a single file", async (t) => {
    const film = "https://a.example/base/film.mp4?token=T1";
    const { tokens } = open(t, { urls: [film] });
    await tokens.failed(film, 0);
    assert.equal(tokens.rewrite(film + "&x=1"), "https://b.example/film.mp4?token=T50&x=1");
  });

  test("of several videos, the CDN whose request failed", async (t) => {
    const videos = [document.video, { sources: [{ src: "/other/master.m3u8" }] }];
    const at = (head, film) => ({ sources: [{ src: `${head}/~T60/${film}/master.m3u8` }] });
    const fake = fakeService((_, { token }) => good([
      at("https://b.example", "film"),
      at(token.exclude.includes("a") ? "https://b.example" : "https://a.example/base", "other"),
    ], 9));
    const urls = [master, "https://c.example/films/~T1/other/master.m3u8"];
    const more = { urls, document: { videos } };
    const { tokens, asked, heard } = open(t, more, fake);
    const second = open(t, more, fake); // another player of the page
    const other = "https://c.example/films/~T1/other/seg-1.ts";
    await Promise.all([tokens.failed(other, 0), second.tokens.failed(other, 0)]);
    assert.deepEqual(asked, [{ url: service + "/video/token", videos, token: { exclude: ["c"] } }]);
    assert.equal(tokens.rewrite(other), "https://a.example/base/~T60/other/seg-1.ts");
    assert.equal(tokens.rewrite(segment), "https://b.example/~T60/film/high/seg-1.ts");
    for (const { type, from, to } of [heard[0], second.heard[0]]) {
      assert.deepEqual([type, from, to], ["failover", "c", "a"]);
    }
    await tokens.failed(tokens.rewrite(other), 0);
    assert.deepEqual(asked[1].token.exclude, ["c", "a"]);
  });

  test("to a CDN that has its tokens in cookies", async (t) => {
    const pick = () => ["https://c.example/films/film/master.m3u8"];
    const { tokens } = open(t, { pick });
    await tokens.failed(segment, 0);
    assert.equal(tokens.rewrite(segment), "https://c.example/films/film/high/seg-1.ts");
  });

  for (const missing of [{ document: undefined }, { cdns: undefined }]) {
    test(`not without ${Object.keys(missing)}`, async (t) => {
      assert.equal(open(t).tokens.movable, true);
      const { tokens, asked } = open(t, { urls: [master + "#2"], ...missing });
      assert.equal(tokens.movable, false);
      for (let i = 0; i < 5; i++) await tokens.failed(segment, 0);
      assert.equal(asked.length, 0);
    });
  }
});

describe("all CDNs fail", () => {
  /** A page whose requests all fail for so many ms, each as soon as it has another CDN. */
  async function allFail({ clock, tokens }, ms, status = 0) {
    const fail = () => tokens.failed(tokens.rewrite(segment), status, null, true);
    const failAgain = () => void settled().then(fail);
    tokens.addEventListener("failover", failAgain);
    await fail();
    for (let at = 0; at < ms; at += 1000) {
      await clock.advance(1000);
      await fail(); // the player tries again by itself
    }
    tokens.removeEventListener("failover", failAgain);
  }
  const moves = ({ asked }) => asked.filter(({ url }) => url.endsWith("/token"));
  const noCDN = ({ heard }) => heard.filter(({ reason }) => reason === "no-cdn");

  for (const status of [0, 500]) {
    test(`with ${status}: they are asked for less and less often`, async (t) => {
      const page = open(t);
      await allFail(page, 300_000, status);
      const waits = noCDN(page).map(({ type, next }) => [type, next]);
      assert.deepEqual(waits,
        waits.map((_, i) => ["retry", Math.min(15, 0.25 * 2 ** i)]));
      assert.ok(waits.length > 20, `${waits.length} pauses`);
      assert.ok(moves(page).length <= 4 * waits.length, `${moves(page).length} requests`);
      assert.equal(page.tokens.ended, undefined);
    });
  }

  test("the first pause is short again after a minute", async (t) => {
    const page = open(t);
    await allFail(page, 20_000);
    await page.clock.advance(90_000);
    const before = noCDN(page).length;
    for (let i = 0; i < 4; i++) {
      await page.tokens.failed(page.tokens.rewrite(segment), 0);
      await settled();
    }
    assert.equal(noCDN(page)[before].next, 0.25);
  });

  test("the pause is longer by chance", async (t) => {
    const page = open(t, { random: () => 1 });
    await allFail(page, 10_000);
    assert.deepEqual(noCDN(page).map(({ next }) => next).slice(0, 4), [0.5, 1, 2, 4]);
  });

  test("a CDN that is well again before the pause ends is kept, and renewed", async (t) => {
    const page = open(t);
    const { clock, tokens } = page;
    for (let i = 0; i < 3; i++) await tokens.failed(tokens.rewrite(segment), 0);
    tokens.succeeded(tokens.rewrite(segment));
    await clock.advance(7000);
    assert.equal(moves(page).length, 3);
    assert.equal(tokens.rewrite(segment), "https://c.example/films/~T51/film/high/seg-1.ts");
  });

  test("one that fails right after that is left when the pause ends", async (t) => {
    const page = open(t);
    const { clock, tokens } = page;
    for (let i = 0; i < 3; i++) await tokens.failed(tokens.rewrite(segment), 0);
    tokens.succeeded(tokens.rewrite(segment));
    await tokens.failed(tokens.rewrite(segment), 0);
    await clock.advance(249);
    assert.equal(moves(page).length, 3);
    await clock.advance(1);
    assert.deepEqual(moves(page)[3].token.exclude, ["c"]);
    assert.equal(page.heard.at(-1).to, "b");
  });

  test("tokens are renewed during the pause, which goes on", async (t) => {
    const page = open(t);
    await allFail(page, 60_000);
    const heard = page.heard.map(({ type }) => type).join();
    assert.match(heard, /retry,renewed,(renewed,)*failover/);
  });
});
