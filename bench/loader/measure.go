package main

import (
	"fmt"
	"slices"
	"syscall"
	"time"
)

// report is what one run of an operation came to.
type report struct {
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
	// CPU time of this process, in seconds: near to Seconds, it was the load that was slow and not the server.
	CPU float64 `json:"cpu"`
	// Of the first call of each turn, in ms.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func measured(run func() ([]time.Duration, error)) (report, error) {
	start, before := time.Now(), cpu()
	latencies, err := run()
	if err != nil {
		return report{}, err
	}
	if len(latencies) == 0 {
		return report{}, fmt.Errorf("nothing was done within the time")
	}
	seconds, used := time.Since(start), cpu()-before
	slices.Sort(latencies)
	quantile := func(q float64) float64 {
		return float64(latencies[min(len(latencies)-1, int(q*float64(len(latencies))))]) / float64(time.Millisecond)
	}
	return report{len(latencies), seconds.Seconds(), used.Seconds(), quantile(0.5), quantile(0.99)}, nil
}

// together has each turn done over and over by a worker of its own, and returns how long each took.
func together(turns []func() (time.Duration, error), during time.Duration) ([]time.Duration, error) {
	type outcome struct {
		latencies []time.Duration
		err       error
	}
	end := time.Now().Add(during)
	outcomes := make(chan outcome, len(turns))
	for _, turn := range turns {
		go func() {
			latencies := make([]time.Duration, 0, 1024)
			for time.Now().Before(end) {
				took, err := turn()
				if err != nil {
					outcomes <- outcome{nil, err}
					return
				}
				latencies = append(latencies, took)
			}
			outcomes <- outcome{latencies, nil}
		}()
	}
	var all []time.Duration
	for range turns {
		one := <-outcomes
		if one.err != nil {
			return nil, one.err
		}
		all = append(all, one.latencies...)
	}
	return all, nil
}

// timed is how long a call took.
func timed(call func() error) (time.Duration, error) {
	start := time.Now()
	err := call()
	return time.Since(start), err
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
