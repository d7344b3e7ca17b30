// A video element that plays a signed URL by itself gets the newest token as a new src, and goes on
// at the second at which it was.

/** @import {VideoTokens} from "./videotoken-player.js" */

const STALLED = 1500; // ms that a video element waits for data before its CDN is asked why
const RARELY = 24_000; // ms between two such questions at most
const PROBE = 4000; // ms that the CDN has to answer that

/** @param {VideoTokens} tokens @param {HTMLVideoElement} element @param {AbortSignal} closed */
export function video(tokens, element, closed) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let watch;
  /** @param {string} type @param {() => void} run */
  const on = (type, run) => element.addEventListener(type, run, { signal: closed });
  closed.addEventListener("abort", () => clearTimeout(watch));
  const source = () => element.currentSrc || element.src; // it may have <source> elements
  const NETWORK = [2, 4]; // MEDIA_ERR_NETWORK, and MEDIA_ERR_SRC_NOT_SUPPORTED for a refused start
  /** @type {{at: number, playing: boolean, rate: number} | undefined} what a new src begins with */
  let begin;
  let failedAt = 0; // seconds
  let playing = !element.paused; // as the viewer wants it: Chromium pauses after some errors
  on("play", () => { playing = true; });
  on("pause", () => {
    if (!element.error && !element.ended) playing = false;
  });
  const swap = () => {
    const now = source();
    if (!tokens.knows(now)) return; // the page plays something else
    const src = tokens.rewrite(now);
    if (!element.error && (src === now || element.ended || complete(element))) return;
    begin ??= { at: element.currentTime, playing, rate: element.playbackRate };
    element.src = src;
  };
  on("loadedmetadata", () => {
    if (!begin) return;
    const { at, playing, rate } = begin;
    begin = undefined;
    element.currentTime = at;
    element.playbackRate = rate;
    if (playing) element.play().catch(() => {}); // the page hears "pause" as for any refused play
  });
  on("timeupdate", () => {
    if (element.currentTime > failedAt) tokens.succeeded(source());
  });
  on("error", () => {
    failedAt = (begin?.at ?? element.currentTime) + 1;
    // A video element does not say whether it was refused or cut off.
    if (NETWORK.includes(element.error?.code ?? 0)) void tokens.failed(source(), undefined);
  });
  // A browser tries for half a minute before it says that a CDN does not answer.
  /** @param {number} ms */
  const wait = (ms) => {
    clearTimeout(watch);
    watch = setTimeout(async () => {
      const stuck = () => element.readyState < 3 && !element.paused && !element.error;
      const src = source();
      if (!stuck() || tokens.ended || !tokens.knows(src)) return;
      const { status, reason } = await probe(src, element.crossOrigin);
      if (closed.aborted || !stuck()) return;
      if (src === source() && status !== undefined && (status === 0 || status >= 400)) {
        await tokens.failed(src, status, reason, true);
      }
      wait(Math.min(2 * ms, RARELY));
    }, ms);
  };
  on("waiting", () => wait(STALLED));
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
