//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopping is how long the command has to end once its context is done, and lingering how long what it leaves behind has then. Together
	// they fit into the 6 s that a lease of 60 s leaves to whoever has lost it.
	stopping  = 3 * time.Second
	lingering = time.Second
)

// run runs a command of exec.CommandContext as a process group of its own, and returns when all of the group has ended. The context alone
// would kill the command and leave what it has started at work, on an environment that others may hold by then. The API key is for us.
func run(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	terminate := sync.OnceValue(func() error { return kill(command, syscall.SIGTERM) })
	command.Cancel = terminate
	command.WaitDelay = stopping
	command.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "CALL_ME_API_KEY=") })
	if err := command.Start(); err != nil {
		return err
	}
	err := command.Wait()
	terminate()
	if !gone(command, lingering) {
		kill(command, syscall.SIGKILL)
		gone(command, time.Second) // What still shows up is dead, and waits to be reaped.
	}
	return err
}

// kill signals the whole group.
func kill(command *exec.Cmd, signal syscall.Signal) error {
	err := syscall.Kill(-command.Process.Pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// gone waits for the group to end, and tells whether it did.
func gone(command *exec.Cmd, patience time.Duration) bool {
	for until := time.Now().Add(patience); kill(command, 0) == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			return false
		}
	}
	return true
}
