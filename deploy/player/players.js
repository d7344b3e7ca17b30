// How each player's requests get the newest token, and how it goes on after it stopped for want of
// one. Only what the players document is used; their names are in the README.

/** @import {VideoTokens} from "./videotoken-player.js" */

const TIMED_OUT = 408; // the status that stands for an answer that did not come in time
const RETRY = 300; // ms before the second request where another CDN can be asked for
const STALLED = 1500; // ms that a video element waits for data before its CDN is asked why
const PROBE = 4000; // ms that the CDN has to answer that

// shaka.util.Error.Code, and .Category.
const SHAKA = { BAD_STATUS: 1001, NO_CONNECTION: 1002, TIMEOUT: 1003, NETWORK: 1 };

/**
 * Goes on after a failure once there is something new to ask for: another token, or another CDN.
 * @param {VideoTokens} tokens
 * @param {() => void} start makes the player load again
 */
function restarter(tokens, start) {
  let stopped = false;
  const restart = () => {
    if (stopped) start();
    stopped = false;
  };
  tokens.addEventListener("renewed", restart);
  tokens.addEventListener("failover", restart);
  return {
    /** The player stopped after a request. @param {string | undefined} url */
    stop(url) {
      stopped = true;
      // What it needs may have come in the meantime.
      if (url !== undefined && tokens.rewrite(url) !== url) restart();
    },
    close() {
      tokens.removeEventListener("renewed", restart);
      tokens.removeEventListener("failover", restart);
    },
  };
}

/** @param {VideoTokens} tokens @param {any} hls */
export function hls(tokens, hls) {
  const { xhrSetup, fetchSetup } = hls.config;
  /** @type {WeakMap<object, string>} */
  const asked = new WeakMap();
  /** @param {XMLHttpRequest} xhr @param {string} url @param {unknown} context */
  hls.config.xhrSetup = async (xhr, url, context) => {
    const fresh = await tokens.ready(url);
    if (fresh !== url) xhr.open("GET", fresh, true);
    asked.set(xhr, fresh);
    await xhrSetup?.call(hls, xhr, fresh, context);
  };
  /** @param {{url: string}} context @param {RequestInit} init */
  hls.config.fetchSetup = async (context, init) => {
    const url = await tokens.ready(context.url);
    return fetchSetup ? fetchSetup({ ...context, url }, init) : new Request(url, init);
  };
  // Another CDN is there after three failures: by its defaults hls.js takes three seconds for them.
  for (const name of tokens.movable ? ["fragLoadPolicy", "playlistLoadPolicy"] : []) {
    const policy = hls.config[name];
    const { errorRetry } = policy?.default ?? {};
    if (!errorRetry) continue;
    const retryDelayMs = Math.min(errorRetry.retryDelayMs, RETRY);
    hls.config[name] = {
      ...policy, default: { ...policy.default, errorRetry: { ...errorRetry, retryDelayMs } },
    };
  }
  const again = restarter(tokens, () => {
    if (hls.levels?.length) hls.startLoad(); // at the second at which it is
    else hls.loadSource(tokens.rewrite(hls.url));
  });
  // After a few errors hls.js waits for seconds before it asks again: the other CDN is there now.
  const atOnce = () => {
    if (hls.levels?.length && hls.loadingEnabled) hls.startLoad();
  };
  tokens.addEventListener("failover", atOnce);
  /** @param {string} _ @param {any} data */
  const onError = (_, data) => {
    if (data.type !== "networkError" || !/Load(Error|TimeOut)$/.test(data.details)) return;
    const request = data.networkDetails;
    const url = asked.get(request ?? {}) ?? (request?.url || undefined);
    const status = /TimeOut$/.test(data.details) ? TIMED_OUT : data.response?.code ?? 0;
    const reason = status !== 401 && status !== 403 ? null
      : request?.getResponseHeader?.("X-Token-Reason") ?? request?.headers?.get?.("X-Token-Reason");
    void tokens.failed(url, status, reason, data.fatal);
    if (data.fatal) again.stop(url);
  };
  const onLoaded = () => tokens.succeeded();
  hls.on("hlsError", onError);
  hls.on("hlsFragLoaded", onLoaded);
  hls.once("hlsDestroying", () => {
    tokens.removeEventListener("failover", atOnce);
    again.close();
  });
}

