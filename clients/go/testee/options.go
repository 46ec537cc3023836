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

	ClaimTimeout length    `json:"claimTimeout"`
	Pool         string    `json:"pool"`
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	AutoClaim    bool      `json:"autoClaim"`
	SupersedeKey string    `json:"supersedeKey"`
	Supersede    string    `json:"supersede"`
	Holder       string    `json:"holder"`
}

// selector is a need by labels.
type selector struct {
	Selector string `json:"selector"`
	Count    uint32 `json:"count"`
	Slots    uint32 `json:"slots"`
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

// forNames are the options of the client, for the first environment and all that is wanted with it.
func (o order) forNames() []callme.HoldOption {
	options := append(o.Options.forHold(), callme.WithSlots(o.Options.Slots))
	for _, name := range o.Environments[1:] {
		options = append(options, callme.WithNeed(name, o.Options.Slots))
	}
	for _, more := range o.Selectors {
		options = append(options, callme.WithSelector(more.Selector, more.Count, more.Slots))
	}
	return options
}

// forSelectors are the same where the first selector is what is wanted first.
func (o order) forSelectors() []callme.HoldOption {
	first, others := o.Selectors[0], o.Selectors[1:]
	options := append(o.Options.forHold(), callme.WithCount(first.Count), callme.WithSlots(first.Slots))
	for _, more := range others {
		options = append(options, callme.WithSelector(more.Selector, more.Count, more.Slots))
	}
	return options
}

// forHold are those that say how.
func (o options) forHold() []callme.HoldOption {
	options := []callme.HoldOption{callme.WithRequestID(o.RequestID), callme.WithPool(o.Pool)}
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
	if o.ClaimTimeout != 0 {
		options = append(options, callme.WithClaimTimeout(time.Duration(o.ClaimTimeout)))
	}
	if !o.NotBefore.IsZero() {
		options = append(options, callme.WithNotBefore(o.NotBefore))
	}
	if !o.NotAfter.IsZero() {
		options = append(options, callme.WithNotAfter(o.NotAfter))
	}
	if o.AutoClaim {
		options = append(options, callme.WithAutoClaim())
	}
	if o.SupersedeKey != "" {
		supersede := callmev1.Supersede(callmev1.Supersede_value["SUPERSEDE_"+o.Supersede])
		options = append(options, callme.WithSupersedeKey(o.SupersedeKey), callme.WithSupersede(supersede))
	}
	if o.Holder != "" {
		options = append(options, callme.WithHolder(&callmev1.Holder{Name: o.Holder}))
	}
	if o.Wait != 0 {
		options = append(options, callme.WithWait(time.Duration(o.Wait)))
	}
	if o.Fail {
		options = append(options, callme.WithIfBusy(callmev1.IfBusy_IF_BUSY_FAIL))
	}
	return options
}
