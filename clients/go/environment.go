package callme

import (
	"maps"

	"google.golang.org/protobuf/proto"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// An Environment is one that a body holds. Whoever prints or marshals it sees no variables.
type Environment struct {
	// Name is its name: of a selector, what was chosen.
	Name string
	// Slots are those of its slots that are held.
	Slots []Slot
	// SecretVariables are the names of those variables, of the environment or a slot, whose values no log may show.
	SecretVariables []string
	variables       func() map[string]string
}

// A Slot is one slot of an environment that a body holds.
type Slot struct {
	// Index counts from 0, on its environment.
	Index     uint32
	variables func() map[string]string
}

// Variables are what the environment gives its holder, such as URL. What only a slot gives is in the slot's own.
func (e Environment) Variables() map[string]string {
	return given(e.variables)
}

// Variables are what the slot gives its holder: its own, and those of the environment that it has none of its own for.
func (s Slot) Variables() map[string]string {
	return given(s.variables)
}

// newEnvironments gives what a lease holds. The values are kept in functions, which print as nothing but an address.
func newEnvironments(leased []*callmev1.LeasedEnvironment) []Environment {
	environments := make([]Environment, 0, len(leased))
	for _, one := range leased {
		general := one.GetVariables()
		environment := Environment{Name: one.GetName(), SecretVariables: one.GetSecretVariables(), variables: keep(general)}
		for nth, index := range one.GetSlotIndexes() {
			all := maps.Clone(general)
			if own := one.GetSlotVariables(); nth < len(own) {
				all = merge(general, own[nth].GetVariables())
			}
			environment.Slots = append(environment.Slots, Slot{Index: index, variables: keep(all)})
		}
		environments = append(environments, environment)
	}
	return environments
}

// withoutVariables gives a lease as it may be printed.
func withoutVariables(lease *callmev1.Lease) *callmev1.Lease {
	plain := proto.CloneOf(lease)
	for _, one := range plain.GetEnvironments() {
		one.Variables, one.SlotVariables = nil, nil
	}
	return plain
}

func keep(variables map[string]string) func() map[string]string {
	return func() map[string]string { return variables }
}

func given(variables func() map[string]string) map[string]string {
	if variables == nil {
		return map[string]string{}
	}
	return merge(variables(), nil)
}

// merge gives a map of its own: what the second one has counts.
func merge(one, other map[string]string) map[string]string {
	all := make(map[string]string, len(one)+len(other))
	maps.Copy(all, one)
	maps.Copy(all, other)
	return all
}
