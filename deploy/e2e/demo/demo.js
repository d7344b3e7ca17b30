// The demonstration: plays the film with videotoken-player, shows its tokens, and breaks things on
// request. What nginx was asked comes from the demonstration's server, which stands between nginx
// and the service.

import {VideoTokens} from "./player/videotoken-player.js";
import {Timeline} from "./timeline.js";
import {accept, refuse} from "./verdict.js";
import {clockTime, decode, divide, draw, encode, expiry, useArrows} from "./token.js";

const $ = (id) => document.getElementById(id);
const timeline = new Timeline($("timeline"));
const numbers = new Map(); // of the tokens' texts
const forgeries = new Map(); // the numbers of the tokens that changed ones were made from
let video = $("video"), settings, behind = 0, on = {};
let session, tokens, hls, kind = "hls", urls, token, count = 0, renewAt;
let forged; // {issued, url, cdn, n} while the page asks with a changed URL
let revoked = false; // the session
let broken; // {status, reason} once the edge refuses what the film needs

const now = () => Date.now() + behind; // by the service's clock, in milliseconds
const newSession = () => hexText(crypto.getRandomValues(new Uint8Array(8)));
const hexText = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
const cdnOf = (url) =>
  Object.keys(settings.cdns).find((name) => url.startsWith(settings.cdns[name] + "/"));
const say = (text) => { $("news").textContent = text; };
const post = (path, body) => fetch(path, {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
});

/** Signs the film, and plays it from a second on. */
async function start(at) {
  stop();
  const question = {
    video: settings.document, token: {ttl: settings.ttl, session, renew: 4 * 3600},
  };
  const answer = await post(settings.service + "/video/token", question);
  const body = await answer.json();
  if (!answer.ok) return say(`The service signs nothing: ${body.detail}`);
  const maxAge = Number(/max-age=(\d+)/.exec(answer.headers.get("Cache-Control"))[1]);
  const signed = {hls: body.sources[1].src, mp4: body.sources[0].src};
  tokens = new VideoTokens({
    service: settings.service, urls: Object.values(signed), maxAge, document: question,
    cdns: settings.cdns,
  });
  take(Object.values(signed), maxAge * 2 / 3);
  tokens.addEventListener("renewed", ({detail}) => take(detail.urls, detail.next));
  tokens.addEventListener("failover", ({detail}) => {
    take(detail.urls, detail.next);
    say(`${detail.from} does not answer: the film goes on from ${detail.to}.`);
  });
  tokens.addEventListener("retry", ({detail}) => {
    say(detail.reason === "no-cdn" ? "No CDN answers: the service is asked again soon."
      : `The service answers ${detail.status || "nothing"}: it is asked again soon.`);
  });
  tokens.addEventListener("ended", ({detail}) => {
    broken = detail;
    say(`No more tokens: ${detail.reason}. What is loaded still plays, and then the film stops.`);
  });
  play(signed[kind], at);
}

function stop() {
  tokens?.close();
  hls?.destroy();
  hls = forged = broken = undefined;
  $("renewing").textContent = "Stop renewing";
  $("revoke").textContent = "Revoke the session";
  // The listeners of the last tokens go with the last element.
  const fresh = video.cloneNode();
  fresh.removeAttribute("src");
  video.replaceWith(fresh);
  video = fresh;
  accept(video);
}

