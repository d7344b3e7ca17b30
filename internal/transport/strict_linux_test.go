package transport_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// compareStrict sends a case that stock fasthttp reads in another way. Both transports answer
// alike, however it is cut; the last answer has the status, and stock fasthttp has other answers.
func (servers trio) compareStrict(c rawCase, w way, status int) string {
	var got [3]string
	for i, addr := range servers {
		if w.few && trioNames[i] == "no loops" || w.name != "whole" && i == 0 {
			continue
		}
		var err error
		if got[i], err = exchange(addr, w.pieces, 0, w.end, time.Sleep); err != nil {
			return fmt.Sprintf("%s: %v", trioNames[i], err)
		}
	}
	if !w.few && got[1] != got[2] {
		return fmt.Sprintf("loops answer\n%s", difference(got[1], got[2]))
	}
	if last := lastStatus(got[1]); w.end != probe && last != status {
		return fmt.Sprintf("%d instead of %d: %s", last, status, shorten(got[1]))
	}
	// After a bare LF stock fasthttp waits for more, and refuses what there is when none comes.
	if w.name == "whole" && w.end == halfClose && got[0] == got[1] &&
		!strings.Contains(c.name, "bare LF") {
		return "stock fasthttp answers alike"
	}
	return ""
}

// lastStatus is the status of the last answer, 0 if there is none.
func lastStatus(answers string) int {
	i := strings.LastIndex(answers, "HTTP/1.1 ")
	if i < 0 {
		return 0
	}
	status, _ := strconv.Atoi(answers[i+9 : i+12])
	return status
}

