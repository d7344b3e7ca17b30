// Package suggest tells what a misspelled name was meant to be. Both programs, videotoken and
// bench, tell it of their commands.
package suggest

import (
	"fmt"

	"github.com/agnivade/levenshtein"
)

// most is the greatest number of letters in which a name may differ from the one that was meant.
const most = 2

// Command says that there is no command of the given name, and which similar one there is.
func Command(name string, commands []string) string {
	message := fmt.Sprintf("unknown command %q", name)
	nearest, distance := "", most+1
	for _, other := range commands {
		if d := levenshtein.ComputeDistance(name, other); d < distance {
			nearest, distance = other, d
		}
	}
	if nearest != "" {
		message += fmt.Sprintf(": did you mean %q?", nearest)
	}
	return message
}
