// How a video element that plays a signed URL by itself gets the newest token: as a new src, at the
// second at which it is.

/** @import {VideoTokens} from "./videotoken-player.js" */

const STALLED = 1500; // ms that a video element waits for data before its CDN is asked why
const PROBE = 4000; // ms that the CDN has to answer that

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
