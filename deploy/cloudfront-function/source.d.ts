/** A key as in the service's configuration, of a CDN with the scheme `videotoken-sha256`. */
export interface Key {
  /** 0 to 65535. */
  id: number;
  /** 32 bytes as 43 characters of base64url. */
  secret: string;
  version?: 2;
}

export interface Settings {
  keys: Iterable<Key>;
  /** The path of the CDN's url in the service's configuration, if it has one: "/films". */
  base?: string;
  /** The seconds by which clocks may differ, 10 if it is left out. */
  leeway?: number;
  /** The sessions that were revoked, each as 16 hexadecimal digits in lower case. */
  revoked?: Iterable<string>;
}

/**
 * Returns the source of the function for the runtime cloudfront-js-2.0, with the settings filled
 * in. It throws a TypeError for a setting that is invalid, and a RangeError if the source is larger
 * than the 10 KB that CloudFront takes. The source has the secrets in it.
 */
export function functionSource(settings: Settings): string;

/** The event that CloudFront calls the source's `handler` with, as far as it is read. */
export interface ViewerRequestEvent {
  viewer: { ip: string };
  request: ViewerRequest;
}

export interface ViewerRequest {
  method: string;
  /** The path. */
  uri: string;
  /** An object in the event, and text in the request that `handler` returns. */
  querystring: string | Record<string, { value: string }>;
  rawQueryString(): string;
}

/** What `handler` refuses a request with. */
export interface Refusal {
  statusCode: 401 | 403 | 405;
  statusDescription: string;
  headers: {
    "cache-control": { value: "no-store" };
    /** Why: missing, ambiguous, malformed, version, unknown-key, ip, path, signature, ... */
    "x-token-reason"?: { value: string };
  };
}

/** The type of the function `handler` that the source defines. */
export type Handler = (event: ViewerRequestEvent) => ViewerRequest | Refusal;
