package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settled is how long who is next has waited at least when it is served, and rested how long all wait before the first is. A peer needs some time
// until it follows what a newcomer waits for: etcd 0.1 s for each 512 of them.
const (
	settled = 500 * time.Millisecond
	rested  = 2 * time.Second
)

// handOver measures from the sending of a release to the answer of who is next, in several lines at once, each before a lock of its own. Who was
// served goes to the end of its line.
func handOver(ctx context.Context, lockers []locker, order order) (run, error) {
	each := order.Line + 1
	if len(lockers) != each*order.Locks {
		return nil, fmt.Errorf("%d workers do not make %d lines of %d", len(lockers), order.Locks, order.Line)
	}
	return func(during time.Duration) ([]time.Duration, error) {
		type outcome struct {
			latencies []time.Duration
			err       error
		}
		outcomes := make(chan outcome, order.Locks)
		for number := range order.Locks {
			line := &line{
				name:    fmt.Sprintf("%s-%d", order.Prefix, number),
				lockers: lockers[number*each : (number+1)*each],
				grants:  make(chan grant, each),
			}
			go func() {
				// Not all at the same moment.
				time.Sleep(settled * time.Duration(number) / time.Duration(order.Locks))
				latencies, err := line.run(ctx, during)
				outcomes <- outcome{latencies, err}
			}()
		}
		var all []time.Duration
		var failed error
		for range order.Locks {
			one := <-outcomes
			all, failed = append(all, one.latencies...), errors.Join(failed, one.err)
		}
		return all, failed
	}, nil
}

type grant struct {
	locker locker
	held   string
	at     time.Time
	err    error
}

type line struct {
	name    string
	lockers []locker
	grants  chan grant
	// When those who wait have come, the first of them first.
	joined []time.Time
}

func (l *line) run(ctx context.Context, during time.Duration) (latencies []time.Duration, err error) {
	l.join(ctx, l.lockers[0])
	holder := <-l.grants
	if holder.err != nil {
		return nil, holder.err
	}
	for _, locker := range l.lockers[1:] {
		l.wait(ctx, locker)
	}
	if err := l.isComplete(ctx, holder.locker); err != nil {
		return nil, err
	}
	time.Sleep(rested)
	for end := time.Now().Add(during); len(latencies) == 0 || time.Now().Before(end); {
		if err := l.isComplete(ctx, holder.locker); err != nil {
			return nil, err
		}
		time.Sleep(time.Until(l.joined[0].Add(settled)))
		took, next, err := l.pass(ctx, holder)
		if err != nil {
			return nil, err
		}
		latencies = append(latencies, took)
		l.wait(ctx, holder.locker)
		holder = next
	}
	for range l.joined {
		if _, holder, err = l.pass(ctx, holder); err != nil {
			return nil, err
		}
	}
	return latencies, holder.locker.release(ctx, l.name, holder.held)
}

func (l *line) wait(ctx context.Context, locker locker) {
	l.joined = append(l.joined, time.Now())
	go l.join(ctx, locker)
}

func (l *line) join(ctx context.Context, locker locker) {
	held, err := locker.acquire(ctx, l.name)
	l.grants <- grant{locker, held, time.Now(), err}
}

// pass gives the lock to who is next, and returns how long that took.
func (l *line) pass(ctx context.Context, from grant) (time.Duration, grant, error) {
	start, released := time.Now(), make(chan error, 1)
	go func() { released <- from.locker.release(ctx, l.name, from.held) }()
	next := <-l.grants
	l.joined = l.joined[1:]
	return next.at.Sub(start), next, errors.Join(next.err, <-released)
}

// isComplete returns when as many wait as shall.
func (l *line) isComplete(ctx context.Context, locker locker) error {
	for deadline := time.Now().Add(time.Minute); ; {
		waiting, err := locker.waiting(ctx, l.name)
		if err != nil || waiting == len(l.joined) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d instead of %d are in line after a minute", waiting, len(l.joined))
		}
	}
}
