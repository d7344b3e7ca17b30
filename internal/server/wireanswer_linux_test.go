package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
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

// splitAnswers splits what came back into answers. It reports whether the last one refuses what is
// no request: such an answer closes the connection.
func splitAnswers(text string, heads []bool) (answers []string, refused bool, err error) {
	for r := bufio.NewReader(strings.NewReader(text)); ; {
		if _, err := r.Peek(1); err != nil {
			break
		}
		i := len(answers)
		a, err := readWireAnswer(r, i < len(heads) && heads[i])
		if err != nil && i >= len(heads) && strings.HasSuffix(a, "\r\n\r\n") {
			err = nil // a HEAD that was refused
		}
		if err != nil {
			return answers, false, fmt.Errorf("answer %d, %q: %w", i, a, err)
		}
		if status(a) >= 200 {
			answers = append(answers, a)
		}
	}
	if n := len(answers); n > 0 {
		last := answers[n-1]
		switch status(last) {
		case 400, 413, 431, 501, 505:
			refused = strings.Contains(last, "\r\nConnection: close\r\n")
		}
	}
	return answers, refused, nil
}

// differAsBusy reports whether answers differ only where one server signed and the other one was
// too busy with signatures: how many of them are kept may differ, and with it who is told to come
// again.
func differAsBusy(answers, others []string) bool {
	busy := false
	return slices.EqualFunc(answers, others, func(one, other string) bool {
		if one == other {
			return true
		}
		busy = true
		return min(status(one), status(other)) == 200 && max(status(one), status(other)) == 503
	}) && busy
}
