package document

import (
	"reflect"
	"strings"
	"testing"
)

// TestUnknownOption: the error of an unknown member of "token" names every member there is.
func TestUnknownOption(t *testing.T) {
	var d Document
	err := d.Read([]byte(`{"video":{"sources":[{"src":"/a"}]},"token":{"no such":1}}`), Default, 1)
	if err == nil {
		t.Fatal("it is accepted")
	}
	options := reflect.TypeFor[Options]()
	for i := range options.NumField() {
		if name := options.Field(i).Name; !strings.Contains(strings.ToLower(err.Error()),
			`"`+strings.ToLower(name)+`"`) {
			t.Errorf("%v: it has no %s", err, name)
		}
	}
}
