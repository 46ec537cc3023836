//go:build unix

package callme

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

func leaseForRun() *Lease {
	return &Lease{ID: "lease-1", Token: "token-1", Granted: &callmev1.Lease{}}
}

func TestACommandsFailureIsItsOwn(t *testing.T) {
	var exit *exec.ExitError
	if err := leaseForRun().Run(context.Background(), exec.Command("sh", "-c", "exit 7")); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("it is %v", err)
	}
	if err := leaseForRun().Run(context.Background(), exec.Command("call-me-no-such-command")); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("it is %v", err)
	}
}

// Its copy of the pipe would keep Wait for ever.
func TestWhatACommandLeavesBehindKeepsNobodyWaiting(t *testing.T) {
	command := exec.Command("sh", "-c", "echo said; sleep 1000 &")
	var said bytes.Buffer
	command.Stdout = &said
	if err := leaseForRun().Run(context.Background(), command); err != nil {
		t.Fatal(err)
	}
	if said.String() != "said\n" {
		t.Errorf("it said %q", said.String())
	}
}

func TestAContextThatIsDoneEndsACommandAndIsTheError(t *testing.T) {
	lost := errors.New("lost")
	for name, make := range map[string]func(ctx context.Context) *exec.Cmd{
		"Command": func(context.Context) *exec.Cmd { return exec.Command("sh", "-c", "echo begun; sleep 1000") },
		"CommandContext": func(ctx context.Context) *exec.Cmd {
			return exec.CommandContext(ctx, "sh", "-c", "echo begun; sleep 1000")
		},
	} {
		ctx, cancel := context.WithCancelCause(context.Background())
		command := make(ctx)
		command.Stdout = writer(func() { cancel(lost) })
		if err := leaseForRun().Run(ctx, command); !errors.Is(err, lost) {
			t.Errorf("%s: it is %v", name, err)
		}
	}
}

// writer is told when something is written.
type writer func()

func (w writer) Write(text []byte) (int, error) {
	w()
	return len(text), nil
}
