package video_test

import (
	"strings"
	"testing"
)

// TestNesting: a text that is nested deeper than 64 levels is refused before a library reads it.
func TestNesting(t *testing.T) {
	s := newSigner(t)
	nested := func(levels int) string {
		return `{"video":{"sources":[{"src":"/a"}],"x":` + strings.Repeat("[", levels-2) + strings.Repeat("]", levels-2) + `}}`
	}
	if _, _, err := s.Append(nil, []byte(nested(64)), now); err != nil {
		t.Error(err)
	}
	for _, body := range []string{nested(65), `{"video":{"x":` + strings.Repeat("[", 9985) + `x`} {
		if _, _, err := s.Append(nil, []byte(body), now); err == nil || !strings.Contains(err.Error(), "deeper than 64") {
			t.Errorf("%.40s: %v", body, err)
		}
	}
	if _, _, err := s.Append(nil, []byte(`{"video":{"sources":[{"src":"/a"}],"x":"`+strings.Repeat(`[\"`, 99)+`"}}`), now); err != nil {
		t.Error(err)
	}
}
