// What a page may read: the CORS protocol of the Fetch standard. The answers are those of the other
// edges in deploy/.

export const ALLOWED = "GET, HEAD, OPTIONS"; // the methods

// cors returns the headers of every answer to a request with the given Origin, which may be null.
// allowed has the origins of the pages that may play. A single one, or "*", is named whatever the
// Origin is; of several, the one that asks is, and caches are told that the answer depends on it.
export function cors(allowed, origin) {
  const named = allowed.length > 1 ? allowed.find((a) => a === origin) : allowed[0];
  return {
    ...(allowed.length > 1 && { Vary: "Origin" }),
    ...(named && {
      "Access-Control-Allow-Origin": named,
      "Access-Control-Expose-Headers": "X-Token-Reason",
    }),
  };
}

// PREFLIGHT has the further headers of an answer to OPTIONS. A browser asks before a request that
// has one of these headers, and it sends no token then.
export const PREFLIGHT = {
  "Access-Control-Allow-Methods": ALLOWED,
  "Access-Control-Allow-Headers": "Range, CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session",
  "Access-Control-Max-Age": "86400",
};
