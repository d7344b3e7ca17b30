// Renewal and failover, with a clock, a service and chance that are arguments.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { events, fakeService, FakeClock, good, refused, renew, settled } from "./fake.js";
import { VideoTokens } from "./videotoken-player.js";

const service = "https://tokens.example";
const master = "https://a.example/base/~T1/film/master.m3u8";
const segment = (n) => `https://a.example/base/~T${n}/film/high/seg-1.ts`;
const renewing = (seconds) => fakeService((_, { urls }) => good(renew(urls), seconds));

/** Tokens of a fake service. The session is closed with the test. */
function open(t, fake, more = {}) {
  const clock = new FakeClock();
  const tokens = new VideoTokens({
    service, urls: [master], maxAge: 9, clock, fetch: fake.ask, random: () => 0, ...more,
  });
  t.after(() => tokens.close());
  return { clock, tokens, heard: events(tokens), ...fake };
}

describe("renewal", () => {
  test("before the token ends, again and again", async (t) => {
    const { clock, tokens, heard, asked } = open(t, renewing(9));
    await clock.advance(5999);
    assert.equal(asked.length, 0);
    await clock.advance(1);
    assert.deepEqual(asked, [{ url: service + "/video/renew", urls: [master] }]);
    assert.equal(tokens.rewrite(segment(1)), segment(2));
    await clock.advance(54_000);
    assert.equal(asked.length, 10);
    assert.equal(tokens.rewrite(segment(1)), segment(11));
    assert.equal(tokens.rewrite(segment(7)), segment(11));
    assert.deepEqual(tokens.urls, [master.replace("T1", "T11")]);
    const { urls: _, ...first } = heard[0];
    assert.deepEqual(first, { type: "renewed", at: 6000, goodFor: 9, next: 6 });
  });

  test("at once where the page does not know how long the token is good", async (t) => {
    const { clock, asked } = open(t, renewing(90), { maxAge: undefined });
    await clock.advance(0);
    assert.equal(asked.length, 1);
    await clock.advance(59_999);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    assert.equal(asked.length, 2);
  });

  test("a tenth earlier by chance", async (t) => {
    const { clock, asked } = open(t, renewing(9), { random: () => 1 });
    await clock.advance(5399);
    assert.equal(asked.length, 0);
    await clock.advance(1);
    assert.equal(asked.length, 1);
  });

  test("the time counts from the question on", async (t) => {
    let answer;
    const late = fakeService((_, { urls }, n) => n > 1 ? good(renew(urls), 9)
      : new Promise((resolve) => { answer = () => resolve(good(renew(urls), 9)); }));
    const { clock, asked, heard } = open(t, late);
    await clock.advance(9000); // asked at 6000, answered at 9000: good until 15000
    answer();
    await settled();
    await settled();
    assert.equal(heard[0].next, 4);
    await clock.advance(4000);
    assert.equal(asked.length, 2);
  });

  test("towards the end of its time without a storm, then it ends", async (t) => {
    const until = 100_000; // no token is good for longer
    const last = fakeService((_, { urls }) => {
      const left = Math.floor((until - clock.now()) / 1000);
      return left > 0 ? good(renew(urls), Math.min(30, left)) : refused("not-renewable");
    });
    const { clock, asked, heard } = open(t, last, { maxAge: 30 });
    await clock.advance(200_000);
    assert.ok(asked.length < 16, `${asked.length} requests`);
    const { type, reason, status } = heard.at(-1);
    assert.deepEqual([type, reason, status], ["ended", "not-renewable", 403]);
    assert.equal(clock.timers, 0);
  });

  test("one for all players of the same URLs", async (t) => {
    const fake = renewing(9);
    const first = open(t, fake);
    const second = open(t, fake);
    const other = open(t, fake, { urls: [master.replace("film", "other")] });
    await first.clock.advance(6000);
    assert.equal(fake.asked.length, 1);
    assert.equal(second.tokens.rewrite(segment(1)), segment(2));
    assert.equal(second.heard[0].type, "renewed");
    assert.equal(other.heard.length, 0);
    first.tokens.close();
    await first.clock.advance(6000);
    assert.equal(fake.asked.length, 2);
    second.tokens.close();
    assert.equal(first.clock.timers, 0);
  });

  test("several URLs in one request", async (t) => {
    const film = "https://a.example/film.mp4?end=30&token=T1";
    const { clock, tokens, asked } = open(t, renewing(9), { urls: [master, film] });
    await clock.advance(6000);
    assert.deepEqual(asked[0].urls, [master, film]);
    assert.equal(tokens.rewrite(film), film.replace("T1", "T2"));
    assert.equal(tokens.rewrite(film + "&CMCD=bl%3D1"), film.replace("T1", "T2") + "&CMCD=bl%3D1");
    assert.equal(tokens.rewrite(segment(1)), segment(2));
    assert.equal(tokens.rewrite("https://a.example/base/%7ET1/film/x.ts"),
      "https://a.example/base/~T2/film/x.ts");
  });

  test("a folder's name may begin with the mark of a token", async (t) => {
    const film = "https://a.example/base/films/~draft/a.mp4?token=T1";
    const { clock, tokens } = open(t, renewing(9), { urls: [film] });
    await clock.advance(6000);
    assert.equal(tokens.rewrite(film), film.replace("T1", "T2"));
  });

  test("a fragment stays", async (t) => {
    const film = "https://a.example/film.mp4?token=T1#t=10";
    const { clock, tokens } = open(t, renewing(9), { urls: [film, master + "#t=10"] });
    await clock.advance(6000);
    assert.equal(tokens.rewrite(film), film.replace("T1", "T2"));
    assert.equal(tokens.rewrite(master + "#t=20"), master.replace("T1", "T2") + "#t=20");
  });

  test("a service that does not answer is asked later and later", async (t) => {
    const down = fakeService((_, { urls }, n) => n <= 8 ? new TypeError("fetch failed")
      : n === 9 ? { status: 503, headers: { "Retry-After": "40" } } : good(renew(urls), 9));
    const { clock, heard } = open(t, down);
    await clock.advance(200_000);
    const waits = heard.filter(({ type }) => type === "retry").map(({ next }) => next);
    assert.deepEqual(waits, [0.25, 0.5, 1, 2, 4, 8, 15, 15, 40]);
    assert.equal(heard[9].type, "renewed");
  });

  test("requests that wait for a token do not ask a service that is down more often", async (t) => {
    const down = fakeService((_, { urls }, n) => n < 2 ? { status: 503 } : good(renew(urls), 9));
    const { clock, tokens, asked } = open(t, down);
    await clock.advance(6000);
    clock.sleep(5000);
    const all = [1, 2, 3].map(() => tokens.ready(segment(1)));
    await settled();
    assert.equal(asked.length, 1);
    await clock.advance(0);
    assert.deepEqual(await Promise.all(all), [segment(2), segment(2), segment(2)]);
    assert.equal(asked.length, 2);
  });

  test("never more than once in a second", async (t) => {
    const { clock, asked } = open(t, renewing(0), { maxAge: 0 });
    await clock.advance(10_000);
    assert.equal(asked.length, 10);
  });

  test("a service that hangs is given up after ten seconds", async (t) => {
    const hangs = fakeService((_, __, ___, signal) => new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    }));
    const { clock, heard } = open(t, hangs);
    await clock.advance(16_000);
    await settled();
    assert.equal(heard[0].type, "retry");
  });

  for (const reason of ["not-renewable", "revoked", "expired"]) {
    test(`refused: ${reason}`, async (t) => {
      const { clock, tokens, heard, asked } = open(t, fakeService(() => refused(reason)));
      await clock.advance(60_000);
      const message = "the video's page has a new URL";
      const want = { type: "ended", reason, status: 403, message, at: 6000, goodFor: 3 };
      assert.deepEqual(heard, [want]);
      assert.equal(asked.length, 1);
      assert.equal(tokens.ended, reason);
      assert.equal(await tokens.ready(segment(1)), segment(1)); // it does not wait for ever
    });
  }

  test("a token that ran out in a tab that slept is renewed before the next request", async (t) => {
    const { clock, tokens, asked } = open(t, renewing(9));
    clock.sleep(8999);
    assert.equal(await tokens.ready(segment(1)), segment(1));
    clock.sleep(1);
    assert.deepEqual(await Promise.all([tokens.ready(segment(1)), tokens.ready(segment(1))]),
      [segment(2), segment(2)]);
    assert.equal(asked.length, 1);
    assert.equal(await tokens.ready("https://b.example/ad.mp4"), "https://b.example/ad.mp4");
  });
});

