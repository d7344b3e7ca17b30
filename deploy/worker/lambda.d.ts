import type { Keys, VerifyOptions } from "./videotoken.js";

export { importKeys } from "./videotoken.js";
export type { Key, Keys } from "./videotoken.js";

/** Headers by their names in lower case. */
export type CloudFrontHeaders = Record<string, { key?: string; value: string }[]>;

/** CloudFront's request, as far as it is read. */
export interface ViewerRequest {
  clientIp: string;
  method: string;
  uri: string;
  querystring: string;
  headers: CloudFrontHeaders;
}

/** The event of a viewer request. */
export interface ViewerRequestEvent<R extends ViewerRequest = ViewerRequest> {
  Records: { cf: { request: R } }[];
}

/** A response that CloudFront sends to the viewer. */
export interface Answer {
  status: string;
  statusDescription: string;
  headers: CloudFrontHeaders;
}

export interface Options extends Pick<VerifyOptions, "leeway" | "revoked" | "base"> {
  /** The origins of the pages that may play, or "*"; none if it is left out. */
  allowed?: readonly string[];
  /** GET /revoked of the service's admin listener, by https. */
  revokedURL?: string;
  /** The admin's key, which /revoked needs. */
  adminKey?: string;
  /** Unix seconds, in the place of the machine's clock. */
  now?: () => number;
}

/** Returns a handler: it resolves to the request that is to be served, or to a refusal. */
export function viewerRequest(
  keys: Keys, options?: Options,
): <R extends ViewerRequest>(event: ViewerRequestEvent<R>) => Promise<R | Answer>;
