package token_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"

	"github.com/valyala/fasthttp"

	"videotoken/token"
)

// A verifier for net/http: what is behind it sees the path without the token. It verifies the
// target as the client sent it (RequestURI), for URL.Path has been decoded once already.
func ExampleKeys_Verify_netHTTP() {
	keys := exampleKeys()
	protect := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client, _ := netip.ParseAddrPort(r.RemoteAddr)
			v, err := keys.Verify(token.Request{URI: []byte(r.RequestURI), Now: exampleNow(), Leeway: 10,
				Client: client.Addr()})
			if err != nil {
				w.Header().Set("X-Token-Reason", token.Reason(err))
				http.Error(w, "this URL is not good any more", http.StatusForbidden)
				return
			}
			u, err := url.ParseRequestURI(string(v.AppendURI(nil)))
			if err != nil {
				http.Error(w, "this is not a URL", http.StatusBadRequest)
				return
			}
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath, r.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
			next.ServeHTTP(w, r)
		})
	}
	films := protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL)
	}))

	for _, target := range []string{
		"/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/720p/seg-1.ts?quality=hd",
		"/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/../secret.ts",
		"/hls/bbb/720p/seg-1.ts",
	} {
		w := httptest.NewRecorder()
		films.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		fmt.Println(w.Code, w.Header().Get("X-Token-Reason"), w.Body)
	}
	// Output:
	// 200  /hls/bbb/720p/seg-1.ts?quality=hd
	// 403 path this URL is not good any more
	//
	// 403 missing this URL is not good any more
}

// The same for fasthttp, without an allocation: the target is the header's, for URI().Path() is
// decoded and cleaned.
func ExampleKeys_Verify_fasthttp() {
	keys := exampleKeys()
	protect := func(next fasthttp.RequestHandler) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) {
			client, _ := netip.AddrFromSlice(ctx.RemoteIP())
			v, err := keys.Verify(token.Request{URI: ctx.Request.Header.RequestURI(), Now: exampleNow(),
				Leeway: 10, Client: client})
			if err != nil {
				ctx.Response.Header.Set("X-Token-Reason", token.Reason(err))
				ctx.SetStatusCode(fasthttp.StatusForbidden)
				return
			}
			var buf [512]byte // longer ones are on the heap
			ctx.Request.SetRequestURIBytes(v.AppendURI(buf[:0]))
			next(ctx)
		}
	}
	films := protect(func(ctx *fasthttp.RequestCtx) { ctx.SetBody(ctx.Path()) })

	for _, target := range []string{
		"/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4?token=EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc",
		"/other.mp4?token=EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc",
	} {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI(target)
		films(&ctx)
		fmt.Printf("%d %s%s\n", ctx.Response.StatusCode(), ctx.Response.Header.Peek("X-Token-Reason"),
			ctx.Response.Body())
	}
	// Output:
	// 200 /Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4
	// 403 signature
}

func exampleKeys() token.Keys {
	secret, err := token.ParseSecret(secretText)
	if err != nil {
		panic(err)
	}
	key, err := token.NewKey(7, secret)
	if err != nil {
		panic(err)
	}
	return token.Keys{key}
}

func exampleNow() int64 { return 1999990000 } // time.Now().Unix()
