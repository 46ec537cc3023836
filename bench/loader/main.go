// The load of `npm run bench`: the same generator for every contestant, in a process of its own.
//
// It is given one order, as JSON in its argument, connects, prepares what the operation needs, and says so by a line on stdout. Then each line on
// stdin, a number of seconds, has it do the operation for so long, with all workers at once and each one's calls one after another, and answer
// with a line of JSON. Any answer that is not the success that was asked for ends it, with exit code 1 and the reason on stderr.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// order says what to do, and to whom.
type order struct {
	System    string // a key of systems
	Operation string // a key of operations
	Address   string // host:port; for postgres a URL
	Key       string // of call-me
	// Connections, and workers on each of them.
	Connections, Streams int
	// Locks is how many names the pairs go over, and how many lines there are.
	Locks int
	// Line is how many stand in each line.
	Line int
	// Prefix of all names, so that two orders at one server do not meet.
	Prefix string
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "loader:", err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: loader ORDER")
	}
	var order order
	if err := json.Unmarshal([]byte(os.Args[1]), &order); err != nil {
		return fmt.Errorf("order %s: %w", os.Args[1], err)
	}
	open, prepare := systems[order.System], operations[order.Operation]
	if open == nil || prepare == nil {
		return fmt.Errorf("order %s: no such system or operation", os.Args[1])
	}
	ctx := context.Background()
	lockers, err := open(ctx, order)
	if err != nil {
		return fmt.Errorf("%s: %w", order.System, err)
	}
	run, err := prepare(ctx, lockers, order)
	if err != nil {
		return fmt.Errorf("%s: %w", order.System, err)
	}
	fmt.Println("{}")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		seconds, err := strconv.ParseFloat(strings.TrimSpace(lines.Text()), 64)
		if err != nil {
			return err
		}
		report, err := measured(func() ([]time.Duration, error) { return run(time.Duration(seconds * float64(time.Second))) })
		if err != nil {
			return fmt.Errorf("%s: %s: %w", order.System, order.Operation, err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
			return err
		}
	}
	return nil
}
