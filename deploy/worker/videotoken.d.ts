/** A key as in the service's configuration. */
export interface Key {
  /** 0 to 65535. */
  id: number;
  /** 32 bytes as 43 characters of base64url. */
  secret: string;
  /** 1 (BLAKE3) if it is left out, or 2 (HMAC-SHA256): the scheme `videotoken-sha256`. */
  version?: 1 | 2;
}

declare const imported: unique symbol;

/** What `importKeys` returns. */
export interface Keys {
  readonly [imported]: true;
}

/**
 * Makes the MAC keys that `verify` takes: call it once, not for each request.
 * It throws a TypeError for no keys, two keys with the same id, or a key that is invalid.
 */
export function importKeys(list: Iterable<Key>): Keys;

export interface VerifyOptions {
  keys: Keys;
  /** Unix seconds: `Date.now() / 1000`. */
  now: number;
  /** The client's address, which only tokens that are bound to one need. */
  ip?: string | null;
  /** The seconds by which clocks may differ, 10 if it is left out. */
  leeway?: number;
  /** The sessions that were revoked, each as 16 hexadecimal digits in lower case. */
  revoked?: ReadonlySet<string>;
  /** A path that every URL starts with, such as "/films": the token follows it. */
  base?: string;
}

/** Why a URL is refused: the first reason that applies, in this order. */
export type Reason =
  | "missing" | "ambiguous" | "malformed" | "version" | "unknown-key" | "ip" | "path"
  | "signature" | "expired" | "not-yet" | "revoked";

export interface Refused {
  reason: Reason;
  uri?: undefined;
}

export interface Accepted {
  reason: "";
  /** The path and query to serve: serve nothing else, and let the cache's key be this. */
  uri: string;
  /** The path as it came, without base and token. */
  path: string;
  /** The id of the key. */
  key: number;
  /** Unix seconds. */
  expiry: number;
  /** Unix seconds, 0 for none. */
  notBefore: number;
  /** How many of the path's first segments the token covers, 0 for a single file. */
  depth: number;
  /** 16 hexadecimal digits, "" for none. */
  session: string;
  /** Unix seconds until which the service renews the token, 0 if it does not. */
  renewableUntil: number;
  /** The seconds for which a renewed token is good, 0 if there are none. */
  ttl: number;
}

/**
 * Accepts or refuses a URL: an absolute one, or a request target. Bytes are taken as they are,
 * text as UTF-8. It uses no clock, no network and no state.
 */
export function verify(url: string | URL | Uint8Array, options: VerifyOptions): Accepted | Refused;

export {};
