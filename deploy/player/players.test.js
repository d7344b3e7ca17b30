// What each player's hooks do, with players that have the hooks alone.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { good, openPlayer as open, refused, settled } from "./fake.js";

const master = "https://a.example/~T1/film/master.m3u8";
const segment = (n) => `https://a.example/~T${n}/film/high/seg-1.ts`;

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

  test("loading goes on when the viewer's network is back", (t) => {
    const window = new EventTarget();
    for (const name of ["addEventListener", "removeEventListener"]) {
      globalThis[name] = window[name].bind(window);
      t.after(() => delete globalThis[name]);
    }
    const { tokens } = open(t);
    const hls = new Hls();
    tokens.hls(hls);
    hls.handlers.hlsError("hlsError", failure(new Xhr(), 0, { fatal: true }));
    window.dispatchEvent(new Event("online"));
    assert.equal(hls.started, 1);
    hls.handlers.hlsError("hlsError", failure(new Xhr(), 0, { fatal: true }));
    hls.handlers.hlsDestroying();
    window.dispatchEvent(new Event("online"));
    assert.equal(hls.started, 1);
  });

  test("a segment that was loaded is one of the URL that was asked for", async (t) => {
    const { clock, tokens } = open(t);
    const hls = new Hls();
    tokens.hls(hls);
    await clock.advance(6000);
    const xhr = new Xhr();
    await hls.config.xhrSetup(xhr, segment(1));
    const loaded = t.mock.method(tokens, "succeeded");
    for (const networkDetails of [xhr, null]) {
      const data = { frag: { url: segment(1) }, networkDetails };
      hls.handlers.hlsFragLoaded("hlsFragLoaded", data);
    }
    const urls = loaded.mock.calls.map((call) => call.arguments[0]);
    assert.deepEqual(urls, [segment(2), segment(1)]);
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

  test("an answer that came too late is no connection that failed", async (t) => {
    const movable = { document: { video: {} }, cdns: { a: "https://a.example" } };
    const { tokens, asked } = open(t, undefined, [master + "#late"], movable);
    const hooks = attach(tokens);
    const request = { url: segment(1), timeout: 20_000, customData: { onloadend() {} } };
    for (const duration of [20_001, 20_001]) {
      await hooks.response({ status: 0, request, resourceTiming: { duration } });
      assert.equal(asked.length, 0);
    }
    void hooks.response({ status: 0, request, resourceTiming: { duration: 5 } });
    await settled();
    assert.equal(asked.length, 1);
  });

  test("an answer is held back until another CDN was found", async (t) => {
    const document = { video: {} };
    const cdns = { a: "https://a.example", b: "https://b.example" };
    const none = (_, __, n) => n === 1 ? { status: 400 }
      : good([master.replace("a.", "b.").replace("T1", "T5")], 9);
    const more = { document, cdns, pick: (all) => all };
    const { clock, tokens } = open(t, none, [master + "#held"], more);
    const hooks = attach(tokens);
    const request = { url: segment(1), customData: { onloadend() {} } };
    let held = true;
    const answered = hooks.response({ status: 0, request }).then(() => { held = false; });
    await clock.advance(249);
    assert.equal(held, true);
    await clock.advance(1);
    await answered;
    const { url } = await hooks.request({ url: segment(1) });
    assert.equal(url, segment(5).replace("a.", "b."));
  });

  test("why it is refused", async (t) => {
    const { tokens } = open(t, () => refused("revoked"));
    const hooks = attach(tokens);
    const request = { url: segment(1), customData: { onloadend() {} } };
    await hooks.response({ status: 403, request, headers: { "x-token-reason": "revoked" } });
    assert.equal(tokens.ended, "revoked");
  });
});
