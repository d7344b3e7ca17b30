package main

import (
	"encoding/json"
	"strings"
	"testing"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	// the types that the file names
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/cors/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// readBootstrap reads an Envoy configuration as Envoy does: YAML, of its protobuf schema, no field
// that it does not have, and with its constraints.
func readBootstrap(text string) (messages []proto.Message, err error) {
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	var b bootstrap.Bootstrap
	if err := protojson.Unmarshal(asJSON, &b); err != nil {
		return nil, err
	}
	messages = []proto.Message{&b}
	for i := 0; i < len(messages); i++ {
		if err := messages[i].(interface{ ValidateAll() error }).ValidateAll(); err != nil {
			return nil, err
		}
		inside, err := packed(messages[i].ProtoReflect())
		if err != nil {
			return nil, err
		}
		messages = append(messages, inside...)
	}
	return messages, nil
}

// packed unpacks every google.protobuf.Any in a message.
func packed(m protoreflect.Message) (found []proto.Message, err error) {
	visit := func(m protoreflect.Message) {
		inside, fault := packed(m)
		if found = append(found, inside...); fault != nil {
			err = fault
		}
	}
	if a, ok := m.Interface().(*anypb.Any); ok {
		inner, err := a.UnmarshalNew()
		return []proto.Message{inner}, err
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				visit(v.Message())
				return true
			})
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				visit(v.List().Get(i).Message())
			}
		case !f.IsMap() && !f.IsList() && f.Message() != nil:
			visit(v.Message())
		}
		return true
	})
	return found, err
}

// TestSchema: what Envoy would refuse in the file is found.
func TestSchema(t *testing.T) {
	text := readEnvoyFile(t)
	for name, broken := range map[string][2]string{
		"a field that there is not":  {"failure_mode_allow:", "failure_mode_permit:"},
		"a value of another kind":    {"encode_raw_headers: true", "encode_raw_headers: maybe"},
		"an enum's unknown value":    {"KEEP_UNCHANGED", "KEEP"},
		"a type that there is not":   {"ext_authz.v3.ExtAuthz\n", "ext_authz.v3.Authz\n"},
		"a cluster without a name":   {"- name: videotoken\n", "- name: \"\"\n"},
		"a status outside its range": {"status: 405", "status: 4050"},
		"no name of the cluster":     {"cluster_name: videotoken}", "cluster_name: \"\"}"},
	} {
		changed := strings.Replace(text, broken[0], broken[1], 1)
		if changed == text {
			t.Errorf("%s: nothing was changed", name)
		} else if _, err := readBootstrap(changed); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}
