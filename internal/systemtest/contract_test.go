package systemtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// contract is docs/openapi.yaml, to which requests and answers are held, and what of it they were.
type contract struct {
	doc     *openapi3.T
	seen    map[string]bool // "POST /video/token 200"
	headers map[string]bool // of answers, in the spelling of http.Header
}

func readContract(t *testing.T) *contract {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.FileBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(root, "docs/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Fatal(err)
	}
	return &contract{doc, map[string]bool{}, map[string]bool{}}
}

// operation is an operation of the document, and what of a request's path its parameters are.
type operation struct {
	routers.Route
	params  map[string]string
	isAdmin bool
}

// find returns the operation of a request: of several paths the one with the fewest parameters.
func (c *contract) find(method, path string) (found *operation) {
	for template, item := range c.doc.Paths.Map() {
		names := regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(template, -1)
		pattern := strings.ReplaceAll(regexp.QuoteMeta(template), `\{original\}`, "(.*)")
		m := regexp.MustCompile("^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(pattern,
			"([^/]*)") + "$").FindStringSubmatch(path)
		op := item.GetOperation(method)
		if m == nil || op == nil || found != nil && len(found.params) <= len(names) {
			continue
		}
		found = &operation{Route: routers.Route{Spec: c.doc, Path: template, PathItem: item,
			Method: method, Operation: op}, params: map[string]string{}, isAdmin: len(item.Servers) > 0}
		for i, name := range names {
			found.params[name[1]] = m[i+1]
		}
	}
	return found
}

// call is a request, and what comes of it.
type call struct {
	method, path, body string
	headers            []string // "Name: value"
	status             int
	invalid            bool // the document, too, knows that the request is wrong
}

// unlisted are the headers of every answer, which no document lists.
var unlisted = []string{"Date", "Content-Length", "Content-Type", "Connection"}

// do sends a request to a service or its admin endpoints, and holds both the request and the
// answer, which it returns, to the document.
func (c *contract) do(t *testing.T, addr string, isAdmin bool, q call) string {
	t.Helper()
	request, err := http.NewRequest(q.method, "http://"+addr+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range q.headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			request.Host = value
		}
		request.Header.Add(name, value)
	}
	if q.body == "" {
		request.Body = nil
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	what := fmt.Sprintf("%s %s: %d %v %.300s", q.method, q.path, response.StatusCode, response.Header,
		body)
	if response.StatusCode != q.status {
		t.Errorf("%s; want %d", what, q.status)
		return string(body)
	}
	op := c.find(q.method, request.URL.Path)
	if op == nil {
		t.Errorf("%s: no operation", what)
		return string(body)
	}
	if onBoth := op.Path == "/healthz" || op.Path == "/readyz"; op.isAdmin != isAdmin && !onBoth {
		t.Errorf("%s: the document has it at the other server", what)
	}
	request.Body = io.NopCloser(strings.NewReader(q.body))
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: op.params, Route: &op.Route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true, SkipSettingDefaults: true},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), input); (err != nil) != q.invalid {
		t.Errorf("%s: the request: %v", what, err)
	}
	c.answered(t, what, op, input, response, body)
	return string(body)
}

// answered holds an answer to the document, whose operation must list its status and its headers.
func (c *contract) answered(t *testing.T, what string, op *operation,
	input *openapi3filter.RequestValidationInput, response *http.Response, body []byte) {
	t.Helper()
	c.seen[fmt.Sprintf("%s %s %d", op.Method, op.Path, response.StatusCode)] = true
	listed := op.Operation.Responses.Value(strconv.Itoa(response.StatusCode))
	if listed == nil {
		t.Errorf("%s: the status is not listed", what)
		return
	}
	c.compare(t, what, listed.Value, response, body)
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input,
		Status: response.StatusCode, Header: response.Header, Options: input.Options}
	if err := openapi3filter.ValidateResponse(context.Background(),
		answer.SetBodyBytes(body)); err != nil {
		t.Errorf("%s: the answer: %v", what, err)
	}
}