describe("a token that the edge refuses", () => {
  test("is renewed at once, once", async (t) => {
    const { tokens, asked } = open(t, renewing(9));
    await Promise.all([tokens.failed(segment(1), 403), tokens.failed(segment(1), 403)]);
    await tokens.failed(segment(1), 403); // came late: the token is another one now
    assert.equal(asked.length, 1);
    assert.equal(tokens.rewrite(segment(1)), segment(2));
  });

  test("ends with the service's reason", async (t) => {
    const { tokens, heard } = open(t, fakeService(() => refused("revoked")));
    await tokens.failed(segment(1), 403, "expired");
    assert.deepEqual(heard.map(({ type, reason }) => [type, reason]), [["ended", "revoked"]]);
  });

  test("is not renewed for ever", async (t) => {
    const { clock, tokens, asked, heard } = open(t, renewing(9));
    for (let i = 0; i < 10; i++) {
      const done = tokens.failed(tokens.rewrite(segment(1)), 403, "ip");
      await clock.advance(1000);
      await done;
    }
    assert.equal(asked.length, 3);
    assert.equal(heard.at(-1).reason, "ip");
  });

  test("is not renewed more than once in a second, nor for ever", async (t) => {
    const { clock, tokens, asked, heard } = open(t, renewing(9));
    const missing = "https://a.example/base/~T1/film/missing.ts";
    let done;
    for (let i = 0; i < 50; i++) {
      done = tokens.failed(tokens.rewrite(missing), 403);
      await settled();
      tokens.succeeded(tokens.rewrite(segment(1)));
      await clock.advance(100);
      if (i === 8) assert.equal(asked.length, 1);
    }
    await done;
    assert.equal(asked.length, 3);
    assert.equal(heard.at(-1).type, "ended");
  });

  test("holds back the requests for its own file alone", async (t) => {
    const { clock, tokens } = open(t, fakeService(() => ({ status: 503 })));
    void tokens.failed(segment(1), 403);
    await settled();
    const other = segment(1).replace("seg-1", "seg-2");
    assert.equal(await tokens.ready(other), other);
    let own;
    void tokens.ready(segment(1)).then((url) => { own = url; });
    await clock.advance(9999);
    assert.equal(own, undefined);
    await clock.advance(20_000); // no request waits for ever: a player could not be destroyed
    assert.equal(own, segment(1));
  });

  test("is no reason to end, nor to ask more often, while the service is down", async (t) => {
    const down = fakeService((_, { urls }, n) => n < 4 ? { status: 503 } : good(renew(urls), 9));
    const { clock, tokens, asked } = open(t, down);
    const all = [];
    for (let i = 0; i < 10; i++) {
      all.push(tokens.failed(segment(1), 403, "expired"));
      await settled();
    }
    assert.equal(asked.length, 1);
    clock.sleep(9000);
    all.push(tokens.ready(segment(1)));
    await clock.advance(3000);
    assert.equal(tokens.ended, undefined);
    assert.equal(asked.length, 4);
    assert.equal((await Promise.all(all)).at(-1), segment(2));
  });
});
