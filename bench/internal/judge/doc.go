// Package judge says whether one revision is slower than another, from runs of both that were
// interleaved.
//
// Most callers want [Judge]. Two runs next to each other share what the machine was doing, so the
// figure that is judged is the ratio of a pair, and of the ratios the median with the interval that
// order statistics give it: no distribution is assumed, and one disturbed pair moves it little. A
// p-value alone would gate on differences that are certain and of no size; what gates is the size,
// at the near end of the interval.
package judge
