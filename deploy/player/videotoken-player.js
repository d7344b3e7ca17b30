// videotoken-player keeps a film playing that is longer than its tokens, and moves it to another
// CDN when its own fails. Most pages need four lines:
//
//   const tokens = new VideoTokens({ service, urls: [url], maxAge });
//   const hls = new Hls();
//   tokens.hls(hls); // before loadSource; or shaka(player), dash(player), video(element)
//   tokens.addEventListener("ended", ({ detail }) => console.log(detail.reason));
//
// maxAge is that of the Cache-Control that the signed document came with. No clock of the viewer
// is compared with one of the service: all times are counted from an answer on.

import * as elements from "./element.js";
import * as players from "./players.js";
import { Session } from "./session.js";

/** @import {Options} from "./videotoken-player.js" */

export class VideoTokens extends EventTarget {
  /** @type {Session} */ #session;
  #closing = new AbortController();
  /** @param {string} type @param {object} detail */
  #tell = (type, detail) => {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  };

  /** @param {Options} options */
  constructor(options) {
    super();
    this.#session = Session.of(options);
    this.#session.join(this.#tell);
  }

  /** The URLs with their newest tokens. */
  get urls() {
    return this.#session.addresses.urls;
  }

  /** Why there are no more tokens, or undefined. */
  get ended() {
    return this.#session.ended?.reason;
  }

  /** Whether another CDN can be asked for. */
  get movable() {
    return this.#session.movable;
  }

  /** Leaves the session: the last player of a page that does stops its renewals. */
  close() {
    this.#closing.abort();
    this.#session.leave(this.#tell);
  }

  /** Renews now. */
  renew() {
    return this.#session.renew();
  }

  /** Returns a URL with the newest token, any other URL as it is. @param {string} url */
  rewrite(url) {
    return this.#session.rewrite(url);
  }

  /** Whether a URL has, or had, one of the tokens. @param {string} url */
  knows(url) {
    return this.#session.knows(url);
  }

  /**
   * As rewrite, but waits while the token or the CDN is being replaced: ten seconds at most.
   * @param {string} url
   */
  ready(url) {
    return this.#session.ready(url);
  }

  /** Says that a request succeeded. @param {string} url as it was asked for */
  succeeded(url) {
    this.#session.succeeded(url);
  }

  /**
   * Says that a request failed; resolves when something was done about it.
   * @param {string | undefined} url as it was asked for, if that is known
   * @param {number | undefined} status 0 without a connection, undefined if it is not known
   * @param {string | null} [reason] the answer's X-Token-Reason
   * @param {boolean} [last] the player gives up after it
   */
  failed(url, status, reason, last) {
    return this.#session.failed(url, status, reason, last);
  }

  /** Resolves when another CDN was found, where one is looked for: after ten seconds at most. */
  moved() {
    return this.#session.moved();
  }

  /** @param {object} hls of hls.js, before loadSource */
  hls(hls) {
    players.hls(this, hls, this.#closing.signal);
  }

  /** @param {object} player of Shaka Player, before load */
  shaka(player) {
    players.shaka(this, player, this.#closing.signal);
  }

  /** @param {object} player of dash.js 5, before initialize */
  dash(player) {
    players.dash(this, player);
  }

  /** @param {HTMLVideoElement} element that plays a signed URL by itself */
  video(element) {
    elements.video(this, element, this.#closing.signal);
  }
}