// compare demands that each header of an answer is listed, and a body where there is a content
// alone.
func (c *contract) compare(t *testing.T, what string, listed *openapi3.Response,
	response *http.Response, body []byte) {
	t.Helper()
	names := canonical(listed.Headers)
	for name := range response.Header {
		if c.headers[name] = true; !slices.Contains(names, name) && !slices.Contains(unlisted, name) {
			t.Errorf("%s: the header %s is not listed", what, name)
		}
	}
	if len(listed.Content) == 0 && len(body) > 0 {
		t.Errorf("%s: a body, which is not listed", what)
	}
}

// canonical returns the names of listed headers in the spelling of http.Header.
func canonical(h openapi3.Headers) (names []string) {
	for name := range h {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	return names
}

// raw sends bytes that are no operation's, and holds the answer to what any request may get.
func (c *contract) raw(t *testing.T, addr, text string, status int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	what := fmt.Sprintf("%.60q: %d %v %s", text, response.StatusCode, response.Header, body)
	if response.StatusCode != status {
		t.Errorf("%s; want %d", what, status)
	}
	listed := c.doc.Components.Responses["Problem"].Value
	c.compare(t, what, listed, response, body)
	if got := response.Header.Get("Content-Type"); listed.Content[got] == nil {
		t.Errorf("%s: the Content-Type", what)
		return
	}
	schema := listed.Content["application/problem+json"].Schema.Value
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Errorf("%s: %v", what, err)
	} else if err := schema.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// finish demands that every operation, status and header of the document was met.
func (c *contract) finish(t *testing.T) {
	t.Helper()
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				what := method + " " + path + " " + status
				if status != "default" && !c.seen[what] {
					t.Errorf("%s: in the document, and in no test", what)
				}
				for _, name := range canonical(response.Value.Headers) {
					if !c.headers[name] {
						t.Errorf("%s: the header %s is in the document, and in no answer", what, name)
					}
				}
			}
		}
	}
	if len(c.seen) < 60 {
		t.Errorf("%d answers", len(c.seen))
	}
}

// TestOpenAPIRoutes: every path that the code serves, and every reason to refuse, is in the
// document.
func TestOpenAPIRoutes(t *testing.T) {
	c := readContract(t)
	count := 0
	for file, pattern := range map[string]string{
		"internal/server/admin.go": `mux\.Handle(?:Func)?\("(GET |POST |)(/[^"]*)"`,
		"internal/server/route.go": `case "()(/[^"]*)"`,
	} {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(source(t, file), -1) {
			count++
			method := strings.TrimSpace(m[1])
			if item := c.doc.Paths.Value(m[2]); item == nil ||
				method != "" && item.GetOperation(method) == nil {
				t.Errorf("%s serves %s%s, which the document has not", file, m[1], m[2])
			}
		}
	}
	for _, m := range regexp.MustCompile(`\{name: "([a-z-]+)"`).FindAllStringSubmatch(
		source(t, "internal/server/verify.go"), -1) {
		count++
		families := c.doc.Paths.Value("/verify/{family}/{cdn}").Get.Parameters.GetByInAndName(
			"path", "family").Schema.Value.Enum
		if !slices.Contains(families, any(m[1])) &&
			c.doc.Paths.Value("/verify/"+m[1]+"/{cdn}/{original}") == nil {
			t.Errorf("the document does not have the family %s", m[1])
		}
	}
	reasons := c.doc.Components.Schemas["Reason"].Value.Enum
	for _, file := range []string{"token/token.go", "token/verify.go", "internal/server/refusal.go",
		"internal/video/renew.go"} {
		for _, m := range regexp.MustCompile(`Err\w+ +(?:Error)? *= (?:token\.Error\()?"([a-z-]+)"|errNotLoaded = token\.Error\("([a-z-]+)"`).FindAllStringSubmatch(
			source(t, file),
			-1) {
			count++
			if reason := m[1] + m[2]; !slices.Contains(reasons, any(reason)) {
				t.Errorf("the document does not have the reason %s", reason)
			}
		}
	}
	if count < 33 {
		t.Errorf("%d routes and reasons: the patterns of this test do not fit the code any more", count)
	}
}
