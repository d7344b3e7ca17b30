package document

// scanScalar returns the position after the number, true, false or null that starts at b[i]. Where
// it is none of these, it returns the position of the first byte that is wrong, and false.
func scanScalar(b []byte, i int) (end int, ok bool) {
	if i == len(b) {
		return i, false
	}
	switch b[i] {
	case 't':
		return scanWord(b, i, "true")
	case 'f':
		return scanWord(b, i, "false")
	case 'n':
		return scanWord(b, i, "null")
	case '-':
		i++
	}
	digits := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	switch {
	case i == digits:
		return i, false
	case b[digits] == '0' && i > digits+1:
		return digits + 1, false // a zero at the start
	case i == len(b) || b[i] != '.' && b[i]|0x20 != 'e':
		return i, true // nearly always
	}
	if b[i] == '.' {
		i++
		for digits = i; i < len(b) && b[i]-'0' <= 9; {
			i++
		}
		if i == digits {
			return i, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		for digits = i; i < len(b) && b[i]-'0' <= 9; {
			i++
		}
		if i == digits {
			return i, false
		}
	}
	return i, true
}

func scanWord(b []byte, i int, word string) (end int, ok bool) {
	if rest := b[i:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
		return i + len(word), true
	}
	for j := 0; i < len(b) && b[i] == word[j]; j++ {
		i++
	}
	return i, false
}
