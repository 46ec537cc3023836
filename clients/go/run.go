package callme

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	// grace is how long a command has from SIGTERM to SIGKILL, if a tenth of the ttl is no less.
	grace = 3 * time.Second
	// death is how long a process may take to be gone after SIGKILL. One that hangs in the kernel takes longer.
	death = time.Second
)

// Run runs a command in a process group, and session, of its own, and returns when all of the group has ended. When ctx is done, which the
// context of the body is when the lease is lost, the group gets SIGTERM, and SIGKILL after 3 s, or after a tenth of the ttl if that is less; and so
// does what the command has left behind when it ends. The group is killed with us, however we end: SIGTERM alone ends a Go program at once, so
// let [os/signal.NotifyContext] cancel the context of the hold. On Windows the command alone is ended.
//
// Make the command with [exec.Command]: the context is given here. It has CALL_ME_LEASE_ID, CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT, CALL_ME_SLOTS,
// CALL_ME_FENCING_TOKEN and what the environments give (CALL_ME_VAR_…) in its environment, and never CALL_ME_API_KEY or CALL_ME_ID_TOKEN.
//
// The error is that of [exec.Cmd.Run], or the cause of ctx, together with it, once ctx is done.
func (l *Lease) Run(ctx context.Context, command *exec.Cmd) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if command.Cancel != nil {
		// It is for us to end it.
		command.Cancel = func() error { return nil }
	}
	command.Env = l.environment(command.Env)
	// Whoever it leaves behind may keep its pipes open.
	command.WaitDelay = l.grace()
	group, err := startGroup(command)
	if err != nil {
		return err
	}
	defer group.dismiss()
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
			group.end(l.grace())
		case <-ended:
		}
	}()
	err = command.Wait()
	close(ended)
	<-stopped
	group.end(l.grace())
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	if cause := context.Cause(ctx); cause != nil {
		if err == nil {
			return cause
		}
		return fmt.Errorf("%w; the command: %v", cause, err)
	}
	return err
}

// environment is that of a command: with the lease, and without the key.
func (l *Lease) environment(given []string) []string {
	if given == nil {
		given = os.Environ()
	}
	leased := l.Granted.GetEnvironments()
	if l.leased != nil {
		leased = l.leased()
	}
	names := make([]string, 0, len(leased))
	for _, environment := range leased {
		names = append(names, environment.GetName())
	}
	rest := slices.DeleteFunc(slices.Clone(given), func(entry string) bool {
		return strings.HasPrefix(entry, "CALL_ME_API_KEY=") || strings.HasPrefix(entry, "CALL_ME_ID_TOKEN=") || strings.HasPrefix(entry, givenPrefix)
	})
	for name, text := range givenVariables(leased) {
		rest = append(rest, givenPrefix+name+"="+text)
	}
	return append(rest,
		"CALL_ME_LEASE_ID="+l.ID,
		"CALL_ME_LEASE_TOKEN="+l.Token,
		"CALL_ME_ENVIRONMENT="+strings.Join(names, ","),
		"CALL_ME_SLOTS="+slotsOf(leased),
		fmt.Sprintf("CALL_ME_FENCING_TOKEN=%d", l.FencingToken),
	)
}

func (l *Lease) grace() time.Duration {
	if ttl := l.Granted.GetTtl().AsDuration(); ttl > 0 {
		return min(grace, ttl/10)
	}
	return grace
}
