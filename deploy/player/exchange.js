// A question to the service and its answer. An answer that does not come, or is cut off, has the
// status 0.

const LIMIT = 10_000; // ms that the service has to answer

/** @import {Clock} from "./videotoken-player.js" */

/**
 * @typedef {object} Answer
 * @property {number} status 0 if there was none
 * @property {any} [body]
 * @property {number} [maxAge] seconds, of Cache-Control
 * @property {number} [retryAfter] seconds
 * @property {string} reason why it is refused
 * @property {string} [message] the same for a person to read
 * @property {boolean} refused for good: the same question has no other answer later
 */

/**
 * @param {typeof fetch} ask
 * @param {Clock} clock
 * @param {string} url
 * @param {object} question
 * @returns {Promise<Answer>}
 */
export async function exchange(ask, clock, url, question) {
  const abort = new AbortController();
  const timer = clock.setTimeout(() => abort.abort(), LIMIT);
  try {
    const answer = await ask(url, {
      method: "POST", cache: "no-store", signal: abort.signal,
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(question),
    });
    const { status, headers } = answer;
    const body = await answer.json().catch((error) => {
      if (answer.ok) throw error; // it was cut off; a refusal may have another kind of body
    });
    return {
      status, body,
      maxAge: number(/\bmax-age=(\d+)/.exec(headers.get("Cache-Control") ?? "")?.[1]),
      retryAfter: number(/^\d+$/.exec(headers.get("Retry-After") ?? "")?.[0]),
      reason: headers.get("X-Token-Reason") ?? `status ${status}`, message: body?.detail,
      refused: status >= 400 && status < 500 && status !== 408 && status !== 429,
    };
  } catch {
    return { status: 0, reason: "no answer", refused: false };
  } finally {
    clock.clearTimeout(timer);
  }
}

/** @param {string | undefined} digits */
const number = (digits) => (digits === undefined ? undefined : Number(digits));
