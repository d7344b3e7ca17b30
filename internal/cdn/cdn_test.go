package cdn_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"videotoken/internal/cdn"
	"videotoken/token"
)

func newKey(tb testing.TB, id uint16) *token.Key {
	tb.Helper()
	k, err := token.NewKey(id, bytes.Repeat([]byte{byte(id)}, token.SecretSize))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// newSet is a set of CDNs named a, b, c, ... with the given weights.
func newSet(tb testing.TB, b cdn.Balance, weights ...int) *cdn.Set {
	tb.Helper()
	var cdns []cdn.CDN
	for i, w := range weights {
		name := string(rune('a' + i))
		cdns = append(cdns, cdn.CDN{Name: name, URL: "https://" + name + ".example", Weight: w,
			Keys: token.Keys{newKey(tb, uint16(i))}})
	}
	s, err := cdn.New(b, cdns)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestRoundRobin(t *testing.T) {
	for _, c := range []struct {
		weights []int
		want    string
	}{
		{[]int{1}, "aaaa"},
		{[]int{1, 1}, "abab"},
		{[]int{5, 1, 1}, "aabacaaaabacaa"}, // interleaved, not aaaaabc
		{[]int{50, 10, 10}, "aabacaa"},
		{[]int{1, 2, 3}, "cbacbccbacbc"},
		{[]int{1, 0, 1}, "acac"}, // drained
		{[]int{0, 1}, "bbbb"},
	} {
		s := newSet(t, cdn.RoundRobin, c.weights...)
		var got strings.Builder
		for range c.want {
			got.WriteString(s.Pick(nil).Name)
		}
		if got.String() != c.want {
			t.Errorf("weights %v: %s, want %s", c.weights, got.String(), c.want)
		}
	}
}

// TestRoundRobinIsSmooth: in a round everyone has exactly its share, and at no point is anyone more
// than one turn ahead of it or behind.
func TestRoundRobinIsSmooth(t *testing.T) {
	for _, weights := range [][]int{{5, 1, 1}, {1, 1, 1}, {1000, 1}, {7, 5, 3, 2}, {13, 1, 1, 1, 1}} {
		s := newSet(t, cdn.RoundRobin, weights...)
		total := 0
		for _, w := range weights {
			total += w
		}
		got := make([]int, len(weights))
		for turn := 1; turn <= 2*total; turn++ {
			got[s.Pick(nil).Name[0]-'a']++
			for i, w := range weights {
				if due := float64(turn) * float64(w) / float64(total); math.Abs(float64(got[i])-due) > 1.5 {
					t.Fatalf("weights %v, turn %d: %v", weights, turn, got)
				}
			}
		}
		for i, w := range weights {
			if got[i] != 2*w {
				t.Errorf("weights %v: two rounds gave %v", weights, got)
			}
		}
	}
}

func TestRoundRobinConcurrent(t *testing.T) {
	s := newSet(t, cdn.RoundRobin, 3, 1)
	counts := make([]map[string]int, 4)
	var wg sync.WaitGroup
	for i := range counts {
		counts[i] = map[string]int{}
		wg.Go(func() {
			for range 10_000 {
				counts[i][s.Pick(nil).Name]++
			}
		})
	}
	wg.Wait()
	a := 0
	for _, c := range counts {
		a += c["a"]
	}
	if a != 30_000 {
		t.Errorf("a had %d of 40000 turns, want 30000", a)
	}
}

const videos = 100_000

func assign(s *cdn.Set) []string {
	names := make([]string, videos)
	for i := range names {
		names[i] = s.Pick(fmt.Appendf(nil, "%024x", i*7919)).Name
	}
	return names
}

// TestAffinity: over 100,000 videos each CDN has its share by weight, the same in another process
// (the hash has no seed), and a CDN that is added takes about its share and moves nothing between
// the others.
func TestAffinity(t *testing.T) {
	for _, weights := range [][]int{{1}, {1, 1}, {2, 1}, {5, 1, 1}, {1, 1, 1, 1, 1, 1, 1}} {
		before := assign(newSet(t, cdn.Affinity, weights...))
		if !slices.Equal(before, assign(newSet(t, cdn.Affinity, weights...))) {
			t.Fatalf("weights %v: not the same twice", weights)
		}
		for _, added := range []int{1, 3} {
			more := append(slices.Clone(weights), added)
			after := assign(newSet(t, cdn.Affinity, more...))
			newcomer := string(rune('a' + len(weights)))
			total := 0
			for _, w := range more {
				total += w
			}
			counts := map[string]int{}
			for i := range after {
				counts[after[i]]++
				if after[i] != before[i] && after[i] != newcomer {
					t.Fatalf("video %d moved from %s to %s when %s was added", i, before[i], after[i], newcomer)
				}
			}
			for i, w := range more {
				share := float64(w) / float64(total)
				// Four standard deviations of a binomial distribution.
				if dev := 4 * math.Sqrt(videos*share*(1-share)); math.Abs(
					float64(counts[string(rune('a'+i))])-videos*share) > dev {
					t.Errorf("weights %v: %v, want a share of %.3f for %c to within %.0f", more, counts, share,
						'a'+i, dev)
				}
			}
		}
	}
	if names := assign(newSet(t, cdn.Affinity, 0, 1, 0, 1)); slices.Contains(names, "a") ||
		slices.Contains(names, "c") {
		t.Error("a CDN of weight 0 was picked")
	}
	// A fixed assignment: replicas of different builds must agree.
	s := newSet(t, cdn.Affinity, 1, 2, 3)
	var got strings.Builder
	for i := range 24 {
		got.WriteString(s.Pick(fmt.Appendf(nil, "video-%d", i)).Name)
	}
	if want := "abcbccbccbccccbbcbabcaba"; got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
}

func TestNewRefuses(t *testing.T) {
	keys := token.Keys{newKey(t, 1)}
	for name, cdns := range map[string][]cdn.CDN{
		"none":        {},
		"no key":      {{Name: "a", URL: "https://a", Weight: 1}},
		"weight 0":    {{Name: "a", URL: "https://a", Keys: keys}},
		"weight -1":   {{Name: "a", URL: "https://a", Weight: -1, Keys: keys}},
		"weight 1001": {{Name: "a", URL: "https://a", Weight: 1001, Keys: keys}},
		"a name twice": {{Name: "a", URL: "https://a", Weight: 1, Keys: keys},
			{Name: "a", URL: "https://b", Weight: 1, Keys: keys}},
	} {
		if _, err := cdn.New(cdn.RoundRobin, cdns); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for name, balance := range map[string]cdn.Balance{"round-robin": cdn.RoundRobin,
		"affinity": cdn.Affinity} {
		b.Run(name, func(b *testing.B) {
			s, id := newSet(b, balance, 5, 1, 1), []byte("6213a7299fa2604f1b188ee0")
			b.ReportAllocs()
			for b.Loop() {
				s.Pick(id)
			}
		})
	}
}
