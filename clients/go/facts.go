package callme

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"google.golang.org/protobuf/proto"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

var errGivenBack = errors.New("callme: the lease was given back before the facts could be told")

// Tell tells everybody what is on the environments now, such as a version, until somebody tells it anew; an empty text takes it back. It returns
// when the server has it. The error is a [*LeaseLost], that of ctx, or the *connect.Error of a server that refuses the facts, or is out of reach for
// 10 s.
func (l *Lease) Tell(ctx context.Context, facts map[string]string) error {
	if err := checkFacts(facts); err != nil {
		return err
	}
	err := l.keeper.inform(ctx, facts)
	var lost *LeaseLost
	if errors.As(context.Cause(l.body), &lost) {
		return lost
	}
	return err
}

// TellAtRelease does the same with the release, when the body has returned. A lost lease, or a server that refuses these facts, leaves them untold.
func (l *Lease) TellAtRelease(facts map[string]string) error {
	if err := checkFacts(facts); err != nil {
		return err
	}
	l.keeper.telling.Lock()
	defer l.keeper.telling.Unlock()
	l.keeper.leaving = merge(l.keeper.leaving, facts)
	return nil
}

// checkFacts gives an error for what cannot be sent, a text that is not UTF-8.
func checkFacts(facts map[string]string) error {
	if _, err := proto.Marshal(&callmev1.RenewRequest{Facts: facts}); err != nil {
		return fmt.Errorf("callme: these facts cannot be told: %w", err)
	}
	return nil
}

// inform tells facts by a Renew of their own, which is sent again until it is answered; the others tell none.
func (k *keeper) inform(ctx context.Context, facts map[string]string) error {
	k.telling.Lock()
	defer k.telling.Unlock()
	sending, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(k.kept, cancel)()
	var last renewal
	err := persist(sending, func(ctx context.Context) error {
		last = k.renew(ctx, facts, callTimeout)
		return last.err
	})
	if k.kept.Err() != nil {
		return errGivenBack
	} else if ctx.Err() != nil {
		return interrupted(ctx)
	}
	found := k.verdictOn(last.lease, last.err)
	select {
	case k.renewed <- last:
	case <-k.kept.Done():
	}
	switch {
	case found == nil:
		return err
	case found.lost.givenBack:
		return errGivenBack
	default:
		return found.lost
	}
}

// atRelease are the facts to be told with the release.
func (k *keeper) atRelease() map[string]string {
	k.telling.Lock()
	defer k.telling.Unlock()
	return maps.Clone(k.leaving)
}