/** @param {VideoTokens} tokens @param {any} player */
export function shaka(tokens, player) {
  const engine = player.getNetworkingEngine();
  engine.registerRequestFilter(async (/** @type {number} */ _, /** @type {any} */ request) => {
    /** @type {string[]} */
    const uris = request.uris;
    request.uris = await Promise.all(uris.map((uri) => tokens.ready(uri)));
  });
  engine.registerResponseFilter(() => tokens.succeeded());
  if (tokens.movable) {
    const { baseDelay } = player.getConfiguration().streaming.retryParameters;
    const retryParameters = { baseDelay: Math.min(baseDelay, RETRY) };
    player.configure({ streaming: { retryParameters } });
  }
  const again = restarter(tokens, () => player.retryStreaming(0));
  /** @param {string} url @param {any} error @param {boolean} [last] */
  const failed = (url, error, last) => {
    const { BAD_STATUS, NO_CONNECTION, TIMEOUT } = SHAKA;
    const [, status, , headers] = error?.data ?? [];
    switch (error?.code) { // other codes have other reasons: a request that the player aborted
      case BAD_STATUS: return tokens.failed(url, status, headers?.["x-token-reason"], last);
      case NO_CONNECTION: return tokens.failed(url, 0, null, last);
      case TIMEOUT: return tokens.failed(url, TIMED_OUT, null, last);
    }
  };
  player.addEventListener("downloadfailed", (/** @type {any} */ event) => {
    const { uris, attempt } = event.request;
    const url = uris[attempt % uris.length] ?? uris[0];
    void failed(url, event.aborted ? { code: SHAKA.TIMEOUT } : event.error);
  });
  player.addEventListener("error", (/** @type {any} */ { detail }) => {
    if (detail?.category !== SHAKA.NETWORK) return;
    void failed(detail.data[0], detail, true);
    again.stop(detail.data[0]);
  });
}

/** @param {VideoTokens} tokens @param {any} player */
export function dash(tokens, player) {
  player.addRequestInterceptor(async (/** @type {any} */ request) => {
    request.url = await tokens.ready(request.url);
    return request;
  });
  player.addResponseInterceptor(async (/** @type {any} */ response) => {
    const { status, request } = response;
    // dash.js takes the handler away from a request that it aborts, before it does.
    const aborted = !status && request.customData && !request.customData.onloadend;
    if (status >= 200 && status < 300) tokens.succeeded();
    // dash.js asks again after this answer: then the new token, or the other CDN, is there.
    else if (!aborted) {
      await tokens.failed(request.url, status ?? 0, response.headers?.["x-token-reason"]);
    }
    return response;
  });
}

/** @param {VideoTokens} tokens @param {HTMLVideoElement} element */
export function video(tokens, element) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let watch;
  const NETWORK = [2, 4]; // MEDIA_ERR_NETWORK, and MEDIA_ERR_SRC_NOT_SUPPORTED for a refused start
  /** @type {{at: number, playing: boolean, rate: number} | undefined} what a new src begins with */
  let begin;
  let failedAt = 0; // seconds
  let playing = !element.paused; // as the viewer wants it: Chromium pauses after some errors
  element.addEventListener("play", () => { playing = true; });
  element.addEventListener("pause", () => {
    if (!element.error && !element.ended) playing = false;
  });
  const swap = () => {
    const src = tokens.rewrite(element.src);
    if (!element.error && (src === element.src || element.ended || complete(element))) return;
    begin ??= { at: element.currentTime, playing, rate: element.playbackRate };
    element.src = src;
  };
  element.addEventListener("loadedmetadata", () => {
    if (!begin) return;
    const { at, playing, rate } = begin;
    begin = undefined;
    element.currentTime = at;
    element.playbackRate = rate;
    if (playing) element.play().catch(() => {}); // the page hears "pause" as for any refused play
  });
  element.addEventListener("timeupdate", () => {
    if (element.currentTime > failedAt) tokens.succeeded();
  });
  element.addEventListener("error", () => {
    failedAt = (begin?.at ?? element.currentTime) + 1;
    // A video element does not say whether it was refused or cut off.
    if (NETWORK.includes(element.error?.code ?? 0)) void tokens.failed(element.src, undefined);
  });
  // A browser tries for half a minute before it says that a CDN does not answer.
  const wait = () => {
    clearTimeout(watch);
    watch = setTimeout(async () => {
      const stuck = () => element.readyState < 3 && !element.paused && !element.error;
      const { src } = element;
      if (!stuck() || tokens.ended) return;
      const { status, reason } = await probe(src, element.crossOrigin);
      if (!stuck()) return;
      if (src === element.src && status !== undefined && (status === 0 || status >= 400)) {
        await tokens.failed(src, status, reason, true);
      }
      wait();
    }, STALLED);
  };
  element.addEventListener("waiting", wait);
  tokens.addEventListener("renewed", swap);
  tokens.addEventListener("failover", swap);
}

/**
 * Asks the CDN whether it serves a URL: the status, 0 where it does not answer, none where the page
 * may not read the answer.
 * @param {string} url
 * @param {string | null} crossOrigin of the element
 * @returns {Promise<{status?: number, reason?: string | null}>}
 */
async function probe(url, crossOrigin) {
  const credentials = crossOrigin === "anonymous" ? "same-origin" : "include";
  /** @param {RequestMode} mode */
  const ask = (mode) => fetch(url, {
    method: "HEAD", mode, credentials, cache: "no-store", signal: AbortSignal.timeout(PROBE),
  });
  try {
    const { status, headers } = await ask("cors");
    return { status, reason: headers.get("X-Token-Reason") };
  } catch {
    return ask("no-cors").then(() => ({}), () => ({ status: 0 }));
  }
}

/** Whether all that is left of a film is in the buffer. @param {HTMLVideoElement} element */
function complete({ buffered, currentTime, duration }) {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime && buffered.end(i) >= duration) return true;
  }
  return false;
}
