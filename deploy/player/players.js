// How the requests of each player get the newest token, and how a player that has stopped without
// one goes on. Only what the players document is used; their names are in the README.

/** @import {VideoTokens} from "./videotoken-player.js" */

const TIMED_OUT = 408; // the status that stands for an answer that did not come in time
const RETRY = 300; // ms before the second request where another CDN can be asked for

// shaka.util.Error.Code, and .Category.
const SHAKA = { BAD_STATUS: 1001, NO_CONNECTION: 1002, TIMEOUT: 1003, NETWORK: 1 };

/**
 * Goes on after a failure once there is something new to ask for: another token, another CDN, or
 * the viewer's network.
 * @param {VideoTokens} tokens
 * @param {() => void} start makes the player load again
 * @param {AbortSignal} closed
 */
function restarter(tokens, start, closed) {
  let stopped = false;
  const restart = () => {
    if (stopped) start();
    stopped = false;
  };
  tokens.addEventListener("renewed", restart);
  tokens.addEventListener("failover", restart);
  globalThis.addEventListener?.("online", restart, { signal: closed });
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
      globalThis.removeEventListener?.("online", restart);
    },
  };
}

/** @param {VideoTokens} tokens @param {any} hls @param {AbortSignal} closed */
export function hls(tokens, hls, closed) {
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
  }, closed);
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
  /** @param {string} _ @param {any} data */
  const onLoaded = (_, { frag, networkDetails: request }) =>
    tokens.succeeded(asked.get(request ?? {}) ?? (request?.url || frag.url));
  hls.on("hlsError", onError);
  hls.on("hlsFragLoaded", onLoaded);
  hls.once("hlsDestroying", () => {
    tokens.removeEventListener("failover", atOnce);
    again.close();
  });
}

/** @param {VideoTokens} tokens @param {any} player @param {AbortSignal} closed */
export function shaka(tokens, player, closed) {
  const engine = player.getNetworkingEngine();
  engine.registerRequestFilter(async (/** @type {number} */ _, /** @type {any} */ request) => {
    /** @type {string[]} */
    const uris = request.uris;
    request.uris = await Promise.all(uris.map((uri) => tokens.ready(uri)));
  });
  engine.registerResponseFilter((/** @type {number} */ _, /** @type {any} */ response) =>
    tokens.succeeded(response.originalUri ?? response.uri));
  if (tokens.movable) {
    const { baseDelay } = player.getConfiguration().streaming.retryParameters;
    const retryParameters = { baseDelay: Math.min(baseDelay, RETRY) };
    player.configure({ streaming: { retryParameters } });
  }
  const again = restarter(tokens, () => player.retryStreaming(0), closed);
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
    if (status >= 200 && status < 300) tokens.succeeded(request.url);
    else if (!aborted) {
      // It does not tell a timeout from a connection that could not be made.
      const late = !status && request.timeout > 0
        && response.resourceTiming?.duration >= request.timeout;
      const reason = response.headers?.["x-token-reason"];
      await tokens.failed(request.url, late ? TIMED_OUT : status ?? 0, reason);
      // dash.js asks again after this answer, a few times: the new token, or the other CDN, is
      // there then.
      await tokens.moved();
    }
    return response;
  });
}
