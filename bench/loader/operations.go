package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// locker is what every contestant can do, on a connection or on a stream of one. Each call checks that its answer is a success.
type locker interface {
	// acquire takes a lock, or waits in line for it where there is one, and returns what gives it back.
	acquire(ctx context.Context, name string) (held string, err error)
	release(ctx context.Context, name, held string) error
	// renew prolongs a lock, on disk before the answer.
	renew(ctx context.Context, name, held string) error
	// check reads what is known of a lock.
	check(ctx context.Context, name string) error
	// waiting is how many stand in line for a lock.
	waiting(ctx context.Context, name string) (int, error)
}

// systems opens a locker for each worker.
var systems = map[string]func(context.Context, order) ([]locker, error){
	"grpc":     openGRPC,
	"json":     openJSON,
	"maybe":    openMaybe,
	"etcd":     openEtcd,
	"redis":    openRedis,
	"postgres": openPostgres,
}

// run does an operation for so long and returns how long each turn took.
type run func(time.Duration) ([]time.Duration, error)

// operations prepares what is to be measured.
var operations = map[string]func(context.Context, []locker, order) (run, error){
	"renew":    renew,
	"check":    check,
	"pairs":    pairs,
	"handover": handOver,
}

// renew prolongs a lock for each worker.
func renew(ctx context.Context, lockers []locker, order order) (run, error) {
	return over(lockers, func(number int, locker locker) (func() (time.Duration, error), error) {
		name := fmt.Sprintf("%s-%d", order.Prefix, number)
		held, err := locker.acquire(ctx, name)
		return func() (time.Duration, error) {
			return timed(func() error { return locker.renew(ctx, name, held) })
		}, err
	})
}

// check reads a lock for each worker, which somebody holds.
func check(ctx context.Context, lockers []locker, order order) (run, error) {
	return over(lockers, func(number int, locker locker) (func() (time.Duration, error), error) {
		name := fmt.Sprintf("%s-%d", order.Prefix, number)
		_, err := locker.acquire(ctx, name)
		return func() (time.Duration, error) {
			return timed(func() error { return locker.check(ctx, name) })
		}, err
	})
}

// pairs takes a free lock and gives it back; each worker goes over a part of the names. The time is that of the first half.
func pairs(_ context.Context, lockers []locker, order order) (run, error) {
	return over(lockers, func(number int, locker locker) (func() (time.Duration, error), error) {
		ctx, next := context.Background(), number
		return func() (time.Duration, error) {
			name := fmt.Sprintf("%s-%d", order.Prefix, next)
			if next += len(lockers); next >= order.Locks {
				next = number
			}
			var held string
			took, err := timed(func() (err error) {
				held, err = locker.acquire(ctx, name)
				return err
			})
			if err != nil {
				return 0, err
			}
			return took, locker.release(ctx, name, held)
		}, nil
	})
}

func over(lockers []locker, prepare func(int, locker) (func() (time.Duration, error), error)) (run, error) {
	turns := make([]func() (time.Duration, error), len(lockers))
	for number, locker := range lockers {
		var err error
		if turns[number], err = prepare(number, locker); err != nil {
			return nil, err
		}
	}
	return func(during time.Duration) ([]time.Duration, error) { return together(turns, during) }, nil
}

type grant struct {
	number int
	held   string
	at     time.Time
	err    error
}

// handOver measures from the sending of a release to the answer of who is next, while so many stand in line. Who was served goes to its end.
func handOver(ctx context.Context, lockers []locker, order order) (run, error) {
	if len(lockers) <= order.Line {
		return nil, fmt.Errorf("%d workers cannot make a line of %d", len(lockers), order.Line)
	}
	name, grants := order.Prefix, make(chan grant, len(lockers))
	join := func(number int) {
		held, err := lockers[number].acquire(ctx, name)
		grants <- grant{number, held, time.Now(), err}
	}
	// pass gives the lock to who is next, and returns how long that took.
	pass := func(from grant) (time.Duration, grant, error) {
		start, released := time.Now(), make(chan error, 1)
		go func() { released <- lockers[from.number].release(ctx, name, from.held) }()
		next := <-grants
		return next.at.Sub(start), next, errors.Join(next.err, <-released)
	}
	return func(during time.Duration) ([]time.Duration, error) {
		join(0)
		holder := <-grants
		if holder.err != nil {
			return nil, holder.err
		}
		for number := range order.Line {
			go join(number + 1)
		}
		var latencies []time.Duration
		for end := time.Now().Add(during); len(latencies) == 0 || time.Now().Before(end); {
			if err := inLine(ctx, lockers[holder.number], name, order.Line); err != nil {
				return nil, err
			}
			took, next, err := pass(holder)
			if err != nil {
				return nil, err
			}
			latencies = append(latencies, took)
			go join(holder.number)
			holder = next
		}
		for range order.Line {
			var err error
			if _, holder, err = pass(holder); err != nil {
				return nil, err
			}
		}
		return latencies, lockers[holder.number].release(ctx, name, holder.held)
	}, nil
}

// inLine returns when so many wait.
func inLine(ctx context.Context, locker locker, name string, line int) error {
	for deadline := time.Now().Add(time.Minute); ; {
		waiting, err := locker.waiting(ctx, name)
		if err != nil || waiting == line {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d instead of %d are in line after a minute", waiting, line)
		}
	}
}
