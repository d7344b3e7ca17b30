package token_test

import (
	"errors"
	"fmt"

	"videotoken/token"
)

// A secret comes from a file; this one is the vectors' first.
const secretText = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

func ExampleKeys_Verify() {
	secret, err := token.ParseSecret(secretText)
	if err != nil {
		panic(err)
	}
	key, err := token.NewKey(7, secret)
	if err != nil {
		panic(err)
	}
	keys := token.Keys{key}
	v, err := keys.Verify(token.Request{
		URI:    []byte("/~EgAAB3c1lADKHRqFOAuH-7MOtASfrJe9/hls/bbb/720p/seg-1.ts?quality=hd"),
		Now:    1999990000, // time.Now().Unix()
		Leeway: 10,
	})
	fmt.Println(err, string(v.AppendURI(nil)), v.Claims.Expiry)

	_, err = keys.Verify(token.Request{URI: []byte("/hls/bbb/720p/seg-1.ts"), Now: 1999990000})
	fmt.Println(errors.Is(err, token.ErrMissing), token.Reason(err))
	// Output:
	// <nil> /hls/bbb/720p/seg-1.ts?quality=hd 2000000000
	// true missing
}

func ExampleKey_Append() {
	secret, err := token.ParseSecret(secretText)
	if err != nil {
		panic(err)
	}
	key, err := token.NewKey(7, secret)
	if err != nil {
		panic(err)
	}
	path, err := token.Canonical(nil, []byte("/my%20film+1.mp4"))
	if err != nil {
		panic(err)
	}
	url := []byte("https://cdn.example/my%20film+1.mp4?token=")
	url, err = key.Append(url, &token.Claims{Expiry: 2000000000}, path, nil)
	fmt.Println(string(url), err)
	// Output:
	// https://cdn.example/my%20film+1.mp4?token=EAAAB3c1lABT8cLgnwe3PAe4D2evk062 <nil>
}