function play(url, at) {
  if (kind === "mp4") {
    tokens.video(video);
    video.addEventListener("loadedmetadata", () => { video.currentTime = at; }, {once: true});
    video.src = url;
  } else {
    hls = new Hls({
      maxBufferLength: 6, maxMaxBufferLength: 6, maxBufferSize: 1, backBufferLength: 6,
      startPosition: at,
    });
    tokens.hls(hls);
    hls.on(Hls.Events.FRAG_LOADED, () => { if (!tokens.ended) broken = undefined; });
    hls.on(Hls.Events.ERROR, (_, {response, networkDetails}) => {
      const status = response?.code;
      if (status !== 401 && status !== 403) return;
      broken ??= {status, reason: networkDetails?.getResponseHeader("X-Token-Reason")};
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  }
  video.play().catch(() => {}); // a browser that wants a gesture first shows its own button
}

/** Takes new URLs: they have a number, and a row of the time line. */
function take(all, next) {
  urls = {hls: all[0], mp4: all[1]};
  renewAt = now() + next * 1000;
  count++;
  for (const url of all) numbers.set(divide(url).token, count);
  const until = expiry(divide(all[0]).token) * 1000;
  token = {n: count, cdn: cdnOf(all[0]), from: now(), until};
  timeline.token(token);
  if (!forged) show();
}

const show = () => {
  const {url, issued, cdn} = forged ?? {url: urls[kind], issued: urls[kind], cdn: token.cdn};
  draw(url, issued, cdn, change);
  tick();
};

/** Asks the edge with a changed URL, while the film waits. Its answer is what the page shows. */
async function tryOut(url) {
  forged ??= {issued: urls[kind], cdn: token.cdn, n: token.n};
  if (url === forged.issued) return undo();
  const asked = forged;
  forged.url = url;
  forgeries.set(divide(url).token, forged.n);
  show();
  video.pause();
  hls?.stopLoad();
  const answer = await fetch(url, {cache: "no-store"}).catch(() => undefined);
  await answer?.body?.cancel();
  if (forged !== asked || forged.url !== url) return; // somebody changed more in the meantime
  const said = {status: answer?.status, reason: answer?.headers.get("X-Token-Reason")};
  refuse(video, said, "Undo the change", undo);
  say(`${asked.cdn} answers the changed URL with ${answer?.status ?? "nothing"}. The film waits.`);
}

function undo() {
  forged = undefined;
  accept(video);
  show();
  say("The real token is back, and the film goes on.");
  hls?.startLoad();
  video.play().catch(() => {});
}

function change(at) {
  const url = forged?.url ?? urls[kind], {before, token: text, after} = divide(url);
  const bytes = decode(text);
  bytes[at] ^= 1;
  void tryOut(before + encode(bytes) + after);
}

function again(fresh) {
  if (fresh) session = newSession();
  revoked = false;
  say(fresh ? "A new session has begun." : "The tokens are renewed again.");
  return start(video.currentTime);
}

async function revoke() {
  if (revoked) return again(true);
  const answer = await post("revoke", {session});
  if (!answer.ok) return say(`The session is not revoked: ${await answer.text()}`);
  revoked = true;
  say("The session is revoked. What is loaded still plays, and then the film stops.");
  timeline.mark(now(), "revoked");
  $("revoke").textContent = "Start a new session";
}

function renewing() {
  if (revoked || tokens.ended) return again(revoked);
  tokens.close();
  $("renewing").textContent = "Renew again";
  say("This token is the last one. Watch what happens when it ends.");
}

function forge() {
  const {before, token: text, after} = divide(forged?.url ?? urls[kind]), bytes = decode(text);
  const later = expiry(text) + 3600;
  [24, 16, 8, 0].forEach((shift, i) => { bytes[4 + i] = later >>> shift & 255; });
  void tryOut(before + encode(bytes) + after);
}

/** Has a button for each CDN, to switch it off and on. */
function drawSwitches() {
  for (const name of Object.keys(settings.cdns)) {
    let b = $("switch-" + name);
    if (!b) {
      b = document.createElement("button");
      b.type = "button";
      b.id = "switch-" + name;
      b.onclick = async () => {
        const turned = !on[name];
        const answer = await post("cdn", {name, on: turned});
        if (!answer.ok) return say(`${name} stays as it is: ${await answer.text()}`);
        say(turned ? `${name} is on again.` : `${name} is off.`);
        timeline.mark(now(), `${name} ${turned ? "on" : "off"}`);
      };
      $("actions").append(b);
    }
    b.textContent = `Switch ${name} ${on[name] ? "off" : "on"}`;
    b.disabled = on[name] && Object.values(on).filter(Boolean).length === 1;
    b.title = b.disabled ? "The other CDN is off" : "";
  }
}

/** A line of the log, and a mark of the time line, for what nginx was asked. */
function note({at, cdn, uri, status, reason}) {
  const {token: text} = divide(uri), n = numbers.get(text);
  timeline.asked({at, n: n ?? forgeries.get(text), status});
  const li = document.createElement("li"), whose = n ? `token ${n}` : "forged";
  li.className = status === 200 ? "" : "bad";
  li.dataset.at = at;
  const path = uri.replace(/^\/~[^/]+/, "/~…").replace(/([?&]token=)[\w-]+/, "$1…");
  const parts = [["time", clockTime(at / 1000)], ["i", cdn, `from ${cdn}`], ["b", status],
    ["span", path], ["i", whose], ["em", status === 200 ? "good" : reason]];
  for (const [tag, words, name = ""] of parts) {
    const e = document.createElement(tag);
    e.textContent = words;
    e.className = name;
    li.append(e);
  }
  $("log").prepend(li);
  while ($("log").children.length > 8) $("log").lastChild.remove();
}

function tick() {
  const end = expiry(divide(forged?.url ?? urls[kind]).token) * 1000, t = now();
  const left = Math.max(0, Math.ceil((end - t) / 1000));
  const two = (n) => String(n).padStart(2, "0");
  $("left").textContent = left < 3600 ? `${Math.floor(left / 60)}:${two(left % 60)}`
    : `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
  const issued = forged ? expiry(divide(forged.issued).token) * 1000 : end;
  $("left").className = end === issued ? "" : "forged";
  $("until").textContent = until(end, t);
  $("bar").style.width = `${100 * Math.min(1, left / settings.ttl)}%`;

  const {buffered, currentTime} = video;
  let ahead = 0;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1) ahead = Math.max(0, buffered.end(i) - currentTime);
  }
  $("cdn").textContent = token.cdn;
  $("cdn").style.color = `var(--${token.cdn === "nginx" ? "one" : "two"})`;
  const {videoWidth, videoHeight} = video;
  $("rendition").textContent = videoWidth ? `${videoWidth}×${videoHeight}` : "–";
  $("ahead").textContent = `${ahead.toFixed(1)} s`;
  $("token").textContent = `number ${token.n}`;
  timeline.draw(t);
  if (!forged && broken && video.readyState < 3 && $("verdict").hidden) {
    const fresh = broken.reason !== "expired";
    refuse(video, broken, fresh ? "Start a new session" : "Renew again", () => again(fresh));
    say(`The film has stopped: ${broken.reason}.`);
  }
}

/** What the end of a token means: the service compares whole seconds, and allows for the leeway. */
function until(end, t) {
  if (forged && divide(forged.url).token === divide(forged.issued).token) {
    return "The token is real, and not of this path: the edge refuses it already.";
  }
  if (forged) return "This is a forged token: the edge checks its tag, and refuses it already.";
  if (broken?.reason === "revoked") return "It is revoked, and refused whatever its time.";
  if (!tokens.ended) {
    const soon = Math.max(0, Math.ceil((renewAt - t) / 1000));
    return `It is renewed in ${soon} s.`;
  }
  const refused = end + (settings.leeway + 1) * 1000;
  if (t >= refused) return "It is over, and the next request is refused.";
  if (t >= end) return `It is over. Clocks may differ: it is good for ${settings.leeway} s more.`;
  return `No other comes. From ${clockTime(refused / 1000)} on, requests are refused.`;
}

$("revoke").onclick = revoke;
$("renewing").onclick = renewing;
$("forge").onclick = forge;
$("elsewhere").onclick = () =>
  void tryOut((forged?.url ?? urls[kind]).replace(/\/film\/(ts\/)?/, "/other-film/"));
for (const radio of document.getElementsByName("kind")) {
  radio.onchange = () => {
    kind = radio.value;
    void (revoked ? again(true) : start(video.currentTime)); // nothing is signed for a revoked one
  };
}
useArrows();
settings = await (await fetch("settings.json")).json();
behind = settings.now - Date.now();
session = newSession();
const events = new EventSource("events");
events.addEventListener("asked", ({data}) => note(JSON.parse(data)));
events.addEventListener("cdns", ({data}) => {
  on = JSON.parse(data);
  drawSwitches();
});
await start(0);
setInterval(() => { if (token) tick(); }, 250);
