/** Time, which tests replace. The times of `now` are those of `performance.now()`. */
export interface Clock {
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** A request to `POST /video/token`, as the page or its server made it: of one video, or more. */
export type SigningRequest = ({ video: object } | { videos: object[] }) & {
  token?: { cdn?: string; exclude?: string[]; [claim: string]: unknown };
};

export interface Options {
  /** The service's address, without a slash at its end. */
  service: string;
  /** The signed URLs that are played; 64 at most. */
  urls: string[];
  /** Seconds for which they are good from now on. Without it, the first renewal is at once. */
  maxAge?: number;
  /** What was signed: with it and `cdns`, another CDN is asked for when one fails. */
  document?: SigningRequest;
  /** The URL prefix of each CDN, by its name in the service's configuration. */
  cdns?: Record<string, string>;
  /** Who signs the document again, if it is not the service's `/video/token`. */
  sign?: string;
  /** Finds `urls` in the answer to `document`. Without it, those with the same paths are taken. */
  pick?(answer: any): string[];
  /** In the place of the page's own: for headers, or credentials. */
  fetch?: typeof fetch;
  clock?: Clock;
  /** A number from 0 to 1, in the place of `Math.random`. */
  random?(): number;
}

export interface Renewed {
  urls: string[];
  /** When, as of the clock, in milliseconds. */
  at: number;
  /** Seconds for which the URLs are good, from the question on. */
  goodFor: number;
  /** Seconds until the next renewal. */
  next: number;
}

export interface Failover extends Renewed {
  from: string;
  to: string | undefined;
}

export interface Retry {
  /** Why: `no-cdn` where every CDN failed; or the service's reason. */
  reason: string;
  /** Of the answer; 0 if there was none. */
  status: number;
  /** Seconds until the service is asked again. */
  next: number;
  /** Seconds for which the last token is still good: none, and the film cannot go on until then. */
  goodFor: number;
}

export interface Ended {
  /** X-Token-Reason: the service's (`not-renewable`, `revoked`), or the edge's; or `no-cdn`. */
  reason: string;
  status: number | undefined;
  /** What the service says to a person. */
  message: string | undefined;
  at: number;
  /** Seconds for which the last token is still good, unless it was revoked. */
  goodFor: number;
}

export interface VideoTokensEventMap {
  renewed: CustomEvent<Renewed>;
  failover: CustomEvent<Failover>;
  retry: CustomEvent<Retry>;
  ended: CustomEvent<Ended>;
}

/**
 * Keeps the tokens of one player's URLs good. Players of the same service and URLs share their
 * renewals, by the options of the first.
 */
export class VideoTokens extends EventTarget {
  constructor(options: Options);
  readonly urls: string[];
  /** Why there are no more tokens. */
  readonly ended: string | undefined;
  /** Whether another CDN can be asked for: there is a `document`, and `cdns` has the URLs' CDNs. */
  readonly movable: boolean;
  /** Leaves the session, and lets go of a video element. Call it before `destroy` of the player. */
  close(): void;
  renew(): Promise<void>;
  rewrite(url: string): string;
  /** Whether a URL has, or had, one of the tokens. */
  knows(url: string): boolean;
  /** As `rewrite`, but waits while the token or the CDN is being replaced: ten seconds at most. */
  ready(url: string): Promise<string>;
  succeeded(url: string): void;
  failed(
    url: string | undefined, status: number | undefined, reason?: string | null,
    last?: boolean): Promise<void>;
  /** Resolves when another CDN was found, where one is looked for: after ten seconds at most. */
  moved(): Promise<void>;
  /** hls.js, before `loadSource`. */
  hls(hls: object): void;
  /** Shaka Player, before `load`. */
  shaka(player: object): void;
  /** dash.js 5, before `initialize`. */
  dash(player: object): void;
  /** A video element that plays a signed URL by itself. */
  video(element: HTMLVideoElement): void;
  addEventListener<K extends keyof VideoTokensEventMap>(
    type: K, listener: (event: VideoTokensEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
}
