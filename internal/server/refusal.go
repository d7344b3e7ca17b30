package server

import (
	"github.com/valyala/fasthttp"

	"videotoken/token"
)

// refusal is the answer to a token that is not accepted, made once for each reason.
type refusal struct {
	reason       string
	status       int
	detail       string
	header, body []byte // the reason, and the problem's JSON
}

// errNotLoaded is the error of a token with a session while nobody knows which sessions are
// revoked: [revoked.ErrNotLoaded], as a reason.
const errNotLoaded = token.Error("not-loaded")

// unknown is the reason of an error that has none of its own.
const unknown = "unknown"

var refusals = func() map[string]refusal {
	all := map[string]refusal{}
	for reason, detail := range map[string]string{
		string(token.ErrMissing): "the URL has no token: ask the video's page for a new URL",
		string(token.ErrAmbiguous): "the URL has more than one token: use the URL as it " +
			"was issued",
		string(token.ErrMalformed):  "the token is damaged: use the URL as it was issued",
		string(token.ErrVersion):    "the token has a version that is not known here",
		string(token.ErrUnknownKey): "the token was not signed for this CDN",
		string(token.ErrIP): "the token is for another address, or the client's address " +
			"is not known: the edge sends it in one header, the one that client_address names, " +
			"from an address in trusted_proxies",
		string(token.ErrPath): "the original URI is not an absolute path in canonical " +
			"form, or was not sent once: use the URL as it was issued",
		string(token.ErrSignature): "the token is not for this path or this client, or was " +
			"changed: use the URL as it was issued",
		string(token.ErrExpired): "the token has expired: ask the video's page for a new URL",
		string(token.ErrNotYet):  "the token is not valid yet: try again later",
		string(token.ErrRevoked): "the token's session is over: ask the video's page " +
			"for a new URL",
		string(errNotLoaded): detailNotLoaded,
		unknown:              "the token was not accepted",
	} {
		status := fasthttp.StatusForbidden
		if reason == string(token.ErrMissing) {
			status = fasthttp.StatusUnauthorized
		}
		if reason == string(errNotLoaded) {
			status = fasthttp.StatusServiceUnavailable
		}
		all[reason] = refusal{reason, status, detail, []byte(reason),
			appendProblem(nil, status, detail, "")}
	}
	return all
}()

// refusalOf returns the answer to an error: 403 for one that is not known here.
func refusalOf(err error) refusal {
	reason, ok := err.(token.Error) // as Verify's are; errors.As would allocate
	if !ok {
		reason = token.Error(token.Reason(err))
	}
	if r, ok := refusals[string(reason)]; ok {
		return r
	}
	return refusals[unknown]
}

func refuse(ctx *fasthttp.RequestCtx, r refusal) {
	h := &ctx.Response.Header
	h.SetContentType(problemType)
	h.SetCanonical(headerReason, r.header)
	h.SetCanonical(cacheControl, noStore)
	if r.status == fasthttp.StatusUnauthorized {
		h.SetCanonical(headerAuth, authScheme) // RFC 9110, section 15.5.2, demands a scheme
	}
	ctx.SetStatusCode(r.status)
	ctx.SetBody(r.body)
}
