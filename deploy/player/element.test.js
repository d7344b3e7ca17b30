// A video element that plays a signed URL by itself, in the place of which is an object with what
// the module uses of one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { good, openPlayer as open, renew, settled } from "./fake.js";

describe("a video element", () => {
  const film = "https://a.example/film.mp4?token=T1";
  class Video extends EventTarget {
    src = film;
    currentTime = 42;
    duration = 100;
    playbackRate = 1.5;
    paused = false;
    ended = false;
    error = null;
    spans = [[40, 60]];
    get buffered() {
      const { spans } = this;
      return { length: spans.length, start: (i) => spans[i][0], end: (i) => spans[i][1] };
    }
    async play() { this.paused = false; }
    /** What a browser does when src is set, and when it knows the new film's length. */
    load() {
      Object.assign(this, { currentTime: 0, paused: true, playbackRate: 1, error: null });
      this.dispatchEvent(new Event("loadedmetadata"));
    }
  }

  for (const paused of [false, true]) {
    test(`a new src at the same second, ${paused ? "paused" : "playing"}`, async (t) => {
      const { clock, tokens } = open(t, undefined, [film]);
      const video = Object.assign(new Video(), { paused });
      tokens.video(video);
      await clock.advance(6000);
      assert.equal(video.src, film.replace("T1", "T2"));
      video.load();
      const { currentTime, playbackRate } = video;
      assert.deepEqual([currentTime, video.paused, playbackRate], [42, paused, 1.5]);
    });
  }

  test("no new src where the rest is in the buffer", async (t) => {
    const { clock, tokens } = open(t, undefined, [film]);
    const video = Object.assign(new Video(), { spans: [[0, 10], [40, 100]] });
    tokens.video(video);
    await clock.advance(6000);
    assert.equal(video.src, film);
  });

  test("a src of the page's own stays", async (t) => {
    const { clock, tokens } = open(t, undefined, [film]);
    const video = Object.assign(new Video(), { src: "https://ads.example/a.mp4" });
    tokens.video(video);
    video.error = { code: 2 };
    video.dispatchEvent(new Event("error"));
    await clock.advance(6000);
    assert.equal(video.src, "https://ads.example/a.mp4");
  });

  test("a source element's URL is renewed", async (t) => {
    const { clock, tokens } = open(t, undefined, [film]);
    const video = Object.assign(new Video(), { src: "", currentSrc: film });
    tokens.video(video);
    await clock.advance(6000);
    assert.equal(video.src, film.replace("T1", "T2"));
  });

  test("nothing is done after close", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const head = t.mock.method(globalThis, "fetch", async () => new Response());
    const { clock, tokens } = open(t, undefined, [film]);
    const other = open(t, undefined, [film]); // keeps the session going
    const video = Object.assign(new Video(), { readyState: 2 });
    tokens.video(video);
    video.dispatchEvent(new Event("waiting"));
    tokens.close();
    video.dispatchEvent(new Event("waiting"));
    t.mock.timers.tick(10_000);
    assert.equal(head.mock.callCount(), 0);
    await clock.advance(6000);
    assert.equal(other.tokens.rewrite(film), film.replace("T1", "T2"));
    assert.equal(video.src, film);
  });

  test("an error is followed by a new load where the token is the same one", async (t) => {
    const { tokens } = open(t, (_, { urls }) => good({ urls }, 9), [film]);
    const video = new Video();
    tokens.video(video);
    let loads = 0;
    Object.defineProperty(video, "src", { get: () => film, set: () => { loads++; } });
    video.error = { code: 2 };
    video.dispatchEvent(new Event("error"));
    await settled();
    await settled();
    assert.equal(loads, 1);
  });

  test("it plays on after an error at which the browser paused it", async (t) => {
    const { tokens } = open(t, undefined, [film]);
    const video = new Video();
    tokens.video(video);
    Object.assign(video, { error: { code: 2 }, paused: true });
    for (const type of ["pause", "error"]) video.dispatchEvent(new Event(type));
    await settled();
    await settled();
    video.load();
    assert.deepEqual([video.src, video.paused], [film.replace("T1", "T2"), false]);
  });

  test("it stays paused where the viewer paused it before the error", async (t) => {
    const { tokens } = open(t, undefined, [film]);
    const video = new Video();
    tokens.video(video);
    video.paused = true;
    video.dispatchEvent(new Event("pause"));
    video.error = { code: 2 };
    video.dispatchEvent(new Event("error"));
    await settled();
    await settled();
    video.load();
    assert.equal(video.paused, true);
  });

  // What a page finds out about a CDN from which nothing comes, and what it does then.
  for (const [name, answers, want] of [
    ["does not answer", { cors: 0, "no-cors": 0 }, ["token"]],
    ["answers 503", { cors: 503 }, ["token"]],
    ["refuses", { cors: 403 }, ["renew"]],
    ["is slow", { cors: 206 }, []],
    ["does not let the page read its answers", { cors: 0, "no-cors": 200 }, []],
  ]) {
    test(`the CDN ${name}`, async (t) => {
      t.mock.timers.enable({ apis: ["setTimeout"] });
      const head = t.mock.method(globalThis, "fetch", async (_, { mode }) => {
        if (answers[mode] === 0) throw new TypeError("Failed to fetch");
        return new Response(null, { status: answers[mode] });
      });
      const document = { video: {} };
      const sign = (url, { urls }) => url.endsWith("/renew") ? good(renew(urls), 9)
        : good([film.replace("a.", "b.").replace("T1", "T5")], 9);
      const cdns = { a: "https://a.example", b: "https://b.example" };
      const { tokens, asked } = open(t, sign, [film], { document, cdns });
      const video = Object.assign(new Video(), { readyState: 2, crossOrigin: null });
      tokens.video(video);
      video.dispatchEvent(new Event("waiting"));
      t.mock.timers.tick(1499);
      assert.equal(head.mock.callCount(), 0);
      t.mock.timers.tick(1);
      for (let i = 0; i < 4; i++) await settled();
      assert.equal(head.mock.callCount(), Object.keys(answers).length);
      assert.deepEqual(asked.map(({ url }) => url.split("/").at(-1)), want);
      assert.equal(video.src !== film, want.length > 0);
      const { method, credentials } = head.mock.calls[0].arguments[1];
      assert.deepEqual([method, credentials], ["HEAD", "include"]);
      t.mock.timers.tick(2999); // it asks again while nothing comes, less and less often
      assert.equal(head.mock.callCount(), Object.keys(answers).length);
      t.mock.timers.tick(1);
      for (let i = 0; i < 4; i++) await settled();
      assert.equal(head.mock.callCount(), 2 * Object.keys(answers).length);
    });
  }

  for (const more of [{ readyState: 3 }, { paused: true }, { error: { code: 2 } }]) {
    test(`the CDN is not asked where the element has ${Object.keys(more)}`, (t) => {
      t.mock.timers.enable({ apis: ["setTimeout"] });
      const head = t.mock.method(globalThis, "fetch", async () => new Response());
      const { tokens } = open(t, undefined, [film]);
      const video = Object.assign(new Video(), { readyState: 2 });
      tokens.video(video);
      video.dispatchEvent(new Event("waiting"));
      Object.assign(video, more);
      t.mock.timers.tick(10_000);
      assert.equal(head.mock.callCount(), 0);
    });
  }

  test("an error is followed by a new token, not for ever", async (t) => {
    const { clock, tokens, asked } = open(t, undefined, [film]);
    const video = new Video();
    tokens.video(video);
    for (let i = 0; i < 10; i++) {
      video.error = { code: 2 };
      video.dispatchEvent(new Event("error"));
      await clock.advance(1000);
      await settled();
      if (video.error) video.load();
      video.dispatchEvent(new Event("timeupdate")); // still at the second where it failed
    }
    assert.equal(asked.length, 3);
    assert.equal(tokens.ended, "refused");
  });
});
