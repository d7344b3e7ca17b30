// The verdict lies over the film once the edge refuses it: the answer, what it means, and a button
// to go on.

const $ = (id) => document.getElementById(id);
const WHY = {
  signature: "The tag is not that of these claims and this path. Nobody can make it without the key.",
  expired: "The token was good, and its time is over.",
  malformed: "This is no longer the text of a token.",
  version: "The token says that it is of a version that does not exist.",
  "unknown-key": "The token says that it was signed with a key that this CDN does not have.",
  ip: "The token says that it is for one address, and this is another one.",
  "not-yet": "The token says that it is not good yet.",
  revoked: "The session was revoked: the edge refuses its tokens, and the service renews none.",
  "not-renewable": "The time for which the service renews this token is over.",
};
let remedy = () => {};

/**
 * Shows an answer of the edge's over a film.
 * @param {HTMLVideoElement} video
 * @param {{status?: number, reason?: string}} answer
 * @param {string} words the button's
 * @param {() => void} then what it does
 */
export function refuse(video, {status, reason}, words, then) {
  $("status").textContent = status ?? "no answer";
  $("reason").textContent = reason ?? "none";
  $("why").textContent = WHY[reason] ?? "";
  $("remedy").textContent = words;
  remedy = then;
  video.controls = false; // they are below the verdict
  $("verdict").hidden = false;
  $("screen").classList.add("refused");
}

/** Takes the verdict away. @param {HTMLVideoElement} video */
export function accept(video) {
  if ($("verdict").contains(document.activeElement)) $("forge").focus(); // its button goes away
  video.controls = true;
  $("verdict").hidden = true;
  $("screen").classList.remove("refused");
}

$("remedy").onclick = () => remedy();
