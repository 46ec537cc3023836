package callme

import (
	"fmt"
	"strconv"
	"strings"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// givenPrefix is what the variables of a command begin with that come from what the lease holds.
const givenPrefix = "CALL_ME_VAR_"

// value is one that a variable has, and what tells it from its other ones: nothing, or `_` and a slot's index.
type value struct {
	suffix string
	text   string
}

// givenVariables are the variables of all environments of a lease, as a command gets them. What has one value is given by its name alone:
// URL. What has several is given with the environment, if there are several (URL_UAT), and with the slot's index, if slots of it differ, or
// only some have it (SERIAL_3). Where two values would still have one name, neither is given: a command shall rather miss one than take the wrong one.
func givenVariables(leased []*callmev1.LeasedEnvironment) map[string]string {
	plain, apart, twice := map[string]string{}, map[string]string{}, map[string]bool{}
	for name := range namesIn(leased) {
		found := make([][]value, len(leased))
		different, ofSlots := map[string]bool{}, false
		for nth, one := range leased {
			found[nth] = valuesOf(one, name)
			for _, value := range found[nth] {
				different[value.text] = true
				ofSlots = ofSlots || value.suffix != ""
				plain[name] = value.text
			}
		}
		if len(different) == 1 && !ofSlots {
			continue
		}
		delete(plain, name)
		for nth, values := range found {
			for _, value := range values {
				key := name + value.suffix
				if len(leased) > 1 {
					key = name + "_" + spelled(leased[nth].GetName()) + value.suffix
				}
				if before, taken := apart[key]; taken && before != value.text {
					twice[key] = true
				}
				apart[key] = value.text
			}
		}
	}
	for key, text := range apart {
		if _, configured := plain[key]; !configured && !twice[key] {
			plain[key] = text
		}
	}
	return plain
}

func namesIn(leased []*callmev1.LeasedEnvironment) map[string]bool {
	names := map[string]bool{}
	for _, one := range leased {
		for name := range one.GetVariables() {
			names[name] = true
		}
		for _, slot := range one.GetSlotVariables() {
			for name := range slot.GetVariables() {
				names[name] = true
			}
		}
	}
	return names
}

// valuesOf are those of one variable on one environment: one, or one for each slot that has it where these differ.
func valuesOf(leased *callmev1.LeasedEnvironment, name string) []value {
	general, known := leased.GetVariables()[name]
	if len(leased.GetSlotVariables()) == 0 {
		if !known {
			return nil
		}
		return []value{{text: general}}
	}
	var values []value
	different := map[string]bool{}
	for nth, slot := range leased.GetSlotVariables() {
		text, own := slot.GetVariables()[name]
		if !own && !known {
			continue
		}
		if !own {
			text = general
		}
		different[text] = true
		index := uint64(nth)
		if indexes := leased.GetSlotIndexes(); nth < len(indexes) {
			index = uint64(indexes[nth])
		}
		values = append(values, value{suffix: "_" + strconv.FormatUint(index, 10), text: text})
	}
	if len(different) == 1 && len(values) == len(leased.GetSlotVariables()) {
		return []value{{text: values[0].text}}
	}
	return values
}

// spelled is the name of an environment within that of a variable: `rack-a/7` is RACK_A_7.
func spelled(environment string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '_'
	}, strings.ToUpper(environment))
}

// slotsOf are the indexes of all slots, as a command gets them: those of an environment with spaces between them, environments with commas.
func slotsOf(leased []*callmev1.LeasedEnvironment) string {
	all := make([]string, 0, len(leased))
	for _, one := range leased {
		all = append(all, strings.Trim(fmt.Sprint(one.GetSlotIndexes()), "[]"))
	}
	return strings.Join(all, ",")
}

// missingVariables are those that the server has no value for: "PASSWORD of uat". Nobody is to begin without them.
func missingVariables(lease *callmev1.Lease) []string {
	var missing []string
	for _, one := range lease.GetEnvironments() {
		for _, name := range one.GetMissingVariables() {
			missing = append(missing, name+" of "+one.GetName())
		}
	}
	return missing
}
