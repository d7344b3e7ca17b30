/** The variables of the worker. With a mistake in any of them every answer is 500. */
export interface Environment {
  /** The JSON text of the list that `importKeys` takes. A secret. */
  KEYS: string;
  /** The origin's scheme and host: https://origin.example */
  ORIGIN: string;
  /** The CDN's name in the service's configuration, for the cache's key. */
  CDN?: string;
  /** The path of the CDN's url in the service's configuration, if it has one: /films */
  BASE?: string;
  /** The origins of the pages that may play, separated by spaces, or * */
  ALLOW_ORIGIN?: string;
  /** The header in which the platform writes the client's address. */
  CLIENT_IP?: string;
  /** The seconds by which clocks may differ, 10 by default. */
  LEEWAY?: string;
  /** GET /revoked of the service's admin listener. */
  REVOKED_URL?: string;
  /** The key of the service's `admin_key`. A secret. */
  ADMIN_KEY?: string;
}

/** The third argument of `fetch` on platforms that have one. */
export interface Context {
  waitUntil?(promise: Promise<unknown>): void;
}

/** The variables by their names, as `Deno.env.toObject()` has them among others. */
export type Variables = Environment | Record<string, string>;

/**
 * Verifies a request, and answers it with what the origin has.
 * @param ip the client's address, on platforms that do not have it in a header
 * @param context pass it on wherever it has `waitUntil`
 */
export function respond(
  request: Request, env: Variables, ip?: string | null, context?: Context): Promise<Response>;

declare const worker: {
  fetch(request: Request, env: Variables, context?: Context): Promise<Response>;
};
export default worker;
