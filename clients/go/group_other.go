//go:build !unix

package callme

import (
	"os/exec"
	"time"
)

// group is a command alone: there are no process groups here.
type group struct{ command *exec.Cmd }

func startGroup(command *exec.Cmd) (*group, error) {
	return &group{command}, command.Start()
}

func (g *group) dismiss() {}

func (g *group) end(time.Duration) {
	// It may have ended already.
	_ = g.command.Process.Kill()
}
