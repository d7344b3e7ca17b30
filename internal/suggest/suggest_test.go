package suggest

import "testing"

func TestCommand(t *testing.T) {
	commands := []string{"compare", "max", "run", "serve"}
	for name, want := range map[string]string{
		"rnu":      `unknown command "rnu": did you mean "run"?`,
		"sevre":    `unknown command "sevre": did you mean "serve"?`,
		"compares": `unknown command "compares": did you mean "compare"?`,
		"nonsense": `unknown command "nonsense"`,
		"":         `unknown command ""`,
	} {
		if got := Command(name, commands); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
