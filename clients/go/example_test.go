package callme_test

import (
	"context"
	"errors"
	"log"
	"time"

	callme "github.com/call-me/call-me/clients/go"
	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// runTests stands for what needs the environment. It must return soon after ctx is done.
func runTests(ctx context.Context) error {
	return ctx.Err()
}

// Runs the tests on any environment of a tier, and says which version is on it now.
func ExampleClient_HoldAny() {
	client, err := callme.New() // CALL_ME_URL, CALL_ME_API_KEY
	if err != nil {
		log.Fatal(err)
	}
	err = client.HoldAny(context.Background(), "tier=uat,!gpu", func(ctx context.Context, lease *callme.Lease) error {
		uat := lease.Environments[0]
		log.Printf("on %s, at %s", uat.Name, uat.Variables()["URL"])
		if err := runTests(ctx); err != nil {
			return err
		}
		return lease.TellAtRelease(map[string]string{"version": "1.2.3"})
	})
	if err != nil {
		log.Fatal(err)
	}
}

// Runs the tests on uat, and one slot of gpu, for half an hour at most.
func ExampleClient_Hold() {
	client, err := callme.New() // CALL_ME_URL, CALL_ME_API_KEY
	if err != nil {
		log.Fatal(err)
	}
	test := func(ctx context.Context, lease *callme.Lease) error {
		return runTests(ctx)
	}
	err = client.Hold(context.Background(), "uat", test,
		callme.WithNeed("gpu", 1),
		callme.WithMaxHold(30*time.Minute),
		callme.WithOnWaiting(func(lease *callmev1.Lease) { log.Printf("waiting at position %d", lease.GetPosition()) }),
	)
	var lost *callme.LeaseLost
	if errors.As(err, &lost) {
		log.Fatalf("the result counts for nothing: %v", lost)
	} else if err != nil {
		log.Fatal(err)
	}
}
