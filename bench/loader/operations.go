package main

import (
	"context"
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
