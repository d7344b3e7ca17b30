package cdn_test

import (
	"fmt"
	"testing"

	"videotoken/internal/cdn"
)

// without is the mask of every CDN that may be picked but one.
func without(s *cdn.Set, name string) *cdn.Mask {
	m := s.Everyone()
	m.Remove(s.Index([]byte(name)))
	return &m
}

// TestPickAmong: the weights hold among those that are left, for each subset, although subsets are
// asked for alternately.
func TestPickAmong(t *testing.T) {
	s := newSet(t, cdn.RoundRobin, 5, 3, 2, 0, 1)
	weights := map[string]int{"a": 5, "b": 3, "c": 2, "e": 1}
	counts := map[string]map[string]int{}
	const rounds = 1000
	for range rounds {
		for left, weight := range weights {
			if counts[left] == nil {
				counts[left] = map[string]int{}
			}
			for range 11 - weight {
				counts[left][s.PickAmong(nil, without(s, left)).Name]++
			}
		}
	}
	for left, got := range counts {
		for name, weight := range weights {
			want := rounds * weight
			if name == left {
				want = 0
			}
			if n := got[name]; n < want-want/25 || n > want+want/25 {
				t.Errorf("without %s: %s was picked %d times, want about %d", left, name, n, want)
			}
		}
		if got["d"] != 0 {
			t.Errorf("without %s: the CDN of weight 0 was picked", left)
		}
	}
	if c := s.PickAmong(nil, &cdn.Mask{}); c != nil {
		t.Errorf("%s was picked among none", c.Name)
	}
}

// TestAffinityAmong: with affinity, a video keeps its CDN unless that one is left out.
func TestAffinityAmong(t *testing.T) {
	s := newSet(t, cdn.Affinity, 1, 2, 3, 0)
	everyone := s.Everyone()
	counts := map[string]int{}
	for i := range 6000 {
		id := fmt.Appendf(nil, "video-%d", i)
		own := s.Pick(id).Name
		if got := s.PickAmong(id, &everyone).Name; got != own {
			t.Fatalf("%s: %s among all, %s without a mask", id, got, own)
		}
		left := s.PickAmong(id, without(s, "b")).Name
		if own != "b" && left != own || left == "b" || left == "d" {
			t.Fatalf("%s moved from %s to %s", id, own, left)
		}
		counts[left]++
	}
	if c := s.PickAmong([]byte("x"), &cdn.Mask{}); c != nil {
		t.Errorf("%s was picked among none", c.Name)
	}
	if a := counts["a"]; a < 1350 || a > 1650 {
		t.Errorf("a has %d of 6000 videos, want about 1500", a)
	}
}

func TestMask(t *testing.T) {
	var m cdn.Mask
	for _, i := range []int{0, 63, 64, 255} {
		m.Add(i)
	}
	for i := range cdn.MaxCDNs {
		if want := i == 0 || i == 63 || i == 64 || i == 255; m.Has(i) != want {
			t.Errorf("%d: %v", i, m.Has(i))
		}
	}
	m.Remove(64)
	if m.Has(64) || !m.Has(63) {
		t.Error("64 was not removed alone")
	}
}
