package callme

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// The vectors of all languages: variables in, holder out.
func TestTheHolderIsWhatTheVariablesTell(t *testing.T) {
	text, err := os.ReadFile("../../test/clients/holders.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name   string
		Env    map[string]string
		Holder json.RawMessage
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, vector := range vectors {
		wanted := &callmev1.Holder{}
		if err := protojson.Unmarshal([]byte(strings.Replace(string(vector.Holder), "{user}@{host}", userAtHost(), 1)), wanted); err != nil {
			t.Fatal(err)
		}
		if got := describeHolder(func(name string) string { return vector.Env[name] }, nil); !proto.Equal(got, wanted) {
			t.Errorf("%s: it is %v, and should be %v", vector.Name, got, wanted)
		}
	}
}

func TestWhatIsSaidOfAHolderGoesBefore(t *testing.T) {
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_JOB": "e2e"}
	said := &callmev1.Holder{Name: "I", Kind: callmev1.HolderKind_HOLDER_KIND_SERVICE}
	wanted := &callmev1.Holder{Name: "I", Kind: callmev1.HolderKind_HOLDER_KIND_SERVICE, Job: "e2e"}
	if got := describeHolder(func(name string) string { return env[name] }, said); !proto.Equal(got, wanted) {
		t.Errorf("it is %v, and should be %v", got, wanted)
	}
}
