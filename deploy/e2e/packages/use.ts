// Each export of the packages, used as their READMEs say, and used wrongly where the types must
// refuse it: the compiler reports an @ts-expect-error that has no error after it.
import {
  functionSource, type Handler, type Refusal, type Settings, type ViewerRequestEvent,
} from "videotoken-cloudfront-function";
import {
  VideoTokens, type Clock, type Ended, type Failover, type Options, type Renewed, type Retry,
  type SigningRequest, type VideoTokensEventMap,
} from "videotoken-player";
import {
  importKeys, verify, type Accepted, type Key, type Keys, type Reason, type Refused,
  type VerifyOptions,
} from "videotoken-worker";
import * as lambda from "videotoken-worker/lambda.js";
import worker, {
  respond, type Context, type Environment, type Variables,
} from "videotoken-worker/worker.js";

// Same is true if two types are the same: any is the same as nothing else.
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

// The worker: videotoken.js.
const secret = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8";
const list: Key[] = [{ id: 7, secret }, { id: 20, secret, version: 2 }];
const keys: Keys = importKeys(list);
same<ReturnType<typeof importKeys>, Keys>(true);
// @ts-expect-error a version that there is not
importKeys([{ id: 7, secret, version: 3 }]);
// @ts-expect-error no secret
importKeys([{ id: 7 }]);

const options: VerifyOptions = {
  keys, now: 2e9, ip: "192.0.2.1", leeway: 5, base: "/films",
  revoked: new Set(["0011223344556677"]),
};
const result: Accepted | Refused = verify("/film.mp4", options);
if (result.reason === "") {
  same<typeof result, Accepted>(true);
  const texts: string[] = [result.uri, result.path, result.session];
  const numbers: number[] = [
    result.key, result.expiry, result.notBefore, result.depth, result.renewableUntil, result.ttl,
  ];
  console.log(texts, numbers);
} else {
  same<typeof result.reason, Reason>(true);
  // @ts-expect-error a URL that was refused has no path to serve
  const served: string = result.uri;
  console.log(served);
}
const { reason, uri } = verify(new URL("https://cdn.example/film.mp4"), { keys, now: 2e9 });
if (reason === "") same<typeof uri, string>(true);
verify(new TextEncoder().encode("/film.mp4"), { keys, now: 2e9, ip: null });
// @ts-expect-error a list is not what importKeys returns
verify("/film.mp4", { keys: list, now: 2e9 });
// @ts-expect-error a Date is not a number of seconds
verify("/film.mp4", { keys, now: new Date() });
// @ts-expect-error no time
verify("/film.mp4", { keys });

// The worker: worker.js.
const env: Environment = {
  KEYS: JSON.stringify(list), ORIGIN: "https://origin.example", CDN: "own", BASE: "/films",
  ALLOW_ORIGIN: "*", CLIENT_IP: "CF-Connecting-IP", LEEWAY: "5",
  REVOKED_URL: "https://admin.example/revoked", ADMIN_KEY: "key",
};
const all: Variables = {} as Record<string, string>; // such as Deno.env.toObject() returns
const context: Context = { waitUntil: (promise: Promise<unknown>) => void promise };
const request = new Request("https://cdn.example/film.mp4");
same<ReturnType<typeof respond>, Promise<Response>>(true);
void respond(request, env, "192.0.2.1", context);
void respond(request, all, null);
same<ReturnType<typeof worker.fetch>, Promise<Response>>(true);
void worker.fetch(request, env, context);
// @ts-expect-error the variables are text
void respond(request, { KEYS: list, ORIGIN: "https://origin.example" });
// @ts-expect-error a URL is not a request
void worker.fetch("https://cdn.example/film.mp4", env);

