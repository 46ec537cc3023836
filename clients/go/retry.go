package callme

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// patience is how long a server may be out of reach while nothing is at stake.
	patience = 10 * time.Second
	// farewell is how long somebody who gives up may be kept.
	farewell = time.Second

	firstPause   = 200 * time.Millisecond
	longestPause = 2 * time.Second
	// longestDelay: whoever is told to stay away for longer looks again after this.
	longestDelay = 30 * time.Second
)

// A backoff makes pauses of 0.1 s to 2 s that double from try to try, jittered so that the clients of a restarted server do not come all at
// once. The zero value begins with the shortest.
type backoff struct {
	longest time.Duration
}

// wait waits for the next try, at least as long as the error of the last one says; its own error is that of ctx.
func (b *backoff) wait(ctx context.Context, after error) error {
	b.longest = min(max(2*b.longest, firstPause), longestPause)
	timer := time.NewTimer(max(b.longest/2+rand.N(b.longest/2), delayOf(after)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lasted tells how long it went well. Only after a good while is the next pause a short one again: a proxy may cut each stream at once.
func (b *backoff) lasted(length time.Duration) {
	if length > longestPause {
		b.longest = 0
	}
}

// persist tries a call, which must be safe to repeat, until it is answered, fails for good, was tried for 10 s, or ctx is done.
func persist(ctx context.Context, call func(context.Context) error) error {
	var pause backoff
	for begun := time.Now(); ; {
		err := call(ctx)
		if err == nil || ctx.Err() != nil || !isTransient(err) || time.Since(begun)+delayOf(err) >= patience || pause.wait(ctx, err) != nil {
			return err
		}
	}
}

// outlive gives a context with the values of ctx that is done only some time after it, or when it is cancelled itself.
func outlive(ctx context.Context, length time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(length)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		forget()
		cancel()
	}
}
