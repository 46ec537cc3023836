// The testee of test/clients: does what stdin says, with nothing but this client.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"sync"
	"time"

	callme "github.com/call-me/call-me/clients/go"
	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// order is a line of stdin.
type order struct {
	ID           int      `json:"id"`
	Do           string   `json:"do"`
	Environments []string `json:"environments"`
	Options      options  `json:"options"`
	Block        length   `json:"block"`
	LeaseID      string   `json:"leaseId"`
	LeaseToken   string   `json:"leaseToken"`

	Selectors []selector        `json:"selectors"`
	Ticket    callme.Ticket     `json:"ticket"`
	Facts     map[string]string `json:"facts"`
	AtRelease bool              `json:"atRelease"`
}

// saying is a line of stdout.
type saying struct {
	ID           int     `json:"id"`
	Event        string  `json:"event"`
	Position     uint32  `json:"position,omitempty"`
	LeaseID      string  `json:"leaseId,omitempty"`
	LeaseToken   string  `json:"leaseToken,omitempty"`
	FencingToken string  `json:"fencingToken,omitempty"`
	Outcome      string  `json:"outcome,omitempty"`
	EndReason    *string `json:"endReason,omitempty"`
	Note         string  `json:"note,omitempty"`
	Reason       string  `json:"reason,omitempty"`
	Holders      string  `json:"holders,omitempty"`
	Why          string  `json:"why,omitempty"`
	Cause        string  `json:"cause,omitempty"`

	Environments []environment  `json:"environments,omitempty"`
	Printed      string         `json:"printed,omitempty"`
	Ticket       *callme.Ticket `json:"ticket,omitempty"`
	By           string         `json:"by,omitempty"`
	Deadline     int64          `json:"deadline,omitempty"`
}

var errBody = errors.New("body failed")

// verdict is how a body ends: it blocks for so long, and then returns.
type verdict struct {
	block time.Duration
	err   error
}

func (v verdict) carryOut() error {
	time.Sleep(v.block)
	return v.err
}

// hold is one that is under way.
type hold struct {
	cancel  context.CancelFunc
	verdict chan verdict
	// lease is what the body was given, once it runs.
	lease chan *callme.Lease
}

type testee struct {
	client *callme.Client
	holds  map[int]hold
	stdout sync.Mutex
}

func main() {
	log.SetFlags(0)
	client, err := callme.New()
	if err != nil {
		log.Fatal(err)
	}
	t := testee{client: client, holds: map[int]hold{}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			log.Fatal(err)
		}
		t.obey(o)
	}
}

func (t *testee) obey(o order) {
	under := t.holds[o.ID]
	switch o.Do {
	case "hold", "pickUp":
		ctx, cancel := context.WithCancel(context.Background())
		under = hold{cancel: cancel, verdict: make(chan verdict, 1), lease: make(chan *callme.Lease, 1)}
		t.holds[o.ID] = under
		go t.hold(ctx, o, under)
	case "detach":
		go t.detach(o)
	case "tell":
		go t.tell(o, under)
	case "finish":
		under.verdict <- verdict{block: time.Duration(o.Block)}
	case "fail":
		under.verdict <- verdict{err: errBody}
	case "cancel":
		under.cancel()
	case "release":
		go t.release(o)
	default:
		log.Fatalf("unknown order %q", o.Do)
	}
}

func (t *testee) hold(ctx context.Context, o order, under hold) {
	defer under.cancel()
	body := func(ctx context.Context, lease *callme.Lease) error {
		under.lease <- lease
		t.say(saying{
			ID: o.ID, Event: "held",
			LeaseID: lease.ID, LeaseToken: lease.Token, FencingToken: fmt.Sprint(lease.FencingToken),
			Environments: environmentsOf(lease), Printed: printed(lease),
		})
		if run := o.Options.Run; len(run) > 0 {
			return lease.Run(ctx, exec.Command(run[0], run[1:]...))
		}
		select {
		case told := <-under.verdict:
			return told.carryOut()
		case <-ctx.Done():
			t.say(saying{ID: o.ID, Event: "cancelled"})
			if o.Options.Stubborn {
				return (<-under.verdict).carryOut()
			}
			return ctx.Err()
		}
	}
	said := outcomeOf(t.ask(ctx, o, body))
	said.ID, said.Event = o.ID, "ended"
	t.say(said)
}

func (t *testee) ask(ctx context.Context, o order, body func(context.Context, *callme.Lease) error) error {
	onWaiting := t.onWaiting(o)
	switch {
	case o.Do == "pickUp":
		return t.client.PickUp(ctx, o.Ticket, body, onWaiting)
	case len(o.Environments) == 0:
		return t.client.HoldAny(ctx, o.Selectors[0].Selector, body, append(o.forSelectors(), onWaiting)...)
	default:
		return t.client.Hold(ctx, o.Environments[0], body, append(o.forNames(), onWaiting)...)
	}
}

func (t *testee) onWaiting(o order) callme.HoldOption {
	return callme.WithOnWaiting(func(lease *callmev1.Lease) {
		t.say(saying{ID: o.ID, Event: "waiting", Position: lease.GetPosition()})
	})
}

func (t *testee) detach(o order) {
	var ticket callme.Ticket
	var err error
	if len(o.Environments) == 0 {
		ticket, err = t.client.DetachAny(context.Background(), o.Selectors[0].Selector, o.forSelectors()...)
	} else {
		ticket, err = t.client.Detach(context.Background(), o.Environments[0], o.forNames()...)
	}
	if err == nil {
		t.say(saying{ID: o.ID, Event: "detached", Ticket: &ticket})
		return
	}
	said := outcomeOf(err)
	said.ID, said.Event = o.ID, "ended"
	t.say(said)
}

func (t *testee) tell(o order, under hold) {
	lease := <-under.lease
	under.lease <- lease
	var err error
	if o.AtRelease {
		err = lease.TellAtRelease(o.Facts)
	} else {
		err = lease.Tell(context.Background(), o.Facts)
	}
	said := outcomeOf(err)
	said.ID, said.Event = o.ID, "told"
	t.say(said)
}

func (t *testee) release(o order) {
	client, err := callme.New(callme.WithKey(""))
	if err == nil {
		err = client.ReleaseTelling(context.Background(), o.LeaseID, o.LeaseToken, o.Facts)
	}
	said := outcomeOf(err)
	said.ID, said.Event = o.ID, "released"
	t.say(said)
}

func (t *testee) say(said saying) {
	t.stdout.Lock()
	defer t.stdout.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		log.Fatal(err)
	}
}
