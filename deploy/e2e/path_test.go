package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videotoken/deploy/e2e/stack"
	"videotoken/token"
)

var update = flag.Bool("update", false, "write testdata/paths")

// testPaths sends paths that proxies and origins read in more than one way. Each is refused, or
// what is served is the path that was verified: the files in testdata/paths have, for each, what
// the service was asked and what was served.
func testPaths(t *testing.T, s *stack.Stack, e *stack.Edge, origin *naive) {
	dir := "/~" + sign(t, e, "/hls/bbb/master.m3u8", token.Claims{Depth: 2})
	var log bytes.Buffer
	query := "?token=" + sign(t, e, "/hls/bbb/master.m3u8", token.Claims{Depth: 2})
	for _, target := range []string{
		dir + "/hls/bbb/../secret/x.ts", dir + "/hls/bbb/%2e%2e/secret/x.ts",
		dir + "/hls/bbb/.%2E/secret/x.ts",
		dir + "/hls/bbb/..%2fsecret/x.ts", dir + "/hls/bbb/..%2Fsecret/x.ts",
		dir + "/hls/bbb/%2e%2e%2fsecret/x.ts",
		dir + "/hls/bbb/..%5csecret/x.ts", dir + `/hls/bbb/..\secret/x.ts`,
		dir + `/hls/bbb\..\secret/x.ts`,
		dir + "/hls/bbb/%252e%252e/secret/x.ts", dir + "/hls/bbb/..;/secret/x.ts",
		dir + "/hls/bbb/../bbb/seg-1.ts",
		dir + "/hls/bbb/./seg-1.ts", dir + "//hls/bbb/seg-1.ts", dir + "/hls//bbb/seg-1.ts",
		dir + "/hls/bbb//seg-1.ts",
		dir + "/hls/bbb/seg-1.ts%00", dir + "/hls/bbb/seg-1.ts%00.mp4", dir + "/hls/bbb/seg-1.ts\x00",
		dir + "/hls/bbb/a%0d%0ab",
		dir + "/hls/bbb/seg-1.ts#x", dir + "/hls/bbb/seg-1.ts%23x", dir + "/hls/bbb/seg-1.ts%3fx",
		dir + "/hls/bbb/%zz", dir + "/hls/bbb/%2",
		dir + "/hls/bbb/\xc3\xa9.ts", dir + "/hls/bbb/seg-1.ts?x=\xc3\xa9",
		dir + "/hls/bbb/seg-1.ts?{http.request.host}", dir + "/hls/bbb/seg-1.ts?x=|",
		"/../" + dir[1:] + "/secret/x.ts", "/secret/.." + dir + "/hls/bbb/seg-1.ts",
		"/secret/x.ts/../.." + dir + "/hls/bbb/seg-1.ts",
		"//secret/x.ts" + query, "/hls/bbb/../../secret/x.ts" + query,
		"/hls/bbb/%2e%2e/%2e%2e/secret/x.ts" + query, `/hls/bbb/..\..\secret\x.ts` + query,
		"/secret/x.ts;/../hls/bbb/seg-1.ts" + query, "/secret/x.ts%3f/../../hls/bbb/seg-1.ts" + query,
		"/secret/x.ts#/hls/bbb/seg-1.ts" + query,
		"http://" + e.Addr + "/hls/bbb/seg-1.ts" + query, "http://elsewhere.example/hls/bbb/seg-1.ts" +
			query, "hls/bbb/seg-1.ts" + query, "*",
		"/_videotoken", "/_videotoken" + query, "/hls/../_videotoken", "/verify/auth-request/" +
			e.Name + query, "/" + strings.Repeat("a", 9000) + query,
	} {
		names := strings.NewReplacer(dir, "/~TOKEN", dir[1:], "~TOKEN", query, "?token=TOKEN", e.Addr,
			"EDGE", strings.Repeat("a", 9000), "aaa...")
		t.Run(fmt.Sprintf("%.90q", names.Replace(target)), func(t *testing.T) {
			s.Recorder.Take()
			origin.take()
			got := ask(t, e.Addr, "GET", target, "")
			asked, served := s.Recorder.Take(), origin.take()
			check(t, e, got, asked, served)
			for _, r := range served {
				path, _, _ := strings.Cut(r.target, "?")
				if _, err := token.Canonical(nil, []byte(path)); err != nil {
					t.Errorf("the origin was asked for %s", r.target)
				}
			}
			question := "nothing"
			if len(asked) > 0 {
				question = fmt.Sprintf("%q", names.Replace(asked[0].URI()))
			}
			if e.Name == "worker" {
				question = "nobody"
			}
			what := "nothing"
			if got.status == 200 {
				what, _, _ = strings.Cut(string(got.body), "\n")
			}
			fmt.Fprintf(&log, "%q\n\tasked %s, answered %s, served %s\n", names.Replace(target), question,
				strings.TrimSpace(got.String()), what)
			if got.status >= 500 {
				t.Errorf("answered %v", got)
			}
		})
	}
	golden := filepath.Join("testdata/paths", e.Name+".txt")
	if *update {
		if err := os.WriteFile(golden, log.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || len(want) == 0 {
		t.Fatalf("no golden file: %v", err)
	}
	if !bytes.Equal(log.Bytes(), want) {
		t.Errorf("not as in %s, which -update writes:\n%s", golden, log.Bytes())
	}
}
