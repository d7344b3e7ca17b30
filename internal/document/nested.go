package document

// skipNested goes past an object or array. It is one loop that keeps its position in a register:
// the smallest values have one byte, and a hostile body has thousands of them.
func (w *walker) skipNested() {
	b, i, outside := w.b, w.i, w.depth
	var l *level // the innermost object or array
	for {
		// A value.
		if i < len(b) && b[i] <= ' ' {
			i = skipSpace(b, i)
		}
		if i == len(b) {
			w.fail(tooShort, i)
			return
		}
		switch b[i] {
		case '"':
			end, _, f := scanString(b, i)
			if f != none {
				w.fail(f, end)
				return
			}
			i = end
		case '{', '[':
			w.i = i
			l = w.open()
			if w.next() != l.closer {
				l.count++
				if l.closer == '}' {
					w.name(l)
				}
				if w.fault != none {
					return
				}
				i = w.i
				continue
			}
			if w.fault != none {
				return
			}
			w.close(l)
			i = w.i
			if w.depth > outside {
				l = &w.levels[w.depth-1]
			}
		default:
			end, ok := scanScalar(b, i)
			if !ok {
				w.fail(unexpected, end)
				return
			}
			i = end
		}
		// What follows a value: the ends of objects and arrays, then a comma.
		for {
			if w.depth == outside {
				w.i = i
				return
			}
			if i < len(b) && b[i] <= ' ' {
				i = skipSpace(b, i)
			}
			if i == len(b) {
				w.fail(tooShort, i)
				return
			}
			if b[i] == ',' {
				i++
				l.count++
				if l.closer == '}' {
					w.i = i
					if w.name(l); w.fault != none {
						return
					}
					i = w.i
				}
				break
			}
			if b[i] != l.closer {
				w.fail(unexpected, i)
				return
			}
			w.i = i
			w.close(l)
			i++
			if w.depth > outside {
				l = &w.levels[w.depth-1]
			}
		}
	}
}
