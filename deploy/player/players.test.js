// What each player's hooks do, with players that have the hooks alone.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fakeService, FakeClock, good, refused, renew, settled } from "./fake.js";
import { VideoTokens } from "./videotoken-player.js";

const service = "https://tokens.example";
const master = "https://a.example/~T1/film/master.m3u8";
const segment = (n) => `https://a.example/~T${n}/film/high/seg-1.ts`;

function open(t, answer = (_, { urls }) => good(renew(urls), 9), urls = [master], more = {}) {
  const fake = fakeService(answer);
  const clock = new FakeClock();
  const tokens = new VideoTokens(
    { service, urls, maxAge: 9, clock, fetch: fake.ask, random: () => 0, ...more });
  t.after(() => tokens.close());
  return { clock, tokens, ...fake };
}

describe("hls.js", () => {
  class Hls {
    handlers = {};
    started = 0;
    levels = [{}];
    constructor(config = {}) { this.config = config; }
    on(type, run) { this.handlers[type] = run; }
    once(type, run) { this.handlers[type] = run; }
    startLoad() { this.started++; }
  }
  class Xhr {
    opened = [];
    open(...args) { this.opened.push(args); }
    getResponseHeader() { return "expired"; }
  }
  const failure = (xhr, code, more) => ({
    type: "networkError", details: "fragLoadError", networkDetails: xhr, response: { code },
    ...more,
  });

  test("every request has the newest token, and the page's own hook its turn", async (t) => {
    const { clock, tokens } = open(t);
    const seen = [];
    const hls = new Hls({ xhrSetup: (_, url) => seen.push(url) });
    tokens.hls(hls);
    const [first, second] = [new Xhr(), new Xhr()];
    await hls.config.xhrSetup(first, segment(1));
    assert.deepEqual(first.opened, []);
    await clock.advance(6000);
    await hls.config.xhrSetup(second, segment(1));
    assert.deepEqual(second.opened, [["GET", segment(2), true]]);
    assert.deepEqual(seen, [segment(1), segment(2)]);
    assert.equal((await hls.config.fetchSetup({ url: segment(1) }, {})).url, segment(2));
  });

  test("it asks again soon where there is another CDN, and the page's policy stays", async (t) => {
    const policy = (retryDelayMs) =>
      ({ default: { maxLoadTimeMs: 9, errorRetry: { maxNumRetry: 6, retryDelayMs } } });
    const config = { fragLoadPolicy: policy(1000), playlistLoadPolicy: policy(100) };
    const still = new Hls({ ...config });
    open(t).tokens.hls(still);
    assert.equal(still.config.fragLoadPolicy, config.fragLoadPolicy);
    const moving = new Hls({ ...config });
    const movable = { document: { video: {} }, cdns: { a: "https://a.example" } };
    const { tokens } = open(t, undefined, [master + "#2"], movable);
    tokens.hls(moving);
    assert.deepEqual(moving.config.fragLoadPolicy, policy(300));
    assert.deepEqual(moving.config.playlistLoadPolicy, policy(100));
    assert.deepEqual(config.fragLoadPolicy, policy(1000));
    moving.config.fragLoadPolicy.default.errorRetry = null;
    tokens.hls(moving); // a page that wants no retries has none
    assert.equal(moving.config.fragLoadPolicy.default.errorRetry, null);
  });

  test("a refused token is renewed, and loading goes on", async (t) => {
    const { tokens, asked } = open(t);
    const hls = new Hls();
    tokens.hls(hls);
    const xhr = new Xhr();
    await hls.config.xhrSetup(xhr, segment(1));
    hls.handlers.hlsError("hlsError", failure(xhr, 403, { fatal: true }));
    assert.equal(hls.started, 0);
    await settled();
    await settled();
    assert.equal(asked.length, 1);
    assert.equal(hls.started, 1);
    // Another request of that time fails after the renewal.
    hls.handlers.hlsError("hlsError", failure(xhr, 403, { fatal: true }));
    assert.equal(hls.started, 2);
    assert.equal(asked.length, 1);
    hls.handlers.hlsError("hlsError", failure(xhr, 403, { type: "mediaError", fatal: true }));
    assert.equal(hls.started, 2);
  });
});

