package server

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
)

// status is the status of an answer.
func status(answer string) int {
	n, _ := strconv.Atoi(answer[len("HTTP/1.1 "):][:3])
	return n
}

// readWireAnswer reads an answer strictly, and returns it without its date. It has a Content-Length
// or no content.
func readWireAnswer(r *bufio.Reader, head bool) (string, error) {
	var b strings.Builder
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return b.String() + line, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ": ")
		if b.Len() == 0 && (len(line) < len("HTTP/1.1 200 OK") ||
			line[:len("HTTP/1.1 ")] != "HTTP/1.1 ") || !strings.HasSuffix(line, "\r\n") {
			return line, errors.New("not an answer")
		}
		switch name {
		case "Date":
			continue
		case "Content-Length":
			if length, err = strconv.Atoi(value); err != nil {
				return b.String() + line, err
			}
		case "Transfer-Encoding":
			return b.String() + line, errors.New("an answer in chunks")
		}
		if b.WriteString(line); line == "\r\n" {
			break
		}
	}
	if head {
		return b.String(), nil
	}
	body := make([]byte, length)
	n, err := io.ReadFull(r, body)
	return b.String() + string(body[:n]), err
}
