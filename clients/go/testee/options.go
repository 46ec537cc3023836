package main

import (
	"encoding/json"
	"time"

	callme "github.com/call-me/call-me/clients/go"
	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// options are those of an order to hold.
type options struct {
	TTL          length `json:"ttl"`
	MaxHold      length `json:"maxHold"`
	QueueTimeout length `json:"queueTimeout"`
	TicketTTL    length `json:"ticketTtl"`
	Fail         bool   `json:"fail"`
	Wait         length `json:"wait"`
	RequestID    string `json:"requestId"`
	Slots        uint32 `json:"slots"`
	Stubborn     bool   `json:"stubborn"`
	// Run is the command that the body runs.
	Run []string `json:"run"`
}

// length is a duration as the protocol writes it, which is how Go does.
type length time.Duration

// UnmarshalJSON reads it.
func (l *length) UnmarshalJSON(text []byte) error {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	duration, err := time.ParseDuration(word)
	*l = length(duration)
	return err
}

// forHold are the options of the client, for the first environment and these others.
func (o options) forHold(others []string) []callme.HoldOption {
	options := []callme.HoldOption{callme.WithRequestID(o.RequestID), callme.WithSlots(o.Slots)}
	for _, name := range others {
		options = append(options, callme.WithNeed(name, o.Slots))
	}
	if o.TTL != 0 {
		options = append(options, callme.WithTTL(time.Duration(o.TTL)))
	}
	if o.MaxHold != 0 {
		options = append(options, callme.WithMaxHold(time.Duration(o.MaxHold)))
	}
	if o.QueueTimeout != 0 {
		options = append(options, callme.WithQueueTimeout(time.Duration(o.QueueTimeout)))
	}
	if o.TicketTTL != 0 {
		options = append(options, callme.WithTicketTTL(time.Duration(o.TicketTTL)))
	}
	if o.Wait != 0 {
		options = append(options, callme.WithWait(time.Duration(o.Wait)))
	}
	if o.Fail {
		options = append(options, callme.WithIfBusy(callmev1.IfBusy_IF_BUSY_FAIL))
	}
	return options
}
