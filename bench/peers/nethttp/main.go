// Command nethttp is what a Go programmer writes first: net/http, encoding/json and a keyed
// SHA-256, with the defaults of each.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
	"time"
)

var (
	cdns = []string{"https://d111.cdn.example", "https://d222.cdn.example",
		"https://d333.cdn.example"}
	secret = []byte("00112233445566778899aabbccddeeff")
	next   atomic.Uint64
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3002", "address")
	flag.Parse()
	http.HandleFunc("POST /video/token", sign)
	log.Fatal(http.ListenAndServe(*listen, nil))
}

func sign(w http.ResponseWriter, r *http.Request) {
	var doc struct {
		Video map[string]any `json:"video"`
	}
	if err := json.NewDecoder(r.Body).Decode(&doc); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	cdn := cdns[next.Add(1)%uint64(len(cdns))]
	expires := time.Now().Add(6 * time.Hour).Unix()
	sources, _ := doc.Video["sources"].([]any)
	for _, s := range sources {
		source, ok := s.(map[string]any)
		src, _ := source["src"].(string)
		if !ok || src == "" {
			http.Error(w, "every source needs a src", http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s%d", src, expires)
		token := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		source["src"] = fmt.Sprintf("%s%s?token=%s&expires=%d", cdn, src, token, expires)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(doc.Video); err != nil {
		log.Print(err)
	}
}
