package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"

	callme "github.com/call-me/call-me/clients/go"
)

// environment is one that a lease holds, as the protocol tells it.
type environment struct {
	Name            string            `json:"name"`
	Variables       map[string]string `json:"variables"`
	Slots           []slot            `json:"slots"`
	SecretVariables []string          `json:"secretVariables"`
}

type slot struct {
	Index     uint32            `json:"index"`
	Variables map[string]string `json:"variables"`
}

func environmentsOf(lease *callme.Lease) []environment {
	var environments []environment
	for _, one := range lease.Environments {
		told := environment{Name: one.Name, Variables: one.Variables(), SecretVariables: append([]string{}, one.SecretVariables...)}
		for _, held := range one.Slots {
			told.Slots = append(told.Slots, slot{Index: held.Index, Variables: held.Variables()})
		}
		environments = append(environments, told)
	}
	return environments
}

// printed is the lease in each of the ways in which Go makes a text of a value.
func printed(lease *callme.Lease) string {
	var text bytes.Buffer
	for _, value := range []any{lease, *lease, lease.Environments, lease.Granted, []any{lease}} {
		fmt.Fprintf(&text, "%v\n%+v\n%#v\n", value, value, value)
		slog.New(slog.NewJSONHandler(&text, nil)).Info("held", "value", value)
		slog.New(slog.NewTextHandler(&text, nil)).Info("held", "value", value)
		if err := json.NewEncoder(&text).Encode(value); err != nil {
			fmt.Fprintln(&text, err)
		}
	}
	return text.String()
}
