package config

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"videotoken/internal/scheme"
)

// schema is a JSON schema (2020-12), as much of it as the configuration needs.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"` // a string, or a list of them
	Default     any                `json:"default,omitempty"`
	Const       any                `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *int64             `json:"minimum,omitempty"`
	Maximum     *int64             `json:"maximum,omitempty"`
	MinItems    int                `json:"minItems,omitempty"`
	MaxItems    int                `json:"maxItems,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  *bool              `json:"additionalProperties,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	AllOf       []*schema          `json:"allOf,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	OneOf       []*schema          `json:"oneOf,omitempty"`
	If          *schema            `json:"if,omitempty"`
	Then        *schema            `json:"then,omitempty"`
	Defs        map[string]*schema `json:"$defs,omitempty"`
}

//go:generate go test -run ^TestSchemaFile$ -update .

// Schema returns the JSON schema of a configuration, with which editors complete and check it:
// docs/videotoken.schema.json. It accepts all that the reader accepts. It refuses what can be told
// from one value and its neighbors: unknown fields, wrong kinds, numbers out of their range, and
// what is missing.
func Schema() ([]byte, error) {
	s := (&reader{}).fields(defaults(), &parts{balance: balances[0]}).schema()
	s.Dialect, s.Title = "https://json-schema.org/draft/2020-12/schema",
		"The configuration of videotoken"
	s.Defs = cdnSchemas()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(s)
	return b.Bytes(), err
}

// schema is that of a mapping with these members.
func (f fields) schema() *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: new(bool)}
	for _, m := range f {
		of := m.value.schema()
		of.Description = m.doc
		s.Properties[m.name] = of
		if m.missing != "" {
			s.Required = append(s.Required, m.name)
		}
	}
	return s
}

// cdnSchema is that of an entry of cdns. What it may have depends on its scheme, as editors know
// once it stands there.
func cdnSchema() *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}}
	names := &schema{Description: "How its URLs are signed.", Default: scheme.Default}
	for _, kind := range scheme.All {
		names.OneOf = append(names.OneOf, &schema{Const: kind.Name, Description: kind.Doc})
		when := &schema{Properties: map[string]*schema{"scheme": {Const: kind.Name}}}
		if kind.Name != scheme.Default {
			when.Required = []string{"scheme"}
		}
		s.AllOf = append(s.AllOf, &schema{If: when, Then: &schema{Ref: "#/$defs/" + kind.Name}})
	}
	s.Properties["scheme"] = names
	return s
}

// cdnSchemas are the whole entries of cdns, by scheme.
func cdnSchemas() map[string]*schema {
	all := map[string]*schema{}
	for _, kind := range scheme.All {
		r := &reader{}
		s := r.cdnFields(newEntry(kind), "", nil, nil).schema()
		s.Description = kind.Doc
		all[kind.Name] = s
	}
	return all
}

// formatDuration writes a duration as people do: 6h, not 6h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
