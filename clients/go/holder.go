package callme

import (
	_ "embed"
	"encoding/json"
	"net/url"
	"os"
	"os/user"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// ciTable is the table of CI systems: clients/README.md tells how to read it.
//
//go:embed ci_systems.json
var ciTable []byte

// ciSystem is a row of it. The facts are lists of templates.
type ciSystem struct {
	Marks      []string
	URL        []string
	Repository []string
	Number     []string
	Ref        []string
	Sha        []string
	Job        []string
	Actor      []string
}

// getenv gives a variable, or an empty text.
type getenv func(name string) string

// describeHolder says who a lease is for: what was said, field by field; else what CALL_ME_… variables say, else what the CI system tells,
// else user@host.
func describeHolder(env getenv, said *callmev1.Holder) *callmev1.Holder {
	system, known := ciSystemOf(env)
	known = known || usable(env("CALL_ME_RUN_URL")) != ""
	read := func(variable string, templates []string) string {
		if !known {
			return ""
		}
		if given := usable(env("CALL_ME_" + variable)); given != "" {
			return given
		}
		return usable(readFact(templates, env))
	}
	holder := &callmev1.Holder{
		Name:       usable(env("CALL_ME_HOLDER")),
		Kind:       callmev1.HolderKind_HOLDER_KIND_HUMAN,
		RunUrl:     read("RUN_URL", system.URL),
		Repository: read("REPOSITORY", system.Repository),
		Ref:        read("REF", system.Ref),
		Sha:        read("SHA", system.Sha),
		Job:        read("JOB", system.Job),
		Actor:      read("ACTOR", system.Actor),
	}
	if number := read("RUN_NUMBER", system.Number); holder.Name == "" && holder.Repository != "" && number != "" {
		holder.Name = usable(holder.Repository + " #" + number)
	} else if holder.Name == "" {
		holder.Name = usable(userAtHost())
	}
	if known || env("CI") != "" {
		holder.Kind = callmev1.HolderKind_HOLDER_KIND_PIPELINE
	}
	// What is empty in it overwrites nothing.
	proto.Merge(holder, said)
	return holder
}

// ciSystemOf gives the system that a job with these variables runs in: by its mark, or where a container was not given that one, by its run's
// address.
func ciSystemOf(env getenv) (ciSystem, bool) {
	var systems []ciSystem
	if err := json.Unmarshal(ciTable, &systems); err != nil {
		panic(err) // It is part of this package.
	}
	for _, system := range systems {
		for _, mark := range system.Marks {
			name, value, exact := strings.Cut(mark, "=")
			if found := env(name); found != "" && (!exact || found == value) {
				return system, true
			}
		}
	}
	for _, system := range systems {
		if readFact(system.URL, env) != "" {
			return system, true
		}
	}
	return ciSystem{}, false
}

func readFact(templates []string, env getenv) string {
	for _, template := range templates {
		if text := fill(template, env); text != "" {
			return text
		}
	}
	return ""
}

var variable = regexp.MustCompile(`\$\{(\w+)(?::(\w+))?\}`)

// fill is empty if one of the template's variables is.
func fill(template string, env getenv) string {
	whole := true
	text := variable.ReplaceAllStringFunc(template, func(found string) string {
		parts := variable.FindStringSubmatch(found)
		value := filtered(env(parts[1]), parts[2])
		whole = whole && value != ""
		return value
	})
	if !whole {
		return ""
	}
	return text
}

var origin = regexp.MustCompile(`^[a-z]+://[^/]+`)

func filtered(value, filter string) string {
	switch filter {
	case "base":
		return strings.TrimSuffix(value, "/")
	case "branch":
		if short, found := strings.CutPrefix(value, "refs/heads/"); found {
			return short
		}
		return strings.TrimPrefix(value, "refs/tags/")
	case "origin":
		return origin.FindString(value)
	case "uri":
		return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	default:
		return value
	}
}

// longestText is the server's limit for a text, in characters.
const longestText = 512

var unsafe = regexp.MustCompile(`[\x00-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}\x{2029}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

// usable gives a text as the server takes it: without control and bidirectional characters, and cut to its limit.
func usable(text string) string {
	runes := []rune(unsafe.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), ""))
	return string(runes[:min(len(runes), longestText)])
}

func userAtHost() string {
	name, host := "someone", "localhost"
	// A container may run under a number that no account has.
	if who, err := user.Current(); err == nil && who.Username != "" {
		name = who.Username[strings.LastIndex(who.Username, `\`)+1:]
	}
	if found, err := os.Hostname(); err == nil {
		host = found
	}
	return name + "@" + host
}