describe("Shaka", () => {
  class Player extends EventTarget {
    retried = 0;
    filters = {};
    getNetworkingEngine() {
      return {
        registerRequestFilter: (run) => { this.filters.request = run; },
        registerResponseFilter: (run) => { this.filters.response = run; },
      };
    }
    retryStreaming() { this.retried++; }
    delay = 1000;
    getConfiguration() { return { streaming: { retryParameters: { baseDelay: this.delay } } }; }
    configure({ streaming }) { this.delay = streaming.retryParameters.baseDelay; }
    tell(type, members) { this.dispatchEvent(Object.assign(new Event(type), members)); }
  }

  test("every request has the newest token", async (t) => {
    const { clock, tokens } = open(t);
    const player = new Player();
    tokens.shaka(player);
    await clock.advance(6000);
    const request = { uris: [segment(1), "https://elsewhere.example/x"] };
    await player.filters.request(1, request);
    assert.deepEqual(request.uris, [segment(2), "https://elsewhere.example/x"]);
  });

  test("it asks again soon where there is another CDN", (t) => {
    for (const [document, own, want] of [
      [undefined, 1000, 1000], [{ video: {} }, 1000, 300], [{ video: {} }, 100, 100],
    ]) {
      const more = { document, cdns: { a: "https://a.example" } };
      const { tokens } = open(t, undefined, [`${master}#${own}${document}`], more);
      const player = Object.assign(new Player(), { delay: own });
      tokens.shaka(player);
      assert.equal(player.delay, want);
    }
  });

  test("a refused token is renewed, and streaming goes on", async (t) => {
    const { tokens, asked } = open(t);
    const player = new Player();
    tokens.shaka(player);
    const request = { uris: [segment(1)], attempt: 0 };
    player.tell("downloadfailed", { request, aborted: false, error: { code: 7001 } });
    const error = { code: 1001, category: 1, data: [segment(1), 403, "", {}] };
    player.tell("downloadfailed", { request, aborted: false, error });
    player.tell("error", { detail: error });
    await settled();
    await settled();
    assert.deepEqual([asked.length, player.retried], [1, 1]);
  });
});

describe("dash.js", () => {
  function attach(tokens) {
    const hooks = {};
    tokens.dash({
      addRequestInterceptor: (run) => { hooks.request = run; },
      addResponseInterceptor: (run) => { hooks.response = run; },
    });
    return hooks;
  }

  test("a refused answer is held back until the next request has a token", async (t) => {
    const { tokens, asked } = open(t);
    const hooks = attach(tokens);
    const request = await hooks.request({ url: segment(1), customData: { onloadend() {} } });
    assert.equal(request.url, segment(1));
    await hooks.response({ status: 403, request, headers: {} });
    assert.equal(asked.length, 1);
    assert.equal((await hooks.request({ url: segment(1) })).url, segment(2));
    await hooks.response({ status: 0, request: { url: segment(2), customData: {} } }); // aborted
    assert.equal(asked.length, 1);
  });

  test("why it is refused", async (t) => {
    const { tokens } = open(t, () => refused("revoked"));
    const hooks = attach(tokens);
    const request = { url: segment(1), customData: { onloadend() {} } };
    await hooks.response({ status: 403, request, headers: { "x-token-reason": "revoked" } });
    assert.equal(tokens.ended, "revoked");
  });
});

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

  test("an error is followed by a new load where the token of that second is the same", async (t) => {
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
      const { tokens, asked } =
        open(t, sign, [film], { document, cdns: { a: "https://a.example", b: "https://b.example" } });
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
      t.mock.timers.tick(1500); // it asks again while nothing comes
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
    const { tokens, asked } = open(t, undefined, [film]);
    const video = new Video();
    tokens.video(video);
    for (let i = 0; i < 10; i++) {
      video.error = { code: 2 };
      video.dispatchEvent(new Event("error"));
      await settled();
      await settled();
      if (video.error) video.load();
      video.dispatchEvent(new Event("timeupdate")); // still at the second where it failed
    }
    assert.equal(asked.length, 3);
    assert.equal(tokens.ended, "refused");
  });
});
