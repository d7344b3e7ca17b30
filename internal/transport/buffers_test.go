package transport_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"videotoken/internal/transport"
)

// TestBuffers interleaves the pieces of many connections' requests, of very different sizes, in one
// loop: what it keeps of one must not get into another, though they take turns with the same
// buffers. Each answer, which repeats all of its request, must be the one without loops.
func TestBuffers(t *testing.T) {
	type sent struct{ raw, want string }
	model := run(t, config(transport.NoLoops))
	var requests []sent
	for i := range 60 {
		size := i * i * i % 30_000
		letter := string(rune('a' + i%26))
		for _, raw := range []string{
			get("/" + strings.Repeat(letter, i*10)),
			get(fmt.Sprintf("/%d?%s", i, letter), "X-"+strings.Repeat(letter, i+1)+
				": "+strings.Repeat(letter, i*7), "Cookie: "+letter+"="+letter),
			post(fmt.Sprintf("/%d", i), strings.Repeat(letter, size%250), "Content-Type: text/"+letter),
			post("/overwrite", strings.Repeat(letter, size%250)),
			post("/", filler(size)),
			request("PUT", "/mutate", ""),
			get("/large/" + fmt.Sprint(i*200)),
		} {
			c := model.dial(t)
			c.send(raw)
			_ = closeWrite(c)
			answer, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			requests = append(requests, sent{raw, string(answer)})
		}
	}
	model.end(t)

	for _, loops := range []int{1, 2} {
		s := run(t, config(loops))
		rng := rand.New(rand.NewPCG(5, uint64(loops)))
		type asking struct {
			*client
			r    sent
			rest string
		}
		clients := make([]asking, 150)
		for i := range clients {
			clients[i].client = s.dial(t)
		}
		var got []byte
		for range 12_000 {
			c := &clients[rng.IntN(len(clients))]
			if c.rest == "" {
				c.r = requests[rng.IntN(len(requests))]
				c.rest = c.r.raw
			}
			n := 1 + rng.IntN(len(c.rest))
			c.send(c.rest[:n])
			if c.rest = c.rest[n:]; c.rest != "" {
				continue
			}
			got = append(got[:0], c.r.want...)
			if _, err := io.ReadFull(c.Conn, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, []byte(c.r.want)) && comparable(string(got)) != comparable(c.r.want) {
				t.Fatalf("%s\n%s", shorten(c.r.raw), difference(comparable(string(got)), comparable(c.r.want)))
			}
		}
		for _, c := range clients {
			_ = c.Close()
		}
		s.end(t)
	}
}