// stricter are the cases that stock fasthttp takes, or refuses later or in other words, with the
// status of the last answer here. 0 is none.
var stricter = map[string]int{
	"chunked: \" 5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"":     400,
	"chunked: \"+5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"":     400,
	"chunked: \"-5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"":     400,
	"chunked: \"0\\r\\nContent-Length: 5\\r\\n\\r\\n\"": 200,
	"chunked: \"0\\r\\nHost: x\\r\\n\\r\\n\"":           200,
	"chunked: \"0\\r\\nX A: 1\\r\\n\\r\\n\"":            400,
	"chunked: \"0\\r\\nX-A: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" ... \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\r\\n\\r\\n\" (2060 bytes)": 200,
	"chunked: \"10000000000000005\\r\\nhello\\r\\n0\\r\\n\\r\\n\"": 400,
	"chunked: \"5 \\r\\nhello\\r\\n0\\r\\n\\r\\n\"":                400,
	"chunked: \"5;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" ... \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\r\\nhello\\r\\n0\\r\\n\\r\\n\" (2064 bytes)": 400,
	"chunked: \"5\\r\\nhello\\r\\n0\\r\\nX-A: 1\\r\\nX-B: 2\\r\\n\\r\\n\"": 200,
	"chunked: \"5\\r\\nhello\\r\\n0\\r\\nX-A: 1\\r\\n\\r\\n\"":             200,
	"chunked: \"\\r\\nhello\\r\\n0\\r\\n\\r\\n\"":                          400,
	"chunked: \"ffffffffffffffff\\r\\nhello\\r\\n0\\r\\n\\r\\n\"":          413,
	"chunked: \"g\\r\\nhello\\r\\n0\\r\\n\\r\\n\"":                         400,
	"chunked: announced trailer":                                           200,
	"chunked: expecting":                                                   200,
	"chunked: with a length":                                               400,
	"chunked: with a length before":                                        400,
	"chunked: with a zero length":                                          400,
	"coding: \" Identity\"":                                                501,
	"coding: \" identity\"":                                                501,
	"cut behind good ones: the last chunk":                                 400,
	"cut: the last chunk":                                                  400,
	"expect: \" 100-Continue\"":                                            200,
	"expect: \" 100-continue \"":                                           200,
	"expect: \" 100-continue\"":                                            200,
	"expect: \"100-continue\"":                                             200,
	"expect: and close":                                                    200,
	"expect: behind good ones":                                             200,
	"expect: in lower case":                                                200,
	"expect: refused":                                                      200,
	"expect: refused without a body":                                       200,
	"expect: too large":                                                    413,
	"expect: twice":                                                        200,
	"expect: without a body":                                               200,
	"field: \"A A: 1\"":                                                    400,
	"field: \"A: 1\\nC: 3\"":                                               400,
	"field: \"A: 1\\n\\nC: 3\"":                                            400,
	"field: \"A: 1\\r\\n \\r\\n \\r\\nC: 3\"":                              400,
	"field: coding and length behind good ones":                            400,
	"field: coding and length, identity":                                   400,
	"field: coding behind a bare LF":                                       400,
	"field: coding in a fold":                                              501,
	"field: coding with a leading space":                                   400,
	"field: connection behind a bare LF":                                   400,
	"field: expect behind a bare LF":                                       400,
	"field: length behind a bare LF":                                       400,
	"field: length with a leading space":                                   400,
	"header: LF between":                                                   400,
	"header: fold by a bare LF":                                            400,
	"header: fold by space":                                                400,
	"header: fold by tab":                                                  400,
	"header: fold of connection":                                           400,
	"header: fold of nothing":                                              400,
	"header: fold of the host":                                             400,
	"header: fold of the length":                                           400,
	"header: fold to nothing":                                              400,
	"header: fold twice":                                                   400,
	"header: leading LF":                                                   400,
	"header: leading LFs":                                                  400,
	"header: nothing but LFs":                                              400,
	"header: trailing LF":                                                  400,
	"host: \" a<b\"":                                                       400,
	"host: \" a\\\"b\"":                                                    400,
	"host: \" é\"":                                                         400,
	"host: \" u@h\"":                                                       400,
	"line: bare LF":                                                        400,
	"line: bare LF at the end":                                             400,
	"line: bare LF before the last CRLF":                                   400,
	"line: bare LF in all lines":                                           400,
	"line: bare LF in the header":                                          400,
	"line: bare LF in the header before a body":                            400,
	"line: bare LF, and then CRLFs, before a body":                         400,
	"line: bare LFs before a body":                                         400,
	"line: bare LFs before a body behind a good one":                       400,
	"line: bare LFs before a body, and nothing behind":                     400,
	"line: bare LFs behind good ones":                                      400,
	"line: bare LFs with CRLFs in the body":                                400,
	"pipeline of 3 with a bare LF at 0":                                    400,
	"pipeline of 3 with a bare LF at 1":                                    400,
	"pipeline of 3 with a bare LF at 2":                                    400,
	"pipeline of 3 with an expectation at 0":                               200,
	"pipeline of 3 with an expectation at 1":                               200,
	"pipeline of 3 with an expectation at 2":                               200,
	"pipeline of 40 with a bare LF at 0":                                   400,
	"pipeline of 40 with a bare LF at 20":                                  400,
	"pipeline of 40 with a bare LF at 39":                                  400,
	"pipeline of 40 with an expectation at 0":                              239,
	"pipeline of 40 with an expectation at 20":                             239,
	"pipeline of 40 with an expectation at 39":                             200,
	"version: 0.9":                                                         505,
	"version: 2.0":                                                         505,
	"version: 2.0 keep-alive":                                              505,
	"version: 9.9":                                                         505,
	"begun badly behind good ones: \"GET / HTTP/1.1\\r\\nTransfer-Encoding: x\\r\\nA\"":                                                     501,
	"begun badly behind good ones: \"POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked\\r\\nHost: h\\r\\nA\"": 501,
	"begun badly: \"GET / HTTP/1.1\\r\\nTransfer-Encoding: x\\r\\nA\"":                                                                      501,
	"begun badly: \"POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked\\r\\nHost: h\\r\\nA\"":                  501,
	"chunked: then identity":         501,
	"chunked: twice":                 501,
	"coding: \" \"":                  501,
	"coding: \" ,chunked\"":          501,
	"coding: \" \\\"chunked\\\"\"":   501,
	"coding: \" chunked, chunked\"":  501,
	"coding: \" chunked, gzip\"":     501,
	"coding: \" chunked, identity\"": 501,
	"coding: \" chunked,\"":          501,
	"coding: \" chunked;q=1\"":       501,
	"coding: \" chunkedx\"":          501,
	"coding: \" gzip\"":              501,
	"coding: \" gzip, chunked\"":     501,
	"coding: \" x\"":                 501,
	"coding: \" xchunked\"":          501,
	"coding: \"\"":                   501,
	"connection: HTTP/2 preface":     505,
}