// The worker: lambda.js.
same<typeof lambda.importKeys, typeof importKeys>(true);
const settings: lambda.Options = {
  allowed: ["https://player.example"], leeway: 5, base: "/films", revoked: new Set(),
  revokedURL: "https://admin.example/revoked", adminKey: "key", now: () => 2e9,
};
const viewer = lambda.viewerRequest(keys, settings);
const viewerEvent: lambda.ViewerRequestEvent = { Records: [{ cf: { request: {
  clientIp: "192.0.2.1", method: "GET", uri: "/film.mp4", querystring: "",
  headers: { host: [{ key: "Host", value: "cdn.example" }] } satisfies lambda.CloudFrontHeaders,
} } }] };
const answered: lambda.ViewerRequest | lambda.Answer = await viewer(viewerEvent);
if ("status" in answered) console.log(answered.headers["x-token-reason"]?.[0]?.value);
else console.log(answered.uri, answered.querystring);
// @ts-expect-error the keys must be those of importKeys
lambda.viewerRequest(list);
// @ts-expect-error now is a function
lambda.viewerRequest(keys, { now: 2e9 });

// The function of CloudFront.
const cloudfront: Settings = {
  keys: [{ id: 20, secret, version: 2 }], base: "/films", leeway: 5, revoked: ["0011223344556677"],
};
same<ReturnType<typeof functionSource>, string>(true);
const define = new Function("require", `${functionSource(cloudfront)}\nreturn handler;`);
const handler: Handler = define();
const event: ViewerRequestEvent = {
  viewer: { ip: "192.0.2.1" },
  request: { method: "GET", uri: "/film.mp4", querystring: {}, rawQueryString: () => "" },
};
const returned = handler(event);
if ("statusCode" in returned) {
  same<typeof returned, Refusal>(true);
  console.log(returned.headers["x-token-reason"]?.value);
} else {
  console.log(returned.uri);
}
// @ts-expect-error the function knows version 2 alone
functionSource({ keys: [{ id: 7, secret, version: 1 }] });
// @ts-expect-error no keys
functionSource({ base: "/films" });

// The player.
const clock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};
const signing: SigningRequest = { video: {}, token: { cdn: "own", exclude: ["aws-1"], renew: 60 } };
const playing: Options = {
  service: "https://tokens.example", urls: ["https://cdn.example/~T/film/master.m3u8"], maxAge: 60,
  document: signing, cdns: { own: "https://cdn.example" }, sign: "/sign", fetch, clock,
  pick: (answer) => [answer.sources[0].src], random: Math.random,
};
const tokens = new VideoTokens(playing);
tokens.addEventListener("renewed", ({ detail }) => same<typeof detail, Renewed>(true));
tokens.addEventListener("failover", ({ detail }) => same<typeof detail, Failover>(true));
tokens.addEventListener("retry", ({ detail }) => same<typeof detail, Retry>(true));
tokens.addEventListener("ended", ({ detail }) => same<typeof detail, Ended>(true));
same<keyof VideoTokensEventMap, "renewed" | "failover" | "retry" | "ended">(true);
tokens.hls({});
tokens.shaka({});
tokens.dash({});
tokens.video(document.createElement("video"));
same<typeof tokens.urls, string[]>(true);
same<typeof tokens.ended, string | undefined>(true);
same<ReturnType<typeof tokens.rewrite>, string>(true);
same<ReturnType<typeof tokens.ready>, Promise<string>>(true);
same<ReturnType<typeof tokens.renew>, Promise<void>>(true);
same<ReturnType<typeof tokens.close>, void>(true);
tokens.succeeded("https://cdn.example/~T/film/seg-1.ts");
same<ReturnType<typeof tokens.knows>, boolean>(true);
same<ReturnType<typeof tokens.moved>, Promise<void>>(true);
void tokens.failed("https://cdn.example/~T/film/seg-1.ts", 403, "expired", true);
void tokens.failed(undefined, undefined);
// @ts-expect-error no service
new VideoTokens({ urls: [] });
// @ts-expect-error the URLs are the service's to change
tokens.urls = [];
// @ts-expect-error only <video> plays
tokens.video(document.createElement("audio"));
